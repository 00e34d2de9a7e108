"""Trips packed into shifts: by hand where it can be seen, and as an engine of the portfolio."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.packing import LITERALS_MAX, Shift, Trip, pack
from routing.engines.registry import engine_named, solve
from routing.problem import HORIZON_S, Facility, Mode, Problem, Task, Vehicle
from tests.routing.routing_cases import both_ways, network

STEPS = Budget(iterations=2_000)


def trip(takes_s: int, opens_s: int = 0, closes_s: int = HORIZON_S, kinds: tuple[int, ...] = (0,)) -> Trip:
    takes = dict.fromkeys(kinds, takes_s)
    return Trip(opens_s, closes_s, 0, takes, dict.fromkeys(kinds, 1), 1_000)


def test_trips_that_greedy_would_misplace_all_fit() -> None:
    """6 5 4 3 into two shifts of nine: the longest first into the emptiest works, first come first served does not."""
    packed = pack([trip(3), trip(4), trip(5), trip(6)], [Shift(0, 0, 9, 0)] * 2, None, 1)
    assert packed is not None
    assert sorted(n for own in packed for n in own) == [0, 1, 2, 3]
    assert all(sum((3, 4, 5, 6)[n] for n in own) == 9 for own in packed)


def test_as_few_vehicles_as_may_be_where_each_costs() -> None:
    packed = pack([trip(3)] * 6, [Shift(0, 0, 9, 50)] * 4, None, 1)
    assert packed is not None
    assert sorted(len(own) for own in packed) == [0, 0, 3, 3]


def test_the_cheapest_trip_is_left_out() -> None:
    dear, cheap = trip(6), replace(trip(6), price=10)
    assert pack([cheap, dear], [Shift(0, 0, 9, 0)], None, 1) == [[1]]


def test_windows_set_the_order() -> None:
    packed = pack([trip(5, opens_s=5), trip(5, closes_s=0)], [Shift(0, 0, 10, 0)], None, 1)
    assert packed == [[1, 0]]


def test_trips_whose_windows_meet_need_two_vehicles() -> None:
    packed = pack([trip(5, closes_s=2), trip(5, closes_s=2)], [Shift(0, 0, 20, 0)] * 2, None, 1)
    assert packed is not None
    assert sorted(map(len, packed)) == [1, 1]


def test_a_kind_that_cannot_drive_a_trip_does_not() -> None:
    assert pack([trip(5, kinds=(1,)), trip(5)], [Shift(0, 0, 9, 0), Shift(1, 0, 9, 0)], None, 1) == [[1], [0]]


def test_a_model_that_would_be_too_large_is_not_built() -> None:
    shifts = [Shift(0, 0, 9, 0)] * 200
    assert pack([trip(3)] * (LITERALS_MAX // 200 + 1), shifts, None, 1) is None


def branches(lengths: tuple[int, ...]) -> Problem:
    """A depot that is the facility, and dead ends of these lengths, each a trip of its own for trucks that hold one."""
    net = network(len(lengths) + 1, both_ways(*((0, n, length) for n, length in enumerate(lengths, 1))))
    work = tuple(Task(f"t{n}", (Mode(n, n),), (1,), 0, 0) for n in range(1, len(lengths) + 1))
    fleet = tuple(Vehicle(f"v{k}", 0, 0, (1,), (0,), (0, 180)) for k in range(2))
    return Problem(net, work, fleet, (Facility("tip", 0, "unload", 0),), ("waste",))


@pytest.mark.parametrize("owed", [False, True])
def test_a_plan_of_trips_fills_both_shifts_to_the_brim(owed: bool) -> None:
    problem = replace(branches((30, 40, 50, 60)), unload_at_end=owed)
    plan, _ = solve(problem, "packing", STEPS, 1)
    verdict = check(problem, plan)
    assert verdict.violations == ()
    assert plan.unserved == ()
    assert plan.cost == 2 * (30 + 40 + 50 + 60)


def test_what_does_not_fit_is_left_out_with_its_reason() -> None:
    problem = branches((30, 40, 50, 60, 45))
    plan, _ = solve(problem, "packing", STEPS, 1)
    assert check(problem, plan).feasible
    assert [entry.reason for entry in plan.unserved] == ["time"]


def test_it_says_where_there_is_nothing_to_pack() -> None:
    problem = branches((30, 40))
    packing = engine_named("packing")
    assert packing.supports(problem) is None
    assert packing.supports(replace(problem, unlimited_fleet=True)) is not None
    assert packing.supports(replace(problem, facilities=())) is not None


def test_the_same_seed_and_steps_give_the_same_plan() -> None:
    problem = branches((30, 40, 50, 60, 45))
    assert solve(problem, "packing", STEPS, 3)[0] == solve(problem, "packing", STEPS, 3)[0]
