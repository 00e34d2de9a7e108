"""From what an engine decides (who visits what, in which order and direction) to a Plan with arcs, times and loads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from routing.paths import PathFinder
from routing.plan import Plan, Route, Stop, Unserved
from routing.problem import Problem, Vehicle


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


def finder_for(problem: Problem) -> PathFinder:
    """Paths for all arcs the problem's tasks may serve."""
    return PathFinder(problem.network, (mode.arc for task in problem.tasks for mode in task.modes if mode.arc >= 0))


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
) -> Timed:
    """Drive a tour. Without `start_s` the vehicle leaves as its shift begins, or later where it would only wait.

    `legs` (one a visit, and home) are driven as given where they are, else the shortest ones. Raises NoPath.
    Windows, shifts and capacity are not judged here: the checker does that.
    """
    vehicle = problem.vehicles[tour.vehicle]
    *legs, home = legs_of(problem, finder, vehicle, tour.visits) if legs is None else legs
    duration = problem.network.duration_s
    leg_s = [sum(int(duration[arc]) for arc in leg) for leg in legs]
    if start_s is None:
        start_s = _latest_useful_start(problem, vehicle, tour.visits, leg_s)
    stops: list[Stop] = []
    clock, used, lateness, service = start_s, vehicle.initial_used, 0, 0
    for visit, leg, seconds in zip(tour.visits, legs, leg_s, strict=True):
        arrive = clock + seconds
        if visit.facility:
            place = problem.facilities[visit.item]
            begin = max(arrive, place.window[0])
            clock, used = begin + place.service_s, (0,) * len(used)
            service += place.service_cost
            stops.append(Stop("facility", place.id, 0, leg, arrive, begin, clock, used))
            continue
        task = problem.tasks[visit.item]
        begin = max(arrive, task.window[0])
        clock = begin + task.service_s
        used = tuple(a + b for a, b in zip(used, task.demand, strict=True))
        service += task.service_cost
        if task.deadline_s is not None:
            lateness += task.weight * max(0, clock - task.deadline_s)
        stops.append(Stop("task", task.id, visit.mode, leg, arrive, begin, clock, used))
    end_s = clock + sum(int(duration[arc]) for arc in home)
    travel, metres = _driven(problem, tour.visits, [*legs, home])
    fixed = vehicle.fixed_cost if stops else 0
    route = Route(tour.name, start_s, tuple(stops), home, end_s, metres, travel + service + fixed)
    return Timed(route, travel, service, fixed, lateness)


def assemble(
    problem: Problem,
    finder: PathFinder,
    tours: Sequence[Tour],
    unserved: Sequence[Unserved],
    engine: str,
    seed: int,
    iterations: int,
) -> Plan:
    """A priced plan. Empty tours are left out."""
    timed = [time_route(problem, finder, tour) for tour in tours if tour.visits]
    return price(problem, timed, unserved, engine, seed, iterations)


def price(
    problem: Problem, timed: Sequence[Timed], unserved: Sequence[Unserved], engine: str, seed: int, iterations: int
) -> Plan:
    """Add up routes and prizes left behind."""
    prize_of = {task.id: task.prize or 0 for task in problem.tasks}
    terms = {
        "travel": sum(t.travel for t in timed),
        "service": sum(t.service for t in timed),
        "fixed": sum(t.fixed for t in timed),
        "lateness": sum(t.lateness for t in timed),
        "prizes": sum(prize_of[entry.task] for entry in unserved),
    }
    routes = tuple(t.route for t in timed)
    return Plan(routes, tuple(unserved), sum(terms.values()), engine, seed, iterations, terms)


def tours_of(problem: Problem, plan: Plan) -> list[Tour]:
    """The decisions in a plan, for engines that start from one. Stops the problem does not know are left out."""
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
            if stop.ref in (tasks if stop.kind == "task" else facilities)
        ]
        tours.append(Tour(vehicles[own], route.vehicle, tuple(visits)))
    return tours


def legs_of(problem: Problem, finder: PathFinder, vehicle: Vehicle, visits: Sequence[Visit]) -> list[tuple[int, ...]]:
    """Arcs to each visit, and last those home."""
    at = finder.leave(vehicle.start)
    legs = []
    for visit in visits:
        entry, leave = ports_of(problem, finder, visit)
        legs.append(finder.path(at, entry))
        at = leave
    legs.append(() if vehicle.end is None else finder.path(at, finder.reach(vehicle.end)))
    return legs


def _latest_useful_start(problem: Problem, vehicle: Vehicle, visits: Sequence[Visit], leg_s: Sequence[int]) -> int:
    """Start of the shift, moved to where the first stop need not wait for its window."""
    begin = vehicle.shift[0]
    if not visits:
        return begin
    first = visits[0]
    opens = (problem.facilities if first.facility else problem.tasks)[first.item].window[0]
    return max(begin, opens - leg_s[0])


def _driven(problem: Problem, visits: Sequence[Visit], legs: Sequence[tuple[int, ...]]) -> tuple[int, int]:
    """(travel cost of the legs, metres of legs and served arcs)."""
    network = problem.network
    travel = sum(int(network.cost[arc]) for leg in legs for arc in leg)
    metres = sum(int(network.length_m[arc]) for leg in legs for arc in leg)
    for visit in visits:
        if not visit.facility:
            arc = problem.tasks[visit.item].modes[visit.mode].arc
            metres += int(network.length_m[arc]) if arc >= 0 else 0
    return travel, metres


def left_and_cost(problem: Problem, plan: Plan) -> tuple[int, int]:
    """(mandatory tasks left out, cost): how engines compare their plans; the smaller the better."""
    mandatory = {task.id for task in problem.tasks if task.prize is None}
    return sum(entry.task in mandatory for entry in plan.unserved), plan.cost
