"""Runs of one solver on one instance: ours and peers, each giving a Plan that our checker judges.

A peer gets the same parsed problem, the same tables of distances and the same processor seconds as we do, and no plan
to start from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import routing.engines.base as base
from routing.engines.base import Budget
from routing.engines.registry import engine_named, solve
from routing.errors import NoEngine
from routing.instances.instance import Instance
from routing.plan import Plan

OURS = ("auto", "greedy", "ruin", "pyvrp", "ortools")
"""Our portfolio, and our engines after our first plan."""

PEERS = ("pyvrp-alone", "ortools-gls", "ortools-ils", "vroom", "hgs-carp", "hgs-cvrp")
"""Solvers on their own."""

NO_LIMIT_S = 1e9
"""Wall time allowed past the budget: on a busy machine only processor time counts."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where peers outside this environment are; None leaves them out."""

    vroom_python: str | None = None
    hgs_carp: str | None = None
    hgs_cvrp: str | None = None
    wall_factor: float = 1.0
    """Wall seconds a processor second is worth to peers whose only clock is the wall (OR-Tools, VROOM)."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run. `stated` is what the peer says its plan costs, where it says so."""

    plan: Plan
    stated: int | None = None


def run(name: str, path: Path, instance: Instance, seconds: float, seed: int, programs: Programs) -> Run:
    """One run. Raises NoEngine with the reason where the solver cannot do this instance or found nothing."""
    base.WALL_SLACK_S = NO_LIMIT_S
    if name in OURS:
        plan, _ = solve(instance.problem, name, Budget(seconds=seconds), seed)
        return Run(plan)
    if name == "pyvrp-alone":
        return _pyvrp(instance, seconds, seed)
    if name in ("ortools-gls", "ortools-ils"):
        from bench.routing_ortools import solve_with_ortools

        return Run(solve_with_ortools(instance.problem, name == "ortools-ils", seconds, seed, programs.wall_factor))
    if name == "vroom":
        from bench.routing_outside import solve_with_vroom

        return Run(solve_with_vroom(instance, programs.vroom_python, seconds * programs.wall_factor))
    if name in ("hgs-carp", "hgs-cvrp"):
        from bench.routing_outside import solve_with_hgs

        program = programs.hgs_carp if name == "hgs-carp" else programs.hgs_cvrp
        plan, stated = solve_with_hgs(path, instance, name, program, seconds, seed)
        return Run(plan, stated)
    raise NoEngine(f"{name} is unknown: use {', '.join((*OURS, *PEERS))}")


def _pyvrp(instance: Instance, seconds: float, seed: int) -> Run:
    """PyVRP with its default parameters on the model our adapter makes, without a plan to start from."""
    engine = engine_named("pyvrp")
    refusal = engine.supports(instance.problem)
    if refusal is not None:
        raise NoEngine(refusal)
    last = None
    for plan in engine.solve(instance.problem, None, Budget(seconds=seconds), seed):
        last = plan
    if last is None:
        raise NoEngine("no plan within the budget")
    return Run(last)
