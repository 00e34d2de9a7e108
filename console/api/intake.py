"""Events in over HTTP. What an event means is decided elsewhere: a body is handed on, receipts come back.

One receipt's status is the answer's: 202 accepted, 200 duplicate, 422 quarantined, 400 refused, 429 telemetry turned
away. Several lines are answered with 207 and every receipt, unless all are alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from console.errors import Problem
from console.guards import Deps, Dispatcher, Viewer
from console.read.base import Out
from console.read.cases import FiledOut, read_filed
from models.errors import Unavailable
from models.events.base import Receipt
from models.events.field import ComplaintReceived

router = APIRouter(prefix="/api", tags=["intake"])

STATUS = {"accepted": 202, "duplicate": 200, "quarantined": 422, "refused": 400}
TURNED_AWAY = ("too_often", "thinned")
CAP_XML = "application/cap+xml"
JSON_LINES = "application/x-ndjson"
KEY_LIMIT = 200
LARGE_BODY = 16 * 1024
LARGE_AT_ONCE = 8
"""So many large bodies are read at a time; more are refused unread. Telemetry that comes faster than it can be taken,
and again after each refusal, would leave neither threads nor processor to alerts."""

ANSWERS: dict[int | str, dict[str, object]] = {
    200: {"description": "Every event was known already: its first receipt."},
    202: {"description": "Stored."},
    207: {"description": "Receipts differ: look at each."},
    400: {"description": "Refused: nothing is stored."},
    413: {"description": "Over 256 kB."},
    422: {"description": "Stored in quarantine, with the reason."},
    429: {"description": "Telemetry not let in: too_often (slow down) or thinned (not needed again)."},
    503: {"description": "The broker or the database is away, or too much comes at once: send again later."},
}


class Receipts(Out):
    """One receipt an event, in the order sent."""

    receipts: list[Receipt]


def _answer(response: Response, receipts: list[Receipt]) -> Receipts:
    statuses = {429 if receipt.reason in TURNED_AWAY else STATUS[receipt.status] for receipt in receipts}
    response.status_code = statuses.pop() if len(statuses) == 1 else 207
    return Receipts(receipts=receipts)


async def _take(request: Request, response: Response, deps: Deps, content_type: str, actor: str) -> Receipts:
    body = await request.body()
    if not body.strip():
        raise Problem(400, "empty", "the body is empty: send an event")
    with _room(request.app.state.large_bodies) if len(body) >= LARGE_BODY else nullcontext():
        return _answer(response, await run_in_threadpool(deps.intake, body, content_type, actor))


@contextmanager
def _room(large_bodies: BoundedSemaphore) -> Iterator[None]:
    """One of the places for large bodies. Raises Unavailable where none is free."""
    if not large_bodies.acquire(blocking=False):
        raise Unavailable("more is being sent than can be taken: send again later")
    try:
        yield
    finally:
        large_bodies.release()


@router.post("/alerts", responses=ANSWERS, status_code=202)
async def alerts(request: Request, response: Response, who: Dispatcher, deps: Deps) -> Receipts:
    """One CAP 1.2 alert as XML."""
    return await _take(request, response, deps, CAP_XML, who.name)


@router.post("/events", responses=ANSWERS, status_code=202)
async def events(request: Request, response: Response, who: Dispatcher, deps: Deps) -> Receipts:
    """Events as JSON lines; one object or an array as application/json."""
    content_type = request.headers.get("content-type", JSON_LINES)
    return await _take(request, response, deps, content_type, who.name)


@router.post("/complaints", responses=ANSWERS, status_code=202)
def complaints(
    body: dict[str, object],
    response: Response,
    who: Dispatcher,
    deps: Deps,
    idempotency_key: Annotated[str, Header(max_length=KEY_LIMIT)] = "",
) -> Receipts:
    """One complaint. Sent twice with the same Idempotency-Key, it is one report."""
    try:
        complaint = ComplaintReceived.model_validate(body)
    except ValidationError as error:
        faults = [{"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]} for fault in error.errors()[:20]]
        raise Problem(400, "bad_complaint", "the complaint is not as documented", faults=faults) from error
    line = complaint_line(complaint, idempotency_key)
    return _answer(response, deps.intake(line, JSON_LINES, who.name))


@router.get("/complaints/{key}")
def complaint(
    key: Annotated[str, Path(max_length=KEY_LIMIT)],
    _who: Viewer,
    deps: Deps,
    channel: Annotated[str, Query(max_length=40)] = "12345",
) -> FiledOut:
    """What became of a complaint that was sent with this Idempotency-Key: its case and deadline."""
    with deps.database.read() as session:
        return read_filed(session, f"complaints:{channel}", key)


def complaint_line(complaint: ComplaintReceived, key: str) -> bytes:
    """The event line of a complaint; without a key its identity is left to the intake (content and minute)."""
    line: dict[str, object] = {**complaint.model_dump(mode="json"), "type": "complaint.received"}
    if key:
        line["id"] = key
    return json.dumps(line, ensure_ascii=False, sort_keys=True).encode()
