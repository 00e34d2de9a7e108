"""Errors as problem details (RFC 9457): `type`, `title`, `status`, `detail`, and `code`, stable for programs.

Refused → 400 (404 when its code says unknown), Stale → 409, Unavailable → 503, a body over the limit → 413. Anything
else is a fault of ours: 500, logged, its text kept from the caller.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from console.hub import HubFull
from models.errors import Refused, Stale, Unavailable

PROBLEM_JSON = "application/problem+json"
LOG = logging.getLogger("sweepline.console")


class Problem(Exception):
    """An answer other than the one asked for. `more` are further members of the problem document."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more


def problem_response(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """One problem document."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    return JSONResponse(
        {**body, "detail": detail, **more}, status_code=status, media_type=PROBLEM_JSON, headers=dict(headers or {})
    )


def status_of(error: Refused) -> int:
    """The HTTP status of a refusal."""
    if isinstance(error, Stale):
        return 409
    return 404 if error.code.startswith("unknown_") else 400


def add_handlers(app: FastAPI) -> None:
    """Turn every error an endpoint may raise into a problem document."""

    @app.exception_handler(Problem)
    def _problem(_request: Request, error: Problem) -> JSONResponse:
        return problem_response(error.status, error.code, error.detail, error.headers, **error.more)

    @app.exception_handler(Refused)
    def _refused(_request: Request, error: Refused) -> JSONResponse:
        return problem_response(status_of(error), error.code, error.text)

    @app.exception_handler(Unavailable)
    def _unavailable(_request: Request, error: Unavailable) -> JSONResponse:
        return problem_response(503, "unavailable", str(error), {"Retry-After": "5"})

    @app.exception_handler(HubFull)
    def _full(_request: Request, error: HubFull) -> JSONResponse:
        return problem_response(503, "too_many_pages", str(error), {"Retry-After": "30"})

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            {"where": ".".join(str(part) for part in fault["loc"]), "what": str(fault["msg"])}
            for fault in error.errors()[:20]
        ]
        return problem_response(400, "bad_request", "the request is not as documented", faults=faults)

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        return problem_response(error.status_code, code, str(error.detail), error.headers)

    @app.exception_handler(Exception)
    def _fault(request: Request, error: Exception) -> JSONResponse:
        LOG.exception("fault at %s %s", request.method, request.url.path, exc_info=error)
        return problem_response(500, "fault", "something went wrong here; it has been written to the log")
