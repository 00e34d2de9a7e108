"""The city as it was at an instant, from what is stored: places, treatment, clearance, cases, the plans then in force.

What is only known of the present (how fast a station fills, how a case stood between opening and closing) is left out
rather than guessed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from console.read.cases import CLOSED_SHOWN, TEXT_SHOWN, CaseOut
from console.read.city import TreatmentOut, read_treatment, the_city
from console.read.field import StationOut, StationsOut, VehicleOut
from console.read.work import WORK_AFTER, WORK_BEFORE, WorkRouteOut, read_work_then
from models.tables.city import ResourceState, Station, Vehicle
from models.tables.flow import AuditRow
from models.tables.work import Case, Level, Position, Report, StationDay
from models.times import UtcDateTime, local_date, to_micros

LOOK_BACK = timedelta(hours=24)
"""A vehicle without a fix for this long has no place."""
STEPS_LIMIT = 120
"""Places of one vehicle in one answer of `read_tracks`."""
CASE_LIMIT = 500


class PastOut(Out):
    """The city at `at`. `positions_since`: the oldest position still kept; None where there is none at all."""

    at: datetime
    positions_since: datetime | None
    vehicles: list[VehicleOut]
    stations: StationsOut
    cases: list[CaseOut]
    treatment: TreatmentOut
    work: list[WorkRouteOut]


class PlaceOut(Out):
    """Where a vehicle was: its last fix of one step."""

    observed_at: datetime
    lon: float
    lat: float
    speed_kmh: float
    heading_deg: float | None
    tools: str


class TracksOut(Out):
    """Places by vehicle from `start` on, one for each `step_s` seconds in which there was a fix; oldest first."""

    start: datetime
    end: datetime
    step_s: int
    tracks: dict[str, list[PlaceOut]]


def read_past(session: Session, at: datetime) -> PastOut:
    """Everything the map shows, at `at`."""
    return PastOut(
        at=at,
        positions_since=_positions_since(session),
        vehicles=_vehicles(session, at),
        stations=_stations(session, at, the_city(session).zone),
        cases=_cases(session, at),
        treatment=read_treatment(session, at),
        work=read_work_then(session, at, WORK_BEFORE, WORK_AFTER),
    )


def _positions_since(session: Session) -> datetime | None:
    """By vehicle, since that is how the key is ordered."""
    oldest = sa.select(sa.func.min(col(Position.observed_at))).where(col(Position.vehicle) == col(Vehicle.id))
    found: datetime | None = session.execute(
        sa.select(sa.func.min(oldest.scalar_subquery())).select_from(Vehicle)
    ).scalar_one()
    return found


def _vehicles(session: Session, at: datetime) -> list[VehicleOut]:
    fixes = {row.vehicle: _place(row) for row in _last_fixes(session, at - LOOK_BACK, at, 1)}
    out = {
        row.ref: row
        for row in session.exec(
            select(ResourceState).where(
                ResourceState.kind == "vehicle", ResourceState.status != "back", col(ResourceState.since) <= at
            )
        ).all()
    }
    found = []
    for row in session.exec(select(Vehicle).order_by(Vehicle.id)).all():
        state, place = out.get(row.id), fixes.get(row.id)
        found.append(
            VehicleOut(
                id=row.id,
                plate=row.plate,
                kind=row.kind,
                district=row.district,
                status=state.status if state is not None else "in",
                reason=state.reason if state is not None else "",
                **(place.model_dump() if place is not None else {}),
            )
        )
    return found


def _place(row: Any) -> PlaceOut:
    return PlaceOut.model_validate(row, from_attributes=True)


def _last_fixes(session: Session, start: datetime, end: datetime, steps: int) -> list[Any]:
    """Each vehicle's last position in each of `steps` equal parts of (start, end], by vehicle and time.

    One look into the key a vehicle and step: the cost does not grow with how often the vehicles report.
    """
    low, high = to_micros(start), to_micros(end)
    width = (high - low) // steps
    times = sa.select(sa.literal(low + width, sa.BigInteger).label("until")).cte("times", recursive=True)
    times = times.union_all(
        sa.select(times.c.until + sa.literal(width, sa.BigInteger)).where(times.c.until < low + width * steps)
    )
    until = sa.type_coerce(times.c.until, UtcDateTime())
    after = sa.type_coerce(times.c.until - sa.literal(width, sa.BigInteger), UtcDateTime())
    fix = sa.orm.aliased(Position)
    newest = (
        sa.select(sa.func.max(col(fix.observed_at)))
        .where(
            col(fix.vehicle) == col(Vehicle.id),
            col(fix.observed_at) > after,
            col(fix.observed_at) <= until,
            # Known while planning, so that PostgreSQL looks into the partitions of these days only.
            col(fix.observed_at) > start,
            col(fix.observed_at) <= end,
        )
        .scalar_subquery()
    )
    each: sa.Select[*tuple[Any, ...]] = sa.select(col(Vehicle.id).label("vehicle"), newest.label("at")).select_from(
        Vehicle
    )
    wanted = each.join(times, sa.true()).subquery()
    return list(
        session.execute(
            sa.select(Position.__table__)  # type: ignore[attr-defined]
            .join(wanted, (col(Position.vehicle) == wanted.c.vehicle) & (col(Position.observed_at) == wanted.c.at))
            .where(col(Position.observed_at) > start, col(Position.observed_at) <= end)
            .order_by(col(Position.vehicle), col(Position.observed_at))
        )
    )


def read_tracks(session: Session, start: datetime, step_s: int, steps: int) -> TracksOut:
    """Where each vehicle was in `steps` steps of `step_s` seconds after `start`."""
    end = start + timedelta(seconds=step_s * steps)
    tracks: dict[str, list[PlaceOut]] = {}
    for row in _last_fixes(session, start, end, steps):
        tracks.setdefault(row.vehicle, []).append(_place(row))
    return TracksOut(start=start, end=end, step_s=step_s, tracks=tracks)


def _stations(session: Session, at: datetime, zone: str) -> StationsOut:
    """Levels by what had been received by then: the dispatcher of that hour knew no more."""
    day = local_date(at, zone)
    known = (
        sa.select(col(Level.station), sa.func.max(col(Level.observed_at)).label("at"))
        .where(col(Level.observed_at) <= at, col(Level.received_at) <= at, col(Level.observed_at) > at - LOOK_BACK * 2)
        .group_by(col(Level.station))
        .subquery()
    )
    levels = {
        row.station: row
        for row in session.execute(
            sa.select(col(Level.station), col(Level.level_pct), col(Level.observed_at)).join(
                known, (col(Level.station) == known.c.station) & (col(Level.observed_at) == known.c.at)
            )
        )
    }
    days = {row.station: row for row in session.exec(select(StationDay).where(StationDay.day == day)).all()}
    found = [
        _station(row, levels.get(row.id), days.get(row.id), at)
        for row in session.exec(select(Station).order_by(Station.id)).all()
    ]
    return StationsOut(
        day=day,
        total=len(days),
        cleared=sum(1 for row in found if row.day_state == "cleared"),
        stations=found,
    )


def _station(row: Station, level: Any, day: StationDay | None, at: datetime) -> StationOut:
    cleared = day is not None and day.cleared_at is not None and day.cleared_at <= at
    over = day is not None and day.overflow_at is not None and day.overflow_at <= at
    return StationOut(
        id=row.id,
        name=row.name,
        name_en=row.name_en or row.name,
        community=row.community,
        district=row.district,
        lon=row.lon,
        lat=row.lat,
        level_pct=level.level_pct if level is not None else None,
        level_at=level.observed_at if level is not None else None,
        day_state="" if day is None else "cleared" if cleared else "open",
        cleared_at=day.cleared_at if day is not None and cleared else None,
        overflow_at=day.overflow_at if day is not None and over else None,
    )


def _cases(session: Session, at: datetime) -> list[CaseOut]:
    """Cases that had been opened: those still open by deadline, then those closed within CLOSED_SHOWN before."""
    rows = session.exec(
        select(Case)
        .where(col(Case.opened_at) <= at, col(Case.closed_at).is_(None) | (col(Case.closed_at) > at - CLOSED_SHOWN))
        .order_by(sa.case((col(Case.closed_at) <= at, 1), else_=0), col(Case.deadline), col(Case.number))
        .limit(CASE_LIMIT)
    ).all()
    reports: dict[str, list[str]] = {}
    for case, text in session.execute(
        sa.select(col(Report.case), col(Report.text))
        .where(col(Report.case).in_([row.number for row in rows]), col(Report.at) <= at)
        .order_by(col(Report.at))
    ):
        reports.setdefault(case, []).append(text)
    priorities = _priorities(session, at)
    found = []
    for row in rows:
        closed = row.closed_at is not None and row.closed_at <= at
        told = reports.get(row.number, [])
        found.append(
            CaseOut(
                number=row.number,
                kind=row.kind,
                state=row.state if closed else "open",
                district=row.district,
                lon=row.lon,
                lat=row.lat,
                opened_at=row.opened_at,
                deadline=row.deadline,
                closed_at=row.closed_at if closed else None,
                reports=len(told),
                text=next((text for text in told if text), "")[:TEXT_SHOWN],
                answer=row.answer if closed else "",
                merged_into=row.merged_into if closed else None,
                priority=priorities.get(row.number, row.priority),
            )
        )
    return found


def _priorities(session: Session, at: datetime) -> dict[str, str]:
    """The priorities that were changed since, by case: what the first change found."""
    since = select(AuditRow).where(AuditRow.action == "case.priority", AuditRow.at > at)
    newest_first = session.exec(since.order_by(col(AuditRow.id).desc()))
    return {row.subject.removeprefix("case:"): row.detail["was"] for row in newest_first}
