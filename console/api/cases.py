"""Cases: the list, one of them, what may be done with several, and doing it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from console.guards import Deps, Dispatcher, Viewer
from console.read.cases import (
    CaseDetailOut,
    CaseOut,
    CaseVerdictOut,
    read_case,
    read_cases,
    read_verdicts,
)
from dispatch.casework import ANSWER_LIMIT, CASES_AT_ONCE

router = APIRouter(prefix="/api/cases", tags=["cases"])

Number = Annotated[str, Field(min_length=1, max_length=60)]
STALE: dict[int | str, dict[str, Any]] = {409: {"description": "One of them has changed meanwhile; nothing is done."}}


class CasesNamed(BaseModel):
    """Which cases."""

    numbers: Annotated[list[Number], Field(min_length=1, max_length=CASES_AT_ONCE)]


class Answered(CasesNamed):
    """Which cases, and what the public is told."""

    answer: Annotated[str, Field(min_length=1, max_length=ANSWER_LIMIT)]


class Merging(CasesNamed):
    """Which cases become reports of which one."""

    into: Number


Priority = Literal["urgent", "normal", "low"]


class Prioritising(CasesNamed):
    """Which cases, and how much they matter."""

    priority: Priority


class Preview(CasesNamed):
    """What is to be done with which cases; `into` for merging only, `priority` for giving one."""

    act: Literal["accept", "release", "close", "cancel", "merge", "reopen", "priority"]
    into: Annotated[str, Field(max_length=60)] = ""
    priority: Priority = "normal"


class Splitting(BaseModel):
    """Which report becomes a case of its own."""

    report: Annotated[str, Field(min_length=1, max_length=200)]


@router.get("")
def cases(_who: Viewer, deps: Deps) -> list[CaseOut]:
    """Open cases, and those over for less than a day."""
    with deps.database.read() as session:
        return read_cases(session, deps.clock())


@router.post("/preview")
def preview(body: Preview, _who: Viewer, deps: Deps) -> list[CaseVerdictOut]:
    """Which of these it could be done with now, and why not with the others. Changes nothing."""
    with deps.database.read() as session:
        return read_verdicts(session, body.act, body.numbers, body.into, body.priority)


@router.get("/{number}")
def case(number: str, _who: Viewer, deps: Deps) -> CaseDetailOut:
    """One case with its reports and history."""
    with deps.database.read() as session:
        return read_case(session, number)


def _do(deps: Deps, name: str, body: BaseModel, who: str) -> list[CaseOut]:
    deps.command(f"case.{name}", body.model_dump(), who)
    with deps.database.read() as session:
        return read_cases(session, deps.clock())


@router.post("/accept", responses=STALE)
def accept(body: CasesNamed, who: Dispatcher, deps: Deps) -> list[CaseOut]:
    """Somebody sees to these by hand."""
    return _do(deps, "accept", body, who.name)


@router.post("/release", responses=STALE)
def release(body: CasesNamed, who: Dispatcher, deps: Deps) -> list[CaseOut]:
    """Nobody sees to these by hand any more."""
    return _do(deps, "release", body, who.name)


@router.post("/priority", responses=STALE)
def priority(body: Prioritising, who: Dispatcher, deps: Deps) -> list[CaseOut]:
    """These matter so much to plans made from now on."""
    return _do(deps, "priority", body, who.name)


@router.post("/close", responses=STALE)
def close(body: Answered, who: Dispatcher, deps: Deps) -> list[CaseOut]:
    """These are settled; their open work is taken out of the routes."""
    return _do(deps, "close", body, who.name)


@router.post("/cancel", responses=STALE)
def cancel(body: Answered, who: Dispatcher, deps: Deps) -> list[CaseOut]:
    """There is nothing to do for these; their open work is taken out of the routes."""
    return _do(deps, "cancel", body, who.name)


@router.post("/merge", responses=STALE)
def merge(body: Merging, who: Dispatcher, deps: Deps) -> list[CaseOut]:
    """These become reports of another case."""
    return _do(deps, "merge", body, who.name)


@router.post("/split", responses=STALE)
def split(body: Splitting, who: Dispatcher, deps: Deps) -> list[CaseOut]:
    """One report becomes a case of its own."""
    return _do(deps, "split", body, who.name)


@router.post("/reopen", responses=STALE)
def reopen(body: CasesNamed, who: Dispatcher, deps: Deps) -> list[CaseOut]:
    """These go on as they were before they were closed, cancelled or merged."""
    return _do(deps, "reopen", body, who.name)
