"""The day's report: one service date. Its edition is made once, when the date's last shift is in, and kept.

A date that has none (no timer was set for it: nothing was collected then, or its rows were brought in later) gets it
when somebody asks for it, once and for all in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from dispatch.fallback import PERIOD
from dispatch.reports.plans import plan_lines, route_lines
from dispatch.reports.storm import case_line
from dispatch.reports.timeline import audited
from dispatch.reports.values import AlarmLine, CaseLine, DayReport, StationCount, StationLine
from dispatch.uow import UnitOfWork
from models.errors import Refused, Stale
from models.ids import canonical_hash
from models.tables.city import City, Station
from models.tables.flow import Alarm, Edition, Timer
from models.tables.plans import Plan, Sheet
from models.tables.work import Case, Report, StationDay
from models.times import at_local

CLOSES = time(13, 0)
"""Local clock of the next day at which the date's edition is made: night and muster shifts are over by noon."""
KIND = "day"


def closes_at(day: date, zone: str) -> datetime:
    """When a date's edition is made."""
    return at_local(day + timedelta(days=1), CLOSES, zone)


def timer_of(day: date) -> str:
    """The timer that makes a date's edition."""
    return f"day_close:{day.isoformat()}"


def edition_of(session: Session, day: date) -> Edition | None:
    """A date's edition, where it is made."""
    return session.get(Edition, (KIND, day.isoformat()))


def close_day(uow: UnitOfWork, day: date, asked_by: str = "") -> Edition:
    """Make a date's edition and keep it. A date that has one keeps it. `asked_by`: who wanted it after its time."""
    edition = edition_of(uow.session, day)
    if edition is not None:
        return edition
    made = make_day(uow.session, day, uow.now, closed=True).model_copy(update={"asked_by": asked_by})
    content = made.model_dump(mode="json")
    edition = Edition(
        kind=KIND, key=day.isoformat(), made_at=uow.now, content=content, content_hash=canonical_hash(content)
    )
    uow.session.add(edition)
    uow.audit("day.closed", f"day:{day.isoformat()}", content_hash=edition.content_hash)
    return edition


def ask_for_edition(uow: UnitOfWork, day: date) -> Edition:
    """The edition of a date that is over, made now where there is none.

    Raises Refused for a date nobody worked, Stale where its own time is still to come: nothing is frozen early.
    """
    edition = edition_of(uow.session, day)
    if edition is not None:
        return edition
    _must_be_worked(uow.session, day)
    if edition_comes(uow.session, day, uow.now):
        clock = f"{CLOSES:%H:%M}"
        raise Stale("edition_comes", f"{day.isoformat()}: its edition is made by itself at {clock} of the next day")
    return close_day(uow, day, uow.actor)


def edition_comes(session: Session, day: date, now: datetime) -> bool:
    """Whether a date's own time is still to come, or its timer about to be carried out."""
    timer = session.get(Timer, timer_of(day))
    zone = session.exec(select(City)).one().zone
    return now < closes_at(day, zone) or (timer is not None and timer.state == "pending")


def day_report(session: Session, day: date, now: datetime) -> DayReport:
    """A date's edition, or, until it is made, the figures as they are now. Raises Refused for a date nobody worked."""
    edition = edition_of(session, day)
    if edition is not None:
        return DayReport.model_validate(edition.content)
    _must_be_worked(session, day)
    return make_day(session, day, now, closed=False)


def _must_be_worked(session: Session, day: date) -> None:
    if not (_some(session, select(StationDay).where(StationDay.day == day)) or _some(session, _plans_of(day))):
        raise Refused("unknown_day", f"nothing is stored of {day.isoformat()}: no station was due and no plan made")


def _some(session: Session, query: object) -> bool:
    return session.exec(query.limit(1)).first() is not None  # type: ignore[attr-defined]


def _plans_of(day: date):  # type: ignore[no-untyped-def]
    return select(Plan).where(Plan.day == day, Plan.period != PERIOD).order_by(Plan.code)


def make_day(session: Session, day: date, as_of: datetime, closed: bool) -> DayReport:
    """The figures of a date, read now."""
    city = session.exec(select(City)).one()
    starts = at_local(day, time(0, 0), city.zone)
    ends = at_local(day + timedelta(days=1), time(0, 0), city.zone)
    stations = session.exec(
        select(StationDay, Station)
        .join(Station, col(Station.id) == col(StationDay.station))
        .where(StationDay.day == day)
        .order_by(StationDay.station)
    ).all()
    plans = session.exec(_plans_of(day)).all()
    states = Counter(session.exec(select(Sheet.state).where(col(Sheet.plan).in_([plan.code for plan in plans]))).all())
    open_, late = _cases(session, starts, ends)
    return DayReport(
        day=day,
        city=city.name,
        city_en=city.name_en,
        zone=city.zone,
        starts_at=starts,
        ends_at=ends,
        as_of=as_of,
        closed_at=as_of if closed else None,
        stations=_counts(stations),
        cleared_by_hour=_hours(stations, city.zone),
        not_cleared=tuple(_station(row, station) for row, station in stations if row.state != "cleared"),
        reports_received=_count(session, select(func.count()).where(Report.at >= starts, Report.at < ends)),
        cases_received=_count(session, select(func.count()).where(Case.opened_at >= starts, Case.opened_at < ends)),
        cases_closed=_count(
            session,
            select(func.count()).where(
                col(Case.closed_at) >= starts, col(Case.closed_at) < ends, Case.state != "merged"
            ),
        ),
        cases_open=open_,
        cases_late=late,
        plans=plan_lines(session, plans, route_lines(session, plans, closes_at(day, city.zone))),
        sheets_issued=sum(states.values()),
        sheets_superseded=states["superseded"],
        sheets_handed_back=states["handed_back"],
        alarms=alarms_between(session, starts, ends),
    )


def _count(session: Session, query: object) -> int:
    return int(session.exec(query).one())  # type: ignore[call-overload]


def _counts(stations: Sequence[tuple[StationDay, Station]]) -> tuple[StationCount, ...]:
    counts = []
    for district in sorted({station.district for _, station in stations}):
        rows = [row for row, station in stations if station.district == district]
        states = Counter(row.state for row in rows)
        overflowed = sum(1 for row in rows if row.overflow_at is not None)
        counts.append(
            StationCount(
                district=district,
                owed=len(rows),
                cleared=states["cleared"],
                missed=states["missed"],
                overflowed=overflowed,
            )
        )
    return tuple(counts)


def _hours(stations: Sequence[tuple[StationDay, Station]], zone: str) -> tuple[int, ...]:
    local = ZoneInfo(zone)
    hours = Counter(row.cleared_at.astimezone(local).hour for row, _ in stations if row.cleared_at is not None)
    return tuple(hours[hour] for hour in range(24))


def _station(row: StationDay, station: Station) -> StationLine:
    return StationLine(
        station=station.id,
        name=station.name,
        name_en=station.name_en,
        district=station.district,
        overflow_at=row.overflow_at,
    )


def _cases(session: Session, starts: datetime, ends: datetime) -> tuple[int, tuple[CaseLine, ...]]:
    """How many were open at the end, and those over their deadline: open then, or closed that day after it."""
    rows = session.exec(
        select(Case)
        .where(
            Case.opened_at < ends,
            or_(col(Case.closed_at).is_(None), col(Case.closed_at) >= starts),
            col(Case.state).not_in(("cancelled", "merged")),
        )
        .order_by(col(Case.deadline), Case.number)
    ).all()
    open_ = [row for row in rows if row.closed_at is None or row.closed_at >= ends]
    late = [row for row in rows if row.deadline < (row.closed_at or ends) and row.deadline < ends]
    return len(open_), tuple(case_line(row) for row in late)


def alarms_between(session: Session, starts: datetime, ends: datetime) -> tuple[AlarmLine, ...]:
    """Every opening of an alarm after one instant and up to another, by the audit (a row says its newest only), and its
    closing. What midnight finds missed belongs to the day that ends.
    """
    alarms = {
        f"alarm:{row.id}": row
        for row in session.exec(
            select(Alarm).where(or_(col(Alarm.closed_at).is_(None), col(Alarm.closed_at) >= starts))
        ).all()
    }
    lines: list[AlarmLine] = []
    opened: dict[str, int] = {}
    for row in sorted(audited(session, alarms), key=lambda row: (row.at, row.id or 0)):
        if not starts < row.at <= ends:
            continue
        alarm = alarms[row.subject]
        if row.action == "alarm.opened":
            opened[row.subject] = len(lines)
            lines.append(
                AlarmLine(kind=alarm.kind, key=alarm.key, opened_at=row.at, closed_at=None, priority=alarm.priority)
            )
        elif row.action == "alarm.closed" and row.subject in opened:
            n = opened.pop(row.subject)
            lines[n] = lines[n].model_copy(update={"closed_at": row.at})
    return tuple(lines)
