"""What the console last knew: answers given while the database was there, shown while it is away.

Only to browsers whose session had been looked up before, and only what anybody signed in may read. Kept in memory,
bounded; nothing of it survives the process.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.accounts import COOKIE, SignedIn, token_hash
from console.deps import ConsoleDeps
from console.errors import problem_response
from dispatch.decide.trouble import ALL_AWAY
from models.times import iso

AS_OF = "X-As-Of"
ANSWER_LIMIT = 200
BYTES_LIMIT = 32 * 1024 * 1024
SESSION_LIMIT = 500
OWN = "/api/session"
"""Who is signed in: each browser's own answer."""
NEVER = ("/api/stream", "/api/past", "/api/past/tracks", OWN)
"""Not kept: the past is asked for by the instant, and would push out what is of now."""
NEVER_UNDER = ("/api/photos/", "/api/complaints/")
"""Nor these: photos would push everything out, and what became of a complaint is of the moment."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it was given."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    at: datetime


class KnownSessions:
    """Sessions looked up in the database, for as long as they last."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, SignedIn] = OrderedDict()

    def remember(self, token: str, who: SignedIn) -> None:
        """A session that was just found."""
        self._known[token_hash(token)] = who
        self._known.move_to_end(token_hash(token))
        while len(self._known) > SESSION_LIMIT:
            self._known.popitem(last=False)

    def forget(self, token: str) -> None:
        """A session that is closed or has ended."""
        self._known.pop(token_hash(token), None)

    def find(self, token: str, now: datetime) -> SignedIn | None:
        """Who a cookie belongs to, as far as is known here."""
        who = self._known.get(token_hash(token)) if token else None
        return who if who is not None and who.expires_at is not None and who.expires_at > now else None


class LastKnown:
    """ASGI middleware: keeps answers to reading, and gives them while the database is away, without asking it.

    Everything else is refused at once meanwhile (503), so that no thread hangs on a database that does not answer.
    """

    def __init__(self, app: ASGIApp, deps: ConsoleDeps, sessions: KnownSessions) -> None:
        self.app = app
        self._deps = deps
        self._sessions = sessions
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope["path"] if scope["type"] == "http" else ""
        if not path.startswith(("/api/", "/sheets/")) or path in ("/api/health", "/api/openapi.json"):
            await self.app(scope, receive, send)
        elif self._deps.condition().degree == ALL_AWAY:
            await self._remembered(scope, receive, send)
        elif scope["method"] == "GET" and _is_kept(path):
            await self._watched(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and keep what is answered."""
        headers: tuple[tuple[bytes, bytes], ...] | None = None
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            nonlocal headers
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = tuple(message["headers"])
            elif message["type"] == "http.response.body" and headers is not None:
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self._keep(_name(scope), Answer(headers, b"".join(parts), self._deps.wall()))
            await send(message)

        await self.app(scope, receive, keep)

    def _keep(self, name: str, answer: Answer) -> None:
        old = self._answers.pop(name, None)
        self._bytes += len(answer.body) - (len(old.body) if old is not None else 0)
        self._answers[name] = answer
        while self._answers and (len(self._answers) > ANSWER_LIMIT or self._bytes > BYTES_LIMIT):
            _, gone = self._answers.popitem(last=False)
            self._bytes -= len(gone.body)

    async def _remembered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The last answer, to somebody known; a problem document otherwise."""
        token = cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE, "")
        who = self._sessions.find(token, self._deps.wall())
        answer = None
        if scope["method"] == "GET" and who is not None:
            answer = _own(who, self._deps.wall()) if scope["path"] == OWN else self._answers.get(_name(scope))
        if answer is None:
            text = f"the database is away; approved plans are on paper and in `{self._deps.print_last}`"
            await problem_response(503, "unavailable", text, {"Retry-After": "5"})(scope, receive, send)
            return
        headers = [*answer.headers, (AS_OF.lower().encode(), iso(answer.at).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


def _is_kept(path: str) -> bool:
    return path.startswith("/api/") and path not in NEVER and not path.startswith(NEVER_UNDER)


def _name(scope: Scope) -> str:
    """What an answer is kept under: path and query."""
    return f"{scope['path']}?{scope['query_string'].decode('latin-1')}"


def _own(who: SignedIn, now: datetime) -> Answer:
    body = json.dumps({"name": who.name, "role": who.role, "csrf": who.csrf}, ensure_ascii=False)
    return Answer(((b"content-type", b"application/json"),), body.encode(), now)
