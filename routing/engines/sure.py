"""A plan that keeps every rule, whatever the problem: fixed stops first, then one task after the other where it fits.

The last resort where the scanner's plan breaks a rule it does not look at (passes, fixed stops, facilities that reset
some commodities only). Slower and dearer than any other engine, and never without a plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from routing.engines.assemble import Tour, Visit, assemble, price, vehicle_name
from routing.engines.base import Budget, Stopwatch
from routing.engines.insertion import Inserter, urgency
from routing.engines.reasons import TIME, left_out
from routing.engines.removal import without
from routing.engines.workbench import workbench
from routing.paths.search import PathFinder
from routing.plan import Plan, Unserved
from routing.problem import Problem


class SureEngine:
    """Insertion from nothing. An iteration is the whole of it."""

    name = "insertion"

    def supports(self, problem: Problem) -> str | None:
        """Everything that has a vehicle."""
        return None if problem.vehicles else "no vehicles"

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        """Yield one plan; what the time did not suffice for is left out. `start` and `seed` change nothing."""
        watch = Stopwatch(budget.seconds)
        finder, _ = workbench(problem)
        inserter = Inserter.from_plan(problem, finder, _begun(problem, finder, seed))
        fixed = {stop.ref for vehicle in problem.vehicles for stop in vehicle.frozen if stop.kind == "task"}
        left: list[Unserved] = []
        for index in sorted(range(len(problem.tasks)), key=lambda i: urgency(problem.tasks[i])):
            task = problem.tasks[index]
            if task.id in fixed:
                continue
            late = watch.left() <= 0
            reason = left_out(problem, finder, task, TIME) if late else inserter.insert(index)
            if reason is not None:
                left.append(Unserved(task.id, reason))
        timed = [inserter.drive(line) for line in inserter.lines if line.tour.visits]
        yield _whole_sets(problem, finder, price(problem, timed, left, self.name, seed, 1))


def _whole_sets(problem: Problem, finder: PathFinder, plan: Plan) -> Plan:
    """The plan without passes of a repeat that has to be served as a whole, or not at all, and is not."""
    reasons = {entry.task: entry.reason for entry in plan.unserved}
    fixed = {stop.ref for vehicle in problem.vehicles for stop in vehicle.frozen}
    for repeat in problem.repeats:
        served = [name for name in repeat.tasks if name not in reasons]
        if repeat.patterns and len(served) < len(repeat.tasks):
            lost = next(reasons[name] for name in repeat.tasks if name in reasons)
            plan = without(problem, finder, plan, [name for name in served if name not in fixed], lost)
    return plan


def _begun(problem: Problem, finder: PathFinder, seed: int) -> Plan:
    """The plan of the fixed stops alone."""
    tasks = {task.id: i for i, task in enumerate(problem.tasks)}
    facilities = {facility.id: i for i, facility in enumerate(problem.facilities)}
    tours = []
    for number, vehicle in enumerate(problem.vehicles):
        visits = tuple(
            Visit(True, facilities[stop.ref], 0)
            if stop.kind == "facility"
            else Visit(False, tasks[stop.ref], stop.mode)
            for stop in vehicle.frozen
        )
        tours.append(Tour(number, vehicle_name(problem, number, 1), visits))
    return assemble(problem, finder, tours, (), "insertion", seed, 1)
