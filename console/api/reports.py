"""Reports: which there are, and each in the form asked for."""

from __future__ import annotations

import threading
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel

from console.errors import Problem
from console.guards import Deps, Dispatcher, Viewer
from console.read.reports import DayOut, ReportsOut, read_day, read_reports

router = APIRouter(prefix="/api/reports", tags=["reports"])

AT_ONCE = threading.BoundedSemaphore(2)
"""Reports made at a time: each typesets in a process of its own."""
WAIT_S = 10.0
MEDIA = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "geojson": "application/geo+json",
}


class Closing(BaseModel):
    """Which day's edition is asked for."""

    day: date


@router.get("")
def reports(_who: Viewer, deps: Deps) -> ReportsOut:
    """The storms and days there are reports of."""
    with deps.database.read() as session:
        return read_reports(session, deps.clock())


@router.get("/{kind}.{form}", response_class=Response)
def report(
    kind: Literal["storm", "day", "crews", "handover"],
    form: Literal["pdf", "xlsx", "csv", "json", "geojson"],
    _who: Viewer,
    deps: Deps,
    key: Annotated[str, Query(max_length=400, description="a storm's id or the date of its onset; a day's date")] = "",
    table: Annotated[str, Query(max_length=40, description="which table, for CSV; the summary when empty")] = "",
) -> Response:
    """A report as PDF, workbook, CSV, JSON, or, of a storm, the streets as GeoJSON."""
    if not AT_ONCE.acquire(timeout=WAIT_S):
        raise Problem(503, "busy", "other reports are being made; try again in a moment", {"Retry-After": "10"})
    try:
        name, content = deps.report(kind, key, form, table)
    finally:
        AT_ONCE.release()
    shown = "inline" if form == "pdf" else "attachment"
    return Response(content, media_type=MEDIA[form], headers={"Content-Disposition": f'{shown}; filename="{name}"'})


@router.post("/day/edition", responses={409: {"description": "Its time is still to come: nothing is frozen early."}})
def edition(body: Closing, who: Dispatcher, deps: Deps) -> DayOut:
    """Make the edition of a day that is over and has none. A day that has one keeps it."""
    deps.command("day.close", {"day": body.day.isoformat()}, who.name)
    with deps.database.read() as session:
        return read_day(session, body.day, deps.clock())
