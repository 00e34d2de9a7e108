"""No engine's plan is better than the best of all plans there are: on tiny problems under every kind of rule."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.registry import ENGINES, rank, solve
from routing.errors import NoEngine
from routing.problem import Problem
from routing.validation.validate import validate
from tests.routing.every_plan import best
from tests.routing.tiny_plans import calm, tiny_problem

SEEDS = range(30)


def plain(seed: int) -> Problem:
    """Three tasks under many rules, without a price on time itself, breaks and bays."""
    rng = random.Random(seed)
    problem = tiny_problem(rng, 3, 2)
    problem = calm(problem) if seed % 2 else problem
    return replace(
        problem,
        vehicles=tuple(replace(v, duration_rate=0, breaks=()) for v in problem.vehicles),
        facilities=tuple(replace(f, bays=0) for f in problem.facilities[:1]),
        unlimited_fleet=False,
        fairness_weight=0,
    )


BEST: dict[int, tuple[int, int] | None] = {}


def best_of(seed: int) -> tuple[int, int] | None:
    if seed not in BEST:
        BEST[seed] = best(plain(seed))
    return BEST[seed]


@pytest.mark.parametrize("engine", ["auto", *ENGINES])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_plan_is_better_than_the_best_there_is(seed: int, engine: str) -> None:
    problem = plain(seed)
    assert validate(problem) == []
    try:
        plan, _ = solve(problem, engine, Budget(iterations=2_000), 1)
    except NoEngine:
        assert engine != "auto"
        return
    verdict = check(problem, plan)
    optimum = best_of(seed)
    if optimum is None:
        assert not verdict.feasible, "the fixed stops break a rule"
    else:
        assert verdict.feasible
        if not problem.repeats:  # there it may pay to leave later, which is not among the plans tried
            assert rank(problem, plan, verdict)[1:] >= optimum
