"""Repeated work over a horizon of days: allowed patterns, all or none, at least cost."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.ruin.engine import RuinEngine
from routing.plan import Plan
from routing.problem import Problem, Repeat, Task, Vehicle
from tests.routing.brute import cheapest_plan
from tests.routing.routing_cases import street_problem

STEPS = Budget(iterations=3_000)


def solved(problem: Problem, seed: int = 1, start: Plan | None = None) -> Plan:
    """The search's plan, checked."""
    engine = RuinEngine()
    assert engine.supports(problem) is None
    plan = list(engine.solve(problem, start, STEPS, seed))[-1]
    assert check(problem, plan).violations == ()
    return plan


def week(seed: int, passes: tuple[int, ...], days: int = 3, **vehicle: object) -> Problem:
    """Streets served so many times each over some days, by as many vehicles a day as wanted."""
    made = street_problem(600 + seed, tasks=len(passes), turns=0.2)
    tasks: list[Task] = []
    repeats = []
    for task, times in zip(made.tasks, passes, strict=True):
        names = tuple(f"{task.id}.{n}" for n in range(times))
        tasks += [replace(task, id=name, deadline_s=None, weight=0, service_s=0) for name in names]
        if times > 1:
            repeats.append(Repeat(names, patterns=tuple(itertools.combinations(range(days), times))[:2]))
    fleet = tuple(Vehicle(f"d{day}", 0, 0, (7,), (0,), day=day) for day in range(days))
    return Problem(
        made.network,
        tuple(tasks),
        tuple(replace(v, **vehicle) for v in fleet),  # type: ignore[arg-type]
        (),
        ("salt",),
        unlimited_fleet=True,
        repeats=tuple(repeats),
    )


def cheapest_week(problem: Problem) -> int:
    """Every pattern of every repeat, every day of the rest, each day at its least cost."""
    number = {task.id: i for i, task in enumerate(problem.tasks)}
    repeated = {name for repeat in problem.repeats for name in repeat.tasks}
    choices = [[(repeat.tasks, pattern) for pattern in repeat.patterns] for repeat in problem.repeats]
    free = [task.id for task in problem.tasks if task.id not in repeated]
    choices += [[((name,), (vehicle.day,)) for vehicle in problem.vehicles] for name in free]
    best, known = None, dict[tuple[int, tuple[int, ...]], int | None]()
    for choice in itertools.product(*choices):
        total = 0
        for vehicle in problem.vehicles:
            tasks = tuple(
                sorted(number[n] for names, p in choice for n, d in zip(names, p, strict=True) if d == vehicle.day)
            )
            kinds = tuple(problem.tasks[i].modes[0].arc for i in tasks)
            key = (vehicle.day, tuple(sorted(kinds)))
            if key not in known:
                own = replace(problem, tasks=tuple(problem.tasks[i] for i in tasks), vehicles=(vehicle,), repeats=())
                known[key] = cheapest_plan(own)
            cost = known[key]
            assert cost is not None
            total += cost
        best = total if best is None else min(best, total)
    assert best is not None
    return best


@pytest.mark.parametrize("seed", range(4))
def test_patterns_are_chosen_at_least_cost(seed: int) -> None:
    problem = week(seed, (2, 1, 2, 3))
    assert solved(problem).cost == cheapest_week(problem)


def test_what_fits_no_pattern_is_left_out_whole() -> None:
    """One vehicle a day, each with room for two: not everything can be had, and no repeat is served in part."""
    problem = replace(week(7, (2, 2, 2, 2), capacity=(5,)), unlimited_fleet=False)
    plan = solved(problem)
    left = {entry.task for entry in plan.unserved}
    assert left, "eight services of up to four do not fit"
    assert all(len(left.intersection(repeat.tasks)) in (0, len(repeat.tasks)) for repeat in problem.repeats)


def test_a_start_on_forbidden_days_is_taken_apart() -> None:
    problem = week(8, (2, 2, 1))
    wider = replace(problem, repeats=tuple(replace(r, patterns=((1, 2),)) for r in problem.repeats))
    elsewhere = solved(wider)
    narrow = replace(problem, repeats=tuple(replace(r, patterns=((0, 1),)) for r in problem.repeats))
    assert solved(narrow, start=elsewhere).unserved == ()
    assert solved(wider, start=elsewhere).cost <= elsewhere.cost


def test_shifts_of_each_day_are_kept() -> None:
    problem = week(9, (2, 1, 2))
    days = tuple(replace(v, shift=(1_000 * v.day, 1_000 * v.day + 300)) for v in problem.vehicles)
    work = tuple(replace(t, service_s=t.service_cost) for t in problem.tasks)
    problem = replace(problem, vehicles=days, tasks=work)
    plan = solved(problem)
    assert plan == solved(problem)
    assert plan.unserved == ()


def test_what_it_does_not_model_is_named() -> None:
    problem = week(1, (2, 2))
    engine = RuinEngine()
    night = replace(problem, repeats=tuple(replace(repeat, gap_s=60) for repeat in problem.repeats))
    assert solved(night).cost == solved(problem).cost, "patterns part passes by days, whose clocks are each their own"
    free = replace(problem, repeats=(replace(problem.repeats[0], patterns=()),))
    assert "any days" in (engine.supports(free) or "")
    unlike = replace(problem, tasks=(replace(problem.tasks[0], demand=(99,)), *problem.tasks[1:]))
    assert "unlike" in (engine.supports(unlike) or "")
