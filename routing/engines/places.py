"""Where a served task could be instead, every place priced: what explanations of a route's order rest on."""

from __future__ import annotations

import numpy as np

from routing.engines.assemble import tours_of
from routing.engines.gaps import flatten
from routing.engines.insertion import Inserter, Priced
from routing.engines.removal import left_after, without
from routing.engines.trial import Way
from routing.explain_route import Options, Place
from routing.paths.search import UNREACHABLE, PathFinder
from routing.plan import Plan
from routing.problem import Problem

TRIES_A_ROUTE = 48
"""Places a route that are timed in full; cheapest first."""
BARRED_KEPT = 12
"""Forbidden places that are told of; shortest way first."""


def search_places(problem: Problem, finder: PathFinder, plan: Plan, name: str) -> Options:
    """Places for one task of a plan, in the plan without it: each vehicle's best, and the best that are forbidden."""
    index = next(i for i, task in enumerate(problem.tasks) if task.id == name)
    rest = without(problem, finder, plan, [name], "time")
    inserter = Inserter.from_plan(problem, finder, rest)
    places = range(len(problem.facilities))
    single: list[tuple[int | None, int | None]] = [(None, None), *((f, None) for f in places)]
    single += [(None, f) for f in places]
    priced = inserter.priced(index, flatten(problem, inserter.lines, problem.tasks[index]), single)
    vehicle, gap, mode = _now(problem, plan, name)
    here = Place(vehicle, gap + 1, plan.cost - rest.cost, plan.cost - rest.cost)
    others: list[Place] = []
    for number in range(len(inserter.lines)):
        others += _best_of(inserter, priced, number, (vehicle, gap, mode))
    for one in priced:
        found = _at(inserter, one, vehicle, gap)
        if found is not None and len(one.visits) == 1 and one.visits[0].mode == mode:
            here = Place(vehicle, gap + 1, int(one.lower[found] - one.late[found]), plan.cost - rest.cost)
    without_cost = rest.cost - (problem.tasks[index].prize or 0)
    return Options(without_cost, here, (*others, *_barred(inserter, priced)))


def _now(problem: Problem, plan: Plan, name: str) -> tuple[str, int, int]:
    """(vehicle, gap, mode) of a task in the plan without it."""
    for tour in tours_of(problem, plan):
        for at, visit in enumerate(tour.visits):
            if not visit.facility and problem.tasks[visit.item].id == name:
                stays = left_after(problem, problem.vehicles[tour.vehicle], tour.visits, [name])
                return tour.name, sum(place < at for place in stays), visit.mode
    raise AssertionError(f"task {name} is not served")


def _at(inserter: Inserter, one: Priced, vehicle: str, gap: int) -> int | None:
    for at in np.flatnonzero(one.gaps.gap_of == gap).tolist():
        if inserter.lines[int(one.gaps.line_of[at])].tour.name == vehicle:
            return int(at)
    return None


def _best_of(inserter: Inserter, priced: list[Priced], number: int, now: tuple[str, int, int]) -> list[Place]:
    """The best place in one line other than the one it has."""
    name = inserter.lines[number].tour.name
    candidates = []
    for one in priced:
        mine = np.flatnonzero((one.gaps.line_of == number) & (one.open < UNREACHABLE))
        for at in mine.tolist():
            gap = int(one.gaps.gap_of[at])
            same = (name, gap, one.visits[0].mode) == now and len(one.visits) == 1
            if not same:
                candidates.append((int(one.lower[at]), int(one.late[at]), gap, one.visits))
    best: Place | None = None
    for lower, late, gap, visits in sorted(candidates)[:TRIES_A_ROUTE]:
        added = inserter.trial.added(Way(number, gap, visits), lower)
        if added is not None and (best is None or best.added is None or added < best.added):
            best = Place(name, gap + 1 + int(visits[0].facility), lower - late, added)
    return [] if best is None else [best]


def _barred(inserter: Inserter, priced: list[Priced]) -> list[Place]:
    """Places with the shortest way that load, window or time forbid; of each vehicle's gap the best mode counts."""
    found: dict[tuple[str, int], Place] = {}
    for one in priced:
        if len(one.visits) > 1:
            continue
        shut = np.flatnonzero(~(one.fits & one.in_time) & (one.lower < UNREACHABLE))
        for at in shut.tolist():
            rule = "load" if not one.fits[at] else "time" if one.on_time[at] else "window"
            name, gap = inserter.lines[int(one.gaps.line_of[at])].tour.name, int(one.gaps.gap_of[at])
            place = Place(name, gap + 1, int(one.lower[at] - one.late[at]), None, rule)
            known = found.get((name, gap))
            if known is None or place.way_cost < known.way_cost:
                found[name, gap] = place
    return sorted(found.values(), key=lambda place: (place.way_cost, place.vehicle, place.stop))[:BARRED_KEPT]
