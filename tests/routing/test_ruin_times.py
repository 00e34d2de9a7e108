"""What the compiled search models of time: windows, waiting, shifts where cost is no time, pay by the second."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.ruin.engine import RuinEngine
from routing.plan import Plan
from routing.problem import Fixed, Problem
from tests.routing.brute import cheapest_plan
from tests.routing.routing_cases import point_problem, street_problem

STEPS = Budget(iterations=4_000)


def solved(problem: Problem, seed: int = 1, budget: Budget = STEPS) -> Plan:
    """The search's plan, checked."""
    engine = RuinEngine()
    assert engine.supports(problem) is None
    plan = list(engine.solve(problem, None, budget, seed))[-1]
    assert check(problem, plan).violations == ()
    return plan


def judged(problem: Problem) -> None:
    """As cheap as the cheapest of all plans, or something is left out where no plan serves all."""
    best, plan = cheapest_plan(problem), solved(problem)
    if best is None:
        assert plan.unserved
    else:
        assert (plan.unserved, plan.cost) == ((), best)


def windowed(problem: Problem, seed: int) -> Problem:
    """Windows that force waiting here and hurry there."""
    work = tuple(
        replace(t, window=((37 * (i + seed)) % 160, (37 * (i + seed)) % 160 + 60 + 15 * i), deadline_s=None)
        for i, t in enumerate(problem.tasks)
    )
    return replace(problem, tasks=work)


@pytest.mark.parametrize("seed", range(5))
def test_windows_at_points_are_kept_at_least_cost(seed: int) -> None:
    judged(windowed(point_problem(500 + seed, tasks=4), seed))


@pytest.mark.parametrize("seed", range(5))
def test_windows_on_streets_are_kept_at_least_cost(seed: int) -> None:
    problem = street_problem(510 + seed, tasks=4, turns=0.2)
    judged(windowed(replace(problem, facilities=(), unlimited_fleet=seed % 2 == 0), seed))


@pytest.mark.parametrize("seed", range(4))
def test_facilities_have_hours(seed: int) -> None:
    problem = point_problem(520 + seed, tasks=4, vehicles=1)
    work = tuple(replace(t, demand=(6,)) for t in problem.tasks)
    place = replace(problem.facilities[0], window=(90 + 20 * seed, 420))
    judged(replace(problem, tasks=work, facilities=(place, replace(place, id="other", node=1, window=(0, 150)))))


@pytest.mark.parametrize("seed", range(4))
def test_waiting_is_paid_where_seconds_are(seed: int) -> None:
    """Pay by the second: leaving later to wait less is worth something."""
    problem = windowed(point_problem(530 + seed, tasks=4, unload_at_end=False), seed)
    fleet = tuple(replace(v, duration_rate=2 + i, travel_rate=3, fixed_cost=10) for i, v in enumerate(problem.vehicles))
    judged(replace(problem, vehicles=fleet, facilities=()))


@pytest.mark.parametrize("facilities", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_shifts_bind_in_seconds_while_cost_is_something_else(seed: int, facilities: bool) -> None:
    """Cost is the toll of a street, seconds its length: the cheapest order may be too slow."""
    problem = street_problem(540 + seed, tasks=4)
    toll = np.array([(7 * a + seed) % 23 + 1 for a in range(problem.network.arcs)], np.int64)
    work = tuple(replace(t, deadline_s=None, service_cost=5, demand=(4,)) for t in problem.tasks)
    fleet = tuple(replace(v, shift=(0, 330)) for v in problem.vehicles)
    net = replace(problem.network, cost=toll)
    problem = replace(problem, network=net, tasks=work, vehicles=fleet)
    best = cheapest_plan(problem if facilities else replace(problem, facilities=()))
    plan = solved(problem if facilities else replace(problem, facilities=()))
    if best is not None and not plan.unserved:
        assert best <= plan.cost <= 1.02 * best, "modes are chosen by cost: a slower choice may hide a quicker one"


@pytest.mark.parametrize("seed", range(3))
def test_lateness_is_paid_after_waiting(seed: int) -> None:
    problem = windowed(point_problem(550 + seed, tasks=4), seed)
    work = tuple(replace(t, deadline_s=t.window[0] + 40, weight=1 + i % 3) for i, t in enumerate(problem.tasks))
    problem = replace(problem, tasks=work)
    best, plan = cheapest_plan(problem), solved(problem)
    assert best is not None and plan.unserved == ()
    assert plan.cost == best


def test_frozen_stops_come_first_in_time_too() -> None:
    problem = windowed(point_problem(560, tasks=4), 3)
    begun = replace(problem.vehicles[0], frozen=(Fixed("task", problem.tasks[2].id, 0),))
    judged(replace(problem, vehicles=(begun, problem.vehicles[1])))


@pytest.mark.parametrize("kind", ["points", "streets"])
def test_many_windows_with_facilities_pass_the_checker(kind: str) -> None:
    made = point_problem(570, tasks=16) if kind == "points" else street_problem(571, tasks=16, vehicles=3)
    work = tuple(replace(t, window=(60 * (i % 5), 60 * (i % 5) + 900), prize=500) for i, t in enumerate(made.tasks))
    place = replace(made.facilities[0], window=(200, 1_500))
    problem = replace(made, tasks=work, facilities=(place,))
    first = solved(problem, seed=3)
    assert first == solved(problem, seed=3)
    again = list(RuinEngine().solve(problem, first, Budget(iterations=300), 5))[-1]
    assert check(problem, again).violations == ()
    assert again.cost <= first.cost
