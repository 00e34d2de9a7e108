"""Why a route is in its order: by hand on a line of streets, and against trying every place."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest

from routing.engines.assemble import finder_for
from routing.engines.base import Budget
from routing.engines.insertion import insert
from routing.engines.places import search_places
from routing.engines.registry import solve
from routing.engines.removal import without
from routing.explain_route import StopReason, explain_route, price_of_fairness
from routing.plan import Plan
from routing.problem import Mode, Problem, Task, Vehicle
from tests.routing.feature_cases import mixed_problem
from tests.routing.routing_cases import network, street_problem
from tests.routing.test_insertion_rules import costs_of_all_places

EMPTY = Plan((), (), 0, "none", 0, 0)
LINE = network(4, [(0, 1, 10), (1, 0, 10), (1, 2, 10), (2, 1, 10), (2, 3, 10), (3, 2, 10)])


def stop_at(node: int, name: str, **more: object) -> Task:
    return replace(Task(name, (Mode(node, node),), (1,), 5, 5), **more)  # type: ignore[arg-type]


def reasons(problem: Problem, plan: Plan, vehicle: str) -> dict[str, StopReason]:
    search = partial(_search, finder_for(problem))
    return {entry.task: entry for entry in explain_route(problem, plan, vehicle, search)}


def _search(finder, problem, plan, name):  # type: ignore[no-untyped-def]
    return search_places(problem, finder, plan, name)


def test_a_stop_on_the_way_costs_its_service_and_nothing_is_better() -> None:
    truck = Vehicle("v", 0, 0, (9,), (0,), (0, 1_000))
    problem = Problem(LINE, (stop_at(1, "near"), stop_at(3, "far")), (truck,), (), ("kg",))
    plan = insert(problem, EMPTY, ["near", "far"])
    found = reasons(problem, plan, "v")
    assert (found["near"].cost, found["near"].in_route_more, found["near"].rule) == (5, 0, "")
    assert (found["far"].cost, found["far"].elsewhere) == (45, None)
    assert json.loads(json.dumps(found["near"].to_json()))["task"] == "near"


def test_the_rule_that_forbids_the_shorter_way_is_named() -> None:
    near, full = (Vehicle(name, 0, 0, (1,), (0,), (0, 1_000)) for name in ("a", "b"))
    work = (stop_at(3, "x"), stop_at(3, "y"))
    problem = Problem(LINE, work, (near, full), (), ("kg",))
    plan = insert(problem, EMPTY, ["x", "y"])
    found = reasons(problem, plan, "b")["y"]
    assert (found.rule, found.better and (found.better.vehicle, found.better.way_cost)) == ("load", ("a", 5))
    urgent = replace(
        problem, vehicles=(replace(near, capacity=(9,)),), tasks=(work[0], stop_at(2, "soon", window=(0, 20)))
    )
    straight = insert(urgent, EMPTY, ["x", "soon"])
    assert [stop.ref for stop in straight.routes[0].stops] == ["soon", "x"]
    early = replace(urgent, tasks=(stop_at(3, "x", window=(0, 30)), stop_at(1, "late", deadline_s=15, weight=2)))
    plan = insert(early, EMPTY, ["x", "late"])
    assert reasons(early, plan, "a")["late"].rule == ""


def test_a_deadline_that_makes_a_detour_pay_is_named() -> None:
    """East first although west lies on no way: the deadline there is dear, and going west later is no longer way."""
    star = network(3, [(0, 1, 10), (1, 0, 10), (0, 2, 10), (2, 0, 10), (1, 2, 11), (2, 1, 11)])
    truck = Vehicle("v", 0, 2, (9,), (0,), (0, 1_000))
    work = (stop_at(1, "east"), stop_at(2, "west", deadline_s=15, weight=9))
    problem = Problem(star, work, (truck,), (), ("kg",))
    plan = insert(problem, EMPTY, ["east", "west"])
    assert [stop.ref for stop in plan.routes[0].stops] == ["west", "east"]
    found = reasons(problem, plan, "v")["west"]
    assert found.rule == "deadline"
    assert found.better is not None and found.better.stop == 2


@pytest.mark.parametrize("seed", [473, 844, 1197, *range(12)])
def test_costs_and_next_best_places_are_those_of_trying_all(seed: int) -> None:
    # a truck that need not wait for a release any more could start otherwise: then its start is no longer the same
    problem = replace(mixed_problem(seed, tasks=6), repeats=())
    problem = replace(problem, tasks=tuple(replace(task, release_s=0) for task in problem.tasks))
    plan = insert(problem, EMPTY, [task.id for task in problem.tasks])
    finder = finder_for(problem)
    for route in plan.routes[:1]:
        for entry in reasons(problem, plan, route.vehicle).values():
            rest = without(problem, finder, plan, [entry.task], "time")
            assert entry.cost == plan.cost - rest.cost
            gone = replace(rest, unserved=tuple(left for left in rest.unserved if left.task != entry.task))
            known = [entry.cost, *(p.added for p in (entry.in_route, entry.elsewhere) if p and p.added is not None)]
            assert min(known) + rest.cost == min(costs_of_all_places(problem, gone, entry.task))


def test_the_price_of_fairness_is_a_curve() -> None:
    problem = street_problem(2, tasks=14, vehicles=3)
    plan = solve(problem, "greedy", Budget(), 0)[0]
    points = price_of_fairness(problem, plan, lambda one: solve(one, "ruin", Budget(iterations=3_000), 0)[0], [90, 70])
    longest = max(route.end_s - route.start_s for route in plan.routes)
    assert (points[0].longest_s, points[0].cost) == (longest, plan.cost)
    assert [point.limit_s for point in points[1:]] == [longest * 90 // 100, longest * 70 // 100]
    assert all(point.longest_s <= point.limit_s for point in points)
