"""Replanning a running plan: what is left of it as a problem, with the work to put in.

Three ways (`PlanRequest.mode`). `insert`: work goes into routes under way, no other stop moves. `replan`: everything
not started may move where that pays for the price of the move. `undo`: everything not started goes back to where it was
in the version before. What a truck has set out for never moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from dispatch.context import Context
from dispatch.facilities import sent_elsewhere, stand_ins, usable_facilities
from dispatch.jobs import items_by_ids, make_writer, pinned_job
from dispatch.pinning import OVER, without_pinned_away
from dispatch.pins import excluded_by, live_pins
from dispatch.problems import Job, Resource, TaskRef, facility_tasks, routing_vehicles, seconds_from, task_for, walking
from dispatch.remaining import (
    Remaining,
    arcs_of_legs,
    cut_route,
    idle_resources,
    lost_since,
    resource_of,
    who_of,
)
from dispatch.response import closed_streets
from dispatch.route_docs import Writer
from dispatch.routes import StopDoc
from dispatch.streets import Streets
from dispatch.versions import live_version, routes_of
from models.errors import Permanent
from models.tables.city import Facility, Segment
from models.tables.plans import Plan, PlanRequest, PlanVersion, Route
from models.tables.work import UNDONE, WorkItem
from models.times import parse_time
from routing import plan as routing_plan
from routing.problem import Problem, Task


@dataclass(frozen=True, slots=True)
class InsertJob:
    """A running plan with work to put in: `base` holds the stops left, `wanted` the task ids to insert.

    `undone` are unserved rows of work that an undo takes back out. `closed_m` has the lengths of closed streets, which
    kept stops may still have been driven over. `pinned_away` counts the work items that pins give to another vehicle.
    """

    job: Job
    writer: Writer
    base: routing_plan.Plan
    wanted: tuple[str, ...]
    remaining: tuple[Remaining, ...]
    version: PlanVersion
    plan: Plan
    undone: tuple[dict[str, str], ...]
    closed_m: dict[str, float]
    pinned_away: int


def load_insert(
    session: Session,
    context: Context,
    request: PlanRequest,
    plan: Plan,
    streets: Streets,
    now: datetime,
    also_closed: frozenset[str] = frozenset(),
) -> InsertJob:
    """The problem of what is left of a running plan. Raises Permanent when nothing runs any more.

    `also_closed` are streets that `streets` leaves out besides those out of service.
    """
    version = live_version(session, plan.code)
    if version is None:
        raise Permanent("not_running", f"{plan.code} has no approved version to insert into")
    planning = context.rules.planning
    lead = timedelta(seconds=planning.started_lead_s)
    lost = lost_since(session, now, request.without_vehicle)
    routes = routes_of(session, version.id)
    remaining = [cut_route(route, now, lead, lost.get(who_of(route))) for route in routes]
    undone: list[dict[str, str]] = []
    asked = [*request.work_items, *_waiting(session, plan, routes, request.work_items)]
    if request.mode == "undo":
        remaining, undone = _as_before(session, plan, version, remaining)
        asked = []
    elif request.mode == "replan":
        asked = _whole_work(session, plan, routes, asked)
    again = set(request.work_items)
    pins = live_pins(session, plan.code)
    remaining, pinned_away = without_pinned_away(remaining, pins)
    asked = [id_ for id_ in dict.fromkeys((*asked, *pinned_away)) if id_ not in excluded_by(pins)]
    ids = {s["work_item"] for r in remaining for s in r.left if s["work_item"]} | set(asked)
    items = {row.id: row for row in items_by_ids(session, sorted(ids))}
    tasks, refs, wanted = _tasks(context, asked, again, remaining, items, streets, now)
    known = {(ref.work_item, ref.number) for ref in refs.values()}
    others = stand_ins(session)
    remaining = [_without_gone(entry, known, again, others) for entry in remaining]
    resources = [resource_of(session, r, plan, streets, now) for r in remaining if not r.lost]
    resources += idle_resources(session, plan, streets, now, lead, {who_of(r.route) for r in remaining})
    problem = _problem(session, context, plan, streets, tasks, resources)
    job = pinned_job(session, Job(problem, refs, now, plan.service, ()), plan)
    base = _base_plan(job, remaining, streets, now, {r.id for r in resources})
    job = replace(job, problem=_priced_moves(job.problem, base, planning.move_cost))
    writer = make_writer(session, job, list(items.values()), streets)
    shut = session.exec(select(Segment).where(col(Segment.id).in_(closed_streets(session) | also_closed))).all()
    closed_m = {row.id: row.length_m for row in shut}
    away = len(pinned_away)
    return InsertJob(job, writer, base, tuple(wanted), tuple(remaining), version, plan, tuple(undone), closed_m, away)


def _problem(
    session: Session, context: Context, plan: Plan, streets: Streets, tasks: list[Task], resources: list[Resource]
) -> Problem:
    network = walking(streets.network, context.rules.snow.walk_kmh) if plan.service == "beats" else streets.network
    return Problem(
        network=network,
        tasks=tuple(tasks),
        vehicles=routing_vehicles(resources),
        facilities=tuple(facility_tasks(plan.service, usable_facilities(session), streets)),
        commodities=("kg",),
        unload_at_end=plan.service == "collection",
    )


def _priced_moves(problem: Problem, base: routing_plan.Plan, move_cost: int) -> Problem:
    """Every stop that stands has a vehicle to stay with; giving it to another one costs."""
    keeper = {stop.ref: route.vehicle for route in base.routes for stop in route.stops if stop.kind == "task"}
    tasks = (replace(t, keep=keeper[t.id], move_cost=move_cost) if t.id in keeper else t for t in problem.tasks)
    return replace(problem, tasks=tuple(tasks))


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


def _whole_work(session: Session, plan: Plan, routes: list[Route], asked: list[str]) -> list[str]:
    """All work of the plan that is still owed: runs that are on no route yet are put in."""
    on_route = {stop["work_item"] for route in routes for stop in route.doc["stops"] if stop["work_item"]}
    rows = session.exec(
        select(WorkItem.id).where(
            WorkItem.period == plan.period, WorkItem.district == plan.district, col(WorkItem.state).in_(UNDONE)
        )
    ).all()
    return sorted({*rows, *on_route} | set(asked))


def _as_before(
    session: Session, plan: Plan, version: PlanVersion, remaining: list[Remaining]
) -> tuple[list[Remaining], list[dict[str, str]]]:
    """What is left as it was in the version this one was based on, and the work that thereby goes out again."""
    former_id = f"{plan.code}@{version.based_on}"
    former = {who_of(route): route for route in routes_of(session, former_id)}
    started = {_key(stop) for entry in remaining for stop in entry.kept if stop["work_item"]}
    found: list[Remaining] = []
    for entry in remaining:
        route = former.pop(who_of(entry.route), None)
        kept = len([stop for stop in entry.kept if stop["kind"] == "facility"])
        stops = [] if route is None else _behind(route.doc["stops"], started, kept)
        found.append(replace(entry, left=stops, lost=False))
    back = {_key(stop) for entry in found for stop in entry.left if stop["work_item"]}
    gone = {_key(stop): stop for entry in remaining for stop in entry.left if stop["work_item"]}
    rows = [
        {"task": f"{item}#{run}", "work_item": item, "ref": stop["ref"], "reason": "undone"}
        for (item, run), stop in sorted(gone.items())
        if (item, run) not in back | started
    ]
    return found, rows


def _behind(stops: list[StopDoc], started: set[tuple[str, int]], facilities: int) -> list[StopDoc]:
    """Stops of a former route that have not been started; visits to facilities already made are passed over."""
    found = []
    for stop in stops:
        if stop["kind"] == "facility":
            facilities -= 1
            if facilities < 0:
                found.append(stop)
        elif _key(stop) not in started:
            found.append(stop)
    return found


def _key(stop: StopDoc) -> tuple[str, int]:
    return str(stop["work_item"]), int(stop["pass"])


def _tasks(
    context: Context,
    asked: list[str],
    again: set[str],
    remaining: list[Remaining],
    items: dict[str, WorkItem],
    streets: Streets,
    now: datetime,
) -> tuple[list[Task], dict[str, TaskRef], list[str]]:
    """Tasks of the stops left, and those wanted: what is asked for, and what the lost vehicles had not done.

    Work that is no longer owed has no task: cancelled, on a closed street, or a run fewer than before.
    """
    tasks: dict[str, Task] = {}
    refs: dict[str, TaskRef] = {}
    wanted: list[str] = []

    def add(item: WorkItem, number: int) -> str | None:
        made = task_for(item, number, streets, context.rules, now)
        if made is None:
            return None
        tasks[made[0].id], refs[made[0].id] = made
        return made[0].id

    started = {_key(stop) for entry in remaining for stop in entry.kept}
    for entry in remaining:
        for stop in entry.left:
            item = items.get(stop["work_item"])
            if item is None or item.state == "cancelled" or int(stop["pass"]) > item.passes:
                continue
            if entry.lost and item.state in OVER:
                continue
            id_ = add(item, int(stop["pass"]))
            if entry.lost and id_ is not None:
                wanted.append(id_)
    standing = set(tasks)
    for work_item in asked:
        item = items.get(work_item)
        if item is None or item.state in OVER:
            continue
        for number in range(item.passes_done + 1, item.passes + 1):
            if work_item not in again and ((work_item, number) in started or f"{work_item}#{number}" in standing):
                continue
            id_ = add(item, number)
            if id_ is not None:
                wanted.append(id_)
    return list(tasks.values()), refs, list(dict.fromkeys(wanted))


def _without_gone(
    entry: Remaining, known: set[tuple[str, int]], again: set[str], others: dict[str, Facility]
) -> Remaining:
    """A route without the stops that have no task any more or are to be put in anew, past facilities that are out."""
    left = [
        sent_elsewhere(stop, others)
        for stop in entry.left
        if stop["kind"] == "facility" or (_key(stop) in known and stop["work_item"] not in again)
    ]
    return replace(entry, left=left)


def _base_plan(
    job: Job, remaining: list[Remaining], streets: Streets, now: datetime, alive: set[str]
) -> routing_plan.Plan:
    routes = []
    task_of = {(ref.work_item, ref.number): id_ for id_, ref in job.refs.items()}
    tasks = {task.id: task for task in job.problem.tasks}
    for entry in remaining:
        if entry.lost or who_of(entry.route) not in alive:
            continue
        stops = tuple(_base_stop(stop, task_of, tasks, streets, now) for stop in entry.left)
        free = parse_time(entry.kept[-1]["depart"]) if entry.kept else entry.route.start_at
        routes.append(
            routing_plan.Route(
                vehicle=who_of(entry.route),
                start_s=seconds_from(now, free, 0),
                stops=stops,
                arcs_home=arcs_of_legs(entry.route.doc["home"], streets) if stops or free > now else (),
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
    arcs, used = arcs_of_legs(stop["legs"], streets), (int(stop["load_kg"]),)
    if stop["kind"] == "facility":
        return routing_plan.Stop("facility", stop["ref"], 0, arcs, arrive, start, depart, used)
    id_ = task_of[_key(stop)]
    mode = 0
    if stop["kind"] == "segment":
        arc = streets.arcs_of[stop["ref"]][bool(stop["forward"])]
        mode = next((i for i, m in enumerate(tasks[id_].modes) if m.arc == arc), 0)
    return routing_plan.Stop("task", id_, mode, arcs, arrive, start, depart, used)
