"""Points with a side of the street, turn costs, and breaks: the compiled search's plans as the checker sees them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.ruin.engine import RuinEngine
from routing.network import Network, TurnCosts
from routing.plan import Plan
from routing.problem import Break, Facility, Mode, Problem, Task, Vehicle
from tests.routing.brute import cheapest_plan
from tests.routing.routing_cases import street_problem, town

STEPS = Budget(iterations=3_000)


def solved(problem: Problem, seed: int = 1) -> Plan:
    """The search's plan, checked."""
    engine = RuinEngine()
    assert engine.supports(problem) is None
    plan = list(engine.solve(problem, None, STEPS, seed))[-1]
    assert check(problem, plan).violations == ()
    return plan


def turning(net: Network, seed: int) -> Network:
    """A third of the turns cost something, each its own."""
    pairs = [(a, b) for a in range(net.arcs) for b in range(net.arcs) if net.head[a] == net.tail[b]]
    some = np.array([pair for i, pair in enumerate(pairs) if (i + seed) % 3 == 0], np.int64)
    cost = np.arange(len(some), dtype=np.int64) % 17
    return replace(net, turn_costs=TurnCosts(some[:, 0].copy(), some[:, 1].copy(), cost, cost.copy()))


@pytest.mark.parametrize("seed", range(4))
def test_turns_are_paid_at_least_cost(seed: int) -> None:
    problem = street_problem(800 + seed, tasks=4, turns=0.1)
    work = tuple(replace(t, deadline_s=None, weight=0) for t in problem.tasks)
    problem = replace(problem, network=turning(problem.network, seed), tasks=work, facilities=())
    assert solved(problem).cost == cheapest_plan(problem)


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_point_on_one_side_of_the_street_is_come_to_by_that_side(seed: int, windows: bool) -> None:
    """Each point has a mode for every arc that leads to it; half of them count on one side only."""
    net = turning(town(seed, 5, 4, 0.1), seed)
    work = []
    for i, node in enumerate(range(3, 19, 2)):
        ways = [arc for arc in range(net.arcs) if net.head[arc] == node]
        kept = ways if i % 2 else ways[:1]
        window = (20 * i, 20 * i + 600) if windows else (0, 5_000)
        modes = tuple(Mode(node, node, via=arc) for arc in kept)
        work.append(Task(f"p{node}", modes, (1,), 5, 5, window=window))
    fleet = tuple(Vehicle(f"v{i}", 0, 0, (5,), (0,), (0, 5_000)) for i in range(3))
    problem = Problem(net, tuple(work), fleet, (Facility("f", 7, "unload", 9, 9),), ("bins",), unload_at_end=True)
    plan = solved(problem)
    assert plan.unserved == ()
    by_id = {task.id: task for task in problem.tasks}
    came = 0
    for route in plan.routes:
        last = -1
        for stop in route.stops:
            last = stop.arcs[-1] if stop.arcs else last
            if stop.kind == "task":
                assert last == by_id[stop.ref].modes[stop.mode].via
                came += 1
    assert came == len(work)


@pytest.mark.parametrize("seed", range(3))
def test_breaks_are_left_room_for(seed: int) -> None:
    problem = street_problem(810 + seed, tasks=10, vehicles=2)
    rest = Break("noon", (150, 500), 120)
    fleet = tuple(replace(v, shift=(0, 1_500), breaks=(rest,)) for v in problem.vehicles)
    plan = solved(replace(problem, vehicles=fleet))
    for route in plan.routes:
        taken = [stop for stop in route.stops if stop.kind == "break"]
        assert len(taken) == (1 if route.end_s > 500 else 0) or route.end_s - 120 <= 500
