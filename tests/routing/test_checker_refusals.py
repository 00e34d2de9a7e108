"""The checker: a hand-checked plan passes, and each way of spoiling it is refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.checker import check
from routing.plan import Plan, Route, Stop, Unserved
from routing.problem import Facility, Mode, Problem, Task, Vehicle
from tests.routing.routing_cases import both_ways, edge_task, network

# A street 0 -1- 1 -2- 2 -3- 3, one-way back from 3 to 0 in 10 s. Arcs: 0: 0>1, 1: 1>0, 2: 1>2, 3: 2>1, 4: 2>3, 5: 3>2.
NET = network(4, [*both_ways((0, 1, 1), (1, 2, 2), (2, 3, 3)), (3, 0, 10)])
TASKS = (
    edge_task(NET, "a", 0, demand=(2,), deadline_s=1, weight=5),
    edge_task(NET, "b", 4, demand=(2,), skills=frozenset({"salt"}), window=(0, 100)),
    Task("c", (Mode(0, 0),), (1,), 4, 4, prize=50),
)
VEHICLE = Vehicle("v", 0, 0, (3,), (0,), (0, 200), frozenset({"salt"}), fixed_cost=7)
STORE = Facility("store", 1, "reload", 20, 20)
PROBLEM = Problem(NET, TASKS, (VEHICLE,), (STORE,), ("salt",))

# By hand: serve a 0>1 (0..2 s), store at 1 (2..22), drive 1>2 (24), serve b 2>3 (24..30), home by 3>0 (40).
STOPS = (
    Stop("task", "a", 0, (), 0, 0, 2, (2,)),
    Stop("facility", "store", 0, (), 2, 2, 22, (0,)),
    Stop("task", "b", 0, (2,), 24, 24, 30, (2,)),
)
ROUTE = Route("v", 0, STOPS, (6,), 40, 10 + 20 + 30 + 100, (2 + 10) + (2 + 20 + 6) + 7)
TERMS = {"travel": 12, "service": 28, "fixed": 7, "lateness": 5, "prizes": 50}
PLAN = Plan((ROUTE,), (Unserved("c", "prize"),), 102, "hand", 0, 0, TERMS)


def codes(plan: Plan, problem: Problem = PROBLEM) -> set[str]:
    verdict = check(problem, plan)
    assert verdict.feasible is (not verdict.violations)
    return {violation.code for violation in verdict.violations}


def with_stops(*stops: Stop, **route: object) -> Plan:
    return replace(PLAN, routes=(replace(ROUTE, stops=stops, **route),))  # type: ignore[arg-type]


def test_the_hand_checked_plan_is_feasible_and_its_terms_are_recomputed() -> None:
    verdict = check(PROBLEM, PLAN)
    assert verdict.violations == ()
    assert (verdict.cost, verdict.terms) == (102, {**TERMS, "duration": 0, "moves": 0, "fairness": 0})
    assert (verdict.distance_m, verdict.duration_s) == (160, 40)


def test_dropped() -> None:
    assert "dropped" in codes(with_stops(*STOPS[:2]))
    silent = replace(PLAN, unserved=(*PLAN.unserved, Unserved("b", " ")))
    assert "dropped" in codes(replace(silent, routes=(replace(ROUTE, stops=STOPS[:2]),)))


def test_a_mandatory_task_left_out_with_its_reason_is_feasible() -> None:
    home = Route("v", 0, STOPS[:1], (1,), 3, 20, 1 + 2 + 7)
    terms = {"travel": 1, "service": 2, "fixed": 7, "lateness": 5, "prizes": 50}
    left = (Unserved("b", "time"), Unserved("c", "prize"))
    assert codes(Plan((home,), left, 65, "hand", 0, 0, terms)) == set()


def test_an_optional_task_need_not_be_listed() -> None:
    assert codes(replace(PLAN, unserved=())) == set()


def test_doubled() -> None:
    assert "doubled" in codes(with_stops(*STOPS, STOPS[2]))
    assert "doubled" in codes(replace(PLAN, routes=(ROUTE, ROUTE)))
    assert "doubled" in codes(replace(PLAN, unserved=(*PLAN.unserved, Unserved("a", "time"))))


@pytest.mark.parametrize(
    "plan",
    [
        with_stops(replace(STOPS[0], ref="z"), *STOPS[1:]),
        with_stops(STOPS[0], replace(STOPS[1], ref="elsewhere"), STOPS[2]),
        with_stops(replace(STOPS[0], mode=2), *STOPS[1:]),
        with_stops(*STOPS, vehicle="w"),
        replace(PLAN, unserved=(*PLAN.unserved, Unserved("z", "time"))),
    ],
)
def test_unknown(plan: Plan) -> None:
    assert "unknown" in codes(plan)


def test_overloaded() -> None:
    assert "overloaded" in codes(with_stops(STOPS[0], replace(STOPS[2], used=(4,))))
    assert "overloaded" in codes(PLAN, replace(PROBLEM, vehicles=(replace(VEHICLE, initial_used=(2,)),)))


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, cost=101),
        replace(PLAN, terms={**TERMS, "travel": 11}),
        with_stops(*STOPS, cost=46),
        with_stops(*STOPS, distance_m=150),
    ],
)
def test_mispriced(plan: Plan) -> None:
    assert codes(plan) == {"mispriced"}


def test_path() -> None:
    assert "path" in codes(with_stops(STOPS[0], STOPS[1], replace(STOPS[2], arcs=())))
    assert "path" in codes(with_stops(STOPS[0], STOPS[1], replace(STOPS[2], arcs=(4,))))
    assert "path" in codes(with_stops(STOPS[0], STOPS[1], replace(STOPS[2], arcs=(99,))))
    wrong_way = replace(TASKS[0], modes=(Mode(0, 1, 1),))
    assert "path" in codes(PLAN, replace(PROBLEM, tasks=(wrong_way, *TASKS[1:])))


def test_turn() -> None:
    """Forbidding 1>2>3 bites where b is served after the leg; 2>3>0 where the way home follows b."""
    assert codes(PLAN, replace(PROBLEM, network=replace(NET, forbidden_turns=frozenset({(2, 4)})))) == {"turn"}
    assert codes(PLAN, replace(PROBLEM, network=replace(NET, forbidden_turns=frozenset({(4, 6)})))) == {"turn"}
    stopped = frozenset({(0, 2)})
    assert codes(PLAN, replace(PROBLEM, network=replace(NET, forbidden_turns=stopped))) == set(), "the store is between"


def test_window() -> None:
    late = replace(TASKS[1], window=(0, 23))
    assert codes(PLAN, replace(PROBLEM, tasks=(TASKS[0], late, TASKS[2]))) == {"window"}
    closed = replace(STORE, window=(0, 1))
    assert codes(PLAN, replace(PROBLEM, facilities=(closed,))) == {"window"}


def test_shift() -> None:
    assert codes(PLAN, replace(PROBLEM, vehicles=(replace(VEHICLE, shift=(0, 39)),))) == {"shift"}
    assert codes(PLAN, replace(PROBLEM, vehicles=(replace(VEHICLE, shift=(1, 200)),))) == {"shift"}


def test_skill() -> None:
    assert codes(PLAN, replace(PROBLEM, vehicles=(replace(VEHICLE, skills=frozenset()),))) == {"skill"}


def test_end() -> None:
    assert "end" in codes(with_stops(*STOPS, arcs_home=()))
    assert codes(PLAN, replace(PROBLEM, unload_at_end=True)) == {"end"}


def test_a_route_may_end_anywhere_where_the_vehicle_may() -> None:
    open_end = with_stops(*STOPS, arcs_home=(), end_s=30, distance_m=60, cost=37)
    terms = {**TERMS, "travel": 2}
    plan = replace(open_end, cost=92, terms=terms)
    assert codes(plan, replace(PROBLEM, vehicles=(replace(VEHICLE, end=None),))) == set()


def test_stated_times_and_loads_must_be_true() -> None:
    assert codes(with_stops(*STOPS[:2], replace(STOPS[2], arrive_s=23))) == {"time"}
    assert codes(with_stops(*STOPS, end_s=41)) == {"time"}
    assert codes(with_stops(replace(STOPS[0], used=(1,)), *STOPS[1:])) == {"load"}


def test_copies_of_an_unlimited_fleet_are_known_by_number() -> None:
    free = replace(PROBLEM, unlimited_fleet=True)
    assert codes(with_stops(*STOPS, vehicle="v#3"), free) == set()
    assert "unknown" in codes(PLAN, free)
    assert "unknown" in codes(with_stops(*STOPS, vehicle="v#x"), free)
