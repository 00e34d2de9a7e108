"""Queues at facilities: held against the checker, and small ones against what anyone can count on fingers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.registry import solve
from routing.plan import Plan, Route, Stop
from routing.problem import Break, Facility, Mode, Problem, Task, Vehicle
from routing.queues import forecast, retime
from routing.stagger import stagger
from tests.routing.routing_cases import network, point_problem


def tip(vehicles: int, bays: int, **more: int) -> Problem:
    """Trucks at node 0; a tip at node 1, a minute away, that takes 100 s a truck; a bin at the tip for each truck."""
    net = network(2, [(0, 1, 60), (1, 0, 60)])
    tasks = tuple(Task(f"t{i}", (Mode(1, 1),), (1,), 10, 10, deadline_s=1_000, weight=2) for i in range(vehicles))
    fleet = tuple(Vehicle(f"v{i}", 0, 0, (1,), (0,), (0, 900), **more) for i in range(vehicles))  # type: ignore[arg-type]
    return Problem(net, tasks, fleet, (Facility("tip", 1, "unload", 100, 100, bays=bays),), ("kg",), unload_at_end=True)


def as_if_alone(problem: Problem, starts: list[int]) -> Plan:
    """Each truck serves its bin, tips and goes home, as if nobody else were there."""
    routes = []
    for i, start in enumerate(starts):
        rate = problem.vehicles[i].duration_rate
        stops = (
            Stop("task", f"t{i}", 0, (0,), start + 60, start + 60, start + 70, (1,)),
            Stop("facility", "tip", 0, (), start + 70, start + 70, start + 170, (0,)),
        )
        routes.append(Route(f"v{i}", start, stops, (1,), start + 230, 1_200, 230 + 230 * rate))
    terms = {"travel": 120 * len(starts), "service": 110 * len(starts)}
    terms["duration"] = sum(230 * problem.vehicles[i].duration_rate for i in range(len(starts)))
    return Plan(tuple(routes), (), sum(terms.values()), "hand", 0, 0, terms)


def test_the_second_truck_waits_for_the_first() -> None:
    problem = tip(2, 1)
    plan = retime(problem, as_if_alone(problem, [0, 40]))
    assert check(problem, plan).violations == ()
    assert [r.stops[1].start_s for r in plan.routes] == [70, 170]
    (found,) = forecast(problem, plan)
    assert (found.facility, found.bays, found.longest_queue, found.waited_s) == ("tip", 1, 1, 60)
    assert [(s.vehicle, s.stop, s.arrive_s, s.start_s, s.depart_s, s.waited_s) for s in found.slots] == [
        ("v0", 2, 70, 70, 170, 0),
        ("v1", 2, 110, 170, 270, 60),
    ]
    assert check(problem, as_if_alone(problem, [0, 40])).violations != ()


def test_two_bays_serve_two_at_once() -> None:
    problem = tip(3, 2)
    plan = retime(problem, as_if_alone(problem, [0, 0, 0]))
    assert check(problem, plan).violations == ()
    assert [r.stops[1].start_s for r in plan.routes] == [70, 70, 170]
    assert plan.routes[0].end_s == 230


def test_those_that_wait_for_nobody_stay_the_same_objects() -> None:
    problem = tip(3, 1)
    before = as_if_alone(problem, [0, 500, 540])
    after = retime(problem, before)
    assert after.routes[0] is before.routes[0]
    assert after.routes[1] is before.routes[1]
    assert after.routes[2] is not before.routes[2]
    assert retime(problem, after) is after


def test_waiting_is_paid_for_where_time_costs() -> None:
    problem = replace(tip(2, 1, duration_rate=3), fairness_weight=5)
    plan = retime(problem, as_if_alone(problem, [0, 0]))
    verdict = check(problem, replace(plan, terms={}))
    assert {v.code for v in check(problem, plan).violations} == {"mispriced"}, "the hand-made plan had no fairness term"
    assert verdict.terms["duration"] == 3 * (230 + 330)
    assert plan.terms["duration"] == verdict.terms["duration"]


def test_a_truck_leaves_later_instead_of_waiting() -> None:
    problem = tip(3, 1, duration_rate=1)
    plan = retime(problem, as_if_alone(problem, [0, 0, 0]))
    better = stagger(problem, plan)
    assert check(problem, better).violations == ()
    assert forecast(problem, plan)[0].waited_s == 300
    assert forecast(problem, better)[0].waited_s == 0
    assert better.cost == plan.cost - 300
    assert stagger(problem, plan, tries=0) is plan


def test_a_truck_does_not_leave_later_where_that_makes_work_late() -> None:
    problem = tip(2, 1)
    problem = replace(problem, tasks=tuple(replace(task, deadline_s=70) for task in problem.tasks))
    plan = retime(problem, as_if_alone(problem, [0, 0]))
    assert stagger(problem, plan) is plan


def test_a_break_is_taken_instead_of_waiting() -> None:
    problem = tip(2, 1)
    rest = Break("meal", (0, 800), 100)
    late = tuple(replace(task, deadline_s=70) for task in problem.tasks)
    problem = replace(problem, tasks=late, vehicles=(problem.vehicles[0], replace(problem.vehicles[1], breaks=(rest,))))
    alone = as_if_alone(problem, [0, 0])
    tipping = alone.routes[1].stops[1]
    meal = Stop("break", "meal", 0, (), 170, 170, 270, (0,))
    route = replace(alone.routes[1], stops=(alone.routes[1].stops[0], tipping, meal), end_s=330)
    plan = retime(problem, replace(alone, routes=(alone.routes[0], route)))
    assert check(problem, plan).violations == ()
    better = stagger(problem, plan)
    assert check(problem, better).violations == ()
    assert [stop.kind for stop in better.routes[1].stops] == ["task", "break", "facility"]
    assert better.routes[1].end_s == plan.routes[1].end_s - 100
    assert forecast(problem, better)[0].waited_s == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), bays=st.integers(1, 2), stay=st.integers(50, 600))
def test_a_retimed_plan_keeps_the_queue_as_the_checker_sees_it(seed: int, bays: int, stay: int) -> None:
    problem = point_problem(seed, vehicles=4)
    small = tuple(replace(v, capacity=(6,), shift=(0, 100_000), duration_rate=seed % 2) for v in problem.vehicles)
    problem = replace(problem, vehicles=small)
    plan = solve(problem, "greedy", Budget(), 0)[0]
    busy = replace(problem, facilities=(replace(problem.facilities[0], bays=bays, service_s=stay),))
    longer = solve(replace(busy, facilities=(replace(busy.facilities[0], bays=0),)), "greedy", Budget(), 0)[0]
    timed = retime(busy, longer)
    assert check(busy, timed).violations == ()
    assert [[s.ref for s in r.stops] for r in timed.routes] == [[s.ref for s in r.stops] for r in longer.routes]
    calm = stagger(busy, timed)
    assert check(busy, calm).violations == ()
    assert calm.cost <= timed.cost
    waits = [sum(entry.waited_s for entry in forecast(busy, one)) for one in (timed, calm)]
    assert waits[1] <= waits[0]
    assert retime(problem, plan) is plan


@pytest.mark.parametrize("bays", [0, 3])
def test_without_a_queue_nothing_changes(bays: int) -> None:
    problem = tip(3, bays)
    plan = as_if_alone(problem, [0, 0, 0])
    assert retime(problem, plan) is plan
    assert stagger(problem, plan) is plan
    assert forecast(problem, plan)[0].waited_s == forecast(problem, plan)[0].longest_queue == 0
