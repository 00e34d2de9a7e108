"""What stands and moves in the city: vehicles and stations."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from models.tables.city import ResourceState, Station, Vehicle
from models.tables.flow import Projection
from models.tables.work import Level, StationDay
from models.times import local_date, parse_time

VEHICLE_KEY = "vehicle:"
TOOL_LETTERS = {"spreader": "s", "plough": "p", "lift": "l", "broom": "b"}


class VehicleOut(Out):
    """A vehicle; without a fix yet, `lon` and `observed_at` are null. `tools`: letters s p l b of those working."""

    id: str
    plate: str
    kind: str
    district: str
    status: str
    """in, limited or out of service, with `reason`."""
    reason: str = ""
    lon: float | None = None
    lat: float | None = None
    observed_at: datetime | None = None
    speed_kmh: float | None = None
    heading_deg: float | None = None
    tools: str = ""


class StationOut(Out):
    """A station: its newest reported level, and whether it was cleared on the city's present day.

    `rises_pct_h` and `full_at` are the view's: how fast it fills, and when it will be full (None: not for two weeks).
    """

    id: str
    name: str
    name_en: str
    community: str
    district: str
    lon: float
    lat: float
    level_pct: float | None = None
    level_at: datetime | None = None
    rises_pct_h: float | None = None
    full_at: datetime | None = None
    day_state: str = ""
    """open, cleared, missed, or empty where the day has not begun."""
    cleared_at: datetime | None = None
    overflow_at: datetime | None = None


class StationsOut(Out):
    """All stations on `day`."""

    day: date
    total: int
    cleared: int
    stations: list[StationOut]


def read_vehicles(session: Session) -> list[VehicleOut]:
    """Every vehicle with its last good fix, where the view has one."""
    fixes = {
        key.removeprefix(VEHICLE_KEY): value
        for key, value in session.execute(
            sa.select(col(Projection.key), col(Projection.value)).where(col(Projection.key).startswith(VEHICLE_KEY))
        )
    }
    states = {row.ref: row for row in session.exec(select(ResourceState).where(ResourceState.kind == "vehicle")).all()}
    found = []
    for row in session.exec(select(Vehicle).order_by(Vehicle.id)).all():
        state = states.get(row.id)
        out = state is not None and state.status != "back"
        found.append(
            VehicleOut(
                id=row.id,
                plate=row.plate,
                kind=row.kind,
                district=row.district,
                status=state.status if out and state is not None else "in",
                reason=state.reason if out and state is not None else "",
                **fix_of(fixes.get(row.id, {})),
            )
        )
    return found


def fix_of(value: dict[str, Any]) -> dict[str, Any]:
    """Place, time and tools of what the view `last_fix` says of a vehicle, as a page is told them; {} without a fix."""
    if value.get("lon") is None or value.get("lat") is None:
        return {}
    tools = value.get("tools") or ""
    if isinstance(tools, dict):
        tools = "".join(letter for name, letter in TOOL_LETTERS.items() if tools.get(name))
    observed = value.get("observed_at")
    return {
        "lon": value["lon"],
        "lat": value["lat"],
        "observed_at": parse_time(observed) if isinstance(observed, str) else observed,
        "speed_kmh": value.get("speed_kmh"),
        "heading_deg": value.get("heading_deg"),
        "tools": tools,
    }


def _filling(session: Session) -> dict[str, dict[str, Any]]:
    """What the view `filling` says of each station."""
    rows = session.execute(sa.select(col(Projection.value)).where(col(Projection.kind) == "station")).scalars()
    return {
        value["station"]: {
            "rises_pct_h": value["rate_pct_h"],
            "full_at": parse_time(value["full_at"]) if value["full_at"] else None,
        }
        for value in rows
    }


def read_stations(session: Session, now: datetime, zone: str) -> StationsOut:
    """Every station with its newest level and the state of its day."""
    day = local_date(now, zone)
    newest = (
        sa.select(col(Level.station), sa.func.max(Level.observed_at).label("at"))
        .group_by(col(Level.station))
        .subquery()
    )
    levels = {
        station: (pct, at)
        for station, pct, at in session.execute(
            sa.select(col(Level.station), col(Level.level_pct), col(Level.observed_at)).join(
                newest, (col(Level.station) == newest.c.station) & (col(Level.observed_at) == newest.c.at)
            )
        )
    }
    days = {row.station: row for row in session.exec(select(StationDay).where(StationDay.day == day)).all()}
    filling = _filling(session)
    found = []
    for row in session.exec(select(Station).order_by(Station.id)).all():
        pct, at = levels.get(row.id, (None, None))
        today = days.get(row.id)
        found.append(
            StationOut(
                id=row.id,
                name=row.name,
                name_en=row.name_en or row.name,
                community=row.community,
                district=row.district,
                lon=row.lon,
                lat=row.lat,
                level_pct=pct,
                level_at=at,
                **filling.get(row.id, {}),
                day_state=today.state if today is not None else "",
                cleared_at=today.cleared_at if today is not None else None,
                overflow_at=today.overflow_at if today is not None else None,
            )
        )
    return StationsOut(
        day=day, total=len(days), cleared=sum(1 for row in days.values() if row.state == "cleared"), stations=found
    )
