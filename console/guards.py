"""What stands before every endpoint: body limits, security headers, who asks, what they may, and the CSRF token."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.accounts import COOKIE, SignedIn, find_session, verify_password
from console.deps import ConsoleDeps
from console.errors import Problem, problem_response
from console.lastknown import KnownSessions
from console.limits import AttemptLimiter
from console.shared import Shared
from models.tables.people import Account

BODY_LIMIT = 256 * 1024
"""Bytes of a request body: that of one event."""
PHOTO_LIMIT = 16 * 1024 * 1024
"""Bytes of a photo as it comes from a phone."""
PHOTO_PATH = re.compile(r"/api/cases/[^/]+/photos")

CSRF_HEADER = "x-csrf-token"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}


class TooLarge(Exception):
    """The body went over its limit while it was read."""


class Guard:
    """ASGI middleware: refuses bodies over the limit (declared or streamed) and sets the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = PHOTO_LIMIT if PHOTO_PATH.fullmatch(scope["path"]) else BODY_LIMIT
        body = _Body(receive, limit)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _set_headers(message, scope["path"])
            await send(message)

        async def answer_unless_too_large(message: Message) -> None:
            # What the application says of a body cut short (a parse error) is not the reason.
            if not body.too_large:
                await answer(message)

        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdigit() or int(declared) > limit:
            body.too_large = True
        else:
            try:
                await self.app(scope, body.receive, answer_unless_too_large)
            except TooLarge:
                body.too_large = True
        if body.too_large:
            problem = problem_response(413, "too_large", f"this request's body has at most {limit} bytes")
            await problem(scope, receive, answer)


def _set_headers(start: Message, path: str) -> None:
    headers = MutableHeaders(scope=start)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if path.startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")


class _Body:
    """The request's body, counted as it is read. Raises TooLarge in the reader once it is over the limit."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self.too_large = False

    async def receive(self) -> Message:
        """The next message of the request."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > self._limit:
                self.too_large = True
                raise TooLarge
        return message


def deps_of(request: Request) -> ConsoleDeps:
    """What compose handed over."""
    deps: ConsoleDeps = request.app.state.deps
    return deps


def limiter_of(request: Request) -> AttemptLimiter:
    """The counter of failed sign-ins."""
    limiter: AttemptLimiter = request.app.state.limiter
    return limiter


def shared_of(request: Request) -> Shared:
    """The answers pages share."""
    shared: Shared = request.app.state.shared
    return shared


def sessions_of(request: Request) -> KnownSessions:
    """The sessions known without the database."""
    sessions: KnownSessions = request.app.state.sessions
    return sessions


def address_of(request: Request) -> str:
    """The caller's address as the socket shows it."""
    return request.client.host if request.client is not None else ""


def check_password(request: Request, name: str, password: str) -> Account:
    """The account, if the password is its own. Raises Problem 401, and 429 after too many failures."""
    deps, limiter, address = deps_of(request), limiter_of(request), address_of(request)
    now = deps.wall()
    wait_s = limiter.wait_s(name, address, now)
    if wait_s:
        raise Problem(
            429, "too_many_attempts", f"too many failed sign-ins; wait {wait_s} s", {"Retry-After": str(wait_s)}
        )
    with deps.database.read() as session:
        account = session.get(Account, name)
    if not verify_password(account, password) or account is None:
        limiter.failed(name, address, now)
        raise Problem(401, "wrong_sign_in", "name or password is wrong")
    limiter.succeeded(name, address)
    return account


def check_origin(request: Request) -> None:
    """Refuse a request a browser sends for a page of another origin. Raises Problem 403."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Problem(403, "foreign_origin", "this request comes from a page of another site")


def who_asks(request: Request) -> SignedIn:
    """The signed-in account, by session cookie or by HTTP Basic (programs). Raises Problem 401 or 403.

    With a cookie, a method that changes something needs the session's CSRF token in `X-CSRF-Token`.
    """
    deps = deps_of(request)
    token = request.cookies.get(COOKIE, "")
    if token:
        with deps.database.read() as session:
            found = find_session(session, token, deps.wall())
        if found is None:
            sessions_of(request).forget(token)
        else:
            sessions_of(request).remember(token, found)
            if request.method in UNSAFE:
                check_origin(request)
                given = request.headers.get(CSRF_HEADER, "")
                if not hmac.compare_digest(given.encode(), (found.csrf or "").encode()):
                    raise Problem(403, "bad_csrf", "the request lacks this session's token; load the page again")
            return found
    credentials = _basic(request.headers.get("authorization", ""))
    if credentials is not None:
        check_origin(request)
        account = check_password(request, *credentials)
        return SignedIn(account.name, account.role, None)
    raise Problem(401, "sign_in_first", "sign in first")


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None


def needs(role: str) -> Callable[[SignedIn], SignedIn]:
    """A dependency that lets only `role` and above through. Raises Problem 403."""

    def check(who: Annotated[SignedIn, Depends(who_asks)]) -> SignedIn:
        if not who.may(role):
            raise Problem(403, "role_too_low", f"this needs the role {role}; {who.name} is {who.role}")
        return who

    return check


Deps = Annotated[ConsoleDeps, Depends(deps_of)]
Answers = Annotated[Shared, Depends(shared_of)]
Viewer = Annotated[SignedIn, Depends(needs("viewer"))]
Dispatcher = Annotated[SignedIn, Depends(needs("dispatcher"))]
Approver = Annotated[SignedIn, Depends(needs("approver"))]
