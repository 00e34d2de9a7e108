"""A running plan on the problem as it is now: legs, times and loads of a stored order may no longer be right.

A leg is kept where it still leads from place to place; where the street is closed or a stop has gone, the shortest way
takes its place. Work that no longer fits (more salt a street, a longer way round) is taken out, to be put in anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from routing.engines.assemble import Tour, Visit, ports_of, price, release_after, time_route, tours_of, used_after
from routing.engines.roads import RoadBook, profile_of
from routing.paths.search import PathFinder
from routing.plan import Plan, Route
from routing.problem import Problem, Vehicle
from routing.queues import Play


def mended(problem: Problem, finder: PathFinder, plan: Plan) -> tuple[Plan, tuple[str, ...]]:
    """(the plan's order driven on this problem, tasks taken out because they do not fit any more).

    Routes keep their vehicle, order, directions and start; frozen stops are never taken out; routes without stops are
    left out (`with_ways_home`). Raises NoPath.
    """
    roads = RoadBook(problem)
    play = Play(problem)
    timed, out = [], []
    for tour, route in zip(tours_of(problem, plan), plan.routes, strict=True):
        vehicle = problem.vehicles[tour.vehicle]
        start_s = max(route.start_s, vehicle.shift[0])
        visits, gone = _within_load(problem, vehicle, tour.visits)
        visits = emptied(problem, finder, vehicle, visits)
        while True:
            start_s = max(start_s, release_after(problem, visits, -1))
            legs = _legs(problem, finder, vehicle, visits, route)
            drive = time_route(problem, finder, Tour(tour.vehicle, tour.name, visits), start_s, legs, roads)
            last = _last_task(problem, vehicle, visits)
            if play.missed_s(drive.route) == 0 or last is None:
                break
            gone.append(problem.tasks[visits[last].item].id)
            visits = (*visits[:last], *visits[last + 1 :])
        if visits:
            timed.append(drive)
        out += gone
    return price(problem, timed, plan.unserved, plan.engine, plan.seed, plan.iterations), tuple(out)


def with_ways_home(problem: Problem, finder: PathFinder, base: Plan, plan: Plan) -> Plan:
    """The plan with a route home for each vehicle that was under way in `base` and has nothing more to do.

    What it carries it unloads on the way where it must.
    """
    busy = {route.vehicle for route in plan.routes}
    for tour, route in zip(tours_of(problem, base), base.routes, strict=True):
        if tour.name in busy:
            continue
        vehicle = problem.vehicles[tour.vehicle]
        way = Tour(tour.vehicle, tour.name, emptied(problem, finder, vehicle, ()))
        drive = time_route(problem, finder, way, max(route.start_s, vehicle.shift[0]))
        added = {"travel": drive.travel, "service": drive.service, "fixed": drive.fixed, "duration": drive.duration}
        terms = {name: value + added.get(name, 0) for name, value in plan.terms.items()}
        plan = replace(plan, routes=(*plan.routes, drive.route), cost=plan.cost + sum(added.values()), terms=terms)
    return plan


def emptied(problem: Problem, finder: PathFinder, vehicle: Vehicle, visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """The visits with one more to the facility that lies best, where the vehicle would come home loaded and may not."""
    used = vehicle.initial_used
    for visit in visits:
        used = used_after(problem, used, visit)
    if not problem.unload_at_end or not any(used):
        return visits
    own = finder.of(vehicle.profile)
    at = ports_of(problem, own, visits[-1])[1] if visits else own.leave(vehicle.start)
    home = None if vehicle.end is None else own.to_port(own.reach(vehicle.end))[0]
    ways: list[tuple[int, Visit]] = []
    for number, facility in enumerate(problem.facilities):
        visit = Visit(True, number, 0)
        if any(used_after(problem, used, visit)):
            continue
        entry, leave = ports_of(problem, own, visit)
        back = 0 if home is None else int(home[leave])
        ways.append((int(own.from_port(at)[0][entry]) + facility.service_cost + back, visit))
    return (*visits, min(ways)[1]) if ways else visits


def _within_load(problem: Problem, vehicle: Vehicle, visits: Sequence[Visit]) -> tuple[tuple[Visit, ...], list[str]]:
    """(the visits whose load fits, ids of the tasks whose load does not)."""
    kept: list[Visit] = []
    gone: list[str] = []
    used = vehicle.initial_used
    for number, visit in enumerate(visits):
        after = used_after(problem, used, visit)
        over = any(amount > room for amount, room in zip(after, vehicle.capacity, strict=True))
        if over and not visit.facility and number >= len(vehicle.frozen):
            gone.append(problem.tasks[visit.item].id)
            continue
        kept.append(visit)
        used = after
    return tuple(kept), gone


def _last_task(problem: Problem, vehicle: Vehicle, visits: Sequence[Visit]) -> int | None:
    """Place (from 0) of the last task that may be taken out."""
    movable = [at for at, visit in enumerate(visits) if not visit.facility and at >= len(vehicle.frozen)]
    return movable[-1] if movable else None


def _legs(
    problem: Problem,
    finder: PathFinder,
    vehicle: Vehicle,
    visits: Sequence[Visit],
    route: Route,
) -> list[tuple[int, ...]]:
    """The route's legs where they still lead from place to place by allowed turns, the shortest elsewhere.

    The visits are some of its stops, in their order, and perhaps one facility more at the end.
    """
    own = finder.of(vehicle.profile)
    network, profile = problem.network, profile_of(problem, vehicle.profile)
    banned = network.forbidden_turns | profile.forbidden_turns
    node, last, port = vehicle.start, -1, own.leave(vehicle.start)
    legs: list[tuple[int, ...]] = []
    stops = iter(route.stops)

    def leads(arcs: tuple[int, ...], to: int, into: int) -> bool:
        at, by = node, last
        for arc in arcs:
            if not 0 <= arc < network.arcs or int(network.tail[arc]) != at or arc in profile.closed:
                return False
            if (by, arc) in banned:
                return False
            at, by = int(network.head[arc]), arc
        return at == to and (by, into) not in banned

    for visit in visits:
        place = (problem.facilities if visit.facility else problem.tasks)[visit.item].id
        wanted = ("facility" if visit.facility else "task", place)
        known = next((stop for stop in stops if (stop.kind, stop.ref) == wanted), None)
        entry, leave = ports_of(problem, own, visit)
        if visit.facility:
            to = onto = problem.facilities[visit.item].node
            into, after, via = -1, -1, -1
        else:
            mode = problem.tasks[visit.item].modes[visit.mode]
            to, onto, into, via = mode.tail, mode.head, mode.arc, mode.via if mode.arc < 0 else -1
            after = mode.arc if mode.arc >= 0 else mode.via
        fits = known is not None and via < 0 and known.mode == visit.mode and leads(known.arcs, to, into)
        legs.append(known.arcs if known is not None and fits else own.path(port, entry))
        node, last, port = onto, after, leave
    if vehicle.end is None:
        return [*legs, ()]
    return [
        *legs,
        route.arcs_home if leads(route.arcs_home, vehicle.end, -1) else own.path(port, own.reach(vehicle.end)),
    ]
