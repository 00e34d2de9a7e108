"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from console.accounts import COOKIE, NAME_LIMIT, PASSWORD_LIMIT, SESSION_LENGTH, close_session, open_session
from console.errors import Problem
from console.guards import Deps, Viewer, check_origin, check_password, sessions_of, who_asks
from console.read.base import Out

router = APIRouter(prefix="/api/session", tags=["session"])


class SignIn(BaseModel):
    """Who signs in."""

    name: str = Field(min_length=1, max_length=NAME_LIMIT)
    password: str = Field(min_length=1, max_length=PASSWORD_LIMIT)


class SessionOut(Out):
    """Who is signed in. `csrf` goes into `X-CSRF-Token` of every request that changes something."""

    name: str
    role: str
    csrf: str | None


@router.post("")
def sign_in(body: SignIn, request: Request, response: Response, deps: Deps) -> SessionOut:
    """Open a session: sets an HttpOnly, SameSite=Strict cookie."""
    check_origin(request)
    account = check_password(request, body.name.strip(), body.password)
    with deps.database.write() as session:
        token, row = open_session(session, account.name, deps.wall())
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_LENGTH.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=deps.secure_cookie,
        path="/",
    )
    return SessionOut(name=account.name, role=account.role, csrf=row.csrf)


@router.get("", responses={204: {"description": "Nobody is signed in."}}, response_model=SessionOut)
def show(request: Request) -> SessionOut | Response:
    """Who is signed in; 204 when nobody is, so that a page may ask without an error."""
    try:
        who = who_asks(request)
    except Problem as problem:
        if problem.code != "sign_in_first":
            raise
        return Response(status_code=204)
    return SessionOut(name=who.name, role=who.role, csrf=who.csrf)


@router.delete("", status_code=204)
def sign_out(request: Request, response: Response, _who: Viewer, deps: Deps) -> None:
    """Close the session."""
    with deps.database.write() as session:
        close_session(session, request.cookies.get(COOKIE, ""))
    sessions_of(request).forget(request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=deps.secure_cookie)
