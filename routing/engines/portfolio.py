"""Which engines run on a problem, in which order, and how they share the time: by what it asks for, never by names.

Measured on single-thread CPU, 10 s, three or four instances of a kind (docs/benchmarks.md has all sets):

- work along streets: ruin & recreate is ahead of clients in groups (PyVRP) and of OR-Tools at every size;
- points with windows or releases: PyVRP, from scratch where they are few (RC2_2_4 of 200 tasks: the very same cost as
  PyVRP alone); of RC1_10_1 with prizes, 1,000 tasks, the greedy plan costs 258,074 after 0.6 s, PyVRP's from scratch
  279,384 to 285,823 after 10 s;
- plain points: ruin & recreate from the greedy plan, which takes 1 % of the time (X-n110-k13 15,006 against PyVRP's
  14,971, X-n214-k11 10,916 against 11,027, X-n502-k39 69,365 against 69,437);
- a limited fleet of several kinds: ruin & recreate (X261-HD 0.9 %, X351-HVRP 1.3 %, X524-HD 4.5 % below PyVRP);
- an unlimited one: PyVRP decides on sizes, ruin & recreate goes on from there (X134-FSMD 0.5 % below PyVRP alone,
  X303-FSMFD 1.8 % below, X176-FSMFD 0.6 % above; ruin & recreate alone is 15 % above on the first);
- points with trips to a facility and no windows: ruin & recreate, then PyVRP from its plan.

An engine that refuses only what a finished plan can be re-timed or re-priced for works on the problem without that
(`soften`), and OR-Tools goes on from its plan where the problem is small: on the salting of the demo city's districts
(some 2,500 modes, 20,000 iterations) its part took over three minutes of processor time a plan and had not ended.
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

SIZES_SHARE = 0.25
"""Share of the time for the choice of vehicles where each kind is there without limit."""

POLISH_MODES = 400
"""Modes up to which OR-Tools goes on from the plan of a softened problem."""

MAIN_SHARE = 0.85
"""Share of the time for street work in a limited fleet with facilities; the rest is for trips that would not fit."""

SCRATCH_TASKS = 400
"""Point work up to this size PyVRP begins from scratch."""

TINY_S = 1.0
"""Budgets below this begin with the greedy plan whatever comes next."""

TINY_ITERATIONS = 200
"""The same for iterations."""

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
    """The problem without what can be put into a finished plan: the longest route's price, queues, breaks, and gaps.

    Shifts are shorter by the breaks; passes that days do not part are work like any other.
    """
    return replace(
        problem,
        fairness_weight=0,
        repeats=tuple(repeat for repeat in problem.repeats if repeat.patterns),
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
    from_scratch = members[0].engine == "pyvrp" and len(problem.tasks) <= SCRATCH_TASKS and not _tiny(budget)
    return members if from_scratch else [*first, *members]


def _members(problem: Problem, named: Maker) -> list[Member]:
    """Engines after the first plan."""
    able = [name for name in ("ruin", "pyvrp") if named(name).supports(problem) is None]
    found = features(problem)
    if able:
        mend = [Member("packing", 0.5, if_left=True)] if named("packing").supports(problem) is None else []
        return _of_streets(able, mend) if Feature.STREETS in found else _of_points(problem, able, found, mend)
    softened = soften(problem)
    starters = [name for name in ("ruin", "pyvrp") if named(name).supports(softened) is None]
    last = [Member("ortools")]
    if not starters:
        return last
    if sum(len(task.modes) for task in problem.tasks) > POLISH_MODES:
        return [Member(starters[0], 1.0, softened)]
    return [Member(starters[0], STARTER_SHARE, softened), *last]


def _of_streets(able: list[str], mend: list[Member]) -> list[Member]:
    if not mend:
        return [Member(able[0])]
    return [Member(able[0], MAIN_SHARE), *mend, Member(able[0])]


def _of_points(problem: Problem, able: list[str], found: frozenset[Feature], mend: list[Member]) -> list[Member]:
    if Feature.FACILITIES in found:
        mend = [*mend, Member("ortools", if_left=True)]
    if len(able) == 1 or Feature.WINDOWS in found or Feature.RELEASES in found:
        return [Member(able[-1]), *mend]
    if Feature.FACILITIES in found:
        return [Member("ruin", 0.75), *mend, Member("pyvrp")]
    if Feature.MIXED_FLEET in found and problem.unlimited_fleet:
        return [Member("pyvrp", SIZES_SHARE), Member("ruin")]
    return [Member("ruin")]


def _tiny(budget: Budget | None) -> bool:
    if budget is None:
        return False
    brief = budget.seconds is not None and budget.seconds < TINY_S
    return brief or (budget.iterations is not None and budget.iterations < TINY_ITERATIONS)
