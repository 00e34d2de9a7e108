"""Why a task is left out: by hand where one can count, and every relaxation tried and checked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.insertion import insert
from routing.engines.registry import solve
from routing.engines.settle import settle
from routing.engines.tickets import Tickets
from routing.explain import Change, Explanation, explain_unserved, relaxed
from routing.plan import Plan
from routing.problem import Facility, Mode, Problem, Task, Vehicle
from tests.routing.feature_cases import mixed_problem
from tests.routing.routing_cases import network, street_problem

EMPTY = Plan((), (), 0, "none", 0, 0)
LINE = network(4, [(0, 1, 10), (1, 0, 10), (1, 2, 10), (2, 1, 10), (2, 3, 100), (3, 2, 100)])
TRUCK = Vehicle("v", 0, 0, (2,), (0,), (0, 70))


def at(node: int, name: str, **more: object) -> Task:
    return replace(Task(name, (Mode(node, node),), (1,), 5, 5), **more)  # type: ignore[arg-type]


def explained(problem: Problem, name: str) -> Explanation:
    plan = insert(problem, EMPTY, [task.id for task in problem.tasks])
    assert [entry.task for entry in plan.unserved] == [name]
    (found,) = explain_unserved(problem, plan, Tickets(problem))
    return found


def test_a_full_truck_lacks_just_what_the_task_needs() -> None:
    problem = Problem(LINE, (at(1, "a"), at(1, "b"), at(2, "c", prize=None, demand=(1,))), (TRUCK,), (), ("kg",))
    found = explained(problem, "c")
    assert (found.reason, found.binds, found.together) == ("capacity", ("capacity",), False)
    more, another = found.relaxations
    assert more.changes == (Change("capacity", "v", 1, "kg"),)
    assert (more.vehicle, more.added_cost) == ("v", 20 + 5)
    assert another.changes == (Change("vehicle", "v", 1),)
    assert another.added_cost == 40 + 5


def test_a_shift_is_too_short_by_so_many_seconds() -> None:
    problem = Problem(LINE, (at(1, "a"), at(3, "far")), (TRUCK,), (), ("kg",))
    found = explained(problem, "far")
    assert (found.reason, found.binds) == ("time", ("time",))
    assert found.relaxations[0].changes == (Change("time", "v", 240 + 10 - 70),)
    assert found.relaxations[0].added_cost == 220 + 5


def test_a_window_a_skill_and_a_prize_bind_alone() -> None:
    early = explained(Problem(LINE, (at(2, "early", window=(0, 12)),), (TRUCK,), (), ("kg",)), "early")
    assert (early.binds, early.relaxations[0].changes) == (("window",), (Change("window", "early", 8),))
    icy = explained(Problem(LINE, (at(2, "icy", skills=frozenset({"salt"})),), (TRUCK,), (), ("kg",)), "icy")
    assert (icy.binds, icy.relaxations[0].changes) == (("skill",), (Change("skill", "v", 0, "salt"),))
    cheap = explained(Problem(LINE, (at(2, "cheap", prize=30),), (TRUCK,), (), ("kg",)), "cheap")
    assert (cheap.binds, cheap.relaxations[0].changes) == (("prize",), (Change("prize", "cheap", 15),))
    assert cheap.relaxations[0].added_cost == 45


def test_two_limits_bind_together() -> None:
    problem = Problem(LINE, (at(1, "a"), at(1, "b"), at(3, "far")), (replace(TRUCK, shift=(0, 200)),), (), ("kg",))
    found = explained(problem, "far")
    assert (set(found.binds), found.together) == ({"capacity", "time"}, True)
    assert {change.kind for change in found.relaxations[0].changes} == {"capacity", "time"}


def test_what_cannot_be_reached_has_no_relaxation() -> None:
    island = network(3, [(0, 1, 10), (1, 0, 10)])
    found = explained(Problem(island, (at(1, "a"), at(2, "isle")), (TRUCK,), (), ("kg",)), "isle")
    assert (found.reason, found.binds, found.relaxations) == ("reachability", (), ())


def holds(problem: Problem, plan: Plan, found: Explanation) -> None:
    """Every relaxation, applied, serves the task in a plan the checker has no quarrel with."""
    for entry in found.relaxations:
        wider = relaxed(problem, entry.changes)
        after = settle(wider, insert(wider, plan, [found.task]))
        assert check(wider, after).violations == (), entry
        assert found.task not in {left.task for left in after.unserved}, entry
        prize = next(task.prize for task in problem.tasks if task.id == found.task) or 0
        assert after.cost - plan.cost + prize == entry.added_cost


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 50_000))
def test_relaxations_are_true_under_every_rule(seed: int) -> None:
    problem = mixed_problem(seed)
    tight = tuple(replace(v, shift=(0, 250), capacity=tuple(5 for _ in v.capacity)) for v in problem.vehicles[:2])
    problem = replace(problem, vehicles=tight)
    plan = insert(problem, EMPTY, [task.id for task in problem.tasks])
    found = explain_unserved(problem, plan, Tickets(problem))
    assert [entry.task for entry in found] == [entry.task for entry in plan.unserved]
    for entry in found:
        holds(problem, plan, entry)


@pytest.mark.parametrize("bays", [0, 1])
def test_an_overloaded_day_has_an_explanation_for_each_task_left(bays: int) -> None:
    """Twenty-six streets, two trucks with time for half of them; with one bay at the store they queue as well."""
    problem = street_problem(8, tasks=26, vehicles=2)
    store = tuple(replace(facility, bays=bays) for facility in problem.facilities)
    day = tuple(replace(vehicle, shift=(0, 380)) for vehicle in problem.vehicles)
    problem = replace(problem, vehicles=day, facilities=store)
    plan = solve(problem, "greedy", Budget(), 0)[0]
    assert check(problem, plan).violations == ()
    assert len(plan.unserved) >= 8
    found = explain_unserved(problem, plan, Tickets(problem))
    assert [entry.task for entry in found] == [entry.task for entry in plan.unserved]
    for entry in found:
        assert entry.relaxations and "time" in entry.binds
        holds(problem, plan, entry)
    assert explain_unserved(problem, plan, Tickets(problem), [found[3].task]) == (found[3],)


def test_relaxed_changes_nothing_else() -> None:
    tip = Facility("tip", 1, "unload", 5, 5)
    problem = Problem(LINE, (at(1, "a"),), (TRUCK,), (tip,), ("kg",))
    wider = relaxed(problem, (Change("capacity", "v", 3, "kg"), Change("time", "v", 9), Change("vehicle", "v", 1)))
    assert wider.vehicles[0] == replace(TRUCK, capacity=(5,), shift=(0, 79))
    assert wider.vehicles[1] == replace(wider.vehicles[0], id="v+1")
    assert replace(wider, vehicles=problem.vehicles) == problem
