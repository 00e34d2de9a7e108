"""The commands `solve` and `check`: plain functions that print and return an exit code.

Costs are printed in the instance file's own unit.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any, TextIO

from routing.checker import check
from routing.engines.base import Attempt, Budget, Stopwatch
from routing.engines.registry import solve
from routing.errors import RoutingError
from routing.instances.instance import Instance
from routing.instances.read import read_instance, read_text
from routing.instances.solution import as_written, read_solution, with_faults, write_solution
from routing.plan import Plan, Verdict
from routing.validation.hindrances import hindrances

DEFAULT_SECONDS = 10.0
"""Budget of `solve` where neither seconds nor iterations are given."""

DONE, NO, BAD_INPUT, INTERNAL = 0, 1, 2, 70
"""Exit codes."""

VIOLATIONS_PRINTED = 50
"""Violations printed by `check`; the rest are counted."""

PROGRESS_EVERY_S = 0.2
"""Least time between two progress lines."""


def solve_command(
    instance: Path,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    engine: str = "auto",
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Solve a benchmark file and print what came out.

    0: a checked feasible plan with all mandatory work, 1: none, 2: bad input, 70: a fault of ours.
    """
    try:
        budget = _budget(seconds, iterations)
        read = read_instance(instance)
        if out is not None and (out.is_dir() or not out.parent.is_dir()):
            return _refuse(f"{out}: cannot be written; give a file in a folder that exists")
        progress = Progress(read, sys.stderr)
        watch = Stopwatch(budget.seconds)
        plan, attempts = solve(read.problem, engine, budget, seed, progress=progress.show)
        spent = watch.spent()
        progress.clear()
        plan = as_written(read, plan)
        verdict = check(read.problem, plan)
        if out is not None:
            out.write_text(write_solution(read, plan), encoding="utf-8")
    except RoutingError as error:
        return _refuse(f"{instance}: {error}" if str(instance) not in str(error) else str(error))
    except OSError as error:
        return _refuse(f"{out}: cannot be written ({error.strerror}); give another path")
    except Exception as error:  # a fault of ours is one line to whoever waits for a plan
        _refuse(f"{instance}: {type(error).__name__} inside the solver ({error}); report it with the file")
        return INTERNAL
    document = _solved(read, plan, verdict, attempts, spent, seed)
    print(json.dumps(document) if as_json else _words(read, document))
    mandatory = {task.id for task in read.problem.tasks if task.prize is None}
    left_out = any(entry.task in mandatory for entry in plan.unserved)
    return DONE if verdict.feasible and not left_out else NO


def check_command(instance: Path, sol: Path, as_json: bool = False) -> int:
    """Independent verdict on a solution file. 0: feasible and priced right, 1: not, 2: bad input."""
    try:
        read = read_instance(instance)
        plan, faults = read_solution(read, read_text(sol), str(sol))
    except RoutingError as error:
        named = any(str(path) in str(error) for path in (instance, sol))
        return _refuse(str(error) if named else f"{instance}: {error}")
    verdict = with_faults(check(read.problem, plan), faults)
    document: dict[str, Any] = {
        "instance": read.name,
        "feasible": verdict.feasible,
        "cost": read.cost_number(verdict.cost),
        "stated_cost": read.cost_number(plan.cost),
        "routes": len(plan.routes),
        "violations": [{"code": v.code, "where": v.where, "text": v.text} for v in verdict.violations],
    }
    if as_json:
        print(json.dumps(document))
    else:
        print(f"{read.name}: {'feasible' if verdict.feasible else 'not feasible'}, cost {read.cost_text(verdict.cost)}")
        for violation in verdict.violations[:VIOLATIONS_PRINTED]:
            print(f"{violation.code}: {violation.where}: {violation.text}")
        rest = len(verdict.violations) - VIOLATIONS_PRINTED
        if rest > 0:
            print(f"and {rest} more")
    return DONE if verdict.feasible else NO


class Progress:
    """One line on a terminal that says how far the search is; nothing where the stream is no terminal."""

    def __init__(self, instance: Instance, stream: TextIO) -> None:
        self._instance = instance
        self._stream = stream
        self._shown = stream.isatty()
        self._watch = Stopwatch(None)
        self._last_s = -math.inf
        self._best: int | None = None

    def show(self, engine: str, plan: Plan, verdict: Verdict) -> None:
        """Called with each checked plan."""
        if not self._shown or self._watch.spent() - self._last_s < PROGRESS_EVERY_S:
            return
        self._last_s = self._watch.spent()
        if verdict.feasible and (self._best is None or verdict.cost < self._best):
            self._best = verdict.cost
        cost = "no feasible plan yet" if self._best is None else f"cost {self._instance.cost_text(self._best)}"
        self._stream.write(f"\r\x1b[K{self._last_s:.1f} s  {engine}  {cost}")
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _budget(seconds: float | None, iterations: int | None) -> Budget:
    """Raises RoutingError where a budget is none."""
    if seconds is not None and not math.isfinite(seconds):
        raise RoutingError(f"a budget of {seconds} s: give a number of seconds")
    try:
        return Budget(DEFAULT_SECONDS if seconds is None and iterations is None else seconds, iterations)
    except ValueError as error:
        raise RoutingError(str(error)) from None


def _refuse(line: str) -> int:
    print(f"sweepline: {' '.join(line.split())}", file=sys.stderr)
    return BAD_INPUT


def _solved(
    read: Instance, plan: Plan, verdict: Verdict, attempts: list[Attempt], spent: float, seed: int
) -> dict[str, Any]:
    best = None if read.best_known is None else read.cost_number(read.best_known)
    return {
        "instance": read.name,
        "kind": read.kind,
        "cost": read.cost_number(verdict.cost),
        "feasible": verdict.feasible,
        "lower_bound": best if read.proven else None,
        "best_known": best,
        "gap_percent": read.gap_percent(verdict.cost),
        "engine": plan.engine,
        "seconds": round(spent, 2),
        "iterations": plan.iterations,
        "seed": seed,
        "routes": len(plan.routes),
        "around": [fault.line for fault in hindrances(read.problem)],
        "unserved": [{"task": entry.task, "reason": entry.reason} for entry in plan.unserved],
        "violations": [{"code": v.code, "where": v.where, "text": v.text} for v in verdict.violations],
        "attempts": [
            {
                "engine": a.engine,
                "cost": None if a.cost is None else read.cost_number(a.cost),
                "feasible": a.feasible,
                "seconds": round(a.seconds, 2),
                "iterations": a.iterations,
                "note": a.note,
            }
            for a in attempts
        ],
    }


def _words(read: Instance, document: dict[str, Any]) -> str:
    lines = [f"{read.name}: cost {document['cost']}"]
    if not document["feasible"]:
        lines[0] += " (not feasible)"
    if document["lower_bound"] is not None:
        lines.append(f"lower bound {document['lower_bound']}")
    if document["best_known"] is not None:
        lines.append(f"best known {document['best_known']} (gap {document['gap_percent']} %)")
    lines.append(f"engine {document['engine']}")
    lines.append(f"seconds {document['seconds']}")
    lines.append(f"iterations {document['iterations']}")
    lines.append(f"routes {document['routes']}")
    lines += [f"planned around {line}" for line in document["around"][:VIOLATIONS_PRINTED]]
    if document["unserved"]:
        lines.append(f"unserved {len(document['unserved'])}")
    return "\n".join(lines)
