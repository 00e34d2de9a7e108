"""Work traded across the borders of districts that were planned apart.

At each border the routes of both sides that come nearest to it are planned anew together, beginning from what they are;
the result is kept where its checked cost is lower and it leaves out no more. So tasks go over to the neighbour, one by
one or a whole stretch, exactly where both plans together gain, and no trade is ever larger than `tasks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from routing.checker import check
from routing.districts import Districts, Points, Solve, priced, renamed
from routing.network import IntArray
from routing.paths.tables import shared_contractions
from routing.plan import Plan, Route
from routing.problem import Problem

NEIGHBOURS = 8
"""Tasks around a task that are looked at to see whether it lies at a border."""


@dataclass(frozen=True, slots=True)
class TradeParams:
    """At most `rounds` over all borders, and about `tasks` tasks at a border."""

    rounds: int = 1
    tasks: int = 400

    def __post_init__(self) -> None:
        if self.rounds < 0 or self.tasks < 2:
            raise ValueError("rounds start at 0, tasks at 2")


def borders(points: Points, of_task: IntArray) -> dict[tuple[int, int], list[int]]:
    """Tasks of both sides at each border, those nearest to the other side first; keyed by the two districts."""
    from scipy.spatial import cKDTree

    count = min(NEIGHBOURS + 1, len(points))
    away, near = cKDTree(points).query(points, k=count)
    away, near = away.reshape(len(points), count), near.reshape(len(points), count)
    found: dict[tuple[int, int], dict[int, float]] = {}
    own, other = of_task[:, None], of_task[near]
    for task, place in zip(*np.nonzero(own != other), strict=True):
        a, b = int(of_task[task]), int(of_task[near[task, place]])
        least = found.setdefault((min(a, b), max(a, b)), {})
        least[int(task)] = min(least.get(int(task), np.inf), float(away[task, place]))
    return {pair: sorted(tasks, key=lambda t: (tasks[t], t)) for pair, tasks in sorted(found.items())}


@shared_contractions()
def trade(
    problem: Problem, districts: Districts, plans: Sequence[Plan], points: Points, solve: Solve, params: TradeParams
) -> tuple[list[Plan], IntArray]:
    """Plans of the districts after trading, and the district each task is in then.

    `solve` begins from the plan it is given. Cost never rises. What counts over all routes at once (queues at
    facilities with bays, fairness) is not seen by a trade: check the joined plan.
    """
    plans, of_task = list(plans), districts.of_task.copy()
    number = {task.id: i for i, task in enumerate(problem.tasks)}
    for _ in range(params.rounds):
        changed = False
        for (a, b), near in borders(points, of_task).items():
            wanted = {problem.tasks[i].id for i in near}
            sides = [_at_border(plans[side], wanted, params.tasks // 2) for side in (a, b)]
            if not all(sides):
                continue
            part, start = _together(problem, number, [*sides[0], *sides[1]])
            if _splits_passes(problem, part):
                continue
            better = solve(part, start)
            if not _gains(part, start, better):
                continue
            changed = True
            chosen = {id(route) for side in sides for route in side}
            kept = {side: [r for r in plans[side].routes if id(r) not in chosen] for side in (a, b)}
            for route in better.routes:
                side = _side(problem, districts, route, (a, b), of_task, number)
                kept[side].append(route)
                of_task[[number[stop.ref] for stop in route.stops if stop.kind == "task"]] = side
            for side in (a, b):
                plans[side] = replace(plans[side], routes=renamed(problem, kept[side]))
        if not changed:
            break
    return plans, of_task


def _at_border(plan: Plan, wanted: set[str], most: int) -> list[Route]:
    """Routes that serve most of the wanted tasks, of about `most` tasks in all: at least one that serves any."""
    counted = [(sum(stop.ref in wanted for stop in route.stops), i, route) for i, route in enumerate(plan.routes)]
    chosen: list[Route] = []
    size = 0
    for count, _, route in sorted(counted, key=lambda entry: (-entry[0], entry[1])):
        if count == 0 or (chosen and size + len(route.stops) > most):
            break
        chosen.append(route)
        size += len(route.stops)
    return chosen


def _together(problem: Problem, number: dict[str, int], routes: Sequence[Route]) -> tuple[Problem, Plan]:
    """The problem of some routes alone, and the plan they are."""
    served = sorted({number[stop.ref] for route in routes for stop in route.stops if stop.kind == "task"})
    names = {problem.tasks[i].id for i in served}
    fleet = problem.vehicles
    if not problem.unlimited_fleet:
        driving = {route.vehicle for route in routes}
        fleet = tuple(vehicle for vehicle in fleet if vehicle.id in driving)
    repeats = tuple(repeat for repeat in problem.repeats if names.issuperset(repeat.tasks))
    part = replace(problem, tasks=tuple(problem.tasks[i] for i in served), vehicles=fleet, repeats=repeats)
    return part, priced(part, Plan(renamed(problem, routes), (), 0, "districts", 0, 0))


def _splits_passes(problem: Problem, part: Problem) -> bool:
    """Whether some work has passes both in the part and outside it."""
    names = {task.id for task in part.tasks}
    return any(0 < len(names.intersection(repeat.tasks)) < len(repeat.tasks) for repeat in problem.repeats)


def _gains(part: Problem, start: Plan, better: Plan) -> bool:
    """Whether the new plan of a part serves all of it, as the rules ask, and costs less."""
    return not better.unserved and better.cost < start.cost and check(part, better).feasible


def _side(
    problem: Problem,
    districts: Districts,
    route: Route,
    pair: tuple[int, int],
    of_task: IntArray,
    number: dict[str, int],
) -> int:
    """District of a route: its vehicle's, or for an unlimited fleet the one more of its tasks come from."""
    if not problem.unlimited_fleet:
        vehicle = next(i for i, own in enumerate(problem.vehicles) if own.id == route.vehicle)
        return int(districts.of_vehicle[vehicle])
    tasks = [number[stop.ref] for stop in route.stops if stop.kind == "task"]
    from_first = sum(int(of_task[i]) == pair[0] for i in tasks)
    return pair[0] if 2 * from_first >= len(tasks) else pair[1]
