"""A problem too large for one plan, planned by districts.

Each district is a problem of its own (the same network, its tasks, its vehicles), so that its tables are small and its
plan can be made anywhere, at the same time as the others. `routing.trading` then moves work across the borders. All of
it is deterministic where the solver given is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from routing.checker import check
from routing.errors import BadProblem
from routing.network import IntArray
from routing.paths.tables import shared_contractions
from routing.plan import Plan, Route, Unserved
from routing.problem import Problem

Solve = Callable[[Problem, Plan | None], Plan]
"""Makes a plan, or improves on one."""

Points = npt.NDArray[np.float64]
"""Places of tasks, shape (tasks, 2), in any unit in which near means near to drive."""


@dataclass(frozen=True, slots=True)
class Districts:
    """District of each task and of each vehicle, numbered from 0. Fleets without limit belong to all of them (-1)."""

    of_task: IntArray
    of_vehicle: IntArray

    @property
    def count(self) -> int:
        """Number of districts."""
        return int(self.of_task.max(initial=-1)) + 1


def by_labels(labels: Sequence[Hashable], vehicle_labels: Sequence[Hashable] | None) -> Districts:
    """Districts as they are named, in the order of their first task. Raises BadProblem for a district of no task."""
    number: dict[Hashable, int] = {}
    of_task = np.array([number.setdefault(label, len(number)) for label in labels], np.int64)
    if vehicle_labels is None:
        return Districts(of_task, np.full(1, -1, np.int64))
    unknown = [label for label in vehicle_labels if label not in number]
    if unknown:
        raise BadProblem(f"district {unknown[0]} has a vehicle and no task: give it work or the vehicle another")
    return Districts(of_task, np.array([number[label] for label in vehicle_labels], np.int64))


def by_place(points: Points, weights: IntArray, count: int) -> IntArray:
    """District of each task such that all weigh about the same: halves, cut across the longer side, again and again.

    Recursive bisection (Berger & Bokhari 1987); an odd number of districts is cut in unequal shares.
    """
    of = np.zeros(len(points), np.int64)

    def cut(members: IntArray, first: int, parts: int) -> None:
        of[members] = first
        if parts <= 1 or len(members) < 2:
            return
        own = points[members]
        axis = int(np.argmax(own.max(axis=0) - own.min(axis=0)))
        order = members[np.argsort(own[:, axis], kind="stable")]
        load = np.cumsum(np.maximum(weights[order], 1))
        left = parts // 2
        at = int(np.clip(np.searchsorted(load, load[-1] * left / parts, side="right"), 1, len(order) - 1))
        cut(order[:at], first, left)
        cut(order[at:], first + left, parts - left)

    cut(np.arange(len(points), dtype=np.int64), 0, count)
    return of


def district_problem(problem: Problem, districts: Districts, number: int) -> Problem:
    """One district's tasks and vehicles on the whole network. Raises BadProblem where passes of work are split."""
    chosen = np.nonzero(districts.of_task == number)[0].tolist()
    tasks = tuple(problem.tasks[i] for i in chosen)
    names = {task.id for task in tasks}
    repeats = tuple(repeat for repeat in problem.repeats if names.intersection(repeat.tasks))
    split = next((repeat for repeat in repeats if not names.issuperset(repeat.tasks)), None)
    if split is not None:
        raise BadProblem(f"passes of {split.tasks[0]} lie in two districts: put all passes of one work into one")
    fleet = problem.vehicles
    if not problem.unlimited_fleet:
        fleet = tuple(v for v, d in zip(fleet, districts.of_vehicle, strict=True) if d == number)
    return replace(problem, tasks=tasks, vehicles=fleet, repeats=repeats)


@shared_contractions()
def solve_districts(problem: Problem, districts: Districts, solve: Solve) -> list[Plan]:
    """A plan for each district, one after the other; only one district's tables are in memory at a time."""
    return [solve(district_problem(problem, districts, number), None) for number in range(districts.count)]


def joined(problem: Problem, plans: Sequence[Plan]) -> Plan:
    """All districts' plans as one plan of the whole problem. Copies of an unlimited fleet are numbered anew."""
    routes = renamed(problem, [route for plan in plans for route in plan.routes])
    unserved: tuple[Unserved, ...] = tuple(entry for plan in plans for entry in plan.unserved)
    return priced(problem, Plan(routes, unserved, 0, "districts", plans[0].seed, sum(p.iterations for p in plans)))


def renamed(problem: Problem, routes: Sequence[Route]) -> tuple[Route, ...]:
    """Routes of several plans of an unlimited fleet, each with a copy of its own; others as they are."""
    if not problem.unlimited_fleet:
        return tuple(routes)
    used: dict[str, int] = {}
    fresh = []
    for route in routes:
        own = route.vehicle.rpartition("#")[0]
        used[own] = used.get(own, 0) + 1
        fresh.append(replace(route, vehicle=f"{own}#{used[own]}"))
    return tuple(fresh)


def priced(problem: Problem, plan: Plan) -> Plan:
    """The plan with the checker's cost and terms."""
    verdict = check(problem, plan)
    return replace(plan, cost=verdict.cost, terms=verdict.terms)
