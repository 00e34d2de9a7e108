"""PyVRP for point work: collection with trips to the unloading facility, windows, shifts, prizes.

How a Problem maps: each task is a client at a location of its own in an asymmetric matrix (left by the row, entered by
the column of its one mode); facilities are reload depots; what is used at the start is the initial load; a vehicle
that must unload before it goes home ends at a depot whose distance is that of the best facility and the way home from
it. Skills become one routing profile for each set of clients a vehicle may visit.

`STEPS_AN_ITERATION` steps of an iteration budget pay one iteration of PyVRP's iterated local search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.assemble import Tour, Visit, assemble, tours_of, vehicle_name
from routing.engines.base import Budget, Stopwatch
from routing.engines.fleet import copies_wanted, kinds_of
from routing.engines.matrix import Matrix
from routing.engines.pyvrp_matrices import between, homeward, profiles_for
from routing.engines.reasons import TIME, impossible, left_out
from routing.engines.workbench import workbench
from routing.paths import UNREACHABLE
from routing.plan import Plan, Unserved
from routing.problem import Problem

DEFAULT_ITERATIONS = 40_000
"""Steps where the budget names nothing."""

STEPS_AN_ITERATION = 20
"""Steps of an iteration budget that pay for one iteration, which takes about as long as so many ruin steps."""

TASKS_MAX = 3_000
"""Above this PyVRP's dense matrices and neighbourhoods take longer than they repay."""


class PyvrpEngine:
    """Iterated local search of PyVRP on tasks with one mode each."""

    name = "pyvrp"

    def supports(self, problem: Problem) -> str | None:
        """Tasks with one mode, hard times only."""
        if not problem.vehicles:
            return "no vehicles"
        if any(len(task.modes) > 1 for task in problem.tasks):
            return "edges may be served in either direction, it knows one"
        if len(problem.tasks) > TASKS_MAX:
            return f"{len(problem.tasks)} tasks, it is given at most {TASKS_MAX}"
        if any(task.deadline_s is not None and task.weight > 0 for task in problem.tasks):
            return "lateness has a price, it knows hard windows only"
        if problem.unload_at_end:
            if not problem.facilities:
                return "vehicles must unload, but there is no facility"
            first = min(vehicle.shift[0] for vehicle in problem.vehicles)
            last = max(vehicle.shift[1] for vehicle in problem.vehicles)
            if any(f.window[0] > first or f.window[1] < last for f in problem.facilities):
                return "a facility closes within the shifts while vehicles must unload before they end"
        return None

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        """Yield the best plan found."""
        import pyvrp

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
        left = {entry.task for entry in start.unserved} if start is not None else set()
        tight = start is None or any(problem.tasks[i].id in left for i in able)
        model = _Model.build(problem, matrix, able, tight)
        warm = None if start is None else model.warm(tours_of(problem, start))
        result = pyvrp.solve(
            model.data, _Stop(budget, watch), seed, collect_stats=False, display=False, initial_solution=warm
        )
        if not result.best.is_feasible():
            return
        tours = model.tours(result.best)
        served = {visit.item for tour in tours for visit in tour.visits if not visit.facility}
        for i in able:
            if i not in served:
                task = problem.tasks[i]
                unserved.append(Unserved(task.id, left_out(problem, finder, task, TIME)))
        yield assemble(problem, finder, tours, unserved, self.name, seed, result.num_iterations)


class _Stop:
    """Ends the search by iterations, by processor time, or by both."""

    def __init__(self, budget: Budget, watch: Stopwatch) -> None:
        self.watch = watch
        steps = budget.iterations
        if steps is None and budget.seconds is None:
            steps = DEFAULT_ITERATIONS
        self.iterations = None if steps is None else -(-steps // STEPS_AN_ITERATION)
        self.done = 0

    def __call__(self, best_cost: int) -> bool:
        self.done += 1
        return (self.iterations is not None and self.done > self.iterations) or self.watch.left() <= 0


@dataclass(slots=True)
class _Model:
    """PyVRP's data and how its numbers map back. Clients are the tasks `able`, in order."""

    problem: Problem
    matrix: Matrix
    able: list[int]
    groups: list[list[int]]
    data: Any
    facility_depot: list[int]

    @classmethod
    def build(cls, problem: Problem, matrix: Matrix, able: list[int], tight: bool) -> _Model:
        """`tight`: mandatory work may not all fit, so it is given prizes high enough to be dropped last."""
        import pyvrp

        groups = kinds_of(problem)
        places = len(problem.facilities)
        clients = len(able)
        modes = matrix.first_mode[able]
        rows = [*matrix.mode_row[modes], *matrix.facility_row]
        columns = [*matrix.mode_column[modes], *matrix.facility_column]
        cost, duration = between(problem, matrix, clients, rows, columns, groups)
        locations = [pyvrp.Location(0, 0) for _ in range(len(cost))]
        dear = int(np.where(cost < UNREACHABLE, cost, 0).max()) * 4 + 1
        depots = [
            pyvrp.Depot(clients + f, place.window[0], place.window[1], place.service_s)
            for f, place in enumerate(problem.facilities)
        ]
        first = clients + places
        depots += [pyvrp.Depot(first + d) for d in range(2 * len(groups))]
        profiles, distances, durations = profiles_for(problem, able, groups, cost, duration)
        types = []
        for k, members in enumerate(groups):
            vehicle = problem.vehicles[members[0]]
            count = copies_wanted(problem, clients) if problem.unlimited_fleet else len(members)
            types.append(
                pyvrp.VehicleType(
                    count,
                    list(vehicle.capacity),
                    places + 2 * k,
                    places + 2 * k + 1,
                    vehicle.fixed_cost,
                    vehicle.shift[0],
                    vehicle.shift[1],
                    profile=profiles[k],
                    initial_load=list(vehicle.initial_used),
                    reload_depots=list(range(places)),
                )
            )
        data = pyvrp.ProblemData(locations, _clients(problem, able, tight, dear), depots, types, distances, durations)
        return cls(problem, matrix, able, groups, data, list(range(places)))

    def warm(self, tours: Sequence[Tour]) -> Any:
        """PyVRP's form of given tours, or None where they do not fit its model."""
        import pyvrp

        number = {item: c for c, item in enumerate(self.able)}
        kind_of = {vehicle: k for k, members in enumerate(self.groups) for vehicle in members}
        places = len(self.problem.facilities)
        routes = []
        for tour in tours:
            k = kind_of[tour.vehicle]
            visits = list(tour.visits)
            while visits and visits[-1].facility:
                visits.pop()
            if not visits:
                continue
            middle = [
                pyvrp.Activity(pyvrp.ActivityType.DEPOT, v.item)
                if v.facility
                else pyvrp.Activity(pyvrp.ActivityType.CLIENT, number[v.item])
                for v in visits
                if v.facility or v.item in number
            ]
            ends = [pyvrp.Activity(pyvrp.ActivityType.DEPOT, places + 2 * k + side) for side in range(2)]
            routes.append(pyvrp.Route(self.data, [ends[0], *middle, ends[1]], k))
        return pyvrp.Solution(self.data, routes)

    def tours(self, solution: Any) -> list[Tour]:
        """Tours of PyVRP's routes; the unloading before home is put back in."""
        tours = []
        free = {k: list(members) for k, members in enumerate(self.groups)}
        for copy, route in enumerate(solution.routes(), 1):
            k = route.vehicle_type()
            vehicle = 0 if self.problem.unlimited_fleet else free[k].pop(0)
            visits: list[Visit] = []
            for activity in route.schedule():
                if activity.is_client():
                    visits.append(Visit(False, self.able[activity.idx], 0))
                elif activity.idx < len(self.problem.facilities):
                    visits.append(Visit(True, activity.idx, 0))
            visits = _without_idle_facilities(visits)
            if not visits:
                continue
            if self.problem.unload_at_end:
                visits.append(Visit(True, self._last_facility(vehicle, visits[-1]), 0))
            tours.append(Tour(vehicle, vehicle_name(self.problem, vehicle, copy), tuple(visits)))
        return tours

    def _last_facility(self, vehicle: int, last: Visit) -> int:
        row = self.matrix.mode_row[self.matrix.first_mode[last.item]]
        cost, _ = homeward(self.problem, self.matrix, np.array([row]), vehicle)
        return int(np.argmin(cost[:, 0]))


def _without_idle_facilities(visits: Sequence[Visit]) -> list[Visit]:
    """Drop facility visits after the last client and repeated ones."""
    kept: list[Visit] = []
    for i, visit in enumerate(visits):
        if visit.facility and (i + 1 >= len(visits) or visits[i + 1].facility):
            continue
        kept.append(visit)
    return kept


def _clients(problem: Problem, able: Sequence[int], tight: bool, dear: int) -> list[Any]:
    import pyvrp

    clients = []
    for c, i in enumerate(able):
        task = problem.tasks[i]
        required = task.prize is None and not tight
        prize = dear if task.prize is None else max(0, task.prize - task.service_cost)
        clients.append(
            pyvrp.Client(
                c,
                pickup=list(task.demand),
                service_duration=task.service_s,
                tw_early=task.window[0],
                tw_late=task.window[1],
                prize=0 if required else prize,
                required=required,
            )
        )
    return clients
