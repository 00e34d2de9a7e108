"""The portfolio: which engine runs on which problem, for how long, and which plan wins.

Every plan is checked here before it counts; engines are judged by the checker's cost only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from routing.aside import Aside, set_aside
from routing.checker import check
from routing.engines.base import Attempt, Budget, Engine, Stopwatch
from routing.engines.settle import settle
from routing.engines.workbench import shared_workbench
from routing.errors import NoEngine, RoutingError
from routing.plan import Plan, Verdict
from routing.problem import Problem
from routing.validate import require_valid

DEFAULT_SECONDS = 10.0
"""Budget of a solve that names none."""

FIRST_SHARE = 0.25
"""Share of the time after which the first plan's engine tries no more rules."""

ENGINES = ("greedy", "ruin", "pyvrp", "ortools")
"""Names accepted besides `auto`."""


@dataclass(frozen=True, slots=True)
class _Best:
    plan: Plan
    verdict: Verdict


def engine_named(name: str) -> Engine:
    """The engine of that name. Its library is loaded when it solves, not here. Raises NoEngine."""
    makers: dict[str, Callable[[], Engine]] = {
        "greedy": _greedy,
        "ruin": _ruin,
        "pyvrp": _pyvrp,
        "ortools": _ortools,
    }
    if name not in makers:
        raise NoEngine(f"engine {name} is unknown: use auto, {', '.join(ENGINES)}")
    return makers[name]()


Progress = Callable[[str, Plan, Verdict], None]
"""Told of each checked plan by whichever engine made it."""


def solve(
    problem: Problem,
    engine: str = "auto",
    budget: Budget | None = None,
    seed: int = 0,
    start: Plan | None = None,
    progress: Progress | None = None,
) -> tuple[Plan, list[Attempt]]:
    """Best checked plan, and what each engine did.

    `start` is a plan to improve on; it is never made worse. The same problem, seed, start and iteration budget give the
    same plan. Raises NoEngine where the engine is unknown, where the named one does not
    support the problem, or where none made a plan; BadProblem, with all faults, where the problem contradicts itself.
    What nobody can do is set aside first (`routing.aside`) and listed unserved in the plan.
    """
    budget = budget if budget is not None else Budget(seconds=DEFAULT_SECONDS)
    if budget.seconds is None and budget.iterations is None:
        budget = Budget(seconds=DEFAULT_SECONDS)
    require_valid(problem)
    with shared_workbench():
        return _run(problem, engine, budget, seed, start, progress)


def _run(
    problem: Problem, engine: str, budget: Budget, seed: int, start: Plan | None, progress: Progress | None
) -> tuple[Plan, list[Attempt]]:
    watch = Stopwatch(budget.seconds)
    attempts: list[Attempt] = []
    best = None if start is None else _Best(start, check(problem, start))
    aside = set_aside(problem)
    if not aside.core.vehicles:
        plan = aside.whole(Plan((), (), 0, "greedy", seed, 0))
        return plan, [Attempt("greedy", plan.cost, True, watch.spent(), 0)]
    for name, share in portfolio(aside.core, engine):
        member = engine_named(name)
        refusal = member.supports(aside.core)
        if refusal is not None and name == engine:
            raise NoEngine(f"engine {name} does not solve this: {refusal}; use auto")
        if refusal is not None:
            attempts.append(Attempt(name, None, False, 0.0, 0, refusal))
            continue
        seconds = None if budget.seconds is None else max(0.0, watch.left() * share)
        part = replace(budget, seconds=seconds)
        warm = best.plan if best is not None and best.verdict.feasible else None
        best, attempt = _attempt(problem, aside, member, warm, part, seed, best, progress)
        attempts.append(attempt)
    if best is None:
        notes = "; ".join(f"{a.engine}: {a.note}" for a in attempts)
        raise NoEngine(f"no engine made a plan ({notes}): change the problem or name another engine")
    return best.plan, attempts


def portfolio(problem: Problem, engine: str) -> list[tuple[str, float]]:
    """Engines to run in order, each with its share of the time then left.

    A first plan always comes from `greedy`. `ruin` takes what it supports, and `pyvrp` has a go at its plan where the
    work is points with facilities; `pyvrp` takes windowed point work, and `ortools` what neither of these models.
    """
    if engine == "greedy":
        return [("greedy", 1.0)]
    if engine != "auto":
        return [("greedy", FIRST_SHARE), (engine, 1.0)]
    takes_ruin = engine_named("ruin").supports(problem) is None
    takes_pyvrp = engine_named("pyvrp").supports(problem) is None
    members: list[tuple[str, float]] = [("greedy", FIRST_SHARE)]
    if takes_ruin and takes_pyvrp and problem.facilities:
        members += [("ruin", 0.75), ("pyvrp", 1.0)]
    elif takes_ruin:
        members.append(("ruin", 1.0))
    elif takes_pyvrp:
        members.append(("pyvrp", 1.0))
    else:
        members.append(("ortools", 1.0))
    return members


def rank(problem: Problem, plan: Plan, verdict: Verdict) -> tuple[bool, int, int]:
    """Order of plans, best first: feasible, fewest mandatory tasks left out, cheapest."""
    mandatory = {task.id for task in problem.tasks if task.prize is None}
    return not verdict.feasible, sum(entry.task in mandatory for entry in plan.unserved), verdict.cost


def _attempt(
    problem: Problem,
    aside: Aside,
    engine: Engine,
    warm: Plan | None,
    budget: Budget,
    seed: int,
    best: _Best | None,
    progress: Progress | None,
) -> tuple[_Best | None, Attempt]:
    """Run one engine to its end; keep its best checked plan if it beats `best`. What it had when it failed counts."""
    watch = Stopwatch(None)
    own: _Best | None = None
    note = ""
    try:
        for part in engine.solve(aside.core, None if warm is None else aside.part(warm), budget, seed):
            plan = aside.whole(settle(aside.core, part))
            found = _Best(plan, check(problem, plan))
            if progress is not None:
                progress(engine.name, plan, found.verdict)
            if own is None or _order(problem, found) <= _order(problem, own):
                own = found
    except RoutingError as error:
        note = str(error)
    except MemoryError:
        note = "out of memory"
    if own is None:
        return best, Attempt(engine.name, None, False, watch.spent(), 0, note or "no plan within the budget")
    if not own.verdict.feasible:
        first = own.verdict.violations[0]
        note = f"{first.code} at {first.where}: {first.text}"
    attempt = Attempt(engine.name, own.verdict.cost, own.verdict.feasible, watch.spent(), own.plan.iterations, note)
    if best is None or _order(problem, own) < _order(problem, best):
        best = own
    return best, attempt


def _order(problem: Problem, entry: _Best) -> tuple[bool, int, int]:
    return rank(problem, entry.plan, entry.verdict)


def _greedy() -> Engine:
    from routing.engines.greedy import GreedyEngine

    return GreedyEngine()


def _ruin() -> Engine:
    from routing.engines.ruin.engine import RuinEngine

    return RuinEngine()


def _pyvrp() -> Engine:
    from routing.engines.pyvrp_engine import PyvrpEngine

    return PyvrpEngine()


def _ortools() -> Engine:
    from routing.engines.ortools_engine import OrtoolsEngine

    return OrtoolsEngine()
