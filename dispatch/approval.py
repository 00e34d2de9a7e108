"""Approving, activating, telling and closing plan versions; the policies that may do so without a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, and_, col, or_, select

from dispatch.bundles import watch_bundle
from dispatch.context import Context
from dispatch.differences import difference
from dispatch.silence import watch
from dispatch.uow import UnitOfWork
from dispatch.versions import latest_version, live_version, routes_of
from models.errors import Refused, Stale
from models.tables.city import Setting
from models.tables.plans import Approval, Assignment, Plan, PlanVersion, Route, Telling
from models.tables.weather import Stage
from models.tables.work import UNDONE, StationDay, WorkItem
from models.times import iso
from models.tracing import span

POLICY_INSERT = "policy:insertion"
POLICY_SELF_START = "policy:self_start"
CLOSE_AFTER = timedelta(hours=1)


def approve(uow: UnitOfWork, context: Context, version_id: str, reason: str = "") -> PlanVersion:
    """Approve one version. Raises Stale when it is not the newest proposed one, Refused when it is unknown or bad."""
    version = uow.session.get(PlanVersion, version_id)
    if version is None:
        raise Refused("unknown_plan", f"plan version {version_id} is not known; list them with `sweepline plan list`")
    if version.state in ("approved", "active"):
        raise Stale("already_approved", f"{version_id} is approved already")
    newest = latest_version(uow.session, version.plan)
    if newest is not None and newest.id != version.id:
        raise Stale("stale_version", f"{version_id} has been overtaken by {newest.id}: look at that one")
    if version.state != "proposed":
        raise Stale("not_proposed", f"{version_id} is {version.state}, only a proposed version can be approved")
    if not version.feasible:
        raise Refused("infeasible", f"{version_id} failed its check and cannot be approved")
    plan = uow.session.get(Plan, version.plan)
    assert plan is not None
    before = live_version(uow.session, plan.code)
    lead = timedelta(seconds=context.rules.planning.started_lead_s)
    if before is not None and version.based_on == before.version and uow.now > version.created_at + lead:
        raise Stale("overtaken", f"{version_id} was made for {iso(version.created_at)}; the trucks are past it")
    with span("approval", version.cause, plan_version=version.id, actor=uow.actor):
        _put_in_force(uow, context, plan, version, before, reason)
    return version


def _put_in_force(
    uow: UnitOfWork, context: Context, plan: Plan, version: PlanVersion, before: PlanVersion | None, reason: str
) -> None:
    """Bind its vehicles and people, tell who has another route than before, set its timers."""
    version.state = "approved"
    uow.session.add(Approval(plan_version=version.id, actor=uow.actor, at=uow.now, reason=reason))
    _assign(uow, plan, version)
    if before is not None:
        _open_tellings(uow, context, plan, before, version)
    uow.cancel_timer(f"selfstart:{plan.code}")
    if before is not None and before.state == "active":
        activate(uow, version.id)
    else:
        if before is not None:
            before.state = "superseded"
        uow.set_timer(
            f"activate:{version.id}", max(plan.start_at, uow.now), "plan.activate", plan.code, version=version.id
        )
    ends = max([route.end_at for route in routes_of(uow.session, version.id)], default=plan.end_at)
    uow.set_timer(f"close:{plan.code}", max(ends, plan.end_at) + CLOSE_AFTER, "plan.close", plan.code, plan=plan.code)
    uow.audit("plan.approved", f"plan:{version.id}", reason=reason)
    uow.emit("plans", plan.code, "plan.approved", {"plan_version": version.id}, version.id)
    uow.session.flush()
    watch(uow, context)
    watch_bundle(uow, version)


def _assign(uow: UnitOfWork, plan: Plan, version: PlanVersion) -> None:
    """Bind vehicles, crews and drivers; the database refuses a second binding of one at the same time."""
    for old in uow.session.exec(select(Assignment).where(Assignment.plan == plan.code)).all():
        uow.session.delete(old)
    uow.session.flush()
    for route in routes_of(uow.session, version.id):
        end = max(route.end_at, route.start_at + timedelta(seconds=1))
        uow.session.add(
            Assignment(
                id=route.id,
                route=route.id,
                plan=plan.code,
                vehicle=route.vehicle or f"crew:{route.crew}",
                crew=route.crew,
                driver=route.driver,
                start_at=route.start_at,
                end_at=end,
            )
        )
    text = f"{version.id}: a vehicle or driver of it is bound to another plan at that time; make a new version"
    try:
        uow.session.flush()
    except IntegrityError as error:
        raise Stale("double_booked", text) from error


def _open_tellings(uow: UnitOfWork, context: Context, plan: Plan, before: PlanVersion, version: PlanVersion) -> None:
    """Everybody whose route changed must be told; an alarm rises when it takes too long."""
    old = {r.vehicle or r.crew: r for r in routes_of(uow.session, before.id)}
    for route in routes_of(uow.session, version.id):
        who = route.vehicle or route.crew
        previous = old.get(who)
        if previous is None or previous.route_hash == route.route_hash:
            continue
        telling = Telling(
            id=uow.new_id("telling", route.id),
            plan=plan.code,
            route=route.id,
            vehicle=who,
            change=difference(previous, route),
            opened_at=uow.now,
        )
        uow.session.add(telling)
        due = uow.now + timedelta(minutes=context.rules.planning.telling_alarm_min)
        uow.set_timer(f"untold:{telling.id}", due, "telling.late", plan.code, telling=telling.id)


def tell(uow: UnitOfWork, telling_id: str, how: str) -> Telling:
    """Tick a change as told. From now on the vehicle is judged by its new route. Raises Refused when unknown."""
    telling = uow.session.get(Telling, telling_id)
    if telling is None:
        raise Refused("unknown_telling", f"no such change to tell: {telling_id}")
    if telling.told_at is None:
        telling.told_at, telling.told_by, telling.how = uow.now, uow.actor, how
        uow.cancel_timer(f"untold:{telling.id}")
        uow.close_alarm("untold", telling.id)
        uow.audit("route.told", f"route:{telling.route}", vehicle=telling.vehicle, how=how)
        uow.emit("plans", telling.plan, "route.told", {"route": telling.route}, telling.id)
    return telling


def activate(uow: UnitOfWork, version_id: str) -> None:
    """The start has come: the version is what crews work by. A version no longer approved is left alone."""
    version = uow.session.get(PlanVersion, version_id)
    if version is None or version.state != "approved":
        return
    uow.session.execute(
        update(PlanVersion)
        .where(col(PlanVersion.plan) == version.plan, col(PlanVersion.state) == "active")
        .values(state="superseded")
    )
    uow.session.flush()
    version.state = "active"
    plan = uow.session.get(Plan, version.plan)
    assert plan is not None
    kind, _, ref = plan.origin.partition(":")
    stage = uow.session.get(Stage, ref) if kind == "stage" else None
    if stage is not None and stage.state == "planned":
        stage.state, stage.started_at = "running", uow.now
        uow.audit("stage.running", f"stage:{stage.id}", kind=stage.kind)
    uow.audit("plan.active", f"plan:{version.id}")
    uow.emit("plans", plan.code, "plan.active", {"plan_version": version.id}, version.id)


def close_plan(uow: UnitOfWork, plan_code: str) -> None:
    """The period is over: the plan closes; what was not done is missed, stations' work goes on to the next run."""
    for version in uow.session.exec(select(PlanVersion).where(PlanVersion.plan == plan_code)).all():
        if version.state in ("approved", "active", "proposed"):
            version.state = "closed"
            done_by = version.id
            uow.audit("plan.closed", f"plan:{done_by}")
    plan = uow.session.get(Plan, plan_code)
    assert plan is not None
    if plan.service == "collection":
        _release(uow.session, plan)
    else:
        for item in uow.session.exec(
            select(WorkItem).where(WorkItem.period == plan.period, WorkItem.district == plan.district)
        ).all():
            if item.state in UNDONE:
                item.state = "missed"
        _finish_stage(uow, plan)
    uow.emit("plans", plan_code, "plan.closed", {"plan": plan_code}, plan_code)


def _release(session: Session, plan: Plan) -> None:
    """Stations planned but not cleared are open again for a later run of their day."""
    for item in session.exec(
        select(WorkItem).where(
            WorkItem.service == "collection", WorkItem.district == plan.district, WorkItem.state == "planned"
        )
    ).all():
        if item.origin == plan.origin or item.origin.startswith("case:"):
            item.state = "open"


def _finish_stage(uow: UnitOfWork, plan: Plan) -> None:
    kind, _, ref = plan.origin.partition(":")
    stage = uow.session.get(Stage, ref) if kind == "stage" else None
    if stage is None or stage.state in ("done", "closed"):
        return
    others = uow.session.exec(select(Plan).where(Plan.origin == plan.origin)).all()
    open_ones = uow.session.exec(
        select(PlanVersion).where(
            col(PlanVersion.plan).in_([p.code for p in others]), col(PlanVersion.state).in_(("approved", "active"))
        )
    ).first()
    if open_ones is None:
        stage.state, stage.done_at = "done", uow.now
        uow.audit("stage.done", f"stage:{stage.id}", kind=stage.kind)


def proposed(uow: UnitOfWork, context: Context, version: PlanVersion, self_start: bool, insertion: bool) -> None:
    """What policy does with a version just proposed: approve a small insertion, or arm the self-start."""
    plan = uow.session.get(Plan, version.plan)
    assert plan is not None
    params = context.rules.planning
    if insertion:
        small = version.added_s <= params.insert_add_min * 60 and version.moved_stops == 0
        if small and version.feasible and not version.unserved:
            uow.actor = POLICY_INSERT
            approve(uow, context, version.id, reason=f"adds {version.added_s} s, moves no stop")
        return
    if self_start and context.rules.snow.self_start_min > 0 and live_version(uow.session, plan.code) is None:
        due = uow.now + timedelta(minutes=context.rules.snow.self_start_min)
        uow.set_timer(f"selfstart:{plan.code}", due, "plan.self_start", plan.code, plan=plan.code)


def self_start(uow: UnitOfWork, context: Context, plan_code: str, stop_key: str) -> None:
    """Nobody decided in time: the newest proposed version starts, unless the stop key is set."""
    stop = uow.session.get(Setting, stop_key)
    if stop is not None and stop.value.get("on", False):
        uow.open_alarm("self_start_stopped", plan_code)
        return
    version = latest_version(uow.session, plan_code)
    if version is None or version.state != "proposed":
        return
    uow.actor = POLICY_SELF_START
    approve(uow, context, version.id, reason="nobody decided in time")


def stations_missed(uow: UnitOfWork, day: Any) -> None:
    """Midnight: every station of the day not cleared is missed and has an alarm."""
    for row in uow.session.exec(select(StationDay).where(StationDay.day == day, StationDay.state == "open")).all():
        row.state = "missed"
        uow.open_alarm("station_missed", f"{row.station}:{day.isoformat()}", station=row.station)
        uow.audit("station.missed", f"station:{row.station}", day=day.isoformat())


def route_in_force(session: Session, plan_code: str, vehicle: str, at: datetime) -> Route | None:
    """The route a vehicle is judged by: the newest approved one it has been told of."""
    rows = session.exec(
        select(Route, Telling.told_at, Telling.id)
        .join(PlanVersion, col(PlanVersion.id) == col(Route.plan_version))
        .join(Approval, col(Approval.plan_version) == col(PlanVersion.id))
        .outerjoin(Telling, col(Telling.route) == col(Route.id))
        .where(
            PlanVersion.plan == plan_code,
            Approval.at <= at,
            or_(Route.vehicle == vehicle, and_(Route.vehicle == "", Route.crew == vehicle)),
        )
        .order_by(col(PlanVersion.version).desc(), col(Route.seq))
    ).all()
    for route, told_at, telling in rows:
        if telling is None or (told_at is not None and told_at <= at):
            return route
    return None
