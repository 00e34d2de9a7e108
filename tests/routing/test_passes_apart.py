"""Two passes of a street on one day, a gap apart: `auto` serves all wherever trying everything finds a way."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.insertion import insert
from routing.engines.registry import solve
from routing.engines.settle import settle
from routing.plan import Plan
from routing.problem import Mode, Problem, Profile, Repeat, Task, Vehicle
from routing.queues import retime
from tests.routing.brute import Ways
from tests.routing.routing_cases import edge_task, town

SEEDS = range(40)
STEPS = Budget(iterations=1_000)
Visit = tuple[int, int]  # task, mode


def passes_problem(seed: int, others: int = 3) -> Problem:
    """A street of two passes and points, one truck or two, windows on some, and a shift that is tight or not."""
    rng = random.Random(seed)
    net = town(seed, 4, 3, turns=0.05)
    street = rng.choice([a for a in range(net.arcs) if net.reverse[a] >= 0])
    first, second = (edge_task(net, f"pass {i}", street) for i in (1, 2))
    work = [first, second]
    for i in range(others):
        node, opens = rng.randrange(net.nodes), rng.choice([0, 0, 60, 150])
        window = (opens, opens + rng.choice([40, 120, 1_000]))
        work.append(Task(f"t{i}", (Mode(node, node),), (1,), rng.randint(5, 40), 5, window=window))
    if rng.random() < 0.4:
        early = rng.randrange(2)
        work[early] = replace(work[early], window=(0, rng.choice([60, 120])))
    gap = rng.choice([30, 80, 150, 250])
    shift = (0, gap + rng.choice([60, 90, 120, 200, 600]))
    fleet = tuple(
        Vehicle(f"v{i}", rng.randrange(net.nodes), rng.randrange(net.nodes), (9,), (0,), shift, fixed_cost=10)
        for i in range(rng.choice([1, 2]))
    )
    rate = rng.choice([0, 0, 1])
    fleet = tuple(replace(v, duration_rate=rate) for v in fleet)
    return Problem(net, tuple(work), fleet, (), ("kg",), repeats=(Repeat(("pass 1", "pass 2"), gap),))


def served_all(problem: Problem) -> bool:
    """Whether some dealing out, order, direction and order of passes serves all; each truck leaves at once."""
    ways = Ways(problem.network, Profile(""))
    everything = range(len(problem.tasks))
    for owner in itertools.product(range(len(problem.vehicles)), repeat=len(problem.tasks)):
        hands = [[i for i in everything if owner[i] == v] for v in range(len(problem.vehicles))]
        for orders in itertools.product(*(itertools.permutations(hand) for hand in hands)):
            for modes in itertools.product(*(range(len(task.modes)) for task in problem.tasks)):
                rounds = [[(i, modes[i]) for i in order] for order in orders]
                if any(kept(problem, ways, rounds, first) for first in (0, 1)):
                    return True
    return False


def kept(problem: Problem, ways: Ways, rounds: Sequence[Sequence[Visit]], first: int) -> bool:
    """Whether all are in time if pass `first` goes first and the other waits; the truck with the first drives first."""
    ended: int | None = None
    trucks = list(zip(problem.vehicles, rounds, strict=True))
    for vehicle, visits in sorted(trucks, key=lambda own: all(i != first for i, _ in own[1])):
        place, clock = (vehicle.start, -1), vehicle.shift[0]
        for i, number in visits:
            task = problem.tasks[i]
            mode = task.modes[number]
            way = ways.to_arc(place, mode.arc) if mode.arc >= 0 else ways.to_node(place, mode.tail)
            if way is None:
                return False
            clock = max(clock + way[1], task.window[0])
            if i == 1 - first:
                if ended is None:
                    return False
                clock = max(clock, ended + problem.repeats[0].gap_s)
            if clock > task.window[1]:
                return False
            clock += task.service_s
            ended = clock if i == first else ended
            place = (mode.head, mode.arc)
        home = ways.to_node(place, vehicle.end if vehicle.end is not None else place[0])
        if home is None or (visits and clock + home[1] > vehicle.shift[1]):
            return False
    return True


@pytest.mark.parametrize("seed", SEEDS)
def test_all_is_served_where_that_can_be(seed: int) -> None:
    problem = passes_problem(seed)
    plan, _ = solve(problem, "auto", STEPS, 1)
    assert check(problem, plan).violations == ()
    assert bool(plan.unserved) is not served_all(problem)


def test_the_seeds_hold_both_kinds() -> None:
    """Else the test above would show little."""
    possible = [served_all(passes_problem(seed, 2)) for seed in SEEDS]
    assert 5 <= sum(possible) <= len(possible) - 5


@pytest.mark.parametrize("seed", range(6))
def test_more_streets_of_two_passes(seed: int) -> None:
    """Six streets twice and twelve points, an hour apart, by two trucks with time enough: nothing is left out."""
    rng = random.Random(seed)
    net = town(seed, 6, 5)
    streets = rng.sample([a for a in range(net.arcs) if a < net.reverse[a]], 6)
    work = [edge_task(net, f"s{n} {i}", arc) for n, arc in enumerate(streets) for i in (1, 2)]
    nodes = [rng.randrange(net.nodes) for _ in range(12)]
    work += [Task(f"p{i}", (Mode(node, node),), (1,), 60, 60) for i, node in enumerate(nodes)]
    repeats = tuple(Repeat((f"s{n} 1", f"s{n} 2"), 3_600) for n in range(6))
    fleet = tuple(Vehicle(f"v{i}", 0, 0, (99,), (0,), (0, 7_200)) for i in range(2))
    problem = Problem(net, tuple(work), fleet, (), ("kg",), repeats=repeats)
    plan, _ = solve(problem, "auto", STEPS, 1)
    assert check(problem, plan).violations == ()
    assert plan.unserved == ()


def easy(seed: int) -> Problem:
    """One truck with time enough."""
    problem = passes_problem(seed)
    work = tuple(replace(task, window=(0, 5_000)) for task in problem.tasks)
    return replace(problem, tasks=work, vehicles=(replace(problem.vehicles[0], shift=(0, 5_000), duration_rate=0),))


def test_the_order_a_plan_states_is_kept_and_nobody_waits_longer_than_the_gap() -> None:
    problem = easy(3)
    plan, _ = solve(problem, "auto", STEPS, 1)
    assert retime(problem, plan) is plan
    assert any(s.start_s > s.arrive_s for route in plan.routes for s in route.stops if s.ref.startswith("pass"))
    later = retime(problem, plan, {route.vehicle: route.start_s + 7 for route in plan.routes})
    assert check(problem, later).violations == ()


def test_a_pass_put_into_a_running_plan_waits() -> None:
    problem = easy(0)
    half = insert(problem, Plan((), (), 0, "none", 0, 0), ["t0", "t1", "pass 1"])
    whole = settle(problem, insert(problem, half, ["t2", "pass 2"]))
    assert check(problem, whole).violations == ()
    assert whole.unserved == ()
