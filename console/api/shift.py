"""The shift: its log and notes, what is open, and taking it over."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from console.errors import Problem
from console.guards import Deps, Dispatcher, Viewer
from console.read.shift import ShiftLogOut, ShiftOut, changes_out, read_log, read_shift
from dispatch.reports.handover import handover
from dispatch.shifts import NOTE_LIMIT, REASON_LIMIT, changes_since, hash_of, list_matters
from models.errors import Stale

router = APIRouter(prefix="/api/shift", tags=["shift"])

SEEN_LIMIT = 5000
"""Matters one can take over; a body holds no more of them."""
CHANGED: dict[int | str, dict[str, Any]] = {
    409: {"description": "What is open is otherwise than it was read; `changes` says what. Nothing is taken over."}
}


class Writing(BaseModel):
    """A note's words."""

    text: Annotated[str, Field(min_length=1, max_length=NOTE_LIMIT)]


class Striking(BaseModel):
    """Why a note no longer holds."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LIMIT)]


class TakingOver(BaseModel):
    """The tokens of all matters that were read."""

    seen: Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=SEEN_LIMIT)]


@router.get("")
def shift(_who: Viewer, deps: Deps) -> ShiftOut:
    """Who has the shift, what is open, its notes, and the last takeovers."""
    with deps.database.read() as session:
        return read_shift(session, deps.clock())


@router.get("/log")
def log(
    _who: Viewer,
    deps: Deps,
    no: Annotated[int | None, Query(ge=0, description="the takeover a shift began with; left out: the one now")] = None,
    people: Annotated[bool, Query(description="only what people did")] = False,
) -> ShiftLogOut:
    """What was done in a shift, from the audit, and its notes."""
    with deps.database.read() as session:
        return read_log(session, no, people, deps.clock())


def _do(deps: Deps, name: str, values: dict[str, Any], who: str) -> ShiftOut:
    deps.command(f"shift.{name}", values, who)
    with deps.database.read() as session:
        return read_shift(session, deps.clock())


@router.post("/notes")
def write(body: Writing, who: Dispatcher, deps: Deps) -> ShiftOut:
    """Write a note into the log."""
    return _do(deps, "note", {"text": body.text}, who.name)


@router.post("/notes/{id_}/strike", responses={409: {"description": "It is struck through already."}})
def strike(id_: str, body: Striking, who: Dispatcher, deps: Deps) -> ShiftOut:
    """Strike a note through; it stays readable."""
    return _do(deps, "strike", {"note": id_, "reason": body.reason}, who.name)


@router.post("/takeover", responses=CHANGED)
def takeover(body: TakingOver, who: Dispatcher, deps: Deps) -> ShiftOut:
    """Take the shift over, signing for what was read."""
    try:
        return _do(deps, "takeover", {"seen": hash_of(body.seen)}, who.name)
    except Stale as error:
        with deps.database.read() as session:
            changes = changes_since(body.seen, list_matters(handover(session, deps.clock())))
        raise Problem(409, error.code, error.text, changes=changes_out(changes).model_dump(mode="json")) from error
