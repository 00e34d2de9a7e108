"""OR-Tools' routing library on its own: each mode of a task is a node, of which a disjunction takes one.

Guided local search from a parallel cheapest insertion, or iterated local search (ruin by SISR, recreate by cheapest
insertion) from savings: the settings that measured best on these sets.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

import numpy as np

from routing.engines.assemble import Tour, Visit, assemble, vehicle_name
from routing.engines.fleet import copies_wanted
from routing.engines.matrix import Matrix
from routing.engines.workbench import workbench
from routing.errors import NoEngine
from routing.plan import Plan, Unserved
from routing.problem import HORIZON_S, Problem

NODES_MAX = 6_000
"""Nodes it is given: a matrix of them is copied into its memory."""

SITES_MAX = 12
"""Copies of one facility."""

FLEET_MAX = 300
"""Vehicles modelled."""

FAR = 1 << 40
"""Cost where there is no way."""

LEFT_OUT = 1 << 44
"""Price of a mandatory task left out."""

ILS = """
perturbation_strategy: RUIN_AND_RECREATE
ruin_recreate_parameters {
  ruin_strategies { sisr { max_removed_sequence_size: 10 avg_num_removed_visits: 10 bypass_factor: 0.01 } }
  recreate_strategy { heuristic: LOCAL_CHEAPEST_INSERTION }
  route_selection_neighbors_ratio: 1 route_selection_min_neighbors: 10 route_selection_max_neighbors: 100
}
improve_perturbed_solution: false
reference_solution_acceptance_strategy { simulated_annealing {
  cooling_schedule_strategy: EXPONENTIAL initial_temperature: 100 final_temperature: 0.01 automatic_temperatures: true
} }
best_solution_acceptance_strategy { greedy_descent {} }
"""


def solve_with_ortools(problem: Problem, iterated: bool, seconds: float, seed: int, wall_factor: float) -> Plan:
    """Raises NoEngine where it does not model the problem or finds nothing. Its search takes no seed and
    knows the wall clock only: it gets `wall_factor` wall seconds for a processor second.
    """
    began = time.process_time()
    _require_modelled(problem)
    finder, matrix = workbench(problem)
    model = _Model(problem, matrix)
    if model.size > NODES_MAX:
        raise NoEngine(f"{model.size} nodes, its model is given at most {NODES_MAX}")
    left_s = seconds - (time.process_time() - began)
    found = model.search(iterated, wall_factor * max(0.2, left_s))
    if found is None:
        raise NoEngine("no plan within the budget")
    tours, served = model.read(found)
    unserved = [
        Unserved(task.id, "prize" if task.prize is not None else "time")
        for t, task in enumerate(problem.tasks)
        if t not in served
    ]
    return assemble(problem, finder, tours, unserved, "ortools-ils" if iterated else "ortools-gls", seed, 0)


def _require_modelled(problem: Problem) -> None:
    reasons = {
        "releases": any(task.release_s > 0 for task in problem.tasks),
        "passes on days": bool(problem.repeats),
        "profiles": bool(problem.profiles),
        "breaks": any(vehicle.breaks for vehicle in problem.vehicles),
    }
    named = [name for name, there in reasons.items() if there]
    if named:
        raise NoEngine(f"not modelled for OR-Tools here: {', '.join(named)}")


def _trips(problem: Problem) -> int:
    """Loads of the smallest vehicle that the whole demand makes."""
    loads = [
        -(-sum(task.demand[c] for task in problem.tasks) // max(1, min(v.capacity[c] for v in problem.vehicles)))
        for c in range(len(problem.commodities))
    ]
    return max(loads, default=0)


class _Model:
    """Nodes: every mode, then copies of facilities, then start and end of every vehicle."""

    def __init__(self, problem: Problem, matrix: Matrix) -> None:
        from ortools.constraint_solver import pywrapcp

        self.problem = problem
        self.modes = [(t, m) for t, task in enumerate(problem.tasks) for m in range(len(task.modes))]
        sites = min(SITES_MAX, 2 * _trips(problem) + 2)
        self.sites = [f for f in range(len(problem.facilities)) for _ in range(sites)]
        self.fleet = self._fleet()
        self.work = len(self.modes) + len(self.sites)
        self.size = self.work + 2 * len(self.fleet)
        starts = [self.work + 2 * v for v in range(len(self.fleet))]
        self.manager: Any = pywrapcp.RoutingIndexManager(self.size, len(self.fleet), starts, [s + 1 for s in starts])
        self.routing: Any = pywrapcp.RoutingModel(self.manager)
        self._costs(matrix)
        self._choices()
        for commodity in range(len(problem.commodities)):
            self._load(commodity)
        if any(v.shift != (0, HORIZON_S) for v in problem.vehicles) or any(
            task.window != (0, HORIZON_S) for task in problem.tasks
        ):
            self._times(matrix)

    def _fleet(self) -> list[int]:
        problem = self.problem
        if not problem.unlimited_fleet:
            return list(range(len(problem.vehicles)))[:FLEET_MAX]
        each = max(1, FLEET_MAX // len(problem.vehicles))
        return [
            v
            for v in range(len(problem.vehicles))
            for _ in range(min(each, copies_wanted(problem, len(problem.tasks), v)))
        ]

    def _table(self, table: Any, spent: list[int], matrix: Matrix) -> Any:
        """Ways between nodes plus what is spent at the node left, shape (size, size)."""
        out = [*matrix.mode_row, *(matrix.facility_row[f] for f in self.sites)]
        into = [*matrix.mode_column, *(matrix.facility_column[f] for f in self.sites)]
        full = np.full((self.size, self.size), FAR, np.int64)
        full[: self.work, : self.work] = table[np.ix_(out, into)]
        for v, own in enumerate(self.fleet):
            start, end = self.work + 2 * v, self.work + 2 * v + 1
            full[start, : self.work] = table[matrix.start_row[own], into]
            column = int(matrix.end_column[own])
            full[: self.work, end] = table[out, column] if column >= 0 else 0
            full[start, end] = 0
        full[: self.work] += np.array(spent, np.int64)[:, None]
        np.fill_diagonal(full, 0)
        return np.minimum(full, FAR)

    def _costs(self, matrix: Matrix) -> None:
        problem = self.problem
        fees = [problem.tasks[t].service_cost for t, _ in self.modes]
        fees += [problem.facilities[f].service_cost for f in self.sites]
        travel = self._table(matrix.cost, [0] * self.work, matrix)
        registered: dict[int, int] = {}
        for v, own in enumerate(self.fleet):
            vehicle = problem.vehicles[own]
            if vehicle.travel_rate not in registered:
                table = np.minimum(travel * vehicle.travel_rate, FAR)
                table[: self.work] += np.array(fees, np.int64)[:, None]
                registered[vehicle.travel_rate] = self.routing.RegisterTransitMatrix(table.tolist())
            self.routing.SetArcCostEvaluatorOfVehicle(registered[vehicle.travel_rate], v)
            self.routing.SetFixedCostOfVehicle(vehicle.fixed_cost, v)

    def _choices(self) -> None:
        nodes: dict[int, list[int]] = {}
        for node, (t, _) in enumerate(self.modes):
            nodes.setdefault(t, []).append(self.manager.NodeToIndex(node))
        for t, indices in nodes.items():
            prize = self.problem.tasks[t].prize
            self.routing.AddDisjunction(indices, LEFT_OUT if prize is None else prize)
        for copy in range(len(self.sites)):
            self.routing.AddDisjunction([self.manager.NodeToIndex(len(self.modes) + copy)], 0)

    def _load(self, commodity: int) -> None:
        """A facility lets the load fall by slack; who owes unloading comes home empty."""
        problem, name = self.problem, f"load{commodity}"
        room = [problem.vehicles[own].capacity[commodity] for own in self.fleet]
        demand = [problem.tasks[t].demand[commodity] for t, _ in self.modes]
        demand += [-max(room)] * len(self.sites) + [0] * (2 * len(self.fleet))
        callback = self.routing.RegisterUnaryTransitVector(demand)
        slack = max(room) if self.sites else 0
        self.routing.AddDimensionWithVehicleCapacity(callback, slack, room, True, name)
        load = self.routing.GetDimensionOrDie(name)
        for node in range(len(self.modes)):
            load.SlackVar(self.manager.NodeToIndex(node)).SetValue(0)
        for v in range(len(self.fleet)):
            load.SlackVar(self.routing.Start(v)).SetValue(0)
            if problem.unload_at_end:
                load.CumulVar(self.routing.End(v)).SetValue(0)

    def _times(self, matrix: Matrix) -> None:
        problem = self.problem
        stays = [problem.tasks[t].service_s for t, _ in self.modes]
        stays += [problem.facilities[f].service_s for f in self.sites]
        table = self._table(matrix.duration, stays, matrix)
        latest = max(vehicle.shift[1] for vehicle in problem.vehicles)
        callback = self.routing.RegisterTransitMatrix(table.tolist())
        self.routing.AddDimension(callback, latest, latest, False, "time")
        clock = self.routing.GetDimensionOrDie("time")
        for node, (t, _) in enumerate(self.modes):
            opens, closes = problem.tasks[t].window
            clock.CumulVar(self.manager.NodeToIndex(node)).SetRange(opens, min(closes, latest))
        for v, own in enumerate(self.fleet):
            shift = problem.vehicles[own].shift
            clock.CumulVar(self.routing.Start(v)).SetRange(*shift)
            clock.CumulVar(self.routing.End(v)).SetRange(*shift)

    def search(self, iterated: bool, seconds: float) -> Any:
        """The best assignment found, or None."""
        from ortools.constraint_solver import pywrapcp, routing_enums_pb2

        parameters = pywrapcp.DefaultRoutingSearchParameters()
        first = routing_enums_pb2.FirstSolutionStrategy
        parameters.first_solution_strategy = first.SAVINGS if iterated else first.PARALLEL_CHEAPEST_INSERTION
        parameters.time_limit.FromMilliseconds(int(1_000 * seconds))
        if not iterated:
            parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
            return self.routing.SolveWithParameters(parameters)
        parameters.use_iterated_local_search = True
        parameters.iterated_local_search_parameters.Clear()
        text_format = importlib.import_module("google.protobuf.text_format")
        text_format.Parse(ILS, parameters.iterated_local_search_parameters)
        self.routing.CloseModelWithParameters(parameters)
        return self.routing.SolveWithIteratedLocalSearch(parameters)

    def read(self, found: Any) -> tuple[list[Tour], set[int]]:
        """(tours, tasks served)."""
        tours, served = [], set()
        for v, own in enumerate(self.fleet):
            visits: list[Visit] = []
            index = found.Value(self.routing.NextVar(self.routing.Start(v)))
            while not self.routing.IsEnd(index):
                node = self.manager.IndexToNode(index)
                if node < len(self.modes):
                    t, m = self.modes[node]
                    served.add(t)
                    visits.append(Visit(False, t, m))
                elif visits:
                    visits.append(Visit(True, self.sites[node - len(self.modes)], 0))
                index = found.Value(self.routing.NextVar(index))
            if any(not visit.facility for visit in visits):
                tours.append(Tour(own, vehicle_name(self.problem, own, v + 1), tuple(visits)))
        return tours, served
