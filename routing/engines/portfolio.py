"""Which engines run on a problem, in which order, and how they share the time: by what it asks for, never by names.

Measured on single-thread CPU, 10 s, three or four instances of a kind (docs/benchmarks.md has all sets):

- work along streets: ruin & recreate is ahead of clients in groups (PyVRP) and of OR-Tools at every size;
- points with windows or releases: PyVRP from scratch; a first plan of ours only takes its time;
- points in a limited or mixed fleet, and plain ones: see `_of_points`.

An engine that refuses only what a finished plan can be re-timed or re-priced for works on the problem without that
(`soften`), and OR-Tools goes on from its plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from routing.engines.base import Budget, Engine
from routing.engines.features import Feature, features
from routing.problem import Problem, Vehicle

FIRST_SHARE = 0.25
"""Share of the time after which the first plan's engine tries no more rules."""

STARTER_SHARE = 0.6
"""Share of the time for an engine whose plan OR-Tools goes on from."""

TINY_S = 1.0
"""Budgets below this begin with the greedy plan whatever comes next."""

TINY_ITERATIONS = 200
"""The same for iterations."""

SMALL_TASKS = 0
"""Plain point work up to this size goes to PyVRP."""

Maker = Callable[[str], Engine]


@dataclass(frozen=True, slots=True)
class Member:
    """One engine's turn: its share of the time then left, and the problem it works on (None: the problem itself).

    `if_left`: only where the best plan so far leaves mandatory work out.
    """

    engine: str
    share: float = 1.0
    on: Problem | None = None
    if_left: bool = False


def soften(problem: Problem) -> Problem:
    """The problem without what can be put into a finished plan: the longest route's price, queues, and breaks.

    Shifts are shorter by the breaks.
    """
    return replace(
        problem,
        fairness_weight=0,
        facilities=tuple(replace(place, bays=0) for place in problem.facilities),
        vehicles=tuple(_rested(vehicle) for vehicle in problem.vehicles),
    )


def _rested(vehicle: Vehicle) -> Vehicle:
    rests = sum(rest.duration_s for rest in vehicle.breaks if rest.window[1] < vehicle.shift[1])
    return replace(vehicle, breaks=(), shift=(vehicle.shift[0], max(vehicle.shift[0], vehicle.shift[1] - rests)))


def portfolio(problem: Problem, engine: str, named: Maker, budget: Budget | None = None) -> list[Member]:
    """Engines to run in order. A named engine starts from the greedy plan unless it begins better from scratch."""
    if engine == "greedy":
        return [Member("greedy")]
    first = [Member("greedy", FIRST_SHARE)]
    if engine != "auto":
        return [Member(engine)] if engine == "pyvrp" and not _tiny(budget) else [*first, Member(engine)]
    members = _members(problem, named)
    from_scratch = members[0].engine == "pyvrp" and not _tiny(budget)
    return members if from_scratch else [*first, *members]


def _members(problem: Problem, named: Maker) -> list[Member]:
    """Engines after the first plan."""
    able = [name for name in ("ruin", "pyvrp") if named(name).supports(problem) is None]
    found = features(problem)
    if able:
        return _of_streets(able) if Feature.STREETS in found else _of_points(problem, able, found)
    softened = soften(problem)
    starters = [name for name in ("ruin", "pyvrp") if named(name).supports(softened) is None]
    last = [Member("ortools")]
    return [Member(starters[0], STARTER_SHARE, softened), *last] if starters else last


def _of_streets(able: list[str]) -> list[Member]:
    return [Member(able[0])]


def _of_points(problem: Problem, able: list[str], found: frozenset[Feature]) -> list[Member]:
    mend = [Member("ortools", if_left=True)] if Feature.FACILITIES in found else []
    if len(able) == 1:
        return [Member(able[0]), *mend]
    if Feature.WINDOWS in found or Feature.RELEASES in found:
        return [Member("pyvrp"), *mend]
    if Feature.FACILITIES in found:
        return [Member("ruin", 0.75), Member("pyvrp")]
    return [Member("pyvrp" if len(problem.tasks) <= SMALL_TASKS else "ruin")]


def _tiny(budget: Budget | None) -> bool:
    if budget is None:
        return False
    brief = budget.seconds is not None and budget.seconds < TINY_S
    return brief or (budget.iterations is not None and budget.iterations < TINY_ITERATIONS)
