"""Taking tasks out of a plan: what stays keeps its vehicle, order, direction and start."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from routing.engines.assemble import Tour, Visit, kept_as, ports_of, price, release_after, time_route, tours_of
from routing.engines.roads import RoadBook
from routing.paths.search import PathFinder
from routing.plan import Plan, Unserved
from routing.problem import Problem, Vehicle


def without(problem: Problem, finder: PathFinder, plan: Plan, tasks: Collection[str], reason: str) -> Plan:
    """The plan without some tasks, which are listed unserved with `reason`.

    A visit to a facility that serves nothing any more goes too; frozen stops stay. Routes that lose nothing stay the
    very same objects. Raises NoPath.
    """
    roads = RoadBook(problem)
    timed = []
    for tour, route in zip(tours_of(problem, plan), plan.routes, strict=True):
        vehicle = problem.vehicles[tour.vehicle]
        legs = [*(stop.arcs for stop in route.stops if stop.kind != "break"), route.arcs_home]
        left = left_after(problem, vehicle, tour.visits, tasks)
        if len(left) == len(tour.visits):
            drive = time_route(problem, finder, tour, route.start_s, legs, roads)
            timed.append(kept_as(problem, tour, drive, route))
        elif left:
            shorter = Tour(tour.vehicle, tour.name, tuple(tour.visits[i] for i in left))
            mended = _mended(problem, finder, vehicle, shorter.visits, legs, left)
            start_s = max(route.start_s, release_after(problem, shorter.visits, -1))
            timed.append(time_route(problem, finder, shorter, start_s, mended, roads))
    gone = [Unserved(name, reason) for name in tasks]
    return price(problem, timed, [*plan.unserved, *gone], plan.engine, plan.seed, plan.iterations)


def left_after(problem: Problem, vehicle: Vehicle, visits: Sequence[Visit], tasks: Collection[str]) -> list[int]:
    """Places (from 0) of the visits that stay."""
    frozen = len(vehicle.frozen)
    kept = [i for i, v in enumerate(visits) if i < frozen or v.facility or problem.tasks[v.item].id not in tasks]
    if len(kept) == len(visits):
        return kept
    found: list[int] = []
    loaded = any(vehicle.initial_used)
    for i in kept:
        if visits[i].facility and i >= frozen and not loaded:
            continue
        found.append(i)
        loaded = not visits[i].facility
    while found and not problem.unload_at_end and visits[found[-1]].facility and found[-1] >= frozen:
        found.pop()
    return found if any(not visits[i].facility or i < frozen for i in found) else []


def _mended(
    problem: Problem,
    finder: PathFinder,
    vehicle: Vehicle,
    visits: Sequence[Visit],
    old: Sequence[tuple[int, ...]],
    left: Sequence[int],
) -> list[tuple[int, ...]]:
    """Legs as they were between places that still follow each other, and the shortest ones elsewhere."""
    own = finder.of(vehicle.profile)
    ports = [ports_of(problem, own, visit) for visit in visits]
    sources = [own.leave(vehicle.start), *(out for _, out in ports)]
    sinks = [*(entry for entry, _ in ports), None if vehicle.end is None else own.reach(vehicle.end)]
    numbers = [-1, *left, len(old) - 1]
    legs = []
    for at, (source, sink) in enumerate(zip(sources, sinks, strict=True)):
        follows = numbers[at + 1] == numbers[at] + 1
        legs.append(old[numbers[at + 1]] if follows else () if sink is None else own.path(source, sink))
    return legs
