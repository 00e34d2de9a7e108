"""Use cases of the `cases` topic: a complaint becomes a case, or one more report of one; its work finds a route."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from dispatch.context import Context
from dispatch.decide.cases import CLASS_OF, OVER
from dispatch.places import Place, box, distance_m, place_index
from dispatch.planning import request_plan
from dispatch.uow import UnitOfWork
from dispatch.versions import LIVE_STATES
from models.errors import Permanent
from models.events.base import Event
from models.events.field import ComplaintReceived
from models.events.registry import payload_of
from models.ids import case_number
from models.tables.city import Setting
from models.tables.plans import Plan, PlanVersion
from models.tables.work import Case, Report, WorkItem
from models.times import iso, local_date

OVERDUE = "case_overdue"
FAR_OFF_M = 2_000.0
"""A complaint further from any street than this is not in the city."""


def record_complaint(uow: UnitOfWork, context: Context, event: Event) -> Case:
    """Merge by place and kind, or open a case; a new case's work goes into a running route where there is one."""
    payload = payload_of(event)
    assert isinstance(payload, ComplaintReceived)
    place = place_index(uow.session).nearest(payload.lon, payload.lat)
    if place is None or place.distance_m > FAR_OFF_M:
        raise Permanent("outside_city", f"no street within {FAR_OFF_M:.0f} m of {payload.lon:.5f},{payload.lat:.5f}")
    case = find_same(uow.session, context, payload, event.received_at)
    if case is None:
        deadline = uow.now + timedelta(minutes=context.rules.cases.kinds[payload.kind].deadline_min)
        case = open_case(uow, context, payload.kind, (payload.lon, payload.lat), place, uow.now, deadline)
        work_for(uow, context, case, place.node)
    else:
        uow.audit("case.merged", f"case:{case.number}", report=event.id)
    uow.session.add(
        Report(
            id=uow.new_id("report"),
            case=case.number,
            at=event.received_at,
            channel=payload.channel,
            text=payload.text,
            contact=payload.contact,
            lon=payload.lon,
            lat=payload.lat,
            event=f"{event.source}:{event.id}",
        )
    )
    uow.session.flush()
    uow.emit("state", f"case:{case.number}", "case.changed", {"case": case.number}, event.id)
    return case


def find_same(session: Session, context: Context, payload: ComplaintReceived, at: datetime) -> Case | None:
    """A case of the same kind near by and recent, open or closed a moment ago; the nearest, then the oldest."""
    params = context.rules.cases
    since = at - timedelta(hours=params.merge_hours)
    west, south, east, north = box(payload.lon, payload.lat, params.merge_radius_m)
    just_closed = at - timedelta(minutes=params.merge_closed_min)
    rows = session.exec(
        select(Case).where(
            Case.kind == payload.kind,
            col(Case.lat).between(south, north),
            col(Case.lon).between(west, east),
            Case.opened_at >= since,
            Case.state != "merged",
            or_(col(Case.state).not_in(OVER), col(Case.closed_at) >= just_closed),
        )
    ).all()
    near = [(distance_m(c.lon, c.lat, payload.lon, payload.lat), c.number, c) for c in rows]
    near = [entry for entry in near if entry[0] <= params.merge_radius_m]
    return min(near, key=lambda entry: entry[:2])[2] if near else None


def open_case(
    uow: UnitOfWork,
    context: Context,
    kind: str,
    at: tuple[float, float],
    place: Place,
    opened_at: datetime,
    deadline: datetime,
    **detail: str,
) -> Case:
    """A new case at a lon, lat, under the next number of the city's day; `detail` is for its audit row."""
    day = local_date(uow.now, context.zone)
    key = f"case_serial:{day:%Y%m%d}"
    counter = uow.session.exec(select(Setting).where(Setting.key == key).with_for_update()).first()
    if counter is None:
        counter = Setting(key=key, value={"serial": 0})
        uow.session.add(counter)
    serial = int(counter.value["serial"]) + 1
    counter.value = {"serial": serial}
    case = Case(
        number=case_number(context.city, day, serial),
        kind=kind,
        lon=at[0],
        lat=at[1],
        district=place.district,
        segment=place.segment,
        opened_at=opened_at,
        deadline=deadline,
    )
    uow.session.add(case)
    uow.session.flush()
    uow.audit("case.opened", f"case:{case.number}", kind=kind, district=place.district, **detail)
    watch_deadline(uow, case)
    return case


def watch_deadline(uow: UnitOfWork, case: Case) -> None:
    """Look at the case when its deadline has come, or at once where it has passed."""
    due = max(case.deadline, uow.now)
    uow.set_timer(f"case:{case.number}:{iso(due)}", due, "case.due", "cases", case=case.number)


def deadline_come(uow: UnitOfWork, number: str) -> None:
    """A timer's: a case that is not settled by its deadline is an alarm until it is."""
    case = uow.session.get_one(Case, number)
    if case.state not in OVER and case.deadline <= uow.now:
        uow.open_alarm(OVERDUE, number, priority=3, case=number, case_kind=case.kind)


def work_for(uow: UnitOfWork, context: Context, case: Case, node: str) -> None:
    """What the case's kind asks for as work, put into a running route where there is one."""
    kind = context.rules.cases.kinds[case.kind]
    if not kind.service:
        return
    item = WorkItem(
        id=uow.new_id("work", case.number),
        service=kind.service,
        district=case.district,
        place=f"spot:{case.lon:.5f},{case.lat:.5f}",
        node=node,
        origin=f"case:{case.number}",
        period=f"case:{case.number}",
        priority=CLASS_OF[case.priority],
        quantity_kg=kind.kg,
        service_s=kind.service_s,
        deadline=case.deadline,
        created_at=uow.now,
        detail={"kind": case.kind},
    )
    uow.session.add(item)
    case.work_item = item.id
    uow.session.flush()
    into_running_plan(uow, context, case, item)


def into_running_plan(uow: UnitOfWork, context: Context, case: Case, item: WorkItem) -> None:
    """Ask for the case's work to be put into the plan that crews work by, where there is one."""
    plan = running_plan(uow.session, item.district, item.service, uow.now)
    if plan is not None:
        request_plan(uow, context, plan, f"case:{case.number}", mode="insert", work_items=(item.id,))


def running_plan(session: Session, district: str, service: str, now: datetime) -> Plan | None:
    """The plan of this service that crews work by (or will within its period), latest start first."""
    return next(iter(running_plans(session, district, service, now)), None)


def running_plans(session: Session, district: str, service: str, now: datetime) -> list[Plan]:
    """Every such plan."""
    rows = session.exec(
        select(Plan)
        .join(PlanVersion, col(PlanVersion.plan) == col(Plan.code))
        .where(
            Plan.district == district,
            Plan.service == service,
            Plan.end_at > now,
            col(PlanVersion.state).in_(LIVE_STATES),
        )
        .order_by(col(Plan.start_at).desc())
    ).all()
    return list({row.code: row for row in rows}.values())


def work_done(uow: UnitOfWork, case_number_: str, at: datetime) -> None:
    """The case's work is proven done: the case closes."""
    case = uow.session.get(Case, case_number_, with_for_update=True)
    if case is None or case.state in OVER:
        return
    was, case.state, case.closed_at = case.state, "closed", at
    uow.audit("case.closed", f"case:{case.number}", by="visit", was=was)
    uow.close_alarm(OVERDUE, case.number, at)
    uow.emit("state", f"case:{case.number}", "case.changed", {"case": case.number}, "closed")
