"""Use cases of the `resources` topic: a vehicle, crew, facility or street is out, limited or back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from dispatch.context import Context
from dispatch.facilities import calls_at, stand_ins
from dispatch.fallback import PERIOD
from dispatch.planning import request_plan
from dispatch.uow import UnitOfWork
from dispatch.versions import live_version, routes_of
from models.errors import Permanent, Refused
from models.events.base import Event
from models.events.field import ResourceStatus
from models.events.registry import payload_of
from models.tables.city import Crew, Facility, ResourceState, Segment, Vehicle
from models.tables.plans import Plan, PlanVersion, Route
from models.tables.work import WorkItem
from models.times import parse_time

TABLE_OF: dict[str, Any] = {"vehicle": Vehicle, "crew": Crew, "facility": Facility, "street": Segment}
LATER = timedelta(microseconds=1)
"""Two words of one instant: the one said later is the newer."""


def record_status(uow: UnitOfWork, context: Context, event: Event) -> None:
    """Store what is out; an older word never overrules a newer one. Running work of a lost vehicle is taken over."""
    payload = payload_of(event)
    assert isinstance(payload, ResourceStatus)
    if uow.session.get(TABLE_OF[payload.kind], payload.ref) is None:
        raise Permanent(f"unknown_{payload.kind}", f"no {payload.kind} {payload.ref} in this city")
    _record(uow, context, payload, event.id)


def set_status(uow: UnitOfWork, context: Context, kind: str, ref: str, status: str, reason: str) -> None:
    """A dispatcher's own word, which holds from now on. Raises Refused for an unknown resource or without a reason."""
    if uow.session.get(TABLE_OF[kind], ref) is None:
        raise Refused(f"unknown_{kind}", f"no {kind} {ref} in this city")
    if status != "back" and not reason.strip():
        raise Refused("no_reason", f"say why {kind} {ref} is {status}")
    row = uow.session.get(ResourceState, f"{kind}:{ref}", with_for_update=True)
    since = uow.now if row is None else max(uow.now, row.since + LATER)
    values = {"kind": kind, "ref": ref, "status": status, "since": since, "reason": reason.strip()}
    _record(uow, context, ResourceStatus.model_validate(values), "set")


def _record(uow: UnitOfWork, context: Context, payload: ResourceStatus, name: str) -> None:
    key = f"{payload.kind}:{payload.ref}"
    row = uow.session.get(ResourceState, key)
    if row is not None and row.since >= payload.since:
        return
    if row is None:
        row = ResourceState(key=key, kind=payload.kind, ref=payload.ref, status=payload.status, since=payload.since)
        uow.session.add(row)
    row.status, row.since, row.until, row.reason = payload.status, payload.since, payload.until, payload.reason
    uow.session.flush()
    uow.audit(f"resource.{payload.status}", key, reason=payload.reason)
    uow.emit("state", key, "resource.changed", {"resource": key, "status": payload.status}, name)
    if payload.status == "out" and payload.kind in ("vehicle", "crew"):
        _take_over(uow, context, payload.ref)
    if payload.status == "out" and payload.kind == "street":
        _street_out(uow, context, payload.ref)
    if payload.status == "out" and payload.kind == "facility":
        _facility_out(uow, context, payload.ref)


def _take_over(uow: UnitOfWork, context: Context, ref: str) -> None:
    """Every live plan with a route of the lost vehicle or crew gets its unfinished work inserted elsewhere."""
    for plan in _live_plans(uow):
        version = live_version(uow.session, plan.code)
        if version is None:
            continue
        mine = [r for r in routes_of(uow.session, version.id) if (r.vehicle or r.crew) == ref and r.end_at > uow.now]
        if mine:
            request_plan(uow, context, plan, f"out:{ref}", mode="insert", without_vehicle=ref)


def _street_out(uow: UnitOfWork, context: Context, segment: str) -> None:
    """Work owed on a closed street is an exception; plans not yet approved are made anew around it, routes under way
    are led round it."""
    rows = uow.session.exec(
        select(WorkItem).where(WorkItem.place == f"segment:{segment}", col(WorkItem.state).in_(("open", "planned")))
    ).all()
    for item in rows:
        item.state, item.detail = "cancelled", {**item.detail, "reason": "street_out"}
        uow.audit("work.cancelled", f"work:{item.id}", reason="street_out")
        plan = uow.session.exec(select(Plan).where(Plan.period == item.period, Plan.district == item.district)).first()
        if plan is not None and live_version(uow.session, plan.code) is None:
            request_plan(uow, context, plan, f"street_out:{segment}")
    uow.session.flush()
    for plan in _live_plans(uow):
        version = live_version(uow.session, plan.code)
        if version is not None and any(goes_over(r, segment, uow.now) for r in routes_of(uow.session, version.id)):
            request_plan(uow, context, plan, f"street_out:{segment}", mode="insert")


def _facility_out(uow: UnitOfWork, context: Context, ref: str) -> None:
    """Trips to a facility that is out go to the nearest open one of its kind: routes under way are led there, plans not
    yet approved are made anew. Without another one they stay as they are, for somebody to decide.
    """
    if ref not in stand_ins(uow.session):
        return
    for plan in _live_plans(uow):
        version = live_version(uow.session, plan.code)
        if version is not None and any(calls_ahead(r, ref, uow.now) for r in routes_of(uow.session, version.id)):
            request_plan(uow, context, plan, f"facility_out:{ref}", mode="insert")
    waiting = select(Plan).where(Plan.end_at > uow.now, Plan.period != PERIOD, Plan.latest > 0).order_by(Plan.code)
    for plan in uow.session.exec(waiting).all():
        newest = uow.session.get(PlanVersion, f"{plan.code}@{plan.latest}")
        if newest is None or newest.state != "proposed" or live_version(uow.session, plan.code) is not None:
            continue
        if any(calls_at(route.doc["stops"], ref) for route in routes_of(uow.session, newest.id)):
            request_plan(uow, context, plan, f"facility_out:{ref}")


def calls_ahead(route: Route, ref: str, now: datetime) -> bool:
    """Whether what is left of a route calls at the facility."""
    return calls_at([stop for stop in route.doc["stops"] if parse_time(stop["arrive"]) > now], ref)


def goes_over(route: Route, segment: str, now: datetime) -> bool:
    """Whether what is left of a route serves or drives the street."""
    left = [stop for stop in route.doc["stops"] if parse_time(stop["arrive"]) > now]
    legs = [leg[0] for stop in left for leg in stop["legs"]]
    if route.end_at > now:
        legs += [leg[0] for leg in route.doc["home"]]
    return segment in legs or any(stop["kind"] == "segment" and stop["ref"] == segment for stop in left)


def _live_plans(uow: UnitOfWork) -> list[Plan]:
    rows = uow.session.exec(
        select(Plan)
        .join(PlanVersion, col(PlanVersion.plan) == col(Plan.code))
        .where(col(PlanVersion.state).in_(("approved", "active")))
        .order_by(Plan.code)
    ).all()
    return list({row.code: row for row in rows}.values())
