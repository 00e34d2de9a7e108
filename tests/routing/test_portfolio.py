"""The portfolio: who is sent what, and that no engine's failure takes a good plan away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from routing.checker import check
from routing.engines import registry
from routing.engines.base import Budget, Engine
from routing.engines.portfolio import POLISH_MODES, portfolio, soften
from routing.engines.registry import engine_named, solve
from routing.errors import NoEngine
from routing.plan import Plan
from routing.problem import Break, Problem
from tests.routing.routing_cases import point_problem, street_problem

STREETS = street_problem(1)
POINTS = point_problem(1)
WINDOWED = replace(
    point_problem(6), tasks=tuple(replace(t, window=(60 * (i % 4), 900)) for i, t in enumerate(point_problem(6).tasks))
)
STEPS = Budget(iterations=1_500)


def names(problem: Problem, engine: str = "auto", budget: Budget | None = None) -> list[str]:
    return [member.engine for member in portfolio(problem, engine, engine_named, budget)]


def test_streets_go_to_ruin() -> None:
    assert names(STREETS) == ["greedy", "ruin"]


def test_collection_with_a_facility_is_polished_by_pyvrp() -> None:
    assert names(POINTS) == ["greedy", "ruin", "packing", "ortools", "pyvrp"]
    _, attempts = solve(POINTS, "auto", STEPS, 1)
    assert [attempt.engine for attempt in attempts] == ["greedy", "ruin", "pyvrp"], "nothing is left out"


def test_windowed_points_begin_from_scratch_with_pyvrp() -> None:
    assert names(WINDOWED) == ["pyvrp", "packing", "ortools"]
    _, attempts = solve(WINDOWED, "auto", STEPS, 1)
    assert [attempt.engine for attempt in attempts] == ["pyvrp"], "nothing is left out, so nothing is mended"


def test_points_go_to_ruin_and_the_sizes_of_an_unlimited_fleet_to_pyvrp_first() -> None:
    plain = replace(POINTS, facilities=(), unload_at_end=False)
    small, large = plain.vehicles[0], replace(plain.vehicles[1], capacity=(40,), fixed_cost=9)
    mixed = replace(plain, vehicles=(small, large))
    assert names(plain) == ["greedy", "ruin"]
    assert names(mixed) == ["greedy", "ruin"]
    assert names(replace(mixed, unlimited_fleet=True)) == ["pyvrp", "ruin"]


def test_many_windowed_points_begin_with_the_greedy_plan() -> None:
    many = tuple(replace(task, id=f"{task.id} {k}") for k in range(40) for task in WINDOWED.tasks)
    assert names(replace(WINDOWED, tasks=many))[:2] == ["greedy", "pyvrp"]


def test_a_tiny_budget_begins_with_the_greedy_plan() -> None:
    assert names(WINDOWED, budget=Budget(seconds=0.0)) == ["greedy", "pyvrp", "packing", "ortools"]
    assert names(WINDOWED, "pyvrp", Budget(iterations=0)) == ["greedy", "pyvrp"]


def test_street_work_that_does_not_fit_has_its_trips_packed() -> None:
    problem = replace(STREETS, tasks=tuple(replace(task, deadline_s=None) for task in STREETS.tasks))
    assert names(problem) == ["greedy", "ruin", "packing", "ruin"]


def test_what_can_be_put_in_afterwards_is_left_to_ortools_after_a_specialist() -> None:
    one_bay = tuple(replace(place, bays=1) for place in STREETS.facilities)
    assert names(replace(STREETS, facilities=one_bay)) == ["greedy", "ruin", "ortools"]


def test_ortools_is_spared_what_is_too_large_for_it() -> None:
    one_bay = tuple(replace(place, bays=1) for place in STREETS.facilities)
    many = tuple(replace(task, id=f"{task.id} {k}") for k in range(POLISH_MODES) for task in STREETS.tasks)
    assert names(replace(STREETS, facilities=one_bay, tasks=many)) == ["greedy", "ruin"]


def test_softening_keeps_room_for_the_breaks() -> None:
    rest = Break("noon", (1_000, 1_200), 300)
    vehicle = replace(STREETS.vehicles[0], breaks=(rest,), shift=(0, 3_600))
    softened = soften(replace(STREETS, vehicles=(vehicle,)))
    assert softened.vehicles[0].breaks == ()
    assert softened.vehicles[0].shift == (0, 3_300)


@pytest.mark.parametrize("seconds", [0.0, 0.01])
@pytest.mark.parametrize("problem", [STREETS, POINTS, WINDOWED], ids=["streets", "points", "windows"])
def test_no_time_at_all_still_gives_a_plan(problem: Problem, seconds: float) -> None:
    plan, _ = solve(problem, "auto", Budget(seconds=seconds), 1)
    assert check(problem, plan).feasible
    assert plan.routes


class Failing:
    """An engine that yields what it is told to and then fails."""

    def __init__(self, name: str, error: BaseException | None, plans: tuple[Plan, ...] = ()) -> None:
        self.name = name
        self.error = error
        self.plans = plans

    def supports(self, problem: Problem) -> str | None:
        return None

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        yield from self.plans
        if self.error is not None:
            raise self.error


def with_failing(monkeypatch: pytest.MonkeyPatch, failing: Engine) -> None:
    real: Callable[[str], Engine] = registry.engine_named
    monkeypatch.setattr(registry, "engine_named", lambda name: failing if name == failing.name else real(name))


FAULTS = {
    "crash": (ZeroDivisionError("division by zero"), "failed: ZeroDivisionError: division by zero"),
    "memory": (MemoryError(), "out of memory"),
    "nothing": (None, "no plan within the budget"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_engine_is_an_attempt_and_the_plan_before_it_stands(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error, note = FAULTS[fault]
    with_failing(monkeypatch, Failing("ruin", error))
    plan, attempts = solve(STREETS, "auto", STEPS, 1)
    assert check(STREETS, plan).feasible
    assert [(a.engine, a.note) for a in attempts] == [("greedy", ""), ("ruin", note)]
    assert plan.engine == "greedy"


@pytest.mark.parametrize("fault", FAULTS)
def test_when_the_first_engine_fails_the_next_steps_in(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error, note = FAULTS[fault]
    with_failing(monkeypatch, Failing("pyvrp", error))
    plan, attempts = solve(WINDOWED, "auto", STEPS, 1)
    assert check(WINDOWED, plan).feasible
    assert [(a.engine, a.note) for a in attempts] == [("pyvrp", note), ("packing", "")]


@pytest.mark.parametrize("fault", FAULTS)
def test_when_the_only_engine_fails_the_greedy_plan_steps_in(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error, note = FAULTS[fault]
    problem = replace(WINDOWED, facilities=(), unload_at_end=False)
    with_failing(monkeypatch, Failing("pyvrp", error))
    plan, attempts = solve(problem, "auto", STEPS, 1)
    assert check(problem, plan).feasible
    assert [(a.engine, a.note) for a in attempts] == [("pyvrp", note), ("greedy", "")]


def test_the_plan_an_engine_had_when_it_failed_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    good, _ = solve(STREETS, "ruin", Budget(iterations=5_000), 1)
    with_failing(monkeypatch, Failing("ruin", RuntimeError("late"), (good,)))
    plan, attempts = solve(STREETS, "auto", STEPS, 1)
    assert plan == good
    assert attempts[-1].note == "failed: RuntimeError: late"


def test_a_plan_that_breaks_a_rule_never_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    good, _ = solve(STREETS, "greedy", STEPS, 1)
    short = replace(good, routes=(), cost=0, terms={})
    with_failing(monkeypatch, Failing("ruin", None, (short,)))
    plan, attempts = solve(STREETS, "auto", STEPS, 1)
    assert plan == good
    assert attempts[-1].note.startswith("dropped")


def test_a_stop_from_outside_is_not_taken_for_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with_failing(monkeypatch, Failing("ruin", KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        solve(STREETS, "auto", STEPS, 1)


def test_a_given_start_is_not_made_anew() -> None:
    start, _ = solve(STREETS, "greedy", STEPS, 1)
    _, attempts = solve(STREETS, "auto", STEPS, 1, start)
    assert [attempt.engine for attempt in attempts] == ["ruin"]


def test_where_all_fail_each_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "engine_named", lambda name: Failing(name, RuntimeError("no")))
    with pytest.raises(NoEngine, match=r"greedy: failed: RuntimeError: no"):
        solve(STREETS, "auto", STEPS, 1)
