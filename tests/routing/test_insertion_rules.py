"""Insertion under every rule of a Problem, held against the checker and against trying every place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.checker import check
from routing.engines.assemble import Tour, Visit, finder_for, price, time_route, tours_of
from routing.engines.insertion import insert
from routing.engines.removal import without
from routing.engines.settle import settle
from routing.errors import NoPath
from routing.plan import Plan, Unserved
from routing.problem import Facility, Fixed, Mode, Problem, Repeat, Task, Vehicle
from tests.routing.feature_cases import mixed_problem
from tests.routing.routing_cases import network

EMPTY = Plan((), (), 0, "none", 0, 0)


def filled(problem: Problem, without_tasks: set[str]) -> Plan:
    return insert(problem, EMPTY, [task.id for task in problem.tasks if task.id not in without_tasks])


def accounted(problem: Problem, plan: Plan) -> list[str]:
    """Violations but for tasks nobody asked to be put in."""
    asked = {stop.ref for route in plan.routes for stop in route.stops} | {entry.task for entry in plan.unserved}
    rest = replace(
        problem,
        tasks=tuple(task for task in problem.tasks if task.id in asked),
        repeats=tuple(repeat for repeat in problem.repeats if set(repeat.tasks) <= asked),
    )
    return [f"{v.code} {v.where} {v.text}" for v in check(rest, plan).violations]


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_whatever_the_rules_the_checker_agrees(seed: int) -> None:
    problem = mixed_problem(seed)
    plan = settle(problem, filled(problem, set()))
    assert check(problem, plan).violations == ()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_a_ticket_goes_where_it_costs_least_of_all_places(seed: int) -> None:
    """Every gap, mode and facility before or after, each timed and checked as a whole plan; starts are kept."""
    problem = replace(mixed_problem(seed, tasks=6), repeats=())
    before = filled(problem, {"t5"})
    after = insert(problem, before, ["t5"])
    assert accounted(problem, after) == []
    costs = list(costs_of_all_places(problem, before, "t5"))
    if any(entry.task == "t5" for entry in after.unserved):
        assert costs == []
    else:
        assert after.cost == min(costs)


def costs_of_all_places(problem: Problem, plan: Plan, name: str) -> list[int]:
    finder = finder_for(problem)
    index = next(i for i, task in enumerate(problem.tasks) if task.id == name)
    tours = tours_of(problem, plan)
    busy = {tour.name for tour in tours}
    tours += [Tour(i, v.id, ()) for i, v in enumerate(problem.vehicles) if v.id not in busy]
    starts = {route.vehicle: route.start_s for route in plan.routes}
    unserved = [entry for entry in plan.unserved if entry.task != name]
    places: list[tuple[Visit, ...]] = [(), *((Visit(True, f, 0),) for f in range(len(problem.facilities)))]
    pairs = [((), ()), *((p, ()) for p in places[1:]), *(((), p) for p in places[1:])]
    found: list[int] = []
    for options in (pairs, [(p, q) for p in places[1:] for q in places[1:]]):
        for number, tour in enumerate(tours):
            for gap in range(len(tour.visits) + 1):
                for mode in range(len(problem.tasks[index].modes)):
                    for first, then in options:
                        visits = (*tour.visits[:gap], *first, Visit(False, index, mode), *then, *tour.visits[gap:])
                        trial = [*tours[:number], Tour(tour.vehicle, tour.name, visits), *tours[number + 1 :]]
                        try:
                            timed = [time_route(problem, finder, t, starts.get(t.name)) for t in trial if t.visits]
                        except NoPath:
                            continue
                        made = price(problem, timed, unserved, "all", 0, 0)
                        if not accounted(problem, made):
                            found.append(made.cost)
        if found:
            return found
    return found


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), many=st.integers(1, 4))
def test_what_is_taken_out_leaves_the_rest_as_it_was(seed: int, many: int) -> None:
    problem = replace(mixed_problem(seed, features=("turn costs", "profiles", "unload", "sides")), repeats=())
    plan = filled(problem, set())
    served = [stop.ref for route in plan.routes for stop in route.stops if stop.kind == "task"]
    gone = served[::2][:many]
    after = without(problem, finder_for(problem), plan, gone, "time")
    assert check(problem, after).violations == ()
    assert [stop.ref for route in after.routes for stop in route.stops if stop.kind == "task"] == [
        name for name in served if name not in gone
    ]
    assert {entry.task for entry in after.unserved} == set(gone) | {entry.task for entry in plan.unserved}


LINE = network(4, [(0, 1, 10), (1, 0, 10), (1, 2, 10), (2, 1, 10), (2, 3, 10), (3, 2, 10)])


def stop_at(node: int, name: str, **more: object) -> Task:
    return replace(Task(name, (Mode(node, node),), (1,), 5, 5), **more)  # type: ignore[arg-type]


def test_nothing_goes_in_before_a_frozen_stop() -> None:
    truck = Vehicle("v", 0, 0, (9,), (0,), (0, 1_000))
    problem = Problem(LINE, (stop_at(3, "far"), stop_at(1, "near")), (truck,), (), ("kg",))
    before = filled(problem, {"near"})
    held = replace(problem, vehicles=(replace(truck, frozen=(Fixed("task", "far"),)),))
    after = insert(held, before, ["near"])
    assert check(held, after).violations == ()
    assert [stop.ref for stop in after.routes[0].stops] == ["far", "near"]
    late = replace(held, tasks=(held.tasks[0], replace(held.tasks[1], window=(0, 20))))
    assert insert(late, before, ["near"]).unserved == (Unserved("near", "window"),)


def test_a_move_is_made_only_where_it_pays() -> None:
    trucks = tuple(
        Vehicle(name, 0, 0, (9,), (0,), (0, 1_000), fixed_cost=fixed) for name, fixed in (("a", 50), ("b", 0))
    )
    for price_, taker in ((40, "b"), (60, "a")):
        work = (stop_at(1, "t", keep="a", move_cost=price_),)
        plan = insert(Problem(LINE, work, trucks, (), ("kg",)), EMPTY, ["t"])
        assert [route.vehicle for route in plan.routes] == [taker]
        assert plan.terms["moves"] == (price_ if taker == "b" else 0)


def test_passes_go_in_apart_or_stay_out() -> None:
    work = (stop_at(1, "first"), stop_at(1, "second"))
    truck = Vehicle("v", 0, 0, (9,), (0,), (0, 60))
    problem = Problem(LINE, work, (truck,), (), ("kg",), repeats=(Repeat(("first", "second"), gap_s=40),))
    assert [entry.task for entry in filled(problem, set()).unserved] == ["second"]
    second = replace(truck, id="w", shift=(50, 200))
    both = filled(replace(problem, vehicles=(truck, second)), set())
    assert check(replace(problem, vehicles=(truck, second)), both).violations == ()
    assert both.unserved == ()


@pytest.mark.parametrize("resets", [(0,), (1,)])
def test_a_facility_empties_only_its_own_commodity(resets: tuple[int, ...]) -> None:
    work = tuple(replace(stop_at(2, f"t{i}"), demand=(1, 0)) for i in range(3))
    truck = Vehicle("v", 0, 0, (2, 2), (0, 0), (0, 1_000))
    tip = Facility("tip", 3, "unload", 5, 5, resets=resets)
    plan = filled(Problem(LINE, work, (truck,), (tip,), ("waste", "food")), set())
    assert [entry.reason for entry in plan.unserved] == ([] if resets == (0,) else ["capacity"])
