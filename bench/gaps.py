"""Gaps of `solve` to best-known values: python -m bench.gaps egl --seconds 10 --seeds 1 [--only s3-A]."""

from __future__ import annotations

import argparse
import json
import os
import statistics
from pathlib import Path
from typing import Any

from bench.machine import machine
from routing.checker import check
from routing.engines.base import Budget
from routing.engines.registry import solve
from routing.errors import RoutingError
from routing.instances.read import read_instance


def gap(path: Path, seconds: float, seed: int) -> dict[str, Any]:
    """One run: the checker's cost and its distance from best known in per cent."""
    instance = read_instance(path)
    plan, _ = solve(instance.problem, "auto", Budget(seconds=seconds), seed)
    verdict = check(instance.problem, plan)
    best = instance.best_known
    percent = None if best is None else round(100 * (verdict.cost - best) / best, 3)
    return {
        "instance": path.stem,
        "seed": seed,
        "cost": verdict.cost,
        "best_known": best,
        "gap_pct": percent,
        "feasible": verdict.feasible,
    }


def main() -> None:
    """Run a set and print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", help="folder of the shared benchmarks, as egl")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the file name")
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SWEEPLINE_SHARED", "../shared")))
    args = parser.parse_args()
    rows = []
    for path in sorted((args.shared / "benchmarks" / args.set).iterdir()):
        if args.only not in path.name or path.suffix in (".sol", ".csv", ".md"):
            continue
        for seed in range(1, args.seeds + 1):
            try:
                rows.append(gap(path, args.seconds, seed))
            except RoutingError as error:
                rows.append({"instance": path.stem, "error": str(error)})
    gaps = [row["gap_pct"] for row in rows if row.get("gap_pct") is not None]
    body = {"machine": machine(), "seconds": args.seconds, "rows": rows}
    if gaps:
        body["mean_gap_pct"], body["max_gap_pct"] = round(statistics.mean(gaps), 3), max(gaps)
    print(json.dumps(body, indent=1))


if __name__ == "__main__":
    main()
