"""The collection day: what is cleared by district, what was not at each mark of the day, and how far each route is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from console.read.base import Out
from console.read.work import LIVE_STATES
from models.tables.city import District, Station
from models.tables.plans import Plan, PlanVersion, Route
from models.tables.work import StationDay, WorkItem
from models.times import local_date, parse_time

MARKS = (18, 21, 24)
"""Local hours at which what is not cleared is counted."""


class MarkOut(Out):
    """How many stations were not cleared at an hour of the day; null while the hour has not come."""

    hour: int
    uncleared: int | None


class LedgerOut(Out):
    """A district's stations of the day. `open` are neither cleared nor missed yet."""

    district: str
    name: str
    name_en: str
    owed: int
    cleared: int
    missed: int
    open: int
    marks: list[MarkOut]


class ProgressOut(Out):
    """A collection route in force: its stops, how many are proven done, and how many should be by now.

    `late_min`: how long ago the first stop not done should have been left; 0 when none is behind.
    """

    route: str
    version: str
    vehicle: str
    start_at: datetime
    end_at: datetime
    stops: int
    done: int
    due: int
    late_min: int


class CollectionOut(Out):
    """The collection day `day`, by district and by route; and the ledger of the day before, which is over."""

    day: date
    ledger: list[LedgerOut]
    before: list[LedgerOut]
    routes: list[ProgressOut]


def read_collection(session: Session, now: datetime, zone: str) -> CollectionOut:
    """The city's present day."""
    day = local_date(now, zone)
    return CollectionOut(
        day=day,
        ledger=_ledgers(session, day, now, zone),
        before=_ledgers(session, day - timedelta(days=1), now, zone),
        routes=_progress(session, day, now),
    )


def _ledgers(session: Session, day: date, now: datetime, zone: str) -> list[LedgerOut]:
    names = {row.code: row for row in session.exec(select(District))}
    days: dict[str, list[StationDay]] = {}
    query = select(StationDay, Station.district).join(Station, col(Station.id) == col(StationDay.station))
    for row, district in session.exec(query.where(StationDay.day == day)):
        days.setdefault(district, []).append(row)
    return [_ledger(names.get(code), code, days[code], day, now, zone) for code in sorted(days)]


def _ledger(
    district: District | None, code: str, rows: Sequence[StationDay], day: date, now: datetime, zone: str
) -> LedgerOut:
    cleared = sum(1 for row in rows if row.state == "cleared")
    missed = sum(1 for row in rows if row.state == "missed")
    return LedgerOut(
        district=code,
        name=district.name if district is not None else code,
        name_en=district.name_en if district is not None else code,
        owed=len(rows),
        cleared=cleared,
        missed=missed,
        open=len(rows) - cleared - missed,
        marks=[_mark(rows, hour, day, now, zone) for hour in MARKS],
    )


def _mark(rows: Sequence[StationDay], hour: int, day: date, now: datetime, zone: str) -> MarkOut:
    days, hours = divmod(hour, 24)
    at = datetime.combine(day + timedelta(days=days), time(hours), ZoneInfo(zone))
    if at > now:
        return MarkOut(hour=hour, uncleared=None)
    return MarkOut(hour=hour, uncleared=sum(1 for row in rows if row.cleared_at is None or row.cleared_at > at))


def _progress(session: Session, day: date, now: datetime) -> list[ProgressOut]:
    routes = session.exec(
        select(Route)
        .join(PlanVersion, col(PlanVersion.id) == col(Route.plan_version))
        .join(Plan, col(Plan.code) == col(PlanVersion.plan))
        .where(Plan.service == "collection", Plan.day == day, col(PlanVersion.state).in_((*LIVE_STATES, "closed")))
        .order_by(col(Route.start_at), col(Route.id))
    ).all()
    served = {
        route.id: [stop for stop in route.doc["stops"] if stop["kind"] != "facility" and stop["work_item"]]
        for route in routes
    }
    wanted = {stop["work_item"] for stops in served.values() for stop in stops}
    done = set(session.exec(select(WorkItem.id).where(col(WorkItem.id).in_(wanted), WorkItem.state == "done")).all())
    found = []
    for route in routes:
        stops = served[route.id]
        due = [stop for stop in stops if parse_time(stop["depart"]) <= now]
        behind = [parse_time(stop["depart"]) for stop in due if stop["work_item"] not in done]
        found.append(
            ProgressOut(
                route=route.id,
                version=route.plan_version,
                vehicle=route.vehicle or route.crew,
                start_at=route.start_at,
                end_at=route.end_at,
                stops=len(stops),
                done=sum(1 for stop in stops if stop["work_item"] in done),
                due=len(due),
                late_min=int((now - min(behind)) / timedelta(minutes=1)) if behind else 0,
            )
        )
    return found
