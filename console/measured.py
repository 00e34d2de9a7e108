"""Every request is told to whoever counts: method, status, seconds to the head of the answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""A method that is none of these is counted as `other`: callers must not make up labels."""


class Measured:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, answered: Callable[[str, int, float], None]) -> None:
        self.app = app
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        method = scope["method"] if scope["method"] in METHODS else "other"

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._answered(method, message["status"], time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, tell)
