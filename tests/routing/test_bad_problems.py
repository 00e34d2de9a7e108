"""Hostile problems through every engine: never a crash, never a silent drop, every reason a true one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.registry import ENGINES, solve
from routing.errors import BadProblem, NoEngine
from routing.plan import Plan, Verdict
from routing.problem import Facility, Mode, Problem, Task, Vehicle
from tests.routing.bad_cases import ASIDE
from tests.routing.every_plan import best
from tests.routing.routing_cases import network

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


@pytest.mark.parametrize("engine", ["auto", *ENGINES])
@pytest.mark.parametrize("case", ASIDE)
def test_what_nobody_can_do_is_left_out_with_its_reason_by_every_engine(case: str, engine: str) -> None:
    problem, _, _, left = ASIDE[case]
    found = planned(problem, engine)
    if found is not None:
        assert {entry.task: entry.reason for entry in found[0].unserved} == left


NODES = st.integers(0, 3)
SIZES = st.sampled_from([0, 1, 7, 10**6, 10**9])
"""Nothing, a little, and as much as a problem may say."""

ROOMS = st.sampled_from([0, 7, 10**6, 10**9, 10**9])


@st.composite
def hostile(draw: st.DrawFn, most: int = 4) -> Problem:
    """Small problems out of the corners: huge and zero numbers, islands, one node for all, nobody and nothing."""
    ring = [(0, 1), (1, 2), (2, 3), (3, 0)] if draw(st.integers(0, 3)) else []
    pairs = [*ring, *draw(st.lists(st.tuples(NODES, NODES), max_size=6))]
    net = network(4, [(u, v, draw(SIZES)) for u, v in pairs])
    net = replace(net, reverse=np.full(len(pairs), -1), length_m=np.minimum(net.length_m, 10**9))
    window = st.sampled_from([(0, 10**9)] * 6 + [(0, 0), (9, 3), (10**9, 10**9), (5, 50)])
    seldom = st.sampled_from([0] * 9 + [1, 10**9])
    arcs = st.integers(0, len(pairs) - 1) if pairs else st.nothing()
    modes = st.one_of(st.builds(lambda n: Mode(n, n), NODES), arcs.map(lambda a: Mode(*pairs[a], a)))
    tasks = [
        Task(
            f"t{i}",
            tuple(draw(st.lists(modes, min_size=1, max_size=2))),
            (draw(SIZES),),
            draw(SIZES),
            draw(SIZES),
            draw(window),
            draw(st.none() | SIZES),
            draw(SIZES),
            prize=draw(st.none() | st.none() | SIZES),
            release_s=draw(seldom),
        )
        for i in range(draw(st.integers(0, most)))
    ]
    fleet = [
        Vehicle(f"v{i}", draw(NODES), draw(st.none() | NODES), (draw(ROOMS),), (draw(seldom),), draw(window))
        for i in range(draw(st.sampled_from([0, 1, 1, 1, 2, 2, 2])))
    ]
    places = [
        Facility(f"f{i}", draw(NODES), "unload", draw(SIZES), draw(SIZES), draw(window), draw(st.integers(0, 1)))
        for i in range(draw(st.integers(0, 2)))
    ]
    ends = draw(st.booleans())
    return Problem(net, tuple(tasks), tuple(fleet), tuple(places), ("kg",), ends, draw(st.booleans()))


@pytest.mark.parametrize("engine", ["auto", *ENGINES])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problem=hostile())
def test_no_corner_makes_an_engine_crash_or_drop_a_task(engine: str, problem: Problem) -> None:
    try:
        planned(problem, engine)
    except BadProblem as error:
        assert error.faults
        assert "\n" not in str(error)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(problem=hostile(most=1))
def test_a_task_alone_is_left_out_only_where_no_plan_at_all_serves_it(problem: Problem) -> None:
    """Tried against every plan there is; and the reason is what keeps some vehicle from it."""
    problem = replace(problem, unlimited_fleet=False, tasks=tuple(replace(t, prize=None) for t in problem.tasks))
    try:
        plan, _ = solve(problem, "auto", STEPS, 1)
    except BadProblem:
        return
    optimum = best(problem)
    assert optimum is not None
    assert len(plan.unserved) == optimum[0]
    for entry in plan.unserved:
        assert any(keeps(replace(problem, vehicles=(vehicle,)), entry.reason) for vehicle in problem.vehicles)


def keeps(problem: Problem, reason: str) -> bool:
    """Whether this is why the one vehicle leaves the task: it would do without it, or nothing else is in the way."""
    lifts = {"capacity": roomy, "time": at_leisure, "reachability": everywhere}
    own = "time" if reason == "window" else reason
    others = problem
    for name, lift in lifts.items():
        others = others if name == own else lift(others)
    return served_at_all(lifts[own](problem)) or not served_at_all(others)


def served_at_all(problem: Problem) -> bool:
    found = best(problem)
    return found is not None and found[0] == 0


def roomy(problem: Problem) -> Problem:
    return replace(problem, vehicles=tuple(replace(v, capacity=(9**12,), initial_used=(0,)) for v in problem.vehicles))


def at_leisure(problem: Problem) -> Problem:
    return replace(
        problem,
        tasks=tuple(replace(t, window=(0, 9**15), release_s=0) for t in problem.tasks),
        facilities=tuple(replace(f, window=(0, 9**15)) for f in problem.facilities),
        vehicles=tuple(replace(v, shift=(0, 9**15)) for v in problem.vehicles),
    )


def everywhere(problem: Problem) -> Problem:
    """A way from each node to each: at the end, so that arcs keep their numbers."""
    old = problem.network
    more = network(4, [(u, v, 0) for u in range(4) for v in range(4)])
    names = ("tail", "head", "length_m", "duration_s", "cost", "reverse")
    joined = {name: np.concatenate([getattr(old, name), getattr(more, name)]) for name in names}
    return replace(problem, network=replace(old, **{**joined, "reverse": np.full(old.arcs + more.arcs, -1)}))
