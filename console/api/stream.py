"""Live push: server-sent events that say what changed. The page reads it again; the stream itself carries no data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from console.accounts import COOKIE, find_session
from console.deps import ConsoleDeps
from console.guards import Deps, Viewer

router = APIRouter(prefix="/api", tags=["live"])

HEARTBEAT_S = 15.0
"""A comment is sent, and the session looked at again, at least this often."""
GATHER_S = 0.25
"""Hints are gathered this long and sent as one message: a burst is one reading."""
RETRY_MS = 2000


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "text/event-stream; each message's data is a JSON list of hints `kind:id`, "
            "or `resync` when some were lost."
        }
    },
)
async def stream(request: Request, _who: Viewer, deps: Deps) -> StreamingResponse:
    """Hints for as long as the session lasts."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    token = request.cookies.get(COOKIE, "")
    return StreamingResponse(_hints(request, deps, token), media_type="text/event-stream", headers=headers)


async def _hints(request: Request, deps: ConsoleDeps, token: str) -> AsyncIterator[bytes]:
    loop, waiting = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(waiting.set)

    with deps.subscribe() as subscription:
        subscription.on_hint(wake)
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while not await request.is_disconnected():
                try:
                    await asyncio.wait_for(waiting.wait(), HEARTBEAT_S)
                except TimeoutError:
                    if token and not await run_in_threadpool(_still_open, deps, token):
                        return
                    yield b": all is well\n\n"
                    continue
                await asyncio.sleep(GATHER_S)
                waiting.clear()
                hints = subscription.drain()
                if hints:
                    yield f"data: {json.dumps(hints, ensure_ascii=False)}\n\n".encode()
        finally:
            subscription.on_hint(None)


def _still_open(deps: ConsoleDeps, token: str) -> bool:
    with deps.database.read() as session:
        return find_session(session, token, deps.wall()) is not None
