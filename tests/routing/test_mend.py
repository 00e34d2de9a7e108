"""A stored order on a problem that has changed: closed streets, gone stops, heavier work, shorter shifts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from routing.checker import check
from routing.engines.assemble import finder_for
from routing.engines.insertion import insert
from routing.engines.mend import mended, with_ways_home
from routing.plan import Plan
from routing.problem import Problem, Profile
from tests.routing.feature_cases import mixed_problem
from tests.routing.routing_cases import street_problem

EMPTY = Plan((), (), 0, "none", 0, 0)
PLAIN = ("turn costs", "profiles", "unload", "moves", "two commodities")


def planned(problem: Problem) -> Plan:
    return insert(problem, EMPTY, [task.id for task in problem.tasks])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 20_000))
@example(seed=1528)  # one facility twice in a route, each time by another way
def test_a_plan_that_still_holds_stays_as_it_is(seed: int) -> None:
    problem = replace(mixed_problem(seed, features=PLAIN), repeats=())
    plan = planned(problem)
    again, out = mended(problem, finder_for(problem), plan)
    assert (again.routes, again.cost, out) == (plan.routes, plan.cost, ())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 20_000), share=st.floats(0.0, 0.6))
def test_changed_work_is_mended_and_what_does_not_fit_is_named(seed: int, share: float) -> None:
    problem = replace(mixed_problem(seed, features=PLAIN), repeats=())
    plan = planned(problem)
    heavier = tuple(replace(task, demand=tuple(2 * amount for amount in task.demand)) for task in problem.tasks)
    shorter = tuple(replace(v, shift=(0, int(v.shift[1] * (1 - share)))) for v in problem.vehicles)
    now = replace(problem, tasks=heavier, vehicles=shorter)
    again, out = mended(now, finder_for(now), plan)
    served = [stop.ref for route in again.routes for stop in route.stops if stop.kind == "task"]
    before = [stop.ref for route in plan.routes for stop in route.stops if stop.kind == "task"]
    assert served == [name for name in before if name not in out]
    assert {v.code for v in check(now, again).violations} <= {"dropped"}
    full = insert(now, again, out)
    assert check(now, full).violations == ()


def test_a_closed_street_is_driven_round() -> None:
    problem = street_problem(3, tasks=8)
    plan = planned(problem)
    work = {mode.arc for task in problem.tasks for mode in task.modes}
    driven = [arc for route in plan.routes for stop in route.stops for arc in stop.arcs if arc not in work]
    shut = frozenset({driven[0]})
    closed = (Profile("today", closed=shut),)
    now = replace(problem, profiles=closed, vehicles=tuple(replace(v, profile="today") for v in problem.vehicles))
    assert "closed" in {v.code for v in check(now, plan).violations}
    again, out = mended(now, finder_for(now), plan)
    assert out == ()
    assert check(now, again).violations == ()
    assert [[stop.ref for stop in route.stops] for route in again.routes] == [
        [stop.ref for stop in route.stops] for route in plan.routes
    ]


def test_a_vehicle_with_nothing_left_drives_home() -> None:
    problem = street_problem(3, tasks=8)
    plan = planned(problem)
    rest = replace(plan, routes=plan.routes[1:])
    home = with_ways_home(problem, finder_for(problem), plan, rest)
    assert [route.vehicle for route in home.routes[-1:]] == [plan.routes[0].vehicle]
    assert home.routes[-1].stops == ()
    assert home.cost == rest.cost
