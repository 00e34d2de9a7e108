"""Insertion: what is there stays where it is, what comes in is placed where it costs least."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.greedy import insert
from routing.engines.registry import solve
from routing.errors import BadProblem
from routing.plan import Plan, Route
from routing.problem import Problem, Task, Vehicle
from tests.routing.routing_cases import Oracle, edge_task, network, point_problem, street_problem, tour_cost


def first_plan(problem: Problem, without: set[str]) -> Plan:
    rest = replace(problem, tasks=tuple(task for task in problem.tasks if task.id not in without))
    return solve(rest, "greedy", Budget(), 1)[0]


def cut_off(problem: Problem) -> set[str]:
    """Tasks from which turn rules leave no way home."""
    oracle, home = Oracle(problem.network), problem.vehicles[0].end
    assert home is not None
    return {
        task.id
        for task in problem.tasks
        if all(oracle.to_node((mode.head, mode.arc), home) is None for mode in task.modes)
    }


def order(route: Route) -> list[tuple[str, int]]:
    return [(stop.ref, stop.mode) for stop in route.stops if stop.kind == "task"]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000), kind=st.sampled_from(["street", "point"]), many=st.integers(1, 4))
def test_others_keep_their_vehicle_order_and_direction(seed: int, kind: str, many: int) -> None:
    problem = street_problem(seed) if kind == "street" else point_problem(seed)
    new = {task.id for task in problem.tasks[:many]}
    before = first_plan(problem, new)
    after = insert(problem, before, sorted(new))
    assert check(problem, after).violations == ()
    assert {entry.task for entry in after.unserved} == cut_off(problem)
    routes = {route.vehicle: route for route in after.routes}
    for route in before.routes:
        kept = [entry for entry in order(routes[route.vehicle]) if entry[0] not in new]
        assert kept == order(route)
        if not new & {ref for ref, _ in order(routes[route.vehicle])}:
            assert routes[route.vehicle] is route, "a route that gains nothing is the same object"


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6])
def test_one_task_goes_where_it_costs_least(seed: int) -> None:
    """Every gap and direction of the only truck's route is priced by the oracle."""
    problem = street_problem(seed, tasks=6, vehicles=1, turns=0.3)
    roomy = (replace(problem.vehicles[0], capacity=(100,)),)
    problem = replace(problem, vehicles=roomy, facilities=())
    before = first_plan(problem, {"t0"})
    number = {task.id: i for i, task in enumerate(problem.tasks)}
    stops = [("task", number[ref], mode) for ref, mode in order(before.routes[0])]
    oracle = Oracle(problem.network)
    ways = [
        tour_cost(problem, oracle, problem.vehicles[0], [*stops[:gap], ("task", number["t0"], mode), *stops[gap:]])
        for gap in range(len(stops) + 1)
        for mode in range(len(problem.tasks[number["t0"]].modes))
    ]
    assert insert(problem, before, ["t0"]).cost == min(cost for cost in ways if cost is not None)


def test_a_full_truck_visits_a_facility_on_the_way() -> None:
    problem = street_problem(3, tasks=6, vehicles=1)
    heavy = tuple(replace(task, demand=(6,)) for task in problem.tasks)
    problem = replace(problem, tasks=heavy)
    before = first_plan(problem, {"t0", "t1"})
    after = insert(problem, before, ["t0", "t1"])
    assert check(problem, after).violations == ()

    def visits(plan: Plan) -> int:
        return sum(stop.kind == "facility" for route in plan.routes for stop in route.stops)

    assert visits(after) > visits(before)


def test_an_idle_vehicle_takes_over_a_broken_ones_work() -> None:
    problem = point_problem(5, vehicles=2)
    alone = replace(problem, vehicles=problem.vehicles[:1])
    empty = Plan((), (), 0, "none", 0, 0)
    after = insert(alone, empty, [task.id for task in alone.tasks])
    assert check(alone, after).violations == ()
    assert after.unserved == ()
    assert after.routes[0].stops[-1].kind == "facility", "it unloads before it goes home"


def test_what_does_not_fit_is_listed_with_its_reason_and_the_rest_stays() -> None:
    net = network(3, [(0, 1, 10), (1, 0, 10), (1, 2, 100), (2, 1, 100)])
    tasks = (edge_task(net, "near", 0), edge_task(net, "far", 2), edge_task(net, "heavy", 0, demand=(3,)))
    problem = Problem(net, tasks, (Vehicle("v", 0, 0, (2,), (0,), (0, 100)),), (), ("salt",))
    before = first_plan(problem, {"far", "heavy"})
    after = insert(problem, before, ["far", "heavy"])
    assert {entry.task: entry.reason for entry in after.unserved} == {"far": "time", "heavy": "capacity"}
    assert after.routes[0] is before.routes[0]


def test_a_prize_smaller_than_the_detour_is_left() -> None:
    net = network(2, [(0, 1, 10), (1, 0, 10)])
    cheap: Task = edge_task(net, "cheap", 0, prize=29)
    dear = replace(cheap, id="dear", prize=31)
    problem = Problem(net, (cheap, dear), (Vehicle("v", 0, 0, (9,), (0,)),), (), ("salt",))
    after = insert(problem, Plan((), (), 0, "none", 0, 0), ["cheap", "dear"])
    assert [entry.task for entry in after.unserved] == ["cheap"]
    assert after.unserved[0].reason == "prize"


def test_a_running_route_keeps_its_start_and_a_served_task_is_left_alone() -> None:
    problem = street_problem(11, tasks=6)
    before = first_plan(problem, {"t0"})
    again = insert(problem, before, [order(before.routes[0])[0][0]])
    assert again.routes == before.routes
    after = insert(problem, before, ["t0"])
    starts = {route.vehicle: route.start_s for route in before.routes}
    assert all(starts.get(route.vehicle, 0) == route.start_s for route in after.routes)


def test_unknown_names_are_refused() -> None:
    problem = street_problem(1)
    plan = first_plan(problem, set())
    with pytest.raises(BadProblem, match="nowhere"):
        insert(problem, plan, ["nowhere"])
    other = replace(problem, vehicles=(replace(problem.vehicles[0], id="w"),))
    with pytest.raises(BadProblem, match="names"):
        insert(other, plan, ["t0"])
