"""Staggering: trucks leave later, or rest elsewhere, so that they do not meet at facilities with few bays. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from routing.plan import Plan, Route, Stop
from routing.problem import Problem
from routing.queues import Play

STAGGER_TRIES = 400
"""Plays of the whole plan that staggering may spend."""


def stagger(problem: Problem, plan: Plan, tries: int = STAGGER_TRIES) -> Plan:
    """Let trucks leave later, or take their breaks elsewhere, so that they wait less at facilities.

    A change is kept where the plan costs no more, breaks no rule it kept before, and less is waited. Vehicles with
    frozen stops leave as they do. Bounded by `tries`; the same input gives the same plan.
    """
    play = Play(problem)
    best, rank = plan, play.rank(plan)
    while rank[2] > 0:
        found = None
        for way in _ways(play, best):
            if tries <= 0:
                return best
            tries -= 1
            trial = play.priced(best, way)
            weighed = play.rank(trial)
            if weighed < rank and weighed[1] <= rank[1]:
                found, rank = trial, weighed
                break
        if found is None:
            return best
        best = found
    return best


def _ways(play: Play, plan: Plan) -> Iterable[tuple[Route, ...]]:
    """Other starts and other places of breaks, of the routes that wait longest first."""
    waiting = sorted(
        ((play.waited_s(route), number) for number, route in enumerate(plan.routes)),
        key=lambda entry: (-entry[0], entry[1]),
    )
    for waited, number in waiting:
        route = plan.routes[number]
        if waited == 0:
            return
        if not play.vehicle(route).frozen:
            for later in dict.fromkeys((waited, _first_wait(play, route), (waited + 1) // 2)):
                yield play.run(plan.routes, {route.vehicle: route.start_s + later})
        for moved in _other_breaks(play, route):
            routes = (*plan.routes[:number], moved, *plan.routes[number + 1 :])
            yield play.run(routes, {})


def _first_wait(play: Play, route: Route) -> int:
    waits = (
        stop.start_s - max(stop.arrive_s, play.opens(route, at))
        for at, stop in enumerate(route.stops)
        if stop.kind == "facility"
    )
    return next(wait for wait in waits if wait > 0)


def _other_breaks(play: Play, route: Route) -> Iterable[Route]:
    """The route with each break right before or after each facility: a rest in place of a wait."""
    vehicle = play.vehicle(route)
    for at, stop in enumerate(route.stops):
        if stop.kind != "break":
            continue
        rest = [*route.stops[:at], *route.stops[at + 1 :]]
        places = {i + side for i, other in enumerate(rest) if other.kind == "facility" for side in (0, 1)}
        for place in sorted(places - {at}):
            if place >= len(vehicle.frozen):
                yield _with_break(route, rest, place, stop, vehicle.initial_used)


def _with_break(route: Route, rest: list[Stop], place: int, stop: Stop, initial_used: tuple[int, ...]) -> Route:
    """A break put elsewhere. Only lengths of legs and stays are right in it until it is played."""
    clock = route.start_s
    stops: list[Stop] = []
    before = {id(s): (route.stops[i - 1].depart_s if i else route.start_s) for i, s in enumerate(route.stops)}
    home_s = route.end_s - route.stops[-1].depart_s
    for one in (*rest[:place], stop, *rest[place:]):
        leg_s = 0 if one is stop else one.arrive_s - before[id(one)]
        stay_s = one.depart_s - one.start_s
        used = one.used if one is not stop else stops[-1].used if stops else initial_used
        clock += leg_s
        stops.append(replace(one, arrive_s=clock, start_s=clock, depart_s=clock + stay_s, used=used))
        clock += stay_s
    return replace(route, stops=tuple(stops), end_s=clock + home_s)
