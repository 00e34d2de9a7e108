"""The commands `solve` and `check`: plain functions that print and return an exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from routing.checker import check
from routing.engines.base import Attempt, Budget, Stopwatch
from routing.engines.registry import solve
from routing.errors import BadInstance, RoutingError
from routing.instances.instance import Instance
from routing.instances.read import read_instance, read_text
from routing.instances.solution import read_solution, with_faults, write_solution
from routing.plan import Plan, Verdict

DEFAULT_SECONDS = 10.0
"""Budget of `solve` where neither seconds nor iterations are given."""

DONE, NO, BAD_INPUT = 0, 1, 2
"""Exit codes."""

VIOLATIONS_PRINTED = 50
"""Violations printed by `check`; the rest are counted."""


def solve_command(
    instance: Path,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    engine: str = "auto",
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Solve a benchmark file and print what came out. 0: a checked feasible plan, 1: none, 2: bad input."""
    try:
        read = read_instance(instance)
        if seconds is None and iterations is None:
            seconds = DEFAULT_SECONDS
        watch = Stopwatch(seconds)
        plan, attempts = solve(read.problem, engine, Budget(seconds, iterations), seed)
        spent = watch.spent()
        verdict = check(read.problem, plan)
        if out is not None:
            out.write_text(write_solution(read, plan), encoding="utf-8")
    except (RoutingError, ValueError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{out}: cannot be written ({error.strerror}); give another path")
    served_all = not plan.unserved
    document = _solved(read, plan, verdict, attempts, spent, seed)
    print(json.dumps(document) if as_json else _words(document))
    return DONE if verdict.feasible and served_all else NO


def check_command(instance: Path, sol: Path, as_json: bool = False) -> int:
    """Independent verdict on a solution file. 0: feasible and priced right, 1: not, 2: bad input."""
    try:
        read = read_instance(instance)
        plan, faults = read_solution(read, read_text(sol), str(sol))
    except BadInstance as error:
        return _refuse(str(error))
    verdict = with_faults(check(read.problem, plan), faults)
    document: dict[str, Any] = {
        "instance": read.name,
        "feasible": verdict.feasible,
        "cost": verdict.cost,
        "stated_cost": plan.cost,
        "routes": len(plan.routes),
        "violations": [{"code": v.code, "where": v.where, "text": v.text} for v in verdict.violations],
    }
    if as_json:
        print(json.dumps(document))
    else:
        print(f"{read.name}: {'feasible' if verdict.feasible else 'not feasible'}, cost {verdict.cost}")
        for violation in verdict.violations[:VIOLATIONS_PRINTED]:
            print(f"{violation.code}: {violation.where}: {violation.text}")
        rest = len(verdict.violations) - VIOLATIONS_PRINTED
        if rest > 0:
            print(f"and {rest} more")
    return DONE if verdict.feasible else NO


def _refuse(line: str) -> int:
    print(f"sweepline: {' '.join(line.split())}", file=sys.stderr)
    return BAD_INPUT


def _solved(
    read: Instance, plan: Plan, verdict: Verdict, attempts: list[Attempt], spent: float, seed: int
) -> dict[str, Any]:
    best = read.best_known
    return {
        "instance": read.name,
        "kind": read.kind,
        "cost": verdict.cost,
        "feasible": verdict.feasible,
        "lower_bound": best if read.proven else None,
        "best_known": best,
        "gap_percent": round(100 * (verdict.cost - best) / best, 3) if best else None,
        "engine": plan.engine,
        "seconds": round(spent, 2),
        "iterations": plan.iterations,
        "seed": seed,
        "routes": len(plan.routes),
        "unserved": [{"task": entry.task, "reason": entry.reason} for entry in plan.unserved],
        "violations": [{"code": v.code, "where": v.where, "text": v.text} for v in verdict.violations],
        "attempts": [
            {
                "engine": a.engine,
                "cost": a.cost,
                "feasible": a.feasible,
                "seconds": round(a.seconds, 2),
                "iterations": a.iterations,
                "note": a.note,
            }
            for a in attempts
        ],
    }


def _words(document: dict[str, Any]) -> str:
    lines = [f"{document['instance']}: cost {document['cost']}"]
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
    if document["unserved"]:
        lines.append(f"unserved {len(document['unserved'])}")
    return "\n".join(lines)
