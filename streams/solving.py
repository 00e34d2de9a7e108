"""The solve itself, run in a child process: a problem in, a checked plan out. Killed by the parent when it overruns."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import threading
import time
import zlib
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from typing import Any

from models.ids import content_hash
from routing.checker import check
from routing.codec import plan_to_json, problem_to_json
from routing.plan import Plan, Verdict
from routing.problem import Problem
from routing.validation.hindrances import hindrances
from routing.validation.validate import require_valid

RUNNING = ("insert", "replan", "undo")
"""Modes that go on from a running plan."""
MEMORY_LIMIT = 4 * 1024**3
"""Address space of a solver child in bytes; the numba and OR-Tools libraries alone map more than one GiB."""

AROUND_KEPT = 50
"""Lines kept of what a plan was made around."""


@dataclass(frozen=True, slots=True)
class SolveTask:
    """`mode`: greedy, improve, insert, replan or undo. One of seconds and iterations is given for improve and replan.

    The last three start from `start`, a running plan; `wanted` goes into it.
    """

    problem: Problem
    mode: str
    start: Plan | None
    wanted: tuple[str, ...]
    seconds: float | None
    iterations: int | None
    seed: int


@dataclass(frozen=True, slots=True)
class SolveResult:
    """Plan, verdict, attempts and the snapshot that lets anyone recompute the verdict. `seconds` is wall time.

    `around` says in a line each what the plan had to be made around: a store that never opens, work nobody can reach.
    """

    plan: Plan
    verdict: Verdict
    attempts: tuple[dict[str, Any], ...]
    problem_bytes: bytes
    plan_bytes: bytes
    snapshot_hash: str
    seconds: float
    around: tuple[str, ...] = ()


def limit_child() -> None:
    """Run at the start of a child: a memory limit, so that a runaway solve dies instead of the machine; and it ends
    with its parent, however that ends, so that a killed planner leaves nobody behind."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, resource.getrlimit(resource.RLIMIT_AS)[1]))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def warm_child() -> None:
    """Load what a solve needs: libraries and compiled kernels."""
    from routing.engines import greedy, insertion, registry  # noqa: F401
    from routing.engines.ruin import engine  # noqa: F401


def _solve_running(task: SolveTask, start: Plan) -> tuple[Plan, list[dict[str, Any]]]:
    """What is left of a running plan, with the wanted work put in; `replan` then moves what pays for its move."""
    from routing.engines.assemble import finder_for
    from routing.engines.base import Attempt, Budget
    from routing.engines.insertion import insert
    from routing.engines.mend import mended, with_ways_home
    from routing.engines.registry import solve
    from routing.engines.settle import settle

    finder = finder_for(task.problem)
    base, out = mended(task.problem, finder, start)
    plan = settle(task.problem, insert(task.problem, base, [*task.wanted, *out], finder), finder)
    tried: list[Attempt] = []
    if task.mode == "replan":
        budget = Budget(seconds=task.seconds, iterations=task.iterations)
        plan, tried = solve(task.problem, "auto", budget, task.seed, plan)
    return with_ways_home(task.problem, finder, start, plan), [asdict(attempt) for attempt in tried]


def solve_child(task: SolveTask) -> SolveResult:
    """Solve, check, pack. Raises BadProblem where the problem contradicts itself, NoEngine where no plan came out."""
    from routing.engines.base import Budget
    from routing.engines.registry import solve

    began = time.perf_counter()
    require_valid(task.problem)
    attempts: list[dict[str, Any]] = []
    if task.start is not None and task.mode in RUNNING:
        plan, attempts = _solve_running(task, task.start)
    else:
        engine = "greedy" if task.mode == "greedy" else "auto"
        budget = Budget(seconds=task.seconds, iterations=task.iterations)
        plan, tried = solve(task.problem, engine, budget, task.seed, task.start)
        attempts = [asdict(attempt) for attempt in tried]
    verdict = check(task.problem, plan)
    problem_text = json.dumps(problem_to_json(task.problem), sort_keys=True, separators=(",", ":"))
    plan_text = json.dumps(plan_to_json(plan), sort_keys=True, separators=(",", ":"))
    return SolveResult(
        plan=plan,
        verdict=verdict,
        attempts=tuple(attempts),
        problem_bytes=zlib.compress(problem_text.encode(), 6),
        plan_bytes=zlib.compress(plan_text.encode(), 6),
        snapshot_hash=content_hash(problem_text),
        seconds=round(time.perf_counter() - began, 3),
        around=tuple(fault.line for fault in hindrances(task.problem)[:AROUND_KEPT]),
    )
