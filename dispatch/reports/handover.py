"""What one shift hands to the next: what is open now, and nothing that is done."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from dispatch.decide.cases import OVER
from dispatch.fallback import PERIOD
from dispatch.reports.storm import case_line
from dispatch.reports.values import (
    AlarmLine,
    CaseLine,
    Handover,
    NoteLine,
    OutLine,
    RunningPlan,
    TakeoverLine,
    UntoldLine,
    WaitingPlan,
)
from dispatch.response import SELF_START_STOP
from dispatch.shiftlog import current_shift, last_takeovers, notes_that_hold
from dispatch.versions import LIVE_STATES, live_version
from models.tables.city import City, Crew, Facility, ResourceState, Segment, Setting, Vehicle, Worker
from models.tables.flow import Alarm
from models.tables.plans import Plan, PlanVersion, Route, Sheet, Telling
from models.tables.work import Case

SOON = timedelta(hours=4)
"""A case whose deadline is no farther off than this is told to the next shift: it falls into its first half."""
TAKEOVERS_TOLD = 3


def handover(session: Session, at: datetime) -> Handover:
    """The open matters at an instant."""
    city = session.exec(select(City)).one()
    stop = session.get(Setting, SELF_START_STOP)
    return Handover(
        city=city.name,
        city_en=city.name_en,
        zone=city.zone,
        at=at,
        alarms=_alarms(session),
        waiting=_waiting(session, at),
        running=_running(session),
        cases=_cases(session, at),
        untold=_untold(session),
        out=_out(session, at),
        notes=_notes(session, at),
        takeovers=takeover_lines(session, TAKEOVERS_TOLD),
        self_start_stopped=stop is not None and bool(stop.value.get("on", False)),
    )


def _alarms(session: Session) -> tuple[AlarmLine, ...]:
    rows = session.exec(
        select(Alarm).where(Alarm.state != "closed").order_by(col(Alarm.priority), col(Alarm.opened_at), Alarm.id)
    ).all()
    return tuple(
        AlarmLine(
            kind=row.kind,
            key=row.key,
            opened_at=row.opened_at,
            closed_at=None,
            priority=row.priority,
            state=row.state,
            shelved_until=row.shelved_until,
            reason=row.shelved_reason,
        )
        for row in rows
    )


def _waiting(session: Session, at: datetime) -> tuple[WaitingPlan, ...]:
    rows = session.exec(
        select(PlanVersion, Plan)
        .join(Plan, (col(Plan.code) == col(PlanVersion.plan)) & (col(Plan.latest) == col(PlanVersion.version)))
        .where(PlanVersion.state == "proposed", Plan.period != PERIOD, Plan.end_at > at)
        .order_by(col(Plan.start_at), Plan.code)
    ).all()
    lines = []
    for version, plan in rows:
        live = live_version(session, plan.code)
        lines.append(
            WaitingPlan(
                code=plan.code,
                version=version.version,
                service=plan.service,
                district=plan.district,
                start_at=plan.start_at,
                created_at=version.created_at,
                feasible=version.feasible,
                unserved=len(version.unserved),
                live=live.version if live is not None else 0,
                reason=version.reason,
            )
        )
    return tuple(lines)


def _running(session: Session) -> tuple[RunningPlan, ...]:
    rows = session.exec(
        select(PlanVersion, Plan)
        .join(Plan, col(Plan.code) == col(PlanVersion.plan))
        .where(col(PlanVersion.state).in_(LIVE_STATES))
        .order_by(col(Plan.start_at), Plan.code)
    ).all()
    lines = []
    for version, plan in rows:
        routes = session.exec(
            select(Route).where(Route.plan_version == version.id).options(defer(Route.doc))  # type: ignore[arg-type]
        ).all()
        states = Counter(session.exec(select(Sheet.state).where(Sheet.plan == plan.code)).all())
        lines.append(
            RunningPlan(
                code=plan.code,
                version=version.version,
                service=plan.service,
                district=plan.district,
                state=version.state,
                start_at=plan.start_at,
                end_at=max([route.end_at for route in routes], default=plan.end_at),
                routes=len(routes),
                sheets_out=states["issued"],
                sheets_back=states["handed_back"],
            )
        )
    return tuple(lines)


def _cases(session: Session, at: datetime) -> tuple[CaseLine, ...]:
    rows = session.exec(
        select(Case)
        .where(col(Case.state).not_in(OVER), Case.deadline <= at + SOON)
        .order_by(col(Case.deadline), Case.number)
    ).all()
    return tuple(case_line(row) for row in rows)


def _untold(session: Session) -> tuple[UntoldLine, ...]:
    rows = session.exec(
        select(Telling, Route.driver)
        .outerjoin(Route, col(Route.id) == col(Telling.route))
        .where(col(Telling.told_at).is_(None))
        .order_by(col(Telling.opened_at), Telling.id)
    ).all()
    lines = []
    for telling, driver_id in rows:
        driver = session.get(Worker, driver_id) if driver_id else None
        lines.append(
            UntoldLine(
                plan=telling.plan,
                vehicle=telling.vehicle,
                driver=driver.name if driver is not None else "",
                phone=driver.phone if driver is not None else "",
                opened_at=telling.opened_at,
                added=int(telling.change.get("added", 0)),
                dropped=int(telling.change.get("dropped", 0)),
            )
        )
    return tuple(lines)


def _out(session: Session, at: datetime) -> tuple[OutLine, ...]:
    rows = session.exec(
        select(ResourceState).where(ResourceState.status != "back").order_by(ResourceState.kind, ResourceState.ref)
    ).all()
    return tuple(
        OutLine(
            kind=row.kind,
            ref=row.ref,
            name=_name(session, row),
            status=row.status,
            since=row.since,
            until=row.until,
            reason=row.reason,
        )
        for row in rows
        if row.until is None or row.until > at
    )


def _notes(session: Session, at: datetime) -> tuple[NoteLine, ...]:
    rows = notes_that_hold(session, current_shift(session, at))
    return tuple(NoteLine(id=row.id, at=row.at, actor=row.actor, text=row.text) for row in rows)


def takeover_lines(session: Session, limit: int) -> tuple[TakeoverLine, ...]:
    """The newest takeovers, newest first."""
    return tuple(
        TakeoverLine(
            no=row.no,
            at=row.at,
            given_by=row.given_by,
            taken_by=row.taken_by,
            open=len(row.open),
            open_hash=row.open_hash,
        )
        for row in last_takeovers(session, limit)
    )


def _name(session: Session, row: ResourceState) -> str:
    if row.kind == "vehicle":
        vehicle = session.get(Vehicle, row.ref)
        return vehicle.plate if vehicle is not None else ""
    found: Crew | Facility | Segment | None
    if row.kind == "crew":
        found = session.get(Crew, row.ref)
    elif row.kind == "facility":
        found = session.get(Facility, row.ref)
    else:
        found = session.get(Segment, row.ref)
    return found.name if found is not None else ""
