"""Hostile problems through every engine: never a crash, never a silent drop, every reason a true one."""

from __future__ import annotations

import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.registry import solve
from routing.errors import NoEngine
from routing.plan import Plan, Verdict
from routing.problem import Problem
from tests.routing.bad_cases import ASIDE

REASONS = {"capacity", "time", "skill", "reachability", "window", "prize"}
STEPS = Budget(iterations=200)


def planned(problem: Problem, engine: str) -> tuple[Plan, Verdict] | None:
    """A plan that accounts for every task and is priced right; None where the engine says it cannot."""
    try:
        plan, _ = solve(problem, engine, STEPS, 1)
    except NoEngine as error:
        assert "\n" not in str(error)
        assert engine not in ("auto", "greedy"), f"{error}: the first plan takes every problem"
        return None
    verdict = check(problem, plan)
    assert verdict.violations == ()
    served = [stop.ref for route in plan.routes for stop in route.stops if stop.kind == "task"]
    left = [entry.task for entry in plan.unserved]
    assert sorted(served + left) == sorted(task.id for task in problem.tasks)
    assert {entry.reason for entry in plan.unserved} <= REASONS
    return plan, verdict


@pytest.mark.parametrize("engine", ["auto", "greedy", "ruin", "ortools"])
@pytest.mark.parametrize("case", ASIDE)
def test_what_nobody_can_do_is_left_out_with_its_reason_by_every_engine(case: str, engine: str) -> None:
    problem, _, _, left = ASIDE[case]
    found = planned(problem, engine)
    if found is not None:
        assert {entry.task: entry.reason for entry in found[0].unserved} == left
