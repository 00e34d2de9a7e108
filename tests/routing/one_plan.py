"""Run as a process of its own: solves one seeded problem and prints the plan's document. Arguments: engine, case."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

from routing.codec import plan_to_json
from routing.engines.base import Budget
from routing.engines.registry import solve
from routing.problem import Problem
from tests.routing.routing_cases import point_problem, street_problem


def cases() -> dict[str, Problem]:
    """One problem a kind of work; skills in sets and turns in sets, whose order is the process's own."""
    streets = street_problem(11, tasks=16, turns=0.3)
    marked = tuple(
        replace(t, skills=frozenset({"salt", "plough"}) if i % 3 else frozenset({"broom"}))
        for i, t in enumerate(streets.tasks)
    )
    able = frozenset({"salt", "plough", "broom"})
    streets = replace(streets, tasks=marked, vehicles=tuple(replace(v, skills=able) for v in streets.vehicles))
    points = point_problem(12, tasks=14)
    return {
        "streets": streets,
        "points": points,
        "windows": replace(
            points, tasks=tuple(replace(t, window=(60 * (i % 4), 1_500)) for i, t in enumerate(points.tasks))
        ),
    }


if __name__ == "__main__":
    problem = cases()[sys.argv[2]]
    plan, attempts = solve(problem, sys.argv[1], Budget(iterations=400), 5)
    told = [[a.engine, a.cost, a.feasible, a.iterations, a.note] for a in attempts]
    print(json.dumps([plan_to_json(plan), told], sort_keys=True))
