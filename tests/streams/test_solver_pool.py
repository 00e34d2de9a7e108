"""Solves in child processes: whatever becomes of a child is told in one line, and the next solve has a fresh one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from routing.errors import BadProblem
from streams import solver_pool
from streams.solver_pool import SolverFailed, SolverPool, limit_of
from streams.solving import SolveTask
from tests.routing.routing_cases import street_problem
from tests.streams import bad_solvers

TASK = SolveTask(street_problem(1, tasks=3), "greedy", None, (), 1.0, None, 1)


@pytest.fixture
def pool() -> Iterator[SolverPool]:
    made = SolverPool(1)
    yield made
    made.close()


def run(pool: SolverPool, task: SolveTask = TASK) -> Any:
    return pool.result(task, pool.submit(task), False)


@pytest.mark.parametrize(
    ("solver", "words"),
    [
        (bad_solvers.dies, "process died"),
        (bad_solvers.starves, "out of memory"),
        (bad_solvers.stumbles, "ZeroDivisionError: by nothing"),
    ],
)
def test_a_child_that_fails_is_told_and_the_next_solve_is_done(
    pool: SolverPool, monkeypatch: pytest.MonkeyPatch, solver: Any, words: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(solver_pool, "solve_child", solver)
        with pytest.raises(SolverFailed, match=words):
            run(pool)
    assert run(pool).verdict.feasible


def test_a_child_that_hangs_is_killed(pool: SolverPool, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(solver_pool, "solve_child", bad_solvers.hangs)
        patch.setattr(solver_pool, "GREEDY_LIMIT_S", 0.4)
        with pytest.raises(SolverFailed, match="overran its limit of 1 s"):
            run(pool)
    assert run(pool).verdict.feasible


def test_a_problem_that_cannot_be_planned_is_told_with_its_faults(
    pool: SolverPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = replace(TASK, problem=replace(TASK.problem, vehicles=()))
    with pytest.raises(BadProblem, match="no vehicles") as caught:
        run(pool, bad)
    assert [fault.code for fault in caught.value.faults] == ["fleet"]
    monkeypatch.setattr(solver_pool, "solve_child", bad_solvers.refuses)
    with pytest.raises(BadProblem, match="demand is -1"):
        run(pool)


def test_the_solve_that_kills_its_process_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three solves share two processes; one dies. The other two bring their plans all the same."""
    monkeypatch.setattr(solver_pool, "solve_child", bad_solvers.dies_on_the_third_seed)
    pool = SolverPool(2)
    tasks = [replace(TASK, seed=seed) for seed in (3, 4, 5)]
    futures = [pool.submit(task) for task in tasks]
    with pytest.raises(SolverFailed, match="died"):
        pool.result(tasks[0], futures[0], True)
    for task, future in zip(tasks[1:], futures[1:], strict=True):
        assert pool.result(task, future, True).verdict.feasible
    pool.close()


def test_without_processes_it_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = SolverPool(0)
    assert run(pool).verdict.feasible
    for solver, error in ((bad_solvers.starves, SolverFailed), (bad_solvers.refuses, BadProblem)):
        monkeypatch.setattr(solver_pool, "solve_child", solver)
        with pytest.raises(error):
            run(pool)


def test_every_solve_has_a_limit() -> None:
    assert limit_of(TASK) == limit_of(replace(TASK, mode="insert", seconds=None)) == 75.0
    assert limit_of(replace(TASK, mode="improve", seconds=20.0)) == 60.0
    assert limit_of(replace(TASK, iterations=100, seconds=None)) == solver_pool.ITERATIONS_LIMIT_S


PARENT = """
from tests.streams import bad_solvers
from streams import solver_pool
from tests.streams.test_solver_pool import TASK

if __name__ == "__main__":
    solver_pool.solve_child = bad_solvers.hangs
    pool = solver_pool.SolverPool(1)
    pool.submit(TASK)
    while not pool._pool._processes:
        pass
    print(*pool._pool._processes, flush=True)
    pool._pool.shutdown()
"""


def test_a_killed_planner_leaves_no_solver_behind(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
    for _ in range(600):
        if not _alive(child):
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child is still there")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
