"""Every engine's plans pass the checker, are never better than the optimum, and come again from the same seed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.registry import engine_named, rank, solve
from routing.engines.warm import ring
from routing.errors import BadProblem, NoEngine
from routing.plan import Plan
from routing.problem import Facility, Problem, Vehicle
from tests.routing.routing_cases import both_ways, cheapest, edge_task, network, point_problem, street_problem

STEPS = Budget(iterations=1_500)
MANY_STEPS = Budget(iterations=20_000)


def checked(problem: Problem, engine: str, seed: int = 1, start: Plan | None = None, budget: Budget = STEPS) -> Plan:
    plan, _ = solve(problem, engine, budget, seed, start)
    verdict = check(problem, plan)
    assert verdict.violations == ()
    assert verdict.cost == plan.cost
    return plan


def two_crews(problem: Problem, **second: object) -> Problem:
    """The same work for two vehicles that differ."""
    first = problem.vehicles[0]
    return replace(problem, vehicles=(first, replace(first, id="other", **second)))  # type: ignore[arg-type]


def skilled(problem: Problem) -> Problem:
    """The first three tasks need a skill that only the second vehicle has."""
    marked = tuple(replace(t, skills=frozenset({"bridge"})) for t in problem.tasks[:3]) + problem.tasks[3:]
    return two_crews(replace(problem, tasks=marked), skills=frozenset({"bridge"}))


STREETS = {
    "reload": street_problem(1),
    "turns": street_problem(2, turns=0.4),
    "skills": skilled(street_problem(3)),
    "begun": two_crews(street_problem(4), start=7, initial_used=(10,), shift=(120, 3_600)),
    "unload": street_problem(5, unload_at_end=True),
    "open end": two_crews(street_problem(6), end=None),
    "prizes": replace(
        street_problem(7), tasks=tuple(replace(t, prize=60 + 7 * i) for i, t in enumerate(street_problem(7).tasks))
    ),
}
POINTS = {
    "unload": point_problem(1),
    "begun": two_crews(point_problem(2), start=7, initial_used=(14,), shift=(60, 3_600)),
    "skills": skilled(point_problem(3)),
    "two stations": replace(
        point_problem(4), facilities=(*point_problem(4).facilities, Facility("near", 1, "unload", 200, 200))
    ),
    "prizes": replace(
        point_problem(5), tasks=tuple(replace(t, prize=20 + 9 * i) for i, t in enumerate(point_problem(5).tasks))
    ),
}
WINDOWED = replace(
    point_problem(6), tasks=tuple(replace(t, window=(60 * (i % 4), 900)) for i, t in enumerate(point_problem(6).tasks))
)


@pytest.mark.parametrize("engine", ["greedy", "ruin", "pyvrp", "ortools"])
@pytest.mark.parametrize("case", STREETS)
def test_street_work_passes_the_checker(engine: str, case: str) -> None:
    problem = STREETS[case]
    if engine == "pyvrp":
        problem = replace(problem, tasks=tuple(replace(task, deadline_s=None) for task in problem.tasks))
    plan = checked(problem, engine)
    served = sum(stop.kind == "task" for route in plan.routes for stop in route.stops)
    assert served + len(plan.unserved) == len(problem.tasks)
    if case != "prizes":
        assert plan.unserved == ()


@pytest.mark.parametrize("engine", ["greedy", "ruin", "pyvrp", "ortools"])
@pytest.mark.parametrize("case", POINTS)
def test_point_work_passes_the_checker(engine: str, case: str) -> None:
    problem = POINTS[case]
    plan = checked(problem, engine)
    served = sum(stop.kind == "task" for route in plan.routes for stop in route.stops)
    assert served + len(plan.unserved) == len(problem.tasks)
    if case != "prizes":
        assert plan.unserved == ()


@pytest.mark.parametrize("engine", ["greedy", "ruin", "pyvrp", "ortools"])
def test_windows_are_kept(engine: str) -> None:
    assert checked(WINDOWED, engine).unserved == ()


@pytest.mark.parametrize("engine", ["ruin", "pyvrp", "ortools"])
@pytest.mark.parametrize("seed", range(6))
def test_tiny_street_work_is_solved_to_the_optimum(engine: str, seed: int) -> None:
    """Four streets, one truck, one store, forbidden turns, no deadlines: everything is tried by the oracle."""
    problem = street_problem(100 + seed, tasks=4, vehicles=1, turns=0.2)
    problem = replace(problem, tasks=tuple(replace(t, deadline_s=None, demand=(5,)) for t in problem.tasks))
    assert checked(problem, engine, budget=MANY_STEPS).cost == cheapest(problem)


@pytest.mark.parametrize("engine", ["greedy", "ruin", "ortools"])
@pytest.mark.parametrize("seed", range(4))
def test_no_plan_with_lateness_is_cheaper_than_the_optimum(engine: str, seed: int) -> None:
    problem = street_problem(200 + seed, tasks=4, vehicles=1)
    problem = replace(problem, tasks=tuple(replace(t, deadline_s=60, demand=(4,)) for t in problem.tasks))
    best = cheapest(problem)
    assert best is not None
    assert checked(problem, engine).cost >= best


@pytest.mark.parametrize("engine", ["ruin", "pyvrp", "ortools"])
@pytest.mark.parametrize("seed", range(4))
def test_tiny_collection_is_solved_to_the_optimum(engine: str, seed: int) -> None:
    problem = point_problem(300 + seed, tasks=5, vehicles=1)
    problem = replace(problem, tasks=tuple(replace(t, demand=(6,)) for t in problem.tasks))
    assert checked(problem, engine, budget=MANY_STEPS).cost == cheapest(problem)


@pytest.mark.parametrize("engine", ["greedy", "ruin", "ortools", "auto"])
def test_the_same_seed_and_steps_give_the_same_street_plan(engine: str) -> None:
    assert checked(STREETS["reload"], engine, seed=7) == checked(STREETS["reload"], engine, seed=7)


@pytest.mark.parametrize("engine", ["pyvrp", "ortools", "auto"])
def test_the_same_seed_and_steps_give_the_same_collection_plan(engine: str) -> None:
    assert checked(POINTS["unload"], engine, seed=7) == checked(POINTS["unload"], engine, seed=7)


@pytest.mark.parametrize("engine", ["ruin", "ortools"])
def test_a_start_is_never_made_worse(engine: str) -> None:
    problem = STREETS["reload"]
    start = checked(problem, "auto", seed=3)
    again = checked(problem, engine, seed=4, start=start)
    assert rank(problem, again, check(problem, again)) <= rank(problem, start, check(problem, start))


def test_what_fits_nowhere_is_left_out_with_its_reason() -> None:
    """One street too heavy, one out of reach, one needing a skill, one at the far end of a short shift."""
    net = network(6, [*both_ways((0, 1, 10), (1, 2, 10), (2, 3, 500)), (4, 5, 10), (5, 4, 10)])
    tasks = (
        edge_task(net, "fine", 0),
        edge_task(net, "heavy", 2, demand=(9,)),
        edge_task(net, "far", 4),
        edge_task(net, "island", 6),
        edge_task(net, "skill", 2, skills=frozenset({"crane"})),
    )
    problem = Problem(net, tasks, (Vehicle("v", 0, 0, (5,), (0,), (0, 600)),), (), ("salt",))
    for engine in ("greedy", "ruin", "ortools"):
        plan = checked(problem, engine)
        reasons = {entry.task: entry.reason for entry in plan.unserved}
        assert reasons == {"heavy": "capacity", "far": "time", "island": "reachability", "skill": "skill"}


def test_too_little_capacity_leaves_out_as_little_as_may_be() -> None:
    problem = replace(street_problem(8), facilities=())
    total = sum(sum(task.demand) for task in problem.tasks)
    assert total > 24, "the two trucks hold 12 each"
    plan = checked(problem, "ruin")
    assert plan.unserved
    assert {entry.reason for entry in plan.unserved} == {"capacity"}


def test_unlimited_fleets_number_their_copies() -> None:
    problem = replace(street_problem(9), facilities=(), unlimited_fleet=True)
    for engine in ("greedy", "ruin", "ortools"):
        plan = checked(problem, engine)
        assert plan.unserved == ()
        assert all(route.vehicle.startswith("v0#") for route in plan.routes)


def test_an_engine_that_cannot_says_why() -> None:
    late = replace(WINDOWED, tasks=tuple(replace(t, release_s=60) for t in WINDOWED.tasks))
    with pytest.raises(NoEngine, match="released"):
        solve(late, "ruin", STEPS)
    with pytest.raises(NoEngine, match="lateness"):
        solve(STREETS["reload"], "pyvrp", STEPS)
    with pytest.raises(NoEngine, match="unknown"):
        solve(STREETS["reload"], "magic", STEPS)
    with pytest.raises(BadProblem, match="no vehicles"):
        solve(replace(STREETS["reload"], vehicles=()), "auto", STEPS)


def test_parts_that_do_not_fit_are_refused() -> None:
    problem = STREETS["reload"]
    with pytest.raises(BadProblem, match="commodities"):
        solve(replace(problem, tasks=(replace(problem.tasks[0], demand=(1, 2)),)), "ruin", STEPS)


def test_no_tasks_make_an_empty_plan() -> None:
    plan = checked(replace(STREETS["reload"], tasks=()), "auto")
    assert (plan.routes, plan.unserved, plan.cost) == ((), (), 0)


def test_attempts_tell_what_each_engine_did() -> None:
    plan, attempts = solve(STREETS["reload"], "auto", STEPS, 1)
    assert [attempt.engine for attempt in attempts] == ["greedy", "ruin"]
    assert all(attempt.feasible and attempt.note == "" for attempt in attempts)
    assert min(attempt.cost for attempt in attempts if attempt.cost is not None) == plan.cost


@pytest.mark.parametrize("turns", [False, True])
def test_the_problems_that_warm_the_kernels_are_solved(turns: bool) -> None:
    assert checked(ring(turns), "ruin").unserved == ()


def test_the_registry_loads_no_solver() -> None:
    code = (
        "import sys; from routing.engines.registry import engine_named, ENGINES\n"
        "[engine_named(name) for name in ENGINES]\n"
        "print(sorted({'numba', 'ortools', 'pyvrp'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_budgets_are_not_negative() -> None:
    with pytest.raises(ValueError, match="seconds"):
        Budget(seconds=-1)
    with pytest.raises(ValueError, match="iterations"):
        Budget(iterations=-1)
    assert engine_named("ruin").name == "ruin"
