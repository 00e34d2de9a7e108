"""Planning by districts: what is split and joined again is whole, and trading at borders only ever helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from routing.checker import check
from routing.districts import Districts, by_labels, by_place, district_problem, joined, solve_districts
from routing.engines.base import Budget
from routing.engines.registry import solve
from routing.errors import BadProblem
from routing.plan import Plan
from routing.problem import Problem, Repeat, Vehicle
from routing.trading import TradeParams, borders, trade
from tests.routing.routing_cases import edge_task, town

WIDTH, HEIGHT = 9, 5


def city(unlimited: bool, seed: int = 3) -> tuple[Problem, np.ndarray]:
    """Every street of a town once; where each lies, in blocks."""
    net = town(seed, WIDTH, HEIGHT)
    arcs = [a for a in range(net.arcs) if net.reverse[a] < 0 or a < net.reverse[a]]
    tasks = tuple(edge_task(net, f"t{a}", a) for a in arcs)
    ends = np.array([[net.tail[a], net.head[a]] for a in arcs])
    points = np.stack([(ends % WIDTH).mean(axis=1), (ends // WIDTH).mean(axis=1)], axis=1)
    fleet = tuple(Vehicle(f"v{i}", 0, 0, (16,), (0,)) for i in range(1 if unlimited else 8))
    return Problem(net, tasks, fleet, (), ("salt",), unlimited_fleet=unlimited), points


def planned(problem: Problem, start: Plan | None) -> Plan:
    return solve(problem, "ruin", Budget(iterations=400), 1, start)[0]


@pytest.mark.parametrize("unlimited", [True, False])
def test_districts_planned_apart_make_one_plan_and_trading_lowers_its_cost(unlimited: bool) -> None:
    problem, points = city(unlimited)
    stripes = (points[:, 1] * 2).astype(int) % 2
    labels = ["even" if stripe == 0 else "odd" for stripe in stripes]
    districts = by_labels(labels, None if unlimited else ["even"] * 4 + ["odd"] * 4)
    plans = solve_districts(problem, districts, planned)
    before = joined(problem, plans)
    assert check(problem, before).feasible
    assert {s.ref for r in before.routes for s in r.stops} == {t.id for t in problem.tasks}
    traded, of_task = trade(problem, districts, plans, points, planned, TradeParams(rounds=2, tasks=120))
    after = joined(problem, traded)
    assert check(problem, after).feasible
    assert {s.ref for r in after.routes for s in r.stops} == {t.id for t in problem.tasks}
    assert after.cost < before.cost, "streets of every other line were kept apart: trading must gain"
    again, _ = trade(problem, districts, plans, points, planned, TradeParams(rounds=2, tasks=120))
    assert joined(problem, again) == after
    for number, plan in enumerate(traded):
        served = {s.ref for r in plan.routes for s in r.stops}
        assert served == {task.id for task, own in zip(problem.tasks, of_task, strict=True) if own == number}
    if not unlimited:
        own = {v.id: int(d) for v, d in zip(problem.vehicles, districts.of_vehicle, strict=True)}
        assert all(own[route.vehicle] == number for number, plan in enumerate(traded) for route in plan.routes)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_districts_by_place_weigh_about_the_same_and_lie_together(count: int) -> None:
    problem, points = city(True)
    weights = np.array([task.service_s for task in problem.tasks])
    of = by_place(points, weights, count)
    loads = np.bincount(of, weights=weights, minlength=count)
    assert len(loads) == count
    assert loads.max() - loads.min() <= 0.25 * weights.sum() / count + 2 * weights.max()
    assert np.array_equal(of, by_place(points, weights, count))


def test_a_border_lists_both_sides_nearest_first() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [9.0, 0.0]])
    assert borders(points, np.array([0, 0, 1, 1])) == {(0, 1): [1, 2, 0, 3]}
    assert borders(points, np.zeros(4, np.int64)) == {}


def test_districts_that_do_not_fit_the_problem_are_refused() -> None:
    problem, _ = city(False)
    with pytest.raises(BadProblem, match="district west has a vehicle and no task"):
        by_labels(["east"] * len(problem.tasks), ["west"] * 8)
    split = replace(problem, repeats=(Repeat((problem.tasks[0].id, problem.tasks[1].id)),))
    of_task = np.array([i % 2 for i in range(len(problem.tasks))])
    with pytest.raises(BadProblem, match=f"passes of {problem.tasks[0].id} lie in two districts"):
        district_problem(split, Districts(of_task, np.zeros(8, np.int64)), 0)
