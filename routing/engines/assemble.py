"""From what an engine decides (who visits what, in which order and direction) to a Plan with arcs, times and loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from routing.checker import TERMS
from routing.engines.roads import RoadBook, Roads
from routing.engines.schedule import Item, best_start, run, with_breaks
from routing.paths.search import PathFinder
from routing.plan import Plan, Route, Stop, Unserved
from routing.problem import Problem, Task, Vehicle


class Visit(NamedTuple):
    """One decided stop: a task in a mode, or a facility (`mode` 0). `item` counts in the problem's own tuple."""

    facility: bool
    item: int
    mode: int


class Tour(NamedTuple):
    """The decided order of one vehicle. `vehicle` is its index in the problem, `name` its id in the plan."""

    vehicle: int
    name: str
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """A route with what it adds to the plan's terms."""

    route: Route
    travel: int
    service: int
    fixed: int
    lateness: int
    duration: int = 0


def finder_for(problem: Problem) -> PathFinder:
    """Paths for all arcs the problem's tasks may serve or be reached by, in all its profiles."""
    modes = [mode for task in problem.tasks for mode in task.modes]
    return PathFinder(
        problem.network,
        (mode.arc for mode in modes if mode.arc >= 0),
        (mode.via for mode in modes if mode.arc < 0 <= mode.via),
        problem.profiles,
    )


def vehicle_name(problem: Problem, vehicle: int, copy: int) -> str:
    """Id of a vehicle in a plan: its own, or `<id>#k` in an unlimited fleet."""
    own = problem.vehicles[vehicle].id
    return f"{own}#{copy}" if problem.unlimited_fleet else own


def ports_of(problem: Problem, finder: PathFinder, visit: Visit) -> tuple[int, int]:
    """(sink port, source port) of a visit: where it is entered and left."""
    if visit.facility:
        node = problem.facilities[visit.item].node
        return finder.reach(node), finder.leave(node)
    mode = problem.tasks[visit.item].modes[visit.mode]
    return finder.in_port(mode), finder.out_port(mode)


def time_route(
    problem: Problem,
    finder: PathFinder,
    tour: Tour,
    start_s: int | None = None,
    legs: Sequence[tuple[int, ...]] | None = None,
    roads: RoadBook | None = None,
    opens: Mapping[int, int] | None = None,
) -> Timed:
    """Drive a tour. Without `start_s` the vehicle leaves when that costs least (`schedule.best_start`).

    `legs` (one a visit, and home) are driven as given where they are, else the shortest ones. Breaks owed are put in.
    `opens` holds tasks (by number) back for other passes. Raises NoPath. Windows, shifts and capacity are not judged
    here: the checker does that.
    """
    vehicle = problem.vehicles[tour.vehicle]
    own = (roads or RoadBook(problem)).of(vehicle)
    driven = list(legs_of(problem, finder, vehicle, tour.visits) if legs is None else legs)
    leg_cost, service, items, home_s = chain_of(problem, own, tour.visits, driven)
    items = held(items, tour.visits, opens or {})
    earliest = max(vehicle.shift[0], release_after(problem, tour.visits, -1))
    second_cost = vehicle.duration_rate + problem.fairness_weight
    if start_s is not None:
        earliest = start_s
    chain = items
    if vehicle.breaks:
        chain = with_breaks(items, home_s, earliest, vehicle, second_cost)
    if start_s is None:
        start_s = best_start(chain, home_s, earliest, vehicle, second_cost)
    times, end_s = run(chain, home_s, start_s)
    stops: list[Stop] = []
    used, lateness, at = vehicle.initial_used, 0, 0
    for item, (arrive, begin, done) in zip(chain, times, strict=True):
        if item.rest is not None:
            stops.append(Stop("break", item.rest.id, 0, (), arrive, begin, done, used))
            continue
        visit = tour.visits[at]
        used = used_after(problem, used, visit)
        lateness += 0 if item.due_s is None else item.weight * max(0, done - item.due_s)
        kind = "facility" if visit.facility else "task"
        name = (problem.facilities if visit.facility else problem.tasks)[visit.item].id
        stops.append(Stop(kind, name, visit.mode, driven[at], arrive, begin, done, used))
        at += 1
    travel = vehicle.travel_rate * sum(leg_cost)
    fixed = vehicle.fixed_cost if stops else 0
    duration = vehicle.duration_rate * (end_s - start_s)
    cost = travel + service + fixed + duration
    route = Route(tour.name, start_s, tuple(stops), driven[-1], end_s, _metres(problem, tour.visits, driven), cost)
    return Timed(route, travel, service, fixed, lateness, duration)


def chain_of(
    problem: Problem, own: Roads, visits: Sequence[Visit], legs: Sequence[tuple[int, ...]]
) -> tuple[list[int], int, list[Item], int]:
    """(cost of each leg's arcs and turns, cost of all services, items to be timed, seconds home)."""
    service = 0
    leg_cost: list[int] = []
    items: list[Item] = []
    last = -1
    for number, (visit, leg) in enumerate(zip(visits, legs, strict=False)):
        if visit.facility:
            place = problem.facilities[visit.item]
            cost, seconds = own.leg(last, leg)
            opens = max(place.window[0], release_after(problem, visits, number))
            items.append(Item(seconds, opens, place.window[1], place.service_s))
            fee, last = place.service_cost, -1
        else:
            task = problem.tasks[visit.item]
            mode = task.modes[visit.mode]
            cost, seconds = own.leg(last, leg, mode.arc)
            fee, stay = own.work(task)
            items.append(Item(seconds, task.window[0], task.window[1], stay, task.deadline_s, task.weight))
            last = mode.arc if mode.arc >= 0 else mode.via
        leg_cost.append(cost)
        service += fee
    cost, home_s = own.leg(last, legs[-1])
    return [*leg_cost, cost], service, items, home_s


def held(items: list[Item], visits: Sequence[Visit], opens: Mapping[int, int]) -> list[Item]:
    """Items whose tasks begin no earlier than `opens` (by their numbers) says."""
    if not opens:
        return items
    return [
        item
        if visit.facility or visit.item not in opens
        else replace(item, opens_s=max(item.opens_s, opens[visit.item]))
        for item, visit in zip(items, visits, strict=True)
    ]


def release_after(problem: Problem, visits: Sequence[Visit], at: int) -> int:
    """Largest release of the tasks served after visit `at` (-1: the start) until the next facility."""
    latest = 0
    for visit in visits[at + 1 :]:
        if visit.facility:
            break
        latest = max(latest, problem.tasks[visit.item].release_s)
    return latest


def used_after(problem: Problem, used: tuple[int, ...], visit: Visit) -> tuple[int, ...]:
    """What is used of each commodity after a visit."""
    if visit.facility:
        resets = problem.facilities[visit.item].resets
        return tuple(0 if not resets or c in resets else amount for c, amount in enumerate(used))
    return tuple(a + b for a, b in zip(used, problem.tasks[visit.item].demand, strict=True))


def kept_as(problem: Problem, tour: Tour, drive: Timed, route: Route) -> Timed:
    """A route that stays the object it was, with what its own times cost: queues may have made them later."""
    rate = problem.vehicles[tour.vehicle].duration_rate
    lateness = 0
    for visit, stop in zip(tour.visits, (stop for stop in route.stops if stop.kind != "break"), strict=True):
        task = None if visit.facility else problem.tasks[visit.item]
        if task is not None and task.deadline_s is not None:
            lateness += task.weight * max(0, stop.depart_s - task.deadline_s)
    return replace(drive, route=route, lateness=lateness, duration=rate * (route.end_s - route.start_s))


def assemble(
    problem: Problem,
    finder: PathFinder,
    tours: Sequence[Tour],
    unserved: Sequence[Unserved],
    engine: str,
    seed: int,
    iterations: int,
    starts: Mapping[str, int] | None = None,
    opens: Mapping[int, int] | None = None,
) -> Plan:
    """A priced plan. Empty tours are left out.

    Where an engine has decided it, `starts` says when a vehicle leaves, `opens` when a task (by its number) begins at
    the earliest.
    """
    roads, known = RoadBook(problem), starts or {}
    timed = [
        time_route(problem, finder, tour, known.get(tour.name), None, roads, opens) for tour in tours if tour.visits
    ]
    return price(problem, timed, unserved, engine, seed, iterations)


def price(
    problem: Problem, timed: Sequence[Timed], unserved: Sequence[Unserved], engine: str, seed: int, iterations: int
) -> Plan:
    """Add up routes and prizes left behind."""
    tasks = {task.id: task for task in problem.tasks}
    longest = max((t.route.end_s - t.route.start_s for t in timed), default=0)
    terms = {
        "travel": sum(t.travel for t in timed),
        "service": sum(t.service for t in timed),
        "fixed": sum(t.fixed for t in timed),
        "duration": sum(t.duration for t in timed),
        "lateness": sum(t.lateness for t in timed),
        "prizes": sum(tasks[entry.task].prize or 0 for entry in unserved),
        "moves": sum(_moved(tasks, t.route) for t in timed),
        "fairness": problem.fairness_weight * longest,
    }
    terms = {name: value for name, value in terms.items() if value or name in TERMS}
    routes = tuple(t.route for t in timed)
    return Plan(routes, tuple(unserved), sum(terms.values()), engine, seed, iterations, terms)


def _moved(tasks: Mapping[str, Task], route: Route) -> int:
    """Price of the tasks of a route that were with another vehicle."""
    served = [tasks[stop.ref] for stop in route.stops if stop.kind == "task"]
    return sum(task.move_cost for task in served if task.keep is not None and task.keep != route.vehicle)


def tours_of(problem: Problem, plan: Plan) -> list[Tour]:
    """The decisions in a plan, for engines to start from. Breaks and what the problem does not know are left out."""
    tasks = {task.id: i for i, task in enumerate(problem.tasks)}
    facilities = {facility.id: i for i, facility in enumerate(problem.facilities)}
    vehicles = {vehicle.id: i for i, vehicle in enumerate(problem.vehicles)}
    tours = []
    for route in plan.routes:
        own = route.vehicle.rpartition("#")[0] if problem.unlimited_fleet else route.vehicle
        if own not in vehicles:
            continue
        visits = [
            Visit(False, tasks[stop.ref], stop.mode) if stop.kind == "task" else Visit(True, facilities[stop.ref], 0)
            for stop in route.stops
            if stop.kind != "break" and stop.ref in (tasks if stop.kind == "task" else facilities)
        ]
        tours.append(Tour(vehicles[own], route.vehicle, tuple(visits)))
    return tours


def legs_of(problem: Problem, finder: PathFinder, vehicle: Vehicle, visits: Sequence[Visit]) -> list[tuple[int, ...]]:
    """Arcs to each visit, and last those home, as the vehicle's profile drives best. Raises NoPath."""
    finder = finder.of(vehicle.profile)
    at = finder.leave(vehicle.start)
    legs = []
    for visit in visits:
        entry, leave = ports_of(problem, finder, visit)
        legs.append(finder.path(at, entry))
        at = leave
    legs.append(() if vehicle.end is None else finder.path(at, finder.reach(vehicle.end)))
    return legs


def _metres(problem: Problem, visits: Sequence[Visit], legs: Sequence[tuple[int, ...]]) -> int:
    """Metres of legs and served arcs."""
    length = problem.network.length_m
    metres = sum(int(length[arc]) for leg in legs for arc in leg)
    for visit in visits:
        arc = -1 if visit.facility else problem.tasks[visit.item].modes[visit.mode].arc
        metres += int(length[arc]) if arc >= 0 else 0
    return metres


def left_and_cost(problem: Problem, plan: Plan) -> tuple[int, int]:
    """(mandatory tasks left out, cost): how engines compare their plans; the smaller the better."""
    mandatory = {task.id for task in problem.tasks if task.prize is None}
    return sum(entry.task in mandatory for entry in plan.unserved), plan.cost
