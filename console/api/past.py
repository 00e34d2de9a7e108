"""The city as it was: at an instant, and where its vehicles went from there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from console.errors import Problem
from console.guards import Deps, Viewer
from console.read.past import STEPS_LIMIT, PastOut, TracksOut, read_past, read_tracks

router = APIRouter(prefix="/api/past", tags=["past"])

STEP_LIMIT_S = 600


@router.get("")
def past(
    _who: Viewer, deps: Deps, at: Annotated[AwareDatetime, Query(description="ISO 8601 with its zone; not to come")]
) -> PastOut:
    """Vehicles, stations, cases, treatment and the plans in force at an instant."""
    _is_past(at, deps.clock())
    with deps.database.read() as session:
        return read_past(session, at)


@router.get("/tracks")
def tracks(
    _who: Viewer,
    deps: Deps,
    start: Annotated[AwareDatetime, Query(description="ISO 8601 with its zone; not to come")],
    step_s: Annotated[int, Query(ge=1, le=STEP_LIMIT_S, description="one place of a vehicle in so many seconds")] = 30,
    steps: Annotated[int, Query(ge=1, le=STEPS_LIMIT)] = STEPS_LIMIT,
) -> TracksOut:
    """Where vehicles went after an instant, thinned: the last fix of each step."""
    _is_past(start, deps.clock())
    with deps.database.read() as session:
        return read_tracks(session, start, step_s, steps)


def _is_past(at: datetime, now: datetime) -> None:
    if at > now:
        raise Problem(400, "to_come", f"{at.isoformat()} is still to come; the past ends now")
