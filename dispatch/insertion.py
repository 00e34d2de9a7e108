"""Replanning a running plan: work is inserted into routes under way; started stops stay, no other stop moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from dispatch.context import Context
from dispatch.jobs import items_by_ids, make_writer, pinned_job, plan_resources
from dispatch.problems import Job, Resource, TaskRef, facility_tasks, seconds_from, task_for, vehicle_capacity, walking
from dispatch.route_docs import Writer, write_doc
from dispatch.routes import LegDoc, RouteDoc, StopDoc
from dispatch.streets import Streets
from dispatch.versions import SolvedRoute, live_version, routes_of
from models.errors import Permanent
from models.tables.city import Facility, ResourceState, Vehicle
from models.tables.plans import Plan, PlanRequest, PlanVersion, Route
from models.tables.work import WorkItem
from models.times import parse_time
from routing import plan as routing_plan
from routing.problem import Problem, Task
from routing.problem import Vehicle as RoutingVehicle


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of one route under way: stops kept as they are, stops that may see others put between them."""

    route: Route
    kept: list[StopDoc]
    left: list[StopDoc]
    lost: bool


@dataclass(frozen=True, slots=True)
class InsertJob:
    """A running plan with work to put in: `base` holds the stops left, `wanted` the task ids to insert."""

    job: Job
    writer: Writer
    base: routing_plan.Plan
    wanted: tuple[str, ...]
    remaining: tuple[Remaining, ...]
    version: PlanVersion
    plan: Plan


def load_insert(
    session: Session, context: Context, request: PlanRequest, plan: Plan, streets: Streets, now: datetime
) -> InsertJob:
    """The problem of what is left of a running plan. Raises Permanent when nothing runs any more."""
    version = live_version(session, plan.code)
    if version is None:
        raise Permanent("not_running", f"{plan.code} has no approved version to insert into")
    lead = timedelta(seconds=context.rules.planning.started_lead_s)
    lost = lost_since(session, now, request.without_vehicle)
    routes = routes_of(session, version.id)
    remaining = [_remaining(route, now, lead, lost.get(_who(route))) for route in routes]
    asked = [*request.work_items, *_waiting(session, plan, routes, request.work_items)]
    ids = {s["work_item"] for r in remaining for s in r.left if s["work_item"]} | set(asked)
    items = {row.id: row for row in items_by_ids(session, sorted(ids))}
    drop = set(asked)
    remaining = [
        Remaining(r.route, r.kept, [s for s in r.left if s["work_item"] not in drop], r.lost) for r in remaining
    ]
    tasks, refs, wanted = _tasks(context, asked, remaining, items, streets, now)
    resources = [_resource(session, r, plan, streets, now) for r in remaining if not r.lost]
    resources += _idle(session, plan, streets, now, lead, {_who(r.route) for r in remaining})
    facilities = list(session.exec(select(Facility).order_by(Facility.id)).all())
    network = walking(streets.network, context.rules.snow.walk_kmh) if plan.service == "beats" else streets.network
    problem = Problem(
        network=network,
        tasks=tuple(tasks),
        vehicles=tuple(
            RoutingVehicle(
                id=r.id,
                start=r.start_node,
                end=r.end_node,
                capacity=(r.capacity_kg,),
                initial_used=(r.used_kg,),
                shift=(r.free_from_s, r.free_to_s),
                skills=r.skills,
            )
            for r in resources
        ),
        facilities=tuple(facility_tasks(plan.service, facilities, streets)),
        commodities=("kg",),
        unload_at_end=plan.service == "collection",
    )
    job = pinned_job(session, Job(problem, refs, now, plan.service, ()), plan)
    base = _base_plan(job, remaining, streets, now, {r.id for r in resources})
    writer = make_writer(session, job, list(items.values()), streets)
    return InsertJob(job, writer, base, tuple(wanted), tuple(remaining), version, plan)


def _who(route: Route) -> str:
    return route.vehicle or route.crew


def lost_since(session: Session, now: datetime, vehicle: str) -> dict[str, datetime]:
    """Vehicles and crews out of service, and since when; `vehicle` at the latest now."""
    rows = session.exec(
        select(ResourceState).where(
            ResourceState.status == "out", col(ResourceState.kind).in_(("vehicle", "crew")), ResourceState.since <= now
        )
    ).all()
    found = {row.ref: row.since for row in rows}
    return {**({vehicle: now} if vehicle else {}), **found}


def _waiting(session: Session, plan: Plan, routes: list[Route], asked: list[str]) -> list[str]:
    """Cases' work of an insertion proposed but not approved, which the new version would otherwise overtake."""
    on_route = {stop["work_item"] for route in routes for stop in route.doc["stops"]}
    rows = session.exec(
        select(WorkItem.id)
        .where(
            col(WorkItem.origin).like("case:%"),
            WorkItem.service == plan.service,
            WorkItem.district == plan.district,
            col(WorkItem.state).in_(("open", "planned")),
        )
        .order_by(WorkItem.id)
    ).all()
    return [id_ for id_ in rows if id_ not in on_route and id_ not in asked]


def _remaining(route: Route, now: datetime, lead: timedelta, lost_at: datetime | None) -> Remaining:
    """Cut a route at now: a stop the truck has set out for (or will within the lead) is kept."""
    stops = route.doc["stops"]
    if lost_at is not None:
        kept = [stop for stop in stops if parse_time(stop["depart"]) <= lost_at]
        return Remaining(route, kept, stops[len(kept) :], True)
    count, free = 0, route.start_at
    while count < len(stops) and free <= now + lead:
        free = parse_time(stops[count]["depart"])
        count += 1
    return Remaining(route, stops[:count], stops[count:], False)


def _tasks(
    context: Context,
    asked: list[str],
    remaining: list[Remaining],
    items: dict[str, WorkItem],
    streets: Streets,
    now: datetime,
) -> tuple[list[Task], dict[str, TaskRef], list[str]]:
    """Tasks of the stops left, and those wanted: what is asked for, and what the lost vehicles had not done."""
    tasks: dict[str, Task] = {}
    refs: dict[str, TaskRef] = {}
    wanted: list[str] = []

    def add(item: WorkItem, number: int) -> str | None:
        made = task_for(item, number, streets, context.rules, now)
        if made is None:
            return None
        tasks[made[0].id], refs[made[0].id] = made
        return made[0].id

    for entry in remaining:
        for stop in entry.left:
            item = items.get(stop["work_item"])
            if item is None or (entry.lost and item.state in ("done", "cancelled", "missed")):
                continue
            id_ = add(item, int(stop["pass"]))
            if entry.lost and id_ is not None:
                wanted.append(id_)
    for work_item in asked:
        item = items.get(work_item)
        if item is None or item.state in ("done", "cancelled", "missed"):
            continue
        for number in range(item.passes_done + 1, item.passes + 1):
            id_ = add(item, number)
            if id_ is not None:
                wanted.append(id_)
    return list(tasks.values()), refs, wanted


def _resource(session: Session, entry: Remaining, plan: Plan, streets: Streets, now: datetime) -> Resource:
    """Where and when the vehicle is free after its kept stops, and what it then carries."""
    route, doc = entry.route, entry.route.doc
    vehicle = session.get(Vehicle, route.vehicle) if route.vehicle else None
    capacity = vehicle_capacity(vehicle, plan.service) if vehicle is not None else 1
    skills = frozenset(vehicle.skills) if vehicle is not None else frozenset({"beats"})
    home = _place_node(doc["end"] or doc["start"], streets)
    start, free, used = _place_node(doc["start"], streets), route.start_at, 0
    if entry.kept:
        last = entry.kept[-1]
        start, free, used = _stop_node(last, streets), parse_time(last["depart"]), int(last["load_kg"])
        if _went_home(entry, now):
            start, free, used = home, max(route.end_at, now), 0
    until = max(seconds_from(now, plan.end_at, 0), seconds_from(now, route.end_at, 0))
    return Resource(_who(route), start, home, capacity, used, seconds_from(now, free, 0), until, skills)


def _went_home(entry: Remaining, now: datetime) -> bool:
    """The truck has done all its stops: whatever comes now starts at its depot."""
    return bool(entry.kept) and not entry.left and parse_time(entry.kept[-1]["depart"]) <= now


def _idle(
    session: Session, plan: Plan, streets: Streets, now: datetime, lead: timedelta, busy: set[str]
) -> list[Resource]:
    """Vehicles of the district that have no route in this plan: ready at their depot after the lead."""
    shift = seconds_from(plan.start_at, now + lead, 0)
    ahead = seconds_from(now, plan.start_at, 0)
    found = []
    for entry in plan_resources(session, plan, streets):
        first = max(entry.free_from_s, shift) - shift + max(ahead, int(lead.total_seconds()))
        last = entry.free_to_s - seconds_from(plan.start_at, now, 0) + ahead
        if entry.id not in busy and last > first:
            found.append(replace(entry, free_from_s=first, free_to_s=last))
    return found


def _place_node(place: dict[str, object], streets: Streets) -> int:
    return _nearest_node(streets, float(str(place["lon"])), float(str(place["lat"])))


def _nearest_node(streets: Streets, lon: float, lat: float) -> int:
    points = streets.node_lonlat
    return min(range(len(points)), key=lambda i: (points[i][0] - lon) ** 2 + (points[i][1] - lat) ** 2)


def _stop_node(stop: StopDoc, streets: Streets) -> int:
    if stop["kind"] == "segment":
        return int(streets.network.head[streets.arcs_of[stop["ref"]][bool(stop["forward"])]])
    lon, lat = stop.get("at") or (stop["lon"], stop["lat"])
    return _nearest_node(streets, lon, lat)


def _arcs(legs: list[LegDoc], streets: Streets) -> tuple[int, ...]:
    return tuple(streets.arcs_of[segment][bool(forward)] for segment, forward in legs)


def _base_plan(
    job: Job, remaining: list[Remaining], streets: Streets, now: datetime, alive: set[str]
) -> routing_plan.Plan:
    routes = []
    task_of = {(ref.work_item, ref.number): id_ for id_, ref in job.refs.items()}
    tasks = {task.id: task for task in job.problem.tasks}
    for entry in remaining:
        if entry.lost or _who(entry.route) not in alive:
            continue
        stops = tuple(_base_stop(stop, task_of, tasks, streets, now) for stop in entry.left)
        free = parse_time(entry.kept[-1]["depart"]) if entry.kept else entry.route.start_at
        routes.append(
            routing_plan.Route(
                vehicle=_who(entry.route),
                start_s=seconds_from(now, free, 0),
                stops=stops,
                arcs_home=_arcs(entry.route.doc["home"], streets) if stops or free > now else (),
                end_s=seconds_from(now, entry.route.end_at, 0),
                distance_m=0,
                cost=0,
            )
        )
    return routing_plan.Plan(tuple(routes), (), 0, "running", 0, 0)


def _base_stop(
    stop: StopDoc, task_of: dict[tuple[str, int], str], tasks: dict[str, Task], streets: Streets, now: datetime
) -> routing_plan.Stop:
    arrive, start, depart = (seconds_from(now, parse_time(stop[key]), 0) for key in ("arrive", "start", "depart"))
    arcs, used = _arcs(stop["legs"], streets), (int(stop["load_kg"]),)
    if stop["kind"] == "facility":
        return routing_plan.Stop("facility", stop["ref"], 0, arcs, arrive, start, depart, used)
    id_ = task_of[(stop["work_item"], int(stop["pass"]))]
    mode = 0
    if stop["kind"] == "segment":
        arc = streets.arcs_of[stop["ref"]][bool(stop["forward"])]
        mode = next(i for i, m in enumerate(tasks[id_].modes) if m.arc == arc)
    return routing_plan.Stop("task", id_, mode, arcs, arrive, start, depart, used)


@dataclass(frozen=True, slots=True)
class Inserted:
    """Routes of the new version, and what the insertion cost the others."""

    routes: list[SolvedRoute]
    added_s: int
    moved_stops: int


def inserted_routes(insert: InsertJob, plan: routing_plan.Plan) -> Inserted:
    """Documents of the new version: unchanged routes as they were, changed ones anew behind their kept stops."""
    solved = {route.vehicle: route for route in plan.routes}
    before = {route.vehicle: [s.ref for s in route.stops] for route in insert.base.routes}
    routes: list[SolvedRoute] = []
    added = moved = 0
    for entry in insert.remaining:
        who, old = _who(entry.route), entry.route
        new = solved.get(who)
        if entry.lost:
            routes.append(_cut_short(entry, insert.writer.streets))
        elif new is None or [s.ref for s in new.stops] == before.get(who) == _refs_left(insert, entry):
            routes.append(SolvedRoute(who, old.doc, old.start_at, old.end_at, old.distance_m))
        else:
            doc = write_doc(insert.writer, new, entry.kept, old.doc["start"])
            if _went_home(entry, insert.job.zero):
                doc["stops"][len(entry.kept)]["legs"] = [*old.doc["home"], *doc["stops"][len(entry.kept)]["legs"]]
            doc["end"] = old.doc["end"]
            end_at = insert.job.zero + timedelta(seconds=new.end_s)
            added += max(0, int((end_at - old.end_at).total_seconds()))
            moved += _moved(insert, new)
            routes.append(SolvedRoute(who, doc, old.start_at, end_at, _length(doc, insert.writer.streets)))
    known = {_who(entry.route) for entry in insert.remaining}
    for fresh in plan.routes:
        if fresh.vehicle not in known and fresh.stops:
            routes.append(_called_out(insert, fresh))
            added += fresh.end_s - fresh.start_s
    return Inserted(routes, added, moved)


def _called_out(insert: InsertJob, route: routing_plan.Route) -> SolvedRoute:
    """A route of a vehicle that had none in this plan."""
    doc = write_doc(insert.writer, route, [])
    zero = insert.job.zero
    times = (zero + timedelta(seconds=route.start_s), zero + timedelta(seconds=route.end_s))
    return SolvedRoute(route.vehicle, doc, *times, _length(doc, insert.writer.streets))


def _moved(insert: InsertJob, new: routing_plan.Route) -> int:
    """Stops of a route whose order among the stops it had before is another now."""
    base = next(route for route in insert.base.routes if route.vehicle == new.vehicle)
    before = [s.ref for s in base.stops if s.kind == "task"]
    after = [s.ref for s in new.stops if s.kind == "task" and s.ref in set(before)]
    return sum(1 for a, b in zip(before, after, strict=False) if a != b) + abs(len(before) - len(after))


def _refs_left(insert: InsertJob, entry: Remaining) -> list[str]:
    """The refs left on a route as stored; differs from the base when a wanted item was taken out of it."""
    stored = entry.route.doc["stops"][len(entry.kept) :]
    task_of = {(ref.work_item, ref.number): id_ for id_, ref in insert.job.refs.items()}
    return [s["ref"] if s["kind"] == "facility" else task_of.get((s["work_item"], int(s["pass"])), "") for s in stored]


def _cut_short(entry: Remaining, streets: Streets) -> SolvedRoute:
    """The lost vehicle's route: what it had done."""
    old = entry.route
    doc: RouteDoc = {**old.doc, "stops": entry.kept, "home": [], "end": None, "kept": len(entry.kept)}
    end_at = parse_time(entry.kept[-1]["depart"]) if entry.kept else old.start_at
    return SolvedRoute(_who(old), doc, old.start_at, end_at, _length(doc, streets))


def _length(doc: RouteDoc, streets: Streets) -> int:
    legs = [leg for stop in doc["stops"] for leg in stop["legs"]] + list(doc["home"])
    driven = sum(streets.segments[segment].length_m for segment, _ in legs)
    return int(driven + sum(s["length_m"] for s in doc["stops"] if s["kind"] == "segment"))
