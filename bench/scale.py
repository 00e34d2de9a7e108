"""How far planning scales: `python -m bench.scale city --edges 11000 --turns --seconds 60`, `python -m bench.scale
districts --edges 100000`.

`city` plans a sweeping city in one: seconds of processor time to the first plan, the cost of path scanning, the cost
after the budget, the most memory held. `districts` plans one by districts, one after the other in this process, then
trades work at the borders. `--osm FILE` takes the streets of an extract instead of the seeded grid. Cities and work are
in `bench/cities.py`; every plan is checked. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from pathlib import Path

import numpy as np

import routing.engines.base
from bench.cities import City, grid_city, osm_city, sweeping
from routing.checker import check
from routing.districts import Points, by_labels, by_place, joined, solve_districts
from routing.engines.base import Budget, Stopwatch
from routing.engines.greedy import GreedyEngine
from routing.engines.registry import engine_named, solve
from routing.engines.workbench import shared_workbench, workbench
from routing.paths.tables import shared_contractions
from routing.plan import Plan
from routing.problem import Problem
from routing.streets.turns import TurnParams
from routing.trading import TradeParams, trade

CPU_ONLY_S = 1e9
"""Slack of wall time over processor time: budgets of these measurements count the processor alone."""


def one_city(city: City, seconds: float, seed: int) -> dict[str, object]:
    """Plan it in one: the tables, path scanning, then ruin & recreate up to `seconds` in all."""
    problem = sweeping(city)
    watch = Stopwatch(None)
    with shared_workbench():
        workbench(problem)
        tables_s = watch.spent()
        first = next(iter(GreedyEngine().solve(problem, None, Budget(), seed)))
        first_s, first_mb = watch.spent(), _most_mb()
        best = first
        if seconds > first_s:
            for plan in engine_named("ruin").solve(problem, first, Budget(seconds=seconds - first_s), seed):
                best = plan
    spent_s = watch.spent()
    return {
        "tasks": len(problem.tasks),
        "arcs": city.network.arcs,
        "turns": len(city.network.turn_costs),
        "tables_s": round(tables_s, 1),
        "first_s": round(first_s, 1),
        "first_cost": first.cost,
        "first_mb": first_mb,
        "spent_s": round(spent_s, 1),
        "cost": best.cost,
        "cheaper_pct": round(100 * (1 - best.cost / first.cost), 2),
        "left_out": len(best.unserved),
        "feasible": check(problem, first).feasible and check(problem, best).feasible,
        "most_mb": _most_mb(),
    }


def by_districts(city: City, tasks_each: int, seconds: float, trade_s: float, seed: int) -> dict[str, object]:
    """Districts of about `tasks_each` tasks, `seconds` of processor time each, `trade_s` at each border."""
    problem = sweeping(city)
    points = _places(city, problem)
    weights = np.array([task.service_s for task in problem.tasks], np.int64)
    districts = by_labels(by_place(points, weights, max(1, round(len(problem.tasks) / tasks_each))).tolist(), None)
    watch = Stopwatch(None)

    scanned: list[int] = []

    def planned(part: Problem, start: Plan | None) -> Plan:
        plan, tries = solve(part, "ruin", Budget(seconds=seconds if start is None else trade_s), seed, start)
        first = next((t.cost for t in tries if t.engine == "greedy" and t.cost), 0) if start is None else start.cost
        if start is None:
            scanned.append(first)
        figures = f"{len(part.tasks)} tasks, {first} to {plan.cost}, {watch.spent():.0f} s, {_most_mb()} MB"
        print(figures, file=sys.stderr, flush=True)
        return plan

    with shared_contractions():
        plans = solve_districts(problem, districts, planned)
        planned_s, before = watch.spent(), joined(problem, plans)
        traded, of_task = trade(problem, districts, plans, points, planned, TradeParams())
    after = joined(problem, traded)
    return {
        "tasks": len(problem.tasks),
        "arcs": city.network.arcs,
        "districts": districts.count,
        "planned_s": round(planned_s, 1),
        "first_cost": sum(scanned),
        "cost": before.cost,
        "traded_s": round(watch.spent(), 1),
        "traded_cost": after.cost,
        "cheaper_pct": round(100 * (1 - after.cost / before.cost), 2),
        "tasks_moved": int((of_task != districts.of_task).sum()),
        "left_out": len(after.unserved),
        "feasible": check(problem, after).feasible,
        "most_mb": _most_mb(),
    }


def _places(city: City, problem: Problem) -> Points:
    """The middle of each task's street, in degrees of latitude."""
    lines = [city.lines[task.modes[0].arc] for task in problem.tasks]
    points = np.array([line[len(line) // 2] for line in lines])
    points[:, 0] *= np.cos(np.radians(points[:, 1].mean()))
    return points


def _most_mb() -> int:
    """Most memory this process has held, in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure one city and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("city", "districts"))
    parser.add_argument("--edges", type=int, default=11_000, help="streets of the seeded grid")
    parser.add_argument("--osm", type=Path, help="streets of this extract instead")
    parser.add_argument("--turns", action="store_true", help="turns cost time, U-turns are forbidden by class")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="processor seconds in all; a district's with districts"
    )
    parser.add_argument("--each", type=int, default=5_000, help="tasks a district")
    parser.add_argument("--trade", type=float, default=5.0, help="processor seconds at each border")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    routing.engines.base.WALL_SLACK_S = CPU_ONLY_S
    city = osm_city(args.osm) if args.osm else grid_city(args.edges, args.seed)
    if args.turns:
        city = city.with_turns(TurnParams())
    if args.what == "city":
        body = one_city(city, args.seconds, args.seed)
    else:
        body = by_districts(city, args.each, args.seconds, args.trade, args.seed)
    print(json.dumps({"city": city.name, "seed": args.seed, **body}))


if __name__ == "__main__":
    main()
