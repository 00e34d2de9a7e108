"""The engine around the compiled search: what it supports, cooling, budgets, reading out plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from routing.engines.assemble import assemble, tours_of
from routing.engines.attachments import fitted
from routing.engines.base import Budget, Stopwatch
from routing.engines.reasons import CAPACITY, TIME, impossible, left_out
from routing.engines.ruin.annealing import Search
from routing.engines.ruin.cooling import cool
from routing.engines.ruin.fairness import fair_plans
from routing.engines.ruin.layout import FAR
from routing.engines.ruin.model import Model, build
from routing.engines.ruin.params import RuinParams
from routing.engines.ruin.plain.model import build as build_plain
from routing.engines.ruin.plain.model import is_plain
from routing.engines.ruin.plain.state import PlainSearch
from routing.engines.ruin.support import COST, unsupported
from routing.engines.ruin.tours import tours_from
from routing.engines.workbench import workbench
from routing.paths.search import PathFinder
from routing.plan import Plan, Unserved
from routing.problem import Problem


class RuinEngine:
    """Ruin & recreate for edges, arcs and points. One iteration is one ruin-and-recreate step."""

    name = "ruin"

    def __init__(self, params: RuinParams | None = None) -> None:
        self.params = params if params is not None else RuinParams()

    def supports(self, problem: Problem) -> str | None:
        """See `unsupported`."""
        return unsupported(fitted(problem).problem)

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        """Yield a plan after each cooling cycle that found a better one."""
        fit = fitted(problem, start)
        yield from (fit.back(plan) for plan in self._solve(fit.problem, fit.start, budget, seed))

    def _solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        watch = Stopwatch(budget.seconds)
        finder, matrix = workbench(problem)
        hopeless = {
            i: reason
            for i, task in enumerate(problem.tasks)
            if (reason := impossible(problem, finder, task)) is not None
        }
        frozen = {stop.ref for vehicle in problem.vehicles for stop in vehicle.frozen}
        hopeless = {i: reason for i, reason in hopeless.items() if problem.tasks[i].id not in frozen}
        able = [i for i in range(len(problem.tasks)) if i not in hopeless]
        unserved = [Unserved(problem.tasks[i].id, reason) for i, reason in hopeless.items()]
        if not able and not frozen:
            yield assemble(problem, finder, (), unserved, self.name, seed, 0)
            return
        known = () if start is None else tours_of(problem, start)
        if is_plain(problem, matrix):
            plain = PlainSearch(build_plain(problem, matrix, able), self.params, seed)
            plain.begin(known)
            for steps in () if start is not None and watch.left() <= 0 else cool(plain, budget, watch):
                tours = plain.tours()
                left = [
                    Unserved(problem.tasks[i].id, left_out(problem, finder, problem.tasks[i], CAPACITY))
                    for i in plain.tasks_left()
                ]
                yield assemble(problem, finder, tours, [*unserved, *left], self.name, seed, steps)
            return
        search = Search(build(problem, matrix, able), self.params, seed)
        search.begin(known)
        if start is not None and watch.left() <= 0:
            return

        def read(steps: int) -> Plan:
            return _read(search, finder, unserved, self.name, seed, steps)

        if problem.fairness_weight > 0:
            yield from fair_plans(problem, search, read, budget, watch)
        else:
            yield from (read(steps) for steps in cool(search, budget, watch))


def _read(search: Search, finder: PathFinder, hopeless: Sequence[Unserved], engine: str, seed: int, steps: int) -> Plan:
    """The best routes as a plan; the search goes on from them."""
    model = search.model
    problem = model.problem
    modes = [_drop_unreachable(model, s, chain) for s, chain in enumerate(search.best_modes())]
    tours = tours_from(model, modes)
    served = {visit.item for tour in tours for visit in tour.visits if not visit.facility}
    bound = TIME if model.measure != COST and problem.facilities else CAPACITY
    unserved = list(hopeless)
    for i in model.task_of[1:]:
        if i not in served:
            task = problem.tasks[i]
            unserved.append(Unserved(task.id, left_out(problem, finder, task, bound)))
    return assemble(problem, finder, tours, unserved, engine, seed, steps)


def _drop_unreachable(model: Model, s: int, modes: list[int]) -> list[int]:
    """Leave out what has no way from the mode before it or on to the end."""
    kept: list[int] = []
    above = int(model.kind["row"][model.slot["kind"][s]])
    for m in modes:
        if model.timed is not None:
            fine = True
        elif not kept:
            fine = model.ends[model.slot["kind"][s], m, 0] < FAR
        else:
            fine = model.dist[above + model.mode["leave"][kept[-1]], model.mode["enter"][m]] < FAR
        if fine:
            kept.append(m)
    return kept
