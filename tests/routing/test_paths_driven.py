"""Tours driven by profile, with turn costs and points that have a side: the checker agrees to every figure."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from routing.checker import check
from routing.engines.assemble import Tour, Visit, assemble, finder_for
from routing.engines.matrix import matrix_for
from routing.paths.search import UNREACHABLE
from routing.plan import Unserved
from routing.problem import Mode, Problem, Profile, Task, Vehicle
from tests.routing.routing_cases import Oracle, place_after, street_problem, way_to, with_turn_costs


def sided(seed: int) -> Problem:
    """Streets and points by one side, turn costs, a plain and a slow vehicle."""
    rng = random.Random(seed)
    base = street_problem(seed, tasks=8)
    net = with_turn_costs(base.network, seed)
    slow = np.array([int(c) + rng.randint(0, 9) for c in net.cost], np.int64)
    served = {mode.arc for task in base.tasks for mode in task.modes}
    closed = frozenset(rng.sample(sorted(set(range(net.arcs)) - served), 2))
    profile = Profile("slow", slow, slow, closed, work_percent=133)
    points = tuple(
        Task(f"p{i}", (Mode(int(net.head[arc]), int(net.head[arc]), via=arc),), (1,), 7, 7)
        for i, arc in enumerate(rng.sample(sorted(served), 4))
    )
    fleet = (
        Vehicle("plain", 0, 0, (40,), (0,), travel_rate=2),
        Vehicle("slow", 0, None, (40,), (0,), profile="slow", duration_rate=1),
    )
    return replace(base, network=net, tasks=base.tasks + points, vehicles=fleet, profiles=(profile,))


@pytest.mark.parametrize("seed", range(8))
def test_assembled_tours_pass_the_checker_whatever_the_profile(seed: int) -> None:
    problem = sided(seed)
    rng = random.Random(seed)
    order = rng.sample(range(len(problem.tasks)), len(problem.tasks))
    visits = [Visit(False, i, rng.randrange(len(problem.tasks[i].modes))) for i in order]
    visits.insert(3, Visit(True, 0, 0))
    half = len(visits) // 2
    tours = [Tour(0, "plain", tuple(visits[:half])), Tour(1, "slow", tuple(visits[half:]))]
    plan = assemble(problem, finder_for(problem), tours, (), "test", 0, 0)
    verdict = check(problem, plan)
    assert verdict.feasible, verdict.violations[:3]
    assert verdict.cost == plan.cost


@pytest.mark.parametrize("seed", range(4))
def test_the_matrix_of_a_profile_holds_its_own_least_costs(seed: int) -> None:
    problem = sided(seed)
    matrix = matrix_for(problem, finder_for(problem))
    modes = [mode for task in problem.tasks for mode in task.modes]
    for name, profile in (("", None), ("slow", problem.profiles[0])):
        oracle, own = Oracle(problem.network, profile), matrix.of(name)
        for i, first in enumerate(modes):
            for j, second in enumerate(modes):
                wanted = way_to(oracle, place_after(first), second)
                found = int(own.cost[own.mode_row[i], own.mode_column[j]])
                assert found == (UNREACHABLE if wanted is None else wanted)


def test_a_closed_street_keeps_its_work_from_that_vehicle() -> None:
    problem = sided(0)
    arcs = frozenset(mode.arc for mode in problem.tasks[0].modes)
    shut = replace(problem.profiles[0], closed=arcs)
    problem = replace(problem, profiles=(shut,))
    matrix = matrix_for(problem, finder_for(problem)).of("slow")
    assert matrix.cost[:, matrix.mode_column[0]].min() == UNREACHABLE
    plan = assemble(
        problem,
        finder_for(problem),
        [Tour(0, "plain", (Visit(False, 0, 0),))],
        [Unserved(task.id, "not asked for") for task in problem.tasks[1:]],
        "test",
        0,
        0,
    )
    assert check(problem, plan).feasible
