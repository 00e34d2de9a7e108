"""What the compiled search models of a fleet: kinds, rates, commodities, frozen beginnings, priced moves."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.ruin.engine import RuinEngine
from routing.engines.ruin.lanes import lanes_for
from routing.plan import Plan
from routing.problem import HORIZON_S, Fixed, Mode, Problem, Profile, Task, Vehicle
from tests.routing.brute import cheapest_plan
from tests.routing.routing_cases import point_problem, street_problem, town

STEPS = Budget(iterations=4_000)


def solved(problem: Problem, seed: int = 1, budget: Budget = STEPS) -> Plan:
    """The search's plan, checked."""
    engine = RuinEngine()
    assert engine.supports(problem) is None
    plan = list(engine.solve(problem, None, budget, seed))[-1]
    assert check(problem, plan).violations == ()
    return plan


def streets(seed: int, tasks: int = 4, **more: object) -> Problem:
    """Streets without shops, shifts or deadlines."""
    problem = street_problem(seed, tasks=tasks, turns=0.2)
    free = tuple(replace(t, deadline_s=None, weight=0) for t in problem.tasks)
    crew = tuple(replace(v, shift=(0, HORIZON_S)) for v in problem.vehicles)
    return replace(problem, tasks=free, vehicles=crew, facilities=(), **more)


@pytest.mark.parametrize("seed", range(4))
def test_copies_of_several_kinds_are_chosen_best(seed: int) -> None:
    """A small cheap van, a large dear lorry, and one that starts elsewhere and pays by the second."""
    problem = streets(400 + seed, 5)
    base = problem.vehicles[0]
    fleet = (
        replace(base, id="van", capacity=(4,), fixed_cost=20),
        replace(base, id="lorry", capacity=(12,), fixed_cost=60, travel_rate=2),
        replace(base, id="far", capacity=(8,), start=3, end=9, fixed_cost=10, duration_rate=1),
    )
    problem = replace(problem, vehicles=fleet, unlimited_fleet=True)
    assert solved(problem).cost == cheapest_plan(problem)


@pytest.mark.parametrize("seed", range(3))
def test_vehicles_of_several_kinds_are_used_once(seed: int) -> None:
    problem = streets(420 + seed, 5)
    base = problem.vehicles[0]
    fleet = tuple(
        replace(base, id=f"v{i}", capacity=(5 + i,), fixed_cost=9 * i, travel_rate=1 + i, end=None if i == 2 else 0)
        for i in range(3)
    )
    problem = replace(problem, vehicles=fleet)
    best = cheapest_plan(problem)
    if best is None:
        assert solved(problem).unserved
    else:
        assert solved(problem).cost == best


@pytest.mark.parametrize("places", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_every_commodity_is_held_to(seed: int, places: bool) -> None:
    """Mass, volume and bins: what fits in two of them may not fit in the third."""
    problem = point_problem(430 + seed, tasks=4, vehicles=2, unload_at_end=places)
    work = tuple(
        replace(t, demand=((3 * i + seed) % 5, 7 - 2 * i, (2 * i + 1) % 4)) for i, t in enumerate(problem.tasks)
    )
    fleet = tuple(replace(v, capacity=(6, 9, 4), initial_used=(0, 0, 0)) for v in problem.vehicles)
    problem = replace(problem, tasks=work, vehicles=fleet, commodities=("kg", "l", "bins"))
    problem = problem if places else replace(problem, facilities=(), unlimited_fleet=True)
    assert solved(problem).cost == cheapest_plan(problem)


def test_lanes_add_and_compare_like_vectors() -> None:
    base = point_problem(1, tasks=3)
    for capacity in ((7, 5), (250_000_000, 3, 2**20), (9, 9, 9, 9), (10**9, 10**9, 10**9, 10**9)):
        tasks = tuple(replace(t, demand=tuple(c // (i + 2) for c in capacity)) for i, t in enumerate(base.tasks))
        zero = (0,) * len(capacity)
        crew = (Vehicle("v", 0, 0, capacity, zero),)
        problem = replace(base, tasks=tasks, vehicles=crew, commodities=tuple("abcd"[: len(capacity)]))
        lanes = lanes_for(problem)
        room = lanes.room(capacity)
        assert room < 1 << 63
        assert ((room - lanes.load(capacity)) & lanes.guard) == lanes.guard, "what fills it just fits"
        for a, b in itertools.product(tasks, repeat=2):
            fits = all(x + y <= c for x, y, c in zip(a.demand, b.demand, capacity, strict=True))
            word = ((room - lanes.load(a.demand) - lanes.load(b.demand)) & lanes.guard) == lanes.guard
            assert word == fits if len(capacity) < 4 or capacity[0] < 10 else word <= fits
        over = tuple(c + 1 for c in capacity)
        assert ((room - lanes.load(over)) & lanes.guard) == 0, "every lane says so"


@pytest.mark.parametrize("seed", range(3))
def test_a_slow_kind_takes_longer_and_costs_more(seed: int) -> None:
    problem = streets(440 + seed, 4)
    base = problem.vehicles[0]
    fleet = (replace(base, id="slow", profile="old", duration_rate=1), replace(base, id="fast", fixed_cost=25))
    problem = replace(problem, vehicles=fleet, profiles=(Profile("old", work_percent=133),))
    best = cheapest_plan(problem)
    if best is not None:
        assert solved(problem).cost == best


@pytest.mark.parametrize("seed", range(3))
def test_a_profile_drives_its_own_ways(seed: int) -> None:
    """A long lorry pays double on half the streets and may not drive one of them, nor turn as it likes."""
    problem = streets(445 + seed, 4)
    net = problem.network
    cost = np.where(np.arange(net.arcs) % 2 == 0, 2 * net.cost, net.cost)
    after = [(a, b) for a in range(0, net.arcs, 5) for b in range(net.arcs) if net.head[a] == net.tail[b]][::3]
    served = {mode.arc for task in problem.tasks for mode in task.modes}
    closed = frozenset({next(a for a in range(8, net.arcs) if a not in served)})
    long = Profile("long", cost=cost, closed=closed, forbidden_turns=frozenset(after))
    base = problem.vehicles[0]
    fleet = (replace(base, id="lorry", profile="long"), replace(base, id="van", capacity=(4,)))
    problem = replace(problem, vehicles=fleet, profiles=(long,))
    best = cheapest_plan(problem)
    if best is not None:
        assert solved(problem).cost == best


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_frozen_stops_stay_first_and_moves_are_paid(seed: int, timed: bool) -> None:
    problem = street_problem(450 + seed, tasks=5, turns=0.2) if timed else streets(450 + seed, 5)
    first, second = problem.vehicles
    names = [t.id for t in problem.tasks]
    begun = replace(first, frozen=(Fixed("task", names[0], 0), Fixed("task", names[1], 0)))
    work = tuple(
        replace(t, demand=(2,), keep=second.id if i == 2 else first.id, move_cost=15 * i)
        for i, t in enumerate(problem.tasks)
    )
    problem = replace(problem, tasks=work, vehicles=(begun, second))
    plan = solved(problem)
    own = next(route for route in plan.routes if route.vehicle == first.id)
    assert [stop.ref for stop in own.stops[:2]] == names[:2]
    best = cheapest_plan(problem)
    assert best is not None
    assert plan.cost == best if not timed else plan.cost >= best


def test_a_vehicle_with_nothing_but_frozen_stops_has_its_route() -> None:
    problem = streets(460, 3)
    first = replace(problem.vehicles[0], frozen=(Fixed("task", "t0", 0),), end=None)
    away = replace(problem.vehicles[1], travel_rate=1)
    tasks = tuple(replace(t, keep=away.id, move_cost=10_000) for t in problem.tasks)
    problem = replace(problem, tasks=tasks, vehicles=(first, away))
    plan = solved(problem)
    assert {route.vehicle: len(route.stops) for route in plan.routes} == {first.id: 1, away.id: 2}


def test_points_served_from_either_side_take_the_cheaper_one() -> None:
    """A point with two modes: one at a near node, one at a far one."""
    net = town(3, 4, 3)
    work = tuple(Task(f"p{i}", (Mode(11 - i, 11 - i), Mode(i + 1, i + 1)), (1,), 5, 5) for i in range(4))
    problem = Problem(net, work, (Vehicle("v", 0, 0, (4,), (0,)),), (), ("bins",))
    assert solved(problem).cost == cheapest_plan(problem)


def test_what_it_cannot_do_is_named() -> None:
    problem = streets(470)
    engine = RuinEngine()
    assert "commodities" in (engine.supports(replace(problem, commodities=tuple("abcdefg"))) or "")
    partly = replace(street_problem(1).facilities[0], resets=(0,))
    two = replace(problem, commodities=("salt", "brine"), facilities=(partly,))
    assert "resets" in (engine.supports(two) or "")
    assert engine.supports(problem) is None
