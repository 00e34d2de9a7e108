"""Contradictions are refused by name, all of them at once; what cannot be done is named and planned around."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from routing.engines.base import Budget
from routing.engines.registry import solve
from routing.errors import BadProblem
from routing.network import Network
from routing.paths.search import UNREACHABLE
from routing.problem import Break, Fixed, Mode, Problem, Profile, Repeat
from routing.validation.aside import set_aside
from routing.validation.hindrances import hindrances
from routing.validation.validate import PATH_LIMIT, require_valid, validate
from tests.routing.bad_cases import ASIDE, EDGE, GOOD, NET, POINT, REFUSED, STORE, TRUCK, array, task, truck, turn_costs
from tests.routing.routing_cases import point_problem, street_problem


@pytest.mark.parametrize("case", REFUSED)
def test_a_contradiction_is_named(case: str) -> None:
    problem, code, text = REFUSED[case]
    found = validate(problem)
    assert [fault for fault in found if fault.code == code and text in fault.line], [f.line for f in found]
    assert {fault.code for fault in found} == {code}
    assert all("\n" not in fault.line for fault in found)


@pytest.mark.parametrize("case", REFUSED)
def test_solve_refuses_it_with_the_same_words(case: str) -> None:
    problem, code, text = REFUSED[case]
    for engine in ("auto", "greedy", "ruin", "pyvrp", "ortools"):
        with pytest.raises(BadProblem) as caught:
            solve(problem, engine, Budget(iterations=10))
        assert text in str(caught.value)
        assert code in {fault.code for fault in caught.value.faults}


@pytest.mark.parametrize("problem", [GOOD, street_problem(1, turns=0.3), point_problem(2)])
def test_a_good_problem_has_no_fault_and_is_not_touched(problem: Problem) -> None:
    assert validate(problem) == []
    require_valid(problem)
    assert hindrances(problem) == []
    assert set_aside(problem).core is problem


def test_everything_the_schema_has_may_be_used() -> None:
    lorry = Profile("lorry", array(2, 2, 2, 2), array(3, 3, 3, 3), frozenset({1}), frozenset({(0, 2)}), 150)
    full = replace(
        GOOD,
        network=replace(NET, forbidden_turns=frozenset({(0, 1)}), turn_costs=turn_costs([0, 2], [2, 3], [4, 5])),
        tasks=(EDGE, replace(POINT, modes=(Mode(1, 1, -1, 0), Mode(1, 1, -1, 3)), prize=5, keep="truck", move_cost=9)),
        vehicles=(
            replace(
                TRUCK, breaks=(Break("b", (0, 5), 0),), frozen=(Fixed("facility", "store"), Fixed("task", "edge", 1))
            ),
            replace(TRUCK, id="second", profile="lorry", end=None, day=1, attachments=(frozenset({"x"}), frozenset())),
        ),
        facilities=(replace(STORE, bays=2, resets=(0,)),),
        profiles=(lorry,),
        repeats=(Repeat(("edge", "point"), 10, ((0, 1),)),),
        fairness_weight=3,
    )
    assert validate(full) == []


def test_all_faults_are_told_at_once_and_survive_the_way_out_of_a_process() -> None:
    bad = replace(task(demand=(-1,), service_s=-1), vehicles=(replace(TRUCK, start=9),))
    assert [fault.where for fault in validate(bad)] == ["vehicle truck", "task point", "task point"]
    with pytest.raises(
        BadProblem, match=r"vehicle truck: start 9 .*; task point: demand is -1.*; task point: ser"
    ) as caught:
        require_valid(bad)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.faults) == (str(caught.value), caught.value.faults)


def test_a_long_list_of_faults_is_cut_in_the_message_only() -> None:
    many = replace(GOOD, tasks=tuple(replace(POINT, id=str(i), demand=(-1,)) for i in range(30)))
    with pytest.raises(BadProblem, match="and 10 more") as caught:
        require_valid(many)
    assert len(caught.value.faults) == 30


def test_the_longest_way_stays_below_what_the_path_search_takes_for_no_way() -> None:
    """2^40 is reached by 1,100 arcs of 10^9 in a row, not by the same arcs beside each other."""
    assert PATH_LIMIT == UNREACHABLE
    line = Network(
        1_101, np.arange(1_100), np.arange(1, 1_101), *(np.full(1_100, 10**9) for _ in range(3)), np.full(1_100, -1)
    )
    long = replace(GOOD, network=line, tasks=(), facilities=(), vehicles=(replace(TRUCK, start=0, end=1_100),))
    assert {fault.code for fault in validate(long)} == {"limit"}
    beside = replace(line, nodes=2, tail=np.zeros(1_100, np.int64), head=np.ones(1_100, np.int64))
    assert validate(replace(long, network=beside, vehicles=(replace(TRUCK, start=0, end=1),))) == []


@pytest.mark.parametrize("case", ASIDE)
def test_what_nobody_can_do_is_named(case: str) -> None:
    problem, code, text, left = ASIDE[case]
    assert validate(problem) == []
    found = hindrances(problem)
    assert [fault for fault in found if fault.code == code and text in fault.line], [f.line for f in found]
    assert {entry.task: entry.reason for entry in set_aside(problem).unserved} == left


def test_windows_that_leave_no_gap_between_passes_are_named() -> None:
    def passes(*windows: tuple[int, int]) -> Problem:
        tasks = tuple(replace(POINT, id=f"p{i}", window=window) for i, window in enumerate(windows))
        return replace(GOOD, tasks=tasks, repeats=(Repeat(tuple(t.id for t in tasks), 60),))

    assert "the windows of p0 and p1 leave no gap of 60 s" in hindrances(passes((0, 50), (20, 64)))[0].text
    assert hindrances(passes((0, 50), (20, 65))) == []
    assert hindrances(passes((20, 65), (0, 50))) == []


def test_what_a_plan_is_bound_to_is_never_set_aside() -> None:
    bound = replace(
        truck(frozen=(Fixed("task", "point"), Fixed("facility", "store")), initial_used=(6,)),
        tasks=(EDGE, replace(POINT, demand=(9,))),
        facilities=(replace(STORE, window=(9, 3)),),
    )
    assert set_aside(bound).core is bound


def test_prizes_left_aside_are_counted_once() -> None:
    """One task nobody may do, worth 70: its prize is lost in every plan, also in one that is improved."""
    problem = replace(GOOD, tasks=(EDGE, replace(POINT, prize=70, skills=frozenset({"crane"}))))
    first, _ = solve(problem, "greedy")
    better, _ = solve(problem, "ruin", Budget(iterations=50), start=first)
    assert first.terms["prizes"] == better.terms["prizes"] == 70
    assert better.cost == first.cost == 10 + 20 + 20 + 70


def test_a_fleet_that_can_do_nothing_makes_a_plan_that_says_so() -> None:
    plan, attempts = solve(truck(initial_used=(6,)), "auto")
    assert plan.routes == ()
    assert {entry.task: entry.reason for entry in plan.unserved} == {"edge": "capacity", "point": "capacity"}
    assert [attempt.feasible for attempt in attempts] == [True]


def test_a_place_left_elsewhere_than_entered_leads_on() -> None:
    """A point may be entered and left at different nodes (a yard with two gates): what lies behind it is reachable."""
    yard = Network(4, array(0, 3), array(1, 0), *(array(5, 5) for _ in range(3)), array(-1, -1))
    gates = replace(POINT, id="yard", modes=(Mode(1, 3),))
    problem = Problem(yard, (gates,), (TRUCK,), (), ("salt",))
    assert (validate(problem), hindrances(problem)) == ([], [])
