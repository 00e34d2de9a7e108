"""Compile every kernel into the cache: `python -m routing.engines.warm`, run once at set-up.

Solves tiny problems: one with cost alone, one with times, facilities, deadlines and forbidden turns, one with windows;
the first two also on the tables of large problems. All kernels are called with the argument types of one of them
whatever the problem, so one call compiles all there is.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from routing.engines.assemble import finder_for
from routing.engines.base import Budget
from routing.engines.matrix import matrix_for
from routing.engines.registry import solve
from routing.engines.ruin.engine import RuinEngine
from routing.engines.workbench import lay_out, shared_workbench
from routing.network import Network
from routing.paths.tables import SEARCHED
from routing.problem import Facility, Mode, Problem, Task, Vehicle

SIDE = 3
"""Streets of the square the problems are made of: SIDE + 1 nodes in a ring."""

STEPS = 200
"""Enough steps for every branch of the kernels to be reached; compiling needs only one."""


def ring(turns: bool) -> Problem:
    """A ring of streets driven both ways, each to be served; `turns` adds times, a facility and a forbidden turn."""
    nodes = SIDE + 1
    tail = np.array([*range(nodes), *range(nodes)], np.int64)
    head = np.array([*((i + 1) % nodes for i in range(nodes)), *((i - 1) % nodes for i in range(nodes))], np.int64)
    cost = np.full(len(tail), 10, np.int64)
    reverse = np.array([nodes + (i + 1) % nodes for i in range(nodes)] + [(i - 1) % nodes for i in range(nodes)])
    duration = cost if turns else np.zeros_like(cost)
    forbidden = frozenset({(0, 1)}) if turns else frozenset[tuple[int, int]]()
    network = Network(nodes, tail, head, cost, duration, cost, reverse.astype(np.int64), forbidden)
    tasks = tuple(
        Task(
            f"t{arc}",
            (
                Mode(int(tail[arc]), int(head[arc]), arc),
                Mode(int(head[arc]), int(tail[arc]), int(reverse[arc])),
            ),
            (1,),
            10,
            10,
            deadline_s=20 if turns else None,
            weight=2 if turns else 0,
        )
        for arc in range(nodes)
    )
    facilities = (Facility("store", 2, "reload", 5, 5),) if turns else ()
    shift = (0, 10_000) if turns else Vehicle("v", 0, 0, (3,), (0,)).shift
    vehicles = (Vehicle("v", 0, 0, (3,), (0,), shift), Vehicle("w", 0, 0, (3,), (0,), shift))
    return Problem(network, tasks, vehicles, facilities, ("salt",))


def with_hours(problem: Problem) -> Problem:
    """The same work, each task within a window, so that seconds and cost are counted apart."""
    return replace(problem, tasks=tuple(replace(task, window=(0, 5_000)) for task in problem.tasks))


def on_large_tables(problem: Problem) -> None:
    """Solve with the tables large problems get, made the way they are made there."""
    finder = finder_for(problem)
    for narrow in (False, True):
        finder.table([0] * (SEARCHED + 1), [0, 1], narrow)
    with shared_workbench():
        lay_out(problem, finder, matrix_for(problem, finder, narrow_from=0))
        for _ in RuinEngine().solve(problem, None, Budget(iterations=STEPS), 0):
            pass


def compile_for(problems: Sequence[Problem]) -> None:
    """Call every kernel these problems need; all but those found in the cache are compiled."""
    for problem in problems:
        solve(problem, "ruin", Budget(iterations=STEPS))
    for problem in problems[:1]:
        on_large_tables(problem)


def main() -> int:
    """Compile all, in two processes; say so in one line."""
    plain, timed = [ring(False)], [ring(True), with_hours(ring(True))]
    beside = multiprocessing.get_context("spawn").Process(target=compile_for, args=(plain,))
    beside.start()
    compile_for(timed)
    beside.join()
    # What both compiled at one time may be in the cache once only: this pass finds all there, or fills the gap.
    compile_for(plain)
    compile_for(timed)
    print("kernels compiled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
