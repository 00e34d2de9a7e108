"""PyVRP (Wouda, Lan & Kool 2024): iterated local search for point work, and for streets by a choice of clients.

From scratch it first looks for plans that serve all mandatory work. Where it has found none after
`PATIENCE` of the budget, it goes on with leaving work out at a high price.

`STEPS_AN_ITERATION` steps of an iteration budget pay one iteration of its search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from routing.engines.assemble import Tour, assemble, tours_of
from routing.engines.base import Budget, Stopwatch
from routing.engines.features import Feature, refusal
from routing.engines.matrix import Matrix
from routing.engines.pyvrp_model import PyvrpModel
from routing.engines.reasons import TIME, impossible, left_out
from routing.engines.workbench import workbench
from routing.paths.search import UNREACHABLE
from routing.plan import Plan, Unserved
from routing.problem import Problem

DEFAULT_ITERATIONS = 40_000
"""Steps where the budget names nothing."""

STEPS_AN_ITERATION = 20
"""Steps of an iteration budget that pay for one iteration, which takes about as long as so many ruin steps."""

CELLS_MAX = 20_000_000
"""Cells of all its distance matrices together; a cell takes 32 bytes, its own copies included."""

PATIENCE = 0.15
"""Share of the budget after which it is believed that not all work fits."""

LEFT_SHARE = 0.6
"""Share of the budget for plans that leave work out where there are facilities: PyVRP puts in a reload for the load
alone, so that another engine may find the trips it does not."""

INFEASIBLE = 1 << 62
"""PyVRP's cost of a solution that breaks a rule is above this."""

REFUSED = {
    Feature.DEADLINES: "lateness has a price, it knows hard windows only",
    Feature.PARTIAL_RESETS: "a facility resets some commodities only, it knows those that reset all",
    Feature.CLOSING_UNLOAD: "a facility closes within the shifts while vehicles must unload before they end",
    Feature.ATTACHMENTS: "vehicles choose attachments, it knows vehicles with fixed skills",
    Feature.FROZEN: "routes have a frozen beginning, it starts from scratch",
    Feature.REPEATS: "passes depend on one another, its clients do not",
    Feature.FAIRNESS: "the longest route has a price, it adds up routes",
}


class PyvrpEngine:
    """Iterated local search of PyVRP."""

    name = "pyvrp"

    def supports(self, problem: Problem) -> str | None:
        """Everything PyVRP models by itself, up to a size."""
        refused = refusal(problem, REFUSED)
        if refused is not None:
            return refused
        size = sum(len(task.modes) for task in problem.tasks) + len(problem.facilities) + 2
        skills = {vehicle.skills for vehicle in problem.vehicles} if any(t.skills for t in problem.tasks) else {""}
        keepers = {task.keep for task in problem.tasks if task.move_cost > 0}
        tables = len(skills) * len({v.profile for v in problem.vehicles}) + len(keepers)
        if size * size * tables > CELLS_MAX:
            return f"{tables} matrices of {size} places, it is given at most {CELLS_MAX:,} cells"
        return None

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        """Yield the best plan found."""
        watch = Stopwatch(budget.seconds)
        finder, matrix = workbench(problem)
        hopeless = {
            i: reason
            for i, task in enumerate(problem.tasks)
            if (reason := impossible(problem, finder, task)) is not None
        }
        able = [i for i in range(len(problem.tasks)) if i not in hopeless]
        unserved = [Unserved(problem.tasks[i].id, reason) for i, reason in hopeless.items()]
        if not able:
            yield assemble(problem, finder, (), unserved, self.name, seed, 0)
            return
        search = _Search(problem, matrix, able, budget, watch, seed)
        tours = search.run(None if start is None else tours_of(problem, start))
        if tours is None:
            return
        served = {visit.item for tour in tours for visit in tour.visits if not visit.facility}
        for i in able:
            if i not in served:
                task = problem.tasks[i]
                unserved.append(Unserved(task.id, left_out(problem, finder, task, TIME)))
        yield assemble(problem, finder, tours, unserved, self.name, seed, search.iterations)


@dataclass(slots=True)
class _Search:
    """One run of the engine: first with all mandatory work, then, if that finds nothing, with what fits."""

    problem: Problem
    matrix: Matrix
    able: list[int]
    budget: Budget
    watch: Stopwatch
    seed: int
    iterations: int = 0

    def run(self, start: Sequence[Tour] | None) -> list[Tour] | None:
        """Best tours, or None."""
        served = {v.item for tour in start or () for v in tour.visits if not v.facility}
        tight = start is not None and any(self.problem.tasks[i].prize is None and i not in served for i in self.able)
        optional = all(self.problem.tasks[i].prize is not None for i in self.able)
        patient = tight or optional or start is not None
        tours = self.attempt(start, tight, 1.0, None if patient else PATIENCE)
        if tours is None and not patient:
            tours = self.attempt(start, True, LEFT_SHARE if self.problem.facilities else 1.0, None)
        return tours

    def dearest(self) -> int:
        """What the dearest way costs: a unit too much must be able to cost as much, else no route is ever feasible."""
        reached = self.matrix.cost[self.matrix.cost < UNREACHABLE]
        rates = [vehicle.travel_rate for vehicle in self.problem.vehicles]
        return int(reached.max(initial=0)) * max(rates, default=1)

    def attempt(
        self, start: Sequence[Tour] | None, tight: bool, share: float, patience: float | None
    ) -> list[Tour] | None:
        """One search, to that share of the budget; up to `patience` of it where nothing feasible has turned up."""
        import pyvrp

        model = PyvrpModel.build(self.problem, self.matrix, self.able, tight)
        warm = None if start is None else model.warm(start)
        stop = _Stop(self.budget, self.watch, self.iterations, share, patience)
        most = max(pyvrp.PenaltyParams().max_penalty, float(self.dearest()))
        params = pyvrp.SolveParams(penalty=pyvrp.PenaltyParams(max_penalty=most))
        result = pyvrp.solve(
            model.data, stop, self.seed, collect_stats=False, display=False, params=params, initial_solution=warm
        )
        self.iterations += result.num_iterations
        return model.tours(result.best) if result.best.is_feasible() else None


class _Stop:
    """Ends the search by iterations, by processor time, or where nothing feasible has turned up in time."""

    def __init__(self, budget: Budget, watch: Stopwatch, done: int, share: float, patience: float | None) -> None:
        self.watch = watch
        steps = budget.iterations
        if steps is None and budget.seconds is None:
            steps = DEFAULT_ITERATIONS
        self.iterations = None if steps is None else -(-steps // STEPS_AN_ITERATION)
        self.done = done
        self.share = share
        self.patience = patience

    def __call__(self, best_cost: int) -> bool:
        share = self.share if self.patience is None or best_cost < INFEASIBLE else self.patience
        if self.iterations is not None and self.done >= share * self.iterations:
            return True
        if self.watch.seconds is not None and self.watch.left() <= (1 - share) * self.watch.seconds:
            return True
        self.done += 1
        return False
