"""The first plan, fast and for every kind of problem: several path-scanning rules, the best of them mended.

One iteration is one rule; there are few, so the budget only matters when it is nearly spent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from routing.engines.assemble import Tour, left_and_cost, price, time_route
from routing.engines.base import Budget, Stopwatch
from routing.engines.insertion import Inserter, insert, urgency
from routing.engines.matrix import Matrix
from routing.engines.reasons import left_out
from routing.engines.scan import Rule, Scanner
from routing.engines.workbench import workbench
from routing.paths.search import PathFinder
from routing.plan import Plan, Unserved
from routing.problem import Facility, Problem, Task

__all__ = ["GreedyEngine", "greedy_tours", "insert"]

MENDED_TASKS = 60
"""Left-out tasks that insertion is tried for; where more are left out, the fleet is too small anyway."""

PATIENCES_S = (600, 2_400, 9_600)
"""How far ahead deadlines are felt, one rule each."""


class GreedyEngine:
    """Path scanning under every constraint a Problem can state, then insertion of what was left out."""

    name = "greedy"

    def supports(self, problem: Problem) -> str | None:
        """Everything that has a vehicle."""
        return None if problem.vehicles else "no vehicles"

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        """Yield one plan. `seed` changes nothing: there is no chance in it."""
        watch = Stopwatch(budget.seconds)
        finder, matrix = workbench(problem)
        tours, rules = greedy_tours(problem, matrix, watch)
        plan = finish(problem, finder, tours, self.name, seed, rules)
        if start is None or left_and_cost(problem, plan) < left_and_cost(problem, start):
            yield plan
        else:
            yield start


def greedy_tours(problem: Problem, matrix: Matrix, watch: Stopwatch) -> tuple[list[Tour], int]:
    """Best tours of all rules tried, and how many were. Leaves out what a rule could not place."""
    scanner = Scanner(problem, matrix)
    best: tuple[tuple[int, int], list[Tour]] | None = None
    tried = 0
    for rule in rules_for(problem):
        tours = scanner.run(rule)
        tried += 1
        rank = _weigh(problem, matrix, tours)
        if best is None or rank < best[0]:
            best = (rank, tours)
        if watch.left() <= 0:
            break
    return ([] if best is None else best[1]), tried


def finish(
    problem: Problem, finder: PathFinder, tours: Sequence[Tour], engine: str, seed: int, iterations: int
) -> Plan:
    """Insert what is left out where it fits, name the reason where it does not, and price the plan."""
    served = {visit.item for tour in tours for visit in tour.visits if not visit.facility}
    missing = [i for i in range(len(problem.tasks)) if i not in served]
    missing.sort(key=lambda i: urgency(problem.tasks[i]))
    unserved: list[Unserved] = []
    if missing:
        inserter = Inserter.from_tours(problem, finder, tours)
        for position, index in enumerate(missing):
            task = problem.tasks[index]
            if position < MENDED_TASKS:
                reason = inserter.insert(index)
            else:
                reason = left_out(problem, finder, task, unserved[-1].reason if unserved else "time")
            if reason is not None:
                unserved.append(Unserved(task.id, reason))
        tours = inserter.tours()
    timed = [time_route(problem, finder, tour) for tour in tours]
    return price(problem, timed, unserved, engine, seed, iterations)


def rules_for(problem: Problem) -> list[Rule]:
    """Rules worth trying: deadlines only where there are any, one vehicle after the other for unlimited fleets."""
    rules = [Rule(False, 0, lean) for lean in (1, -1, 0)]
    if problem.unlimited_fleet:
        return rules
    rules.append(Rule(True, 0, 1))
    if any(task.deadline_s is not None and task.weight > 0 for task in problem.tasks):
        return [Rule(True, patience, 1) for patience in PATIENCES_S] + rules
    return rules


def _weigh(problem: Problem, matrix: Matrix, tours: Sequence[Tour]) -> tuple[int, int]:
    """(mandatory tasks left out, cost with prizes left), from the tables alone: the smaller the better."""
    left = set(range(len(problem.tasks)))
    cost = 0
    for tour in tours:
        vehicle = problem.vehicles[tour.vehicle]
        row, clock = int(matrix.start_row[tour.vehicle]), vehicle.shift[0]
        cost += vehicle.fixed_cost
        for visit in tour.visits:
            item: Task | Facility
            if visit.facility:
                item = problem.facilities[visit.item]
                column, leave = int(matrix.facility_column[visit.item]), int(matrix.facility_row[visit.item])
            else:
                item = problem.tasks[visit.item]
                left.discard(visit.item)
                mode = int(matrix.first_mode[visit.item]) + visit.mode
                column, leave = int(matrix.mode_column[mode]), int(matrix.mode_row[mode])
            cost += int(matrix.cost[row, column]) + item.service_cost
            clock = max(clock + int(matrix.duration[row, column]), item.window[0]) + item.service_s
            if isinstance(item, Task) and item.deadline_s is not None:
                cost += item.weight * max(0, clock - item.deadline_s)
            row = leave
        end = int(matrix.end_column[tour.vehicle])
        cost += 0 if end < 0 else int(matrix.cost[row, end])
    out = [problem.tasks[i] for i in left]
    return sum(task.prize is None for task in out), cost + sum(task.prize or 0 for task in out)
