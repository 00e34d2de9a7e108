"""The portfolio at work: engines run one after the other, and the best checked plan wins.

Every plan is checked here before it counts; engines are judged by the checker's cost only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from routing.checker import check
from routing.engines.assemble import assemble, left_and_cost, tours_of
from routing.engines.base import Attempt, Budget, Engine, Stopwatch
from routing.engines.portfolio import Member, portfolio
from routing.engines.settle import settle
from routing.engines.workbench import shared_workbench, workbench
from routing.errors import NoEngine, RoutingError
from routing.plan import Plan, Verdict
from routing.problem import Problem
from routing.validation.aside import Aside, set_aside
from routing.validation.validate import require_valid

DEFAULT_SECONDS = 10.0
"""Budget of a solve that names none."""

OVERRUN, OVERRUN_S = 1.2, 1.0
"""An engine that takes more than so many times its share, and so many seconds more, has that noted."""

SURE_TASKS = 100
"""Tasks up to which work the first plan leaves out is tried by insertion from nothing."""

NOTE_MAX = 300
"""Characters kept of what an engine said as it failed."""

ENGINES = ("greedy", "insertion", "ruin", "pyvrp", "packing", "ortools")
"""Names accepted besides `auto`."""


@dataclass(frozen=True, slots=True)
class _Best:
    plan: Plan
    verdict: Verdict


def engine_named(name: str) -> Engine:
    """The engine of that name. Its library is loaded when it solves, not here. Raises NoEngine."""
    makers: dict[str, Callable[[], Engine]] = {
        "greedy": _greedy,
        "insertion": _sure,
        "ruin": _ruin,
        "pyvrp": _pyvrp,
        "packing": _packing,
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
    What nobody can do is set aside first (`routing.validation.aside`) and listed unserved in the plan.
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
    aside = set_aside(problem)
    race = _Race(problem, aside, Stopwatch(budget.seconds), budget, seed, progress)
    if start is not None:
        race.best = _Best(start, check(problem, start))
    if not aside.core.vehicles:
        plan = aside.whole(Plan((), (), 0, "greedy", seed, 0))
        return plan, [Attempt("greedy", plan.cost, True, race.watch.spent(), 0)]
    for member in portfolio(aside.core, engine, engine_named, budget):
        if member.engine == "greedy" and engine != "greedy" and race.warm() is not None:
            continue
        if member.if_left and not race.leaves_work():
            continue
        runner = engine_named(member.engine)
        refusal = runner.supports(member.on or aside.core)
        if refusal is not None and member.engine == engine:
            raise NoEngine(f"engine {engine} does not solve this: {refusal}; use auto")
        race.run(runner, member, refusal)
        if member.engine == "greedy" and race.wants_sure():
            race.run(engine_named("insertion"), Member("insertion", member.share), None)
    if race.warm() is None and all(attempt.engine != "greedy" for attempt in race.attempts):
        race.run(engine_named("greedy"), Member("greedy"), None)
    if race.warm() is None and all(attempt.engine != "insertion" for attempt in race.attempts):
        race.run(engine_named("insertion"), Member("insertion"), None)
    if race.best is None:
        notes = "; ".join(f"{a.engine}: {a.note}" for a in race.attempts)
        raise NoEngine(f"no engine made a plan ({notes}): change the problem or name another engine")
    return race.best.plan, race.attempts


@dataclass(slots=True)
class _Race:
    """Engines one after the other on one problem: the best checked plan so far, and what each did."""

    problem: Problem
    aside: Aside
    watch: Stopwatch
    budget: Budget
    seed: int
    progress: Progress | None = None
    best: _Best | None = None
    attempts: list[Attempt] = field(default_factory=list)

    def warm(self) -> Plan | None:
        """A plan to start from."""
        return self.best.plan if self.best is not None and self.best.verdict.feasible else None

    def leaves_work(self) -> bool:
        """Whether mandatory work somebody could do stays out of the best plan, or there is none."""
        warm = self.warm()
        return warm is None or left_and_cost(self.aside.core, self.aside.part(warm))[0] > 0

    def wants_sure(self) -> bool:
        """Whether the plan so far breaks a rule, or leaves out of little work some that somebody could do."""
        return self.warm() is None or (len(self.aside.core.tasks) <= SURE_TASKS and self.leaves_work())

    def run(self, engine: Engine, member: Member, refusal: str | None) -> None:
        """Give an engine its turn. Whatever it does, the best plan stands and its attempt is on record."""
        if refusal is not None:
            self.attempts.append(Attempt(engine.name, None, False, 0.0, 0, refusal))
            return
        seconds = None if self.budget.seconds is None else max(0.0, self.watch.left() * member.share)
        watch = Stopwatch(None)
        own, note = self._best_of(engine, member, replace(self.budget, seconds=seconds))
        spent = watch.spent()
        if seconds is not None and spent > OVERRUN * seconds + OVERRUN_S:
            note = note or f"took {spent:.1f} s of {seconds:.1f} s"
        if own is None:
            note = note or "no plan within the budget"
            self.attempts.append(Attempt(engine.name, None, False, spent, 0, note))
            return
        if not own.verdict.feasible:
            first = own.verdict.violations[0]
            note = note or f"{first.code} at {first.where}: {first.text}"
        verdict = own.verdict
        self.attempts.append(Attempt(engine.name, verdict.cost, verdict.feasible, spent, own.plan.iterations, note))
        if self.best is None or self._order(own) < self._order(self.best):
            self.best = own

    def _best_of(self, engine: Engine, member: Member, budget: Budget) -> tuple[_Best | None, str]:
        """(best plan it yielded before it ended or failed, how it failed)."""
        own: _Best | None = None
        warm = self.warm()
        on = member.on or self.aside.core
        try:
            for part in engine.solve(on, None if warm is None else self.aside.part(warm), budget, self.seed):
                core = part if member.on is None else _priced(self.aside.core, part)
                plan = self.aside.whole(settle(self.aside.core, core))
                found = _Best(plan, check(self.problem, plan))
                if self.progress is not None:
                    self.progress(engine.name, plan, found.verdict)
                if own is None or self._order(found) <= self._order(own):
                    own = found
        except RoutingError as error:
            return own, str(error)
        except MemoryError:
            return own, "out of memory"
        except Exception as error:  # an engine's fault is its own: the plan that stands must survive it
            return own, f"failed: {type(error).__name__}: {' '.join(str(error).split())}"[:NOTE_MAX]
        return own, ""

    def _order(self, entry: _Best) -> tuple[bool, int, int]:
        return rank(self.problem, entry.plan, entry.verdict)


def _priced(problem: Problem, plan: Plan) -> Plan:
    """A plan of a softened problem, timed and priced by the rules of the problem itself."""
    finder, _ = workbench(problem)
    return assemble(problem, finder, tours_of(problem, plan), plan.unserved, plan.engine, plan.seed, plan.iterations)


def rank(problem: Problem, plan: Plan, verdict: Verdict) -> tuple[bool, int, int]:
    """Order of plans, best first: feasible, fewest mandatory tasks left out, cheapest."""
    mandatory = {task.id for task in problem.tasks if task.prize is None}
    return not verdict.feasible, sum(entry.task in mandatory for entry in plan.unserved), verdict.cost


def _greedy() -> Engine:
    from routing.engines.greedy import GreedyEngine

    return GreedyEngine()


def _ruin() -> Engine:
    from routing.engines.ruin.engine import RuinEngine

    return RuinEngine()


def _pyvrp() -> Engine:
    from routing.engines.pyvrp_engine import PyvrpEngine

    return PyvrpEngine()


def _packing() -> Engine:
    from routing.engines.packing_engine import PackingEngine

    return PackingEngine((_ruin(), _pyvrp()))


def _ortools() -> Engine:
    from routing.engines.ortools_engine import OrtoolsEngine

    return OrtoolsEngine()


def _sure() -> Engine:
    from routing.engines.sure import SureEngine

    return SureEngine()
