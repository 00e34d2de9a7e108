"""What is decided around the compiled search: attachments before it, the longest route's price over it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from routing.checker import check
from routing.engines.attachments import fitted
from routing.engines.base import Budget
from routing.engines.ruin.engine import RuinEngine
from routing.plan import Plan
from routing.problem import HORIZON_S, Fixed, Problem, Profile
from tests.routing.brute import Ways, best_route, cheapest_plan
from tests.routing.routing_cases import point_problem, street_problem

STEPS = Budget(iterations=8_000)
PLOUGH, BROOM = frozenset({"plough"}), frozenset({"broom"})


def solved(problem: Problem, seed: int = 1, start: Plan | None = None) -> Plan:
    """The search's plan, checked."""
    engine = RuinEngine()
    assert engine.supports(problem) is None
    plan = list(engine.solve(problem, start, STEPS, seed))[-1]
    assert check(problem, plan).violations == ()
    return plan


def fitting(seed: int, **more: object) -> Problem:
    """Streets that need a plough or a broom; each vehicle takes one of the two."""
    problem = street_problem(700 + seed, tasks=5, turns=0.2)
    work = tuple(
        replace(t, deadline_s=None, weight=0, demand=(2,), skills=(PLOUGH, BROOM, frozenset[str]())[i % 3])
        for i, t in enumerate(problem.tasks)
    )
    fleet = tuple(replace(v, shift=(0, HORIZON_S), attachments=(PLOUGH, BROOM)) for v in problem.vehicles)
    return replace(problem, tasks=work, vehicles=fleet, facilities=(), **more)


@pytest.mark.parametrize("seed", range(3))
def test_copies_come_with_every_attachment(seed: int) -> None:
    problem = fitting(seed, unlimited_fleet=True)
    base = replace(problem.vehicles[0], attachments=())
    both = tuple(replace(base, id=str(i), skills=skills) for i, skills in enumerate((PLOUGH, BROOM)))
    plan = solved(problem)
    assert plan.cost == cheapest_plan(replace(problem, vehicles=both))
    assert solved(problem, 2, plan).cost == plan.cost


@pytest.mark.parametrize("seed", range(3))
def test_a_limited_fleet_is_fitted_for_all_the_work(seed: int) -> None:
    problem = fitting(seed)
    first, second = problem.vehicles
    plan = solved(problem)
    assert plan.unserved == ()
    ways = itertools.product((PLOUGH, BROOM), repeat=2)
    fleets = [(replace(first, skills=a, attachments=()), replace(second, skills=b, attachments=())) for a, b in ways]
    costs = [cheapest_plan(replace(problem, vehicles=fleet)) for fleet in fleets]
    assert plan.cost == min(cost for cost in costs if cost is not None), "two vehicles that differ in nothing else"


def test_what_has_begun_decides_the_attachment() -> None:
    problem = fitting(5)
    first, second = problem.vehicles
    for index, skill in ((0, PLOUGH), (1, BROOM)):
        begun = replace(second, frozen=(Fixed("task", problem.tasks[index].id, 0),))
        own = replace(problem, vehicles=(first, begun))
        assert fitted(own).problem.vehicles[1].skills == skill
        assert solved(own).unserved == ()


def test_a_problem_without_choices_stays_what_it_is() -> None:
    problem = street_problem(1)
    assert fitted(problem).problem is problem


@pytest.mark.parametrize("weight", [1, 5])
@pytest.mark.parametrize("seed", range(3))
def test_the_longest_route_is_worth_its_price(seed: int, weight: int) -> None:
    """Seconds are cost here, so the least cost of a vehicle's share is also its least time."""
    problem = point_problem(710 + seed, tasks=6, unload_at_end=False, facilities=())
    fleet = tuple(replace(v, capacity=(99,)) for v in problem.vehicles)
    problem = replace(problem, vehicles=fleet, fairness_weight=weight)
    book = {"": Ways(problem.network, Profile(""))}
    best = 1 << 60
    for size in range(len(problem.tasks) + 1):
        for part in itertools.combinations(range(len(problem.tasks)), size):
            rest = tuple(i for i in range(len(problem.tasks)) if i not in part)
            one, two = (best_route(problem, book, v, p) for v, p in zip(fleet, (part, rest), strict=True))
            assert one is not None and two is not None
            best = min(best, one + two + weight * max(one, two))
    cost = solved(problem).cost
    assert best <= cost <= 1.05 * best
