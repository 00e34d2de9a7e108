"""The longest route's price: the search runs under one limit on a route's seconds after another.

The cheapest plan under each limit is a point on the front of cost against longest route (epsilon constraint: Haimes,
Lasdon & Wismer, On a bicriterion formulation, 1971); the plan with the least sum of both is what is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from routing.engines.assemble import left_and_cost, tours_of
from routing.engines.base import Budget, Stopwatch
from routing.engines.ruin.annealing import Search
from routing.engines.ruin.cooling import DEFAULT_ITERATIONS, cool
from routing.engines.ruin.layout import BIG
from routing.plan import Plan
from routing.problem import Problem

ROUNDS = 8
"""Limits tried; the first is none."""

FIRST_CUT = 0.2
"""Part of the longest route the second limit takes off; halved after each limit that did not pay."""


def fair_plans(
    problem: Problem, search: Search, read: Callable[[int], Plan], budget: Budget, watch: Stopwatch
) -> Iterator[Plan]:
    """Better and better plans. `read` makes one of the search's best routes, given the steps made."""
    best: Plan | None = None
    cut, done = FIRST_CUT, 0
    iterations = DEFAULT_ITERATIONS if budget.seconds is None and budget.iterations is None else budget.iterations
    for number in range(ROUNDS):
        if best is not None:
            limit = int(_longest(best) * (1.0 - cut))
            search.model.kind["longest"] = limit
            search.begin(tours_of(problem, best))
        seconds = None if budget.seconds is None else max(0.0, watch.left()) / (ROUNDS - number)
        steps = None if iterations is None else iterations * (number + 1) // ROUNDS - done
        made, improved = 0, False
        for made in cool(search, Budget(seconds, steps), Stopwatch(seconds)):
            plan = read(done + made)
            if best is None or left_and_cost(problem, plan) < left_and_cost(problem, best):
                best, improved = plan, True
                yield plan
        done += made if steps is None else steps
        if number > 0 and not improved:
            cut /= 2
        if best is None or not best.routes:
            break
    search.model.kind["longest"] = BIG // 2


def _longest(plan: Plan) -> int:
    return max((route.end_s - route.start_s for route in plan.routes), default=0)
