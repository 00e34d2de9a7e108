"""How the system is: the degree of trouble, since when, and what to do without it. Needs no sign-in, asks nobody."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response

from console.guards import Deps
from console.read.base import Out
from console.vendor import VENDOR
from dispatch.decide.trouble import ALL_AWAY, WELL

router = APIRouter(prefix="/api", tags=["health"])


class TroubleOut(Out):
    """One thing that is wrong."""

    degree: str
    since: datetime


class HealthOut(Out):
    """`degree`: well, broker_away, solver_away, database_read_only or all_away, the worst there is.

    `checked_at`: when it was last looked. `print_last`: the command that prints the last plans without any service.
    `libraries`: whether the page's browser libraries are there.
    """

    status: str
    degree: str
    since: datetime
    checked_at: datetime
    now: datetime
    troubles: list[TroubleOut]
    print_last: str
    libraries: bool


@router.get("/health", responses={503: {"description": "The database is away."}}, response_model=HealthOut)
async def health(deps: Deps, response: Response) -> HealthOut:
    """The degree of trouble. 503 when the database is away."""
    found = deps.condition()
    if found.degree == ALL_AWAY:
        response.status_code = 503
    return HealthOut(
        status="ok" if found.degree == WELL else "trouble",
        degree=found.degree,
        since=found.since,
        checked_at=found.checked_at,
        now=deps.wall(),
        troubles=[TroubleOut(degree=trouble.degree, since=trouble.since) for trouble in found.troubles],
        print_last=deps.print_last,
        libraries=(VENDOR / "maplibre" / "maplibre-gl.mjs").is_file(),
    )
