"""Alarms: the list, its load, and what a dispatcher does with them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from console.guards import Deps, Dispatcher, Viewer
from console.read.alarms import AlarmLoadOut, AlarmOut, read_alarm_load, read_alarms
from dispatch.alarms import ALARMS_AT_ONCE, REASON_LIMIT, SHELVE_MAX_MIN, SHELVE_MIN

router = APIRouter(prefix="/api/alarms", tags=["alarms"])

Id = Annotated[str, Field(max_length=300)]


class AlarmsNamed(BaseModel):
    """Which alarms."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=ALARMS_AT_ONCE)]


class Shelving(AlarmsNamed):
    """Which alarms, why, and for how long."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LIMIT)]
    minutes: Annotated[int, Field(ge=SHELVE_MIN, le=SHELVE_MAX_MIN)]


@router.get("")
def alarms(_who: Viewer, deps: Deps) -> list[AlarmOut]:
    """Alarms not closed, shelved ones too."""
    with deps.database.read() as session:
        return read_alarms(session, deps.clock())


@router.get("/load")
def load(_who: Viewer, deps: Deps) -> AlarmLoadOut:
    """How many alarms were opened per ten minutes."""
    with deps.database.read() as session:
        return read_alarm_load(session, deps.clock())


def _do(deps: Deps, name: str, body: AlarmsNamed, who: str) -> list[AlarmOut]:
    deps.command(f"alarm.{name}", body.model_dump(), who)
    with deps.database.read() as session:
        return read_alarms(session, deps.clock())


@router.post("/acknowledge", responses={409: {"description": "One of them is over."}})
def acknowledge(body: AlarmsNamed, who: Dispatcher, deps: Deps) -> list[AlarmOut]:
    """Say that these have been seen."""
    return _do(deps, "acknowledge", body, who.name)


@router.post("/shelve", responses={409: {"description": "One of them is over."}})
def shelve(body: Shelving, who: Dispatcher, deps: Deps) -> list[AlarmOut]:
    """Take these out of the list for a while."""
    return _do(deps, "shelve", body, who.name)


@router.post("/unshelve", responses={409: {"description": "One of them is over."}})
def unshelve(body: AlarmsNamed, who: Dispatcher, deps: Deps) -> list[AlarmOut]:
    """Put these back into the list."""
    return _do(deps, "unshelve", body, who.name)
