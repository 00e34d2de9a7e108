"""Pins: giving a plan's work to another vehicle, leaving it out, and asking for a version that keeps to it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from console.api.plans import PlanCode
from console.errors import Problem
from console.guards import Deps, Dispatcher, Viewer
from console.read.pins import PinsOut, find_pins
from dispatch.pinning import REASON_LIMIT, PinWish

router = APIRouter(prefix="/api/plans", tags=["plans"])

Name = Annotated[str, Field(max_length=200)]


class Pinning(BaseModel):
    """A work item, and one of: the vehicle or crew it must go to, left out, its pin removed."""

    work_item: Annotated[str, Field(min_length=1, max_length=200)]
    vehicle: Name = ""
    exclude: bool = False
    remove: bool = False


class Asking(BaseModel):
    """Why a new version is asked for, in words; it stands with the version."""

    reason: Annotated[str, Field(max_length=REASON_LIMIT)] = ""


class Asked(BaseModel):
    """The request the planner works off."""

    request: str


@router.get("/{code}/pins")
def pins(code: PlanCode, _who: Viewer, deps: Deps) -> PinsOut:
    """The pins that hold, who can take the plan's work, and what can no longer be moved."""
    return _pins(code, deps)


def _pins(code: str, deps: Deps) -> PinsOut:
    started = deps.started(code)
    with deps.database.read() as session:
        found = find_pins(session, code, started)
    if found is None:
        raise Problem(404, "unknown_plan", f"plan {code} is not known")
    return found


@router.post("/{code}/pins", responses={409: {"description": "The stop is started, or its work is over."}})
def pin(code: PlanCode, body: Pinning, who: Dispatcher, deps: Deps) -> PinsOut:
    """Set or remove a pin, as `sweepline plan pin` does; it holds in every later version until removed."""
    deps.pin(PinWish(code, body.work_item, body.vehicle, body.exclude, body.remove), who.name)
    return _pins(code, deps)


@router.post("/{code}/replan", status_code=202)
def replan(code: PlanCode, body: Asking, who: Dispatcher, deps: Deps) -> Asked:
    """Ask for a new version around the pins: of a running plan, of what is not started."""
    return Asked(request=deps.ask_again(code, who.name, body.reason))
