"""The console as one ASGI application: API, live push, sheets and the page."""

from __future__ import annotations

from pathlib import Path
from threading import BoundedSemaphore

from fastapi import FastAPI
from fastapi.responses import FileResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from console.api import (
    alarms,
    cases,
    city,
    field,
    health,
    intake,
    past,
    photos,
    pins,
    plans,
    reports,
    resources,
    session,
    shift,
    stream,
    telling,
    whatif,
)
from console.deps import ConsoleDeps
from console.errors import add_handlers
from console.guards import Guard, Viewer
from console.lastknown import KnownSessions, LastKnown
from console.limits import AttemptLimiter
from console.measured import Measured
from console.read.city import StreetCache
from console.shared import Shared
from console.vendor import VENDOR

STATIC = Path(__file__).parent / "static"
GZIP_FROM_BYTES = 1_000
GZIP_LEVEL = 5
METRICS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class PageFiles(StaticFiles):
    """Files of the page: always asked for again (304 where unchanged); browser libraries are kept for a day."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The file, with how long it may be kept."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        kept = str(args[0]).startswith(str(VENDOR))
        response.headers["Cache-Control"] = "public, max-age=86400" if kept else "no-cache"
        return response


def create_app(deps: ConsoleDeps) -> FastAPI:
    """The application over what compose hands in. Starts nothing by itself and holds no state but caches."""
    app = FastAPI(
        title="Sweepline console",
        version="1",
        description="Reading the city, its plans and alarms; sending events; approving plans. Errors are RFC 9457.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.deps = deps
    app.state.limiter = AttemptLimiter()
    app.state.streets = StreetCache()
    app.state.sessions = KnownSessions()
    app.state.shared = Shared()
    app.state.large_bodies = BoundedSemaphore(intake.LARGE_AT_ONCE)
    add_handlers(app)
    app.add_middleware(LastKnown, deps=deps, sessions=app.state.sessions)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM_BYTES, compresslevel=GZIP_LEVEL)
    app.add_middleware(Guard)
    app.add_middleware(Measured, answered=deps.answered)
    parts = (
        session,
        city,
        field,
        past,
        cases,
        photos,
        resources,
        alarms,
        plans,
        pins,
        reports,
        intake,
        telling,
        shift,
        stream,
        whatif,
        health,
    )
    for part in parts:
        app.include_router(part.router)

    @app.get("/metrics", tags=["health"], response_class=PlainTextResponse)
    def metrics(_who: Viewer) -> PlainTextResponse:
        """This process's metrics in Prometheus' text format, for an account (HTTP Basic)."""
        return PlainTextResponse(deps.metrics(), media_type=METRICS_TEXT)

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        """The page."""
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/static", PageFiles(directory=STATIC, check_dir=False), name="static")
    return app
