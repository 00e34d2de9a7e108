"""Live push: server-sent events that say what changed, which the page reads again. Of data the stream carries one kind,
where vehicles are now: every second each of them, which pages could not read so often.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from console.accounts import COOKIE, find_session
from console.deps import ConsoleDeps
from console.guards import Deps, Viewer

router = APIRouter(prefix="/api", tags=["live"])

HEARTBEAT_S = 15.0
"""The session is looked at again this often, and a comment is sent."""
GATHER_S = 0.25
"""Hints are gathered this long and sent as one message: a burst is one reading. Places of vehicles do not wait."""
RETRY_MS = 2000


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "text/event-stream; each message's data is a JSON list of hints `kind:id`, "
            "or `resync` when some were lost. Of the event `moved` it is a list of "
            "`[vehicle, lon, lat, observed_at, speed_kmh, heading_deg, tools]`."
        }
    },
)
async def stream(request: Request, _who: Viewer, deps: Deps) -> StreamingResponse:
    """Hints for as long as the session lasts."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    token = request.cookies.get(COOKIE, "")
    return StreamingResponse(_hints(deps, token), media_type="text/event-stream", headers=headers)


async def _hints(deps: ConsoleDeps, token: str) -> AsyncIterator[bytes]:
    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    look_at, tell_at = loop.time() + HEARTBEAT_S, math.inf

    def wake() -> None:
        loop.call_soon_threadsafe(woken.set)

    with deps.subscribe() as subscription:
        subscription.on_hint(wake)
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while True:  # whoever has gone is cancelled here
                await _wait(woken, min(look_at, tell_at) - loop.time())
                if places := subscription.moved():
                    yield b"event: moved\ndata: [" + b",".join(places) + b"]\n\n"
                if loop.time() >= tell_at:
                    tell_at = math.inf
                    yield f"data: {json.dumps(subscription.drain(), ensure_ascii=False)}\n\n".encode()
                elif subscription.hinted:
                    tell_at = min(tell_at, loop.time() + GATHER_S)
                if loop.time() >= look_at:
                    if token and not await run_in_threadpool(_still_open, deps, token):
                        return
                    look_at = loop.time() + HEARTBEAT_S
                    yield b": all is well\n\n"
        finally:
            subscription.on_hint(None)


async def _wait(woken: asyncio.Event, limit_s: float) -> None:
    """Until woken, or for so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await woken.wait()
    woken.clear()


def _still_open(deps: ConsoleDeps, token: str) -> bool:
    with deps.database.read() as session:
        return find_session(session, token, deps.wall()) is not None
