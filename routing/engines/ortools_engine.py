"""OR-Tools, the reference engine: it models every constraint a Problem can state, and polishes any plan.

How a Problem maps: each mode of a task is a node, and a disjunction serves at most one of them, at the price of the
prize (mandatory: of a price above all others). Each facility is there in several copies; at a copy the used capacity
may fall by slack. Times are one dimension with windows, shifts and soft deadlines.

Guided local search from the given plan, or from parallel cheapest insertion; the result is never worse than the plan
it started from. Deterministic under an iteration budget: one thread, no clock, and an end counted in solutions found
(with a limit on failures so that a search that finds none ends too). `STEPS_A_SOLUTION` steps of the budget pay one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.assemble import Tour, Visit, assemble, left_and_cost, tours_of, vehicle_name
from routing.engines.base import Budget, Stopwatch
from routing.engines.fleet import copies_wanted
from routing.engines.matrix import Matrix
from routing.engines.reasons import TIME, impossible, left_out
from routing.engines.workbench import workbench
from routing.network import IntArray
from routing.plan import Plan, Unserved
from routing.problem import HORIZON_S, Problem

NODES_MAX = 3_000
"""Modes and facility copies it is given at most: the model's memory and its first plan grow with the square."""

COPIES_MAX = 24
"""Copies of one facility at most: visits a plan can make to it."""

FLEET_MAX = 200
"""Vehicles modelled of an unlimited fleet."""

FAR = 10_000_000
"""Cost and duration where there is no way; more than a horizon, so no route with a time limit takes it."""

LEAVE_OUT = 1_000_000_000
"""Price of leaving out a mandatory task."""

DEFAULT_ITERATIONS = 4_000
"""Steps where the budget names nothing."""

STEPS_A_SOLUTION = 20
"""Steps of an iteration budget that pay for one solution of the local search."""

FAILURES_A_SOLUTION = 50
"""Failed branches allowed for each solution asked for, and at least as many thousands."""


class OrtoolsEngine:
    """Guided local search over everything."""

    name = "ortools"

    def supports(self, problem: Problem) -> str | None:
        """Everything up to a size."""
        if not problem.vehicles:
            return "no vehicles"
        nodes = sum(len(task.modes) for task in problem.tasks) + COPIES_MAX * len(problem.facilities)
        if nodes > NODES_MAX:
            return f"{nodes} nodes to model, it is given at most {NODES_MAX}"
        if problem.unload_at_end and not problem.facilities:
            return "vehicles must unload, but there is no facility"
        return None

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        """Yield `start` first where there is one, then the best plan found if it is better."""
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
        model = _Model.build(problem, matrix, able)
        tours, solutions = model.search(None if start is None else tours_of(problem, start), budget, watch)
        if tours is None:
            if start is not None:
                yield start
            return
        served = {visit.item for tour in tours for visit in tour.visits if not visit.facility}
        for i in able:
            if i not in served:
                task = problem.tasks[i]
                unserved.append(Unserved(task.id, left_out(problem, finder, task, TIME)))
        plan = assemble(problem, finder, tours, unserved, self.name, seed, solutions)
        if start is not None and left_and_cost(problem, start) <= left_and_cost(problem, plan):
            yield start
        else:
            yield plan


@dataclass(slots=True)
class _Model:
    """The routing model. Nodes: modes of `able` tasks, then facility copies, then one start and one end a vehicle."""

    problem: Problem
    able: list[int]
    node_task: list[int]
    node_mode: list[int]
    node_facility: list[int]
    vehicles: list[int]
    manager: Any
    routing: Any

    @classmethod
    def build(cls, problem: Problem, matrix: Matrix, able: list[int]) -> _Model:
        from ortools.constraint_solver import pywrapcp

        pairs = [(i, m) for i in able for m in range(len(problem.tasks[i].modes))]
        places = [f for f in range(len(problem.facilities)) for _ in range(_copies(problem, able))]
        vehicles = list(range(len(problem.vehicles)))
        if problem.unlimited_fleet:
            vehicles = [0] * min(FLEET_MAX, copies_wanted(problem, len(able)))
        work = len(pairs) + len(places)
        starts = [work + 2 * v for v in range(len(vehicles))]
        ends = [work + 2 * v + 1 for v in range(len(vehicles))]
        manager = pywrapcp.RoutingIndexManager(work + 2 * len(vehicles), len(vehicles), starts, ends)
        routing = pywrapcp.RoutingModel(manager)
        model = cls(problem, able, [i for i, _ in pairs], [m for _, m in pairs], places, vehicles, manager, routing)
        cost, duration = model.tables(matrix)
        routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(cost.tolist()))
        for v, own in enumerate(vehicles):
            routing.SetFixedCostOfVehicle(problem.vehicles[own].fixed_cost, v)
        model.add_choices()
        model.add_times(duration)
        for c in range(len(problem.commodities)):
            model.add_load(c)
        return model

    def tables(self, matrix: Matrix) -> tuple[IntArray, IntArray]:
        """(cost, duration) between nodes; each holds what is spent at the node left, then the way."""
        problem = self.problem
        modes = [int(matrix.first_mode[i]) + m for i, m in zip(self.node_task, self.node_mode, strict=True)]
        rows = [*matrix.mode_row[modes], *(matrix.facility_row[f] for f in self.node_facility)]
        columns = [*matrix.mode_column[modes], *(matrix.facility_column[f] for f in self.node_facility)]
        items = [problem.tasks[i] for i in self.node_task], [problem.facilities[f] for f in self.node_facility]
        fees = [item.service_cost for group in items for item in group]
        stays = [item.service_s for group in items for item in group]
        work, size = len(rows), len(rows) + 2 * len(self.vehicles)
        out, into = np.array(rows, np.int64), np.array(columns, np.int64)
        result = []
        for table, spent in ((matrix.cost, fees), (matrix.duration, stays)):
            full = np.full((size, size), FAR, np.int64)
            full[:work, :work] = table[np.ix_(out, into)]
            for v, own in enumerate(self.vehicles):
                start, end = work + 2 * v, work + 2 * v + 1
                full[start, :work] = table[matrix.start_row[own], into]
                full[start, end] = 0
                column = int(matrix.end_column[own])
                full[:work, end] = 0 if column < 0 else table[out, column]
            full = np.minimum(full, FAR)
            full[:work] += np.array(spent, np.int64)[:, None]
            np.fill_diagonal(full, 0)
            result.append(full)
        return result[0], result[1]

    def add_choices(self) -> None:
        """One mode of each task at most, at a price; any facility copy for free; skills."""
        nodes: dict[int, list[int]] = {}
        for node, i in enumerate(self.node_task):
            nodes.setdefault(i, []).append(self.manager.NodeToIndex(node))
        for i, indices in nodes.items():
            task = self.problem.tasks[i]
            self.routing.AddDisjunction(indices, LEAVE_OUT if task.prize is None else task.prize)
            able = [v for v, own in enumerate(self.vehicles) if task.skills <= self.problem.vehicles[own].skills]
            if len(able) < len(self.vehicles):
                for index in indices:
                    self.routing.VehicleVar(index).SetValues([-1, *able])
        for copy in range(len(self.node_facility)):
            self.routing.AddDisjunction([self.manager.NodeToIndex(len(self.node_task) + copy)], 0)

    def add_times(self, duration: IntArray) -> None:
        """Windows, shifts, soft deadlines."""
        callback = self.routing.RegisterTransitMatrix(duration.tolist())
        self.routing.AddDimension(callback, HORIZON_S, HORIZON_S + FAR, False, "time")
        time = self.routing.GetDimensionOrDie("time")
        for node in range(len(self.node_task) + len(self.node_facility)):
            index = self.manager.NodeToIndex(node)
            if node >= len(self.node_task):
                window = self.problem.facilities[self.node_facility[node - len(self.node_task)]].window
                time.CumulVar(index).SetRange(*window)
                continue
            task = self.problem.tasks[self.node_task[node]]
            time.CumulVar(index).SetRange(*task.window)
            if task.deadline_s is not None and task.weight > 0:
                time.SetCumulVarSoftUpperBound(index, max(0, task.deadline_s - task.service_s), task.weight)
        for v, own in enumerate(self.vehicles):
            shift = self.problem.vehicles[own].shift
            time.CumulVar(self.routing.Start(v)).SetRange(*shift)
            time.CumulVar(self.routing.End(v)).SetRange(*shift)
            self.routing.AddVariableMinimizedByFinalizer(time.CumulVar(self.routing.Start(v)))

    def add_load(self, commodity: int) -> None:
        """What is used of one commodity; a facility copy lets it fall by slack."""
        problem, name = self.problem, f"load{commodity}"
        room = [problem.vehicles[own].capacity[commodity] for own in self.vehicles]
        most = max(room)
        demand = [problem.tasks[i].demand[commodity] for i in self.node_task]
        demand += [-most] * len(self.node_facility) + [0] * (2 * len(self.vehicles))
        callback = self.routing.RegisterUnaryTransitVector(demand)
        self.routing.AddDimensionWithVehicleCapacity(callback, most, room, False, name)
        load = self.routing.GetDimensionOrDie(name)
        for node in range(len(self.node_task)):
            load.SlackVar(self.manager.NodeToIndex(node)).SetValue(0)
        for v, own in enumerate(self.vehicles):
            initial = problem.vehicles[own].initial_used[commodity]
            load.CumulVar(self.routing.Start(v)).SetValue(initial)
            load.SlackVar(self.routing.Start(v)).SetValue(0)
            if problem.unload_at_end:
                idle = 1 - self.routing.ActiveVehicleVar(v)
                self.routing.solver().Add(load.CumulVar(self.routing.End(v)) <= initial * idle)

    def search(self, tours: Sequence[Tour] | None, budget: Budget, watch: Stopwatch) -> tuple[list[Tour] | None, int]:
        """Search within the budget. Returns tours (None where there is no plan) and the solutions found."""
        from ortools.constraint_solver import pywrapcp
        from ortools.constraint_solver import routing_enums_pb2 as enums

        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
        parameters.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        iterations = budget.iterations
        if iterations is None and budget.seconds is None:
            iterations = DEFAULT_ITERATIONS
        if iterations is not None:
            wanted = max(1, iterations // STEPS_A_SOLUTION)
            parameters.solution_limit = wanted
            failures = FAILURES_A_SOLUTION * max(1_000, wanted)
            self.routing.AddSearchMonitor(self.routing.solver().FailuresLimit(failures))
        if budget.seconds is not None:
            parameters.time_limit.FromMilliseconds(max(50, int(1_000 * min(watch.left(), HORIZON_S))))
        self.routing.CloseModelWithParameters(parameters)
        hint = None if tours is None else self._hint(tours)
        if hint is None:
            found = self.routing.SolveWithParameters(parameters)
        else:
            found = self.routing.SolveFromAssignmentWithParameters(hint, parameters)
        solutions = int(self.routing.solver().Solutions())
        return (None, solutions) if found is None else (self._read(found), solutions)

    def _hint(self, tours: Sequence[Tour]) -> Any:
        """The solver's form of given tours, or None where they do not fit the model."""
        node_of = {pair: node for node, pair in enumerate(zip(self.node_task, self.node_mode, strict=True))}
        copies: dict[int, list[int]] = {}
        for copy, f in enumerate(self.node_facility):
            copies.setdefault(f, []).append(len(self.node_task) + copy)
        free = {own: [v for v, other in enumerate(self.vehicles) if other == own] for own in set(self.vehicles)}
        routes: list[list[int]] = [[] for _ in self.vehicles]
        for tour in tours:
            if not free[tour.vehicle]:
                return None
            route = routes[free[tour.vehicle].pop(0)]
            for visit in tour.visits:
                if visit.facility:
                    if not copies[visit.item]:
                        return None
                    route.append(self.manager.NodeToIndex(copies[visit.item].pop(0)))
                elif (visit.item, visit.mode) in node_of:
                    route.append(self.manager.NodeToIndex(node_of[visit.item, visit.mode]))
        return self.routing.ReadAssignmentFromRoutes(routes, True)

    def _read(self, found: Any) -> list[Tour]:
        tours = []
        for v, own in enumerate(self.vehicles):
            visits: list[Visit] = []
            used = any(self.problem.vehicles[own].initial_used)
            index = found.Value(self.routing.NextVar(self.routing.Start(v)))
            while not self.routing.IsEnd(index):
                node = self.manager.IndexToNode(index)
                if node < len(self.node_task):
                    task = self.node_task[node]
                    visits.append(Visit(False, task, self.node_mode[node]))
                    used = used or any(self.problem.tasks[task].demand)
                elif used:
                    visits.append(Visit(True, self.node_facility[node - len(self.node_task)], 0))
                    used = False
                index = found.Value(self.routing.NextVar(index))
            while visits and visits[-1].facility and not self.problem.unload_at_end:
                visits.pop()
            if any(not visit.facility for visit in visits):
                tours.append(Tour(own, vehicle_name(self.problem, own, v + 1), tuple(visits)))
        return tours


def _copies(problem: Problem, able: Sequence[int]) -> int:
    """Copies of each facility: trips the whole demand needs of the smallest vehicle, twice, and one a vehicle."""
    trips = 1
    for c in range(len(problem.commodities)):
        total = sum(problem.tasks[i].demand[c] for i in able)
        room = min((v.capacity[c] for v in problem.vehicles if v.capacity[c] > 0), default=1)
        trips = max(trips, -(-total // room))
    return min(COPIES_MAX, 2 * trips + len(problem.vehicles))
