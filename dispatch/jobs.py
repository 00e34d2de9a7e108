"""From a PlanRequest to a Job, and from its solution to a version: what the planner needs of the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from dispatch.beats import foot_crews
from dispatch.context import Context
from dispatch.facilities import usable_facilities
from dispatch.fallback import PERIOD, fallback_items
from dispatch.pins import excluded_by, live_pins, pinned_problem
from dispatch.problems import Job, Resource, build_job, crew_resource, seconds_from, vehicle_capacity
from dispatch.route_docs import Writer, write_doc
from dispatch.streets import Streets
from dispatch.versions import LIVE_STATES, SolvedRoute
from models.errors import Permanent
from models.tables.city import Facility, ResourceState, Segment, Station, Vehicle
from models.tables.plans import Assignment, Plan, PlanRequest, PlanVersion, Route
from models.tables.work import UNDONE, WorkItem
from routing import plan as routing_plan

MAX_ITEMS = 12_000
"""A plan of more work items is refused: split the district."""


@dataclass(frozen=True, slots=True)
class FullJob:
    """A whole period to be planned."""

    job: Job
    writer: Writer
    plan: Plan


def load_full(
    session: Session, context: Context, request: PlanRequest, plan: Plan, streets: Streets, now: datetime
) -> FullJob:
    """The problem of a plan's whole period. Raises Permanent when there is nothing to plan with."""
    items = plan_items(session, context, request, plan, now)
    if len(items) > MAX_ITEMS:
        raise Permanent("too_large", f"{plan.code}: {len(items)} work items, the limit is {MAX_ITEMS}")
    facilities = usable_facilities(session)
    resources = plan_resources(session, plan, streets)
    if not resources:
        raise Permanent("no_resources", f"{plan.code}: no vehicle or crew of {plan.district} can do {plan.service}")
    job = build_job(plan.service, items, resources, facilities, streets, context.rules, plan.start_at)
    job = pinned_job(session, job, plan)
    return FullJob(job, make_writer(session, job, items, streets), plan)


def plan_items(session: Session, context: Context, request: PlanRequest, plan: Plan, now: datetime) -> list[WorkItem]:
    """The work items of a full plan, in a fixed order, without the excluded ones."""
    if plan.period == PERIOD:
        return sorted(fallback_items(session, context, plan, now), key=lambda item: item.place)
    chosen = request.work_items or _chosen(session, plan)
    if chosen:
        rows = items_by_ids(session, chosen)
    else:
        rows = list(
            session.exec(
                select(WorkItem).where(WorkItem.period == plan.period, WorkItem.district == plan.district)
            ).all()
        )
    rows += session.exec(
        select(WorkItem).where(
            col(WorkItem.origin).like("case:%"),
            WorkItem.service == plan.service,
            WorkItem.district == plan.district,
            col(WorkItem.state).in_(("open", "planned")),
            col(WorkItem.id).not_in(_elsewhere(session, plan)),
        )
    ).all()
    excluded = excluded_by(live_pins(session, plan.code))
    wanted = {row.id: row for row in rows if row.state in UNDONE and row.id not in excluded}
    return sorted(wanted.values(), key=lambda item: (item.place, item.id))


def _chosen(session: Session, plan: Plan) -> list[str]:
    """The work a plan was asked for by name (a collection run's stations): versions asked for later are of the same.
    Empty: all of its period.
    """
    rows = session.exec(
        select(PlanRequest.work_items)
        .where(PlanRequest.plan == plan.code, PlanRequest.mode == "full")
        .order_by(col(PlanRequest.requested_at).desc(), PlanRequest.id)
    ).all()
    return next((list(row) for row in rows if row), [])


def _elsewhere(session: Session, plan: Plan) -> set[str]:
    """Work items on routes of other plans of the same service and district that crews have or will have."""
    docs = session.exec(
        select(Route.doc)
        .join(PlanVersion, col(PlanVersion.id) == col(Route.plan_version))
        .join(Plan, col(Plan.code) == col(PlanVersion.plan))
        .where(
            Plan.service == plan.service,
            Plan.district == plan.district,
            Plan.code != plan.code,
            col(PlanVersion.state).in_(LIVE_STATES),
        )
    ).all()
    return {stop["work_item"] for doc in docs for stop in doc["stops"] if stop["work_item"]}


def pinned_job(session: Session, job: Job, plan: Plan) -> Job:
    """The job with the plan's pins in force."""
    work_of = {task: ref.work_item for task, ref in job.refs.items()}
    return replace(job, problem=pinned_problem(job.problem, work_of, live_pins(session, plan.code)))


def items_by_ids(session: Session, ids: list[str]) -> list[WorkItem]:
    """Work items by id, in bounded chunks."""
    found: list[WorkItem] = []
    for start in range(0, len(ids), 500):
        found += session.exec(select(WorkItem).where(col(WorkItem.id).in_(ids[start : start + 500]))).all()
    return found


def plan_resources(session: Session, plan: Plan, streets: Streets) -> list[Resource]:
    """Vehicles of the district with the skill (or crews on foot), in service and free of other assignments."""
    out = {row.ref for row in session.exec(select(ResourceState).where(ResourceState.status == "out")).all()}
    nodes = {row.id: row.node for row in session.exec(select(Facility)).all()}
    whole = seconds_from(plan.start_at, plan.end_at, 0)
    if plan.service == "beats":
        return [
            crew_resource(crew, streets.node_of[nodes[crew.depot]], 0, whole)
            for crew in foot_crews(session, plan.district)
            if crew.id not in out and nodes.get(crew.depot) in streets.node_of
        ]
    rows = session.exec(select(Vehicle).where(Vehicle.district == plan.district).order_by(Vehicle.id)).all()
    found: list[Resource] = []
    for row in rows:
        node = nodes.get(row.depot)
        if plan.service not in row.skills or row.id in out or node not in streets.node_of:
            continue
        span = _free_span(session, plan, row.id, whole)
        if span is not None:
            home = streets.node_of[node]
            capacity = vehicle_capacity(row, plan.service)
            found.append(Resource(row.id, home, home, capacity, 0, *span, frozenset(row.skills)))
    return found


def _free_span(session: Session, plan: Plan, vehicle: str, whole: int) -> tuple[int, int] | None:
    """The part of the plan's period in which no other plan has the vehicle; None when nothing is left."""
    first, last = 0, whole
    if plan.period == PERIOD:
        return first, last
    rows = session.exec(
        select(Assignment).where(
            Assignment.vehicle == vehicle,
            Assignment.plan != plan.code,
            Assignment.end_at > plan.start_at,
            Assignment.start_at < plan.end_at,
        )
    ).all()
    for row in sorted(rows, key=lambda r: r.start_at):
        if row.start_at <= plan.start_at + timedelta(seconds=first):
            first = max(first, seconds_from(plan.start_at, row.end_at, 0) + 1)
        else:
            last = min(last, seconds_from(plan.start_at, row.start_at, 0) - 1)
    return (first, last) if last - first > 600 else None


def make_writer(session: Session, job: Job, items: list[WorkItem], streets: Streets) -> Writer:
    """Names and places for route documents."""
    facilities = {row.id: row for row in session.exec(select(Facility)).all()}
    stations = {row.id: row for row in session.exec(select(Station)).all()}
    by_node = {streets.node_of[row.node]: row for row in facilities.values() if row.node in streets.node_of}
    return Writer(
        job=job,
        tasks={task.id: task for task in job.problem.tasks},
        streets=streets,
        items={item.id: item for item in items},
        facilities=facilities,
        named=_namer(stations, streets),
        node_place=_placer(by_node, streets),
    )


def _namer(stations: dict[str, Station], streets: Streets) -> Callable[[str, str], tuple[str, str, float, float]]:
    def street(row: Segment) -> tuple[str, str, float, float]:
        middle = row.geometry[len(row.geometry) // 2]
        return row.name, row.name_en, middle[0], middle[1]

    def named(kind: str, ref: str) -> tuple[str, str, float, float]:
        if kind == "station":
            station = stations[ref]
            return station.name, station.name_en, station.lon, station.lat
        prefix, _, rest = ref.partition(":")
        if kind == "segment" or prefix == "segment":
            return street(streets.segments[rest or ref])
        lon, lat = (float(part) for part in rest.split(","))
        near = _nearest_name(streets, lon, lat)
        return near.name, near.name_en, lon, lat

    return named


def _nearest_name(streets: Streets, lon: float, lat: float) -> Segment:
    """The street whose middle is nearest: good enough to name a spot."""

    def off(row: Segment) -> tuple[float, str]:
        x, y = row.geometry[len(row.geometry) // 2]
        return (x - lon) ** 2 + (y - lat) ** 2, row.id

    return min(streets.segments.values(), key=off)


def _placer(by_node: dict[int, Facility], streets: Streets) -> Callable[[int], dict[str, Any]]:
    def place(node: int) -> dict[str, Any]:
        lon, lat = streets.node_lonlat[node]
        row = by_node.get(node)
        if row is None:
            return {
                "kind": "spot",
                "ref": f"spot:{lon:.5f},{lat:.5f}",
                "name": "",
                "name_en": "",
                "lon": lon,
                "lat": lat,
            }
        return {"kind": row.kind, "ref": row.id, "name": row.name, "name_en": row.name_en, "lon": lon, "lat": lat}

    return place


def solved_routes(full: FullJob, plan: routing_plan.Plan) -> list[SolvedRoute]:
    """Documents of all routes that have a stop."""
    routes: list[SolvedRoute] = []
    for route in plan.routes:
        if not route.stops:
            continue
        doc = write_doc(full.writer, route, [])
        zero = full.job.zero
        routes.append(
            SolvedRoute(
                vehicle=route.vehicle,
                doc=doc,
                start_at=zero + timedelta(seconds=route.start_s),
                end_at=zero + timedelta(seconds=route.end_s),
                distance_m=route.distance_m,
            )
        )
    return routes


def unserved_rows(job: Job, plan: routing_plan.Plan) -> list[dict[str, str]]:
    """Unserved tasks with reason and place, and the work items that could not even be asked for."""
    rows = [
        {"task": u.task, "work_item": job.refs[u.task].work_item, "ref": job.refs[u.task].ref, "reason": u.reason}
        for u in plan.unserved
    ]
    return rows + [{"task": item, "work_item": item, "ref": "", "reason": why} for item, why in job.left_out]
