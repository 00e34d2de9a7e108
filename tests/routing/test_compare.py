"""The difference of two plans, on plans small enough to say by hand what changed."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations

from routing.compare import Itinerary, MovedStop, compare, compare_itineraries
from routing.engines.base import Budget
from routing.engines.insertion import insert
from routing.engines.registry import solve
from routing.problem import Fixed
from tests.routing.routing_cases import street_problem


def day(vehicle: str, stops: str, end_s: int = 0, started: int = 0) -> Itinerary:
    return Itinerary(vehicle, tuple(stops), 0, end_s, 10 * end_s, {"cost": end_s}, tuple(stops), started)


def test_stops_are_moved_added_dropped_and_newly_served() -> None:
    found = compare_itineraries(
        [day("a", "12345", 50), day("b", "678", 30)], [day("a", "1235", 41), day("b", "64x8n", 49)], ["n"]
    )
    assert found.moved == (MovedStop("4", "a", 4, "b", 2),)
    assert (found.added, found.newly_served, found.dropped) == (("x",), ("n",), ("7",))
    assert found.reordered == found.turned == found.started_changed == ()
    assert (found.added_s, found.added_m) == (-9 + 19, 100)
    first, second = found.routes
    assert (first.stops_before, first.stops_after, first.came, first.went) == (5, 4, (), ("4",))
    assert (second.came, second.went, second.from_place) == (("4", "x", "n"), ("7",), 2)
    assert (second.terms_before, second.terms_after) == ({"cost": 30}, {"cost": 49})


def test_a_route_that_comes_or_goes_is_named() -> None:
    found = compare_itineraries([day("a", "12", 5)], [day("b", "12", 7)])
    assert [(route.vehicle, route.state) for route in found.routes] == [("a", "gone"), ("b", "new")]
    assert [entry.stop for entry in found.moved] == ["1", "2"]
    assert found.added_s == 2


def test_the_same_plan_has_no_difference() -> None:
    plan = [day("a", "123", 9), day("b", "45", 5)]
    found = compare_itineraries(plan, plan)
    assert found.changed == ()
    assert all(route.from_place == 0 for route in found.routes)


def test_as_few_stops_as_possible_are_called_reordered() -> None:
    """Against trying every subset: the largest that kept its order stays."""
    before = "12345"
    for after in permutations(before):
        found = compare_itineraries([day("a", before)], [day("a", "".join(after))])
        kept = max(
            sum(mask >> i & 1 for i in range(5))
            for mask in range(32)
            if [s for i, s in enumerate(after) if mask >> i & 1]
            == sorted(s for i, s in enumerate(after) if mask >> i & 1)
        )
        assert len(found.reordered) == 5 - kept, after


def test_a_started_stop_that_is_elsewhere_is_found() -> None:
    old = [day("a", "1234", started=2)]
    assert compare_itineraries(old, [day("a", "1243")]).started_changed == ()
    assert compare_itineraries(old, [day("a", "1324")]).started_changed == ("2",)
    assert compare_itineraries(old, [day("a", "234"), day("b", "1")]).started_changed == ("1", "2")


def test_a_stop_served_the_other_way_is_turned() -> None:
    old = Itinerary("a", ("1", "2"), 0, 9, 9, {}, (0, 0))
    found = compare_itineraries([old], [replace(old, ways=(0, 1))])
    assert found.turned == ("2",)
    assert found.routes[0].state == "changed"


def test_two_plans_of_a_problem_are_compared_with_their_costs() -> None:
    problem = street_problem(4)
    rest = replace(problem, tasks=problem.tasks[1:])
    before = solve(rest, "greedy", Budget(), 0)[0]
    after = insert(problem, before, ["t0"])
    taker = next(route for route in after.routes if "t0" in {stop.ref for stop in route.stops})
    first = next(stop.ref for stop in taker.stops if stop.kind == "task")
    if first == "t0":
        first = next(stop.ref for stop in taker.stops if stop.kind == "task" and stop.ref != "t0")
    truck = next(v for v in problem.vehicles if v.id == taker.vehicle)
    held = replace(truck, frozen=(Fixed("task", first),))
    problem = replace(problem, vehicles=tuple(held if v.id == held.id else v for v in problem.vehicles))
    found = compare(problem, before, after)
    assert found.added == ("t0",)
    assert (found.cost_before, found.cost_after) == (before.cost, after.cost)
    assert [route.vehicle for route in found.routes if route.state != "same"] == [taker.vehicle]
    assert found.moved == found.reordered == found.dropped == ()
    assert json.loads(json.dumps(found.to_json()))["added"] == ["t0"]
