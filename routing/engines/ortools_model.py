"""A Problem as a routing model of OR-Tools: nodes, vehicles, costs, times and loads.

Nodes: each mode of a task, then facilities in several copies (at a copy the used capacity falls by slack), then a start
and an end for each vehicle. A disjunction serves at most one mode of a task, at the price of the prize (mandatory: a
price above all others). A vehicle with alternative attachments is there once with each, and drives with one.

Prices of moves are a dimension of their own, so that vehicles share tables. What reaches over several routes or looks
back within one is in `ortools_rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from routing.engines.fleet import copies_wanted
from routing.engines.matrix import Matrix
from routing.engines.roads import RoadBook
from routing.network import IntArray
from routing.paths.search import UNREACHABLE
from routing.problem import HORIZON_S, Problem

COPIES_MAX = 24
"""Copies of one facility at most: visits a plan can make to it."""

FLEET_MAX = 200
"""Vehicles modelled of an unlimited fleet."""

FAR = 1 << 40
"""Cost where there is no way, times a rate of up to a million still far from overflow."""

TOO_LATE = 2 * HORIZON_S
"""Duration where there is no way: no route with a time limit takes it."""


@dataclass(frozen=True, slots=True)
class Crew:
    """One vehicle of the model: `own` is its number in the problem, `skills` what it has with this attachment."""

    own: int
    skills: frozenset[str]


@dataclass(slots=True)
class OrtoolsModel:
    """The model and how its numbers map back. `node_facility` are the facilities of the nodes after those of modes."""

    problem: Problem
    able: list[int]
    crews: list[Crew]
    node_task: list[int]
    node_mode: list[int]
    node_facility: list[int]
    manager: Any
    routing: Any
    nodes_of: dict[int, list[int]] = field(default_factory=dict)
    stays_s: dict[str, IntArray] = field(default_factory=dict)

    @classmethod
    def build(cls, problem: Problem, matrix: Matrix, able: Sequence[int]) -> OrtoolsModel:
        """Everything but the rules of `ortools_rules`."""
        from ortools.constraint_solver import pywrapcp

        crews = crews_of(problem, len(able))
        pairs = [(i, m) for i in able for m in range(len(problem.tasks[i].modes))]
        places = [f for f in range(len(problem.facilities)) for _ in range(facility_copies(problem, able))]
        work, count = len(pairs) + len(places), len(crews)
        starts = list(range(work, work + count))
        ends = list(range(work + count, work + 2 * count))
        manager = pywrapcp.RoutingIndexManager(work + 2 * count, count, starts, ends)
        routing = pywrapcp.RoutingModel(manager)
        model = cls(problem, list(able), crews, [i for i, _ in pairs], [m for _, m in pairs], places, manager, routing)
        for node, i in enumerate(model.node_task):
            model.nodes_of.setdefault(i, []).append(manager.NodeToIndex(node))
        model._add_costs_and_times(matrix)
        model._add_choices(matrix)
        model._bound_times()
        model._add_moves()
        for c in range(len(problem.commodities)):
            model._add_load(c)
        return model

    def indices_of(self, task: str) -> list[int]:
        """Indices of a task's modes by its id; none where nobody can serve it."""
        return next((own for i, own in self.nodes_of.items() if self.problem.tasks[i].id == task), [])

    def own(self, vehicle: int) -> Any:
        """The problem's vehicle behind a vehicle of the model."""
        return self.problem.vehicles[self.crews[vehicle].own]

    def time(self) -> Any:
        """The dimension whose cumul is when service starts."""
        return self.routing.GetDimensionOrDie("time")

    def facility_index(self, copy: int) -> int:
        """Index of a facility copy."""
        return int(self.manager.NodeToIndex(len(self.node_task) + copy))

    # ---- inside

    def _add_costs_and_times(self, matrix: Matrix) -> None:
        """One pair of tables for all vehicles of a profile and a rate."""
        book = RoadBook(self.problem)
        costs: dict[tuple[str, int], int] = {}
        times: dict[str, int] = {}
        transits = []
        for v, crew in enumerate(self.crews):
            vehicle = self.problem.vehicles[crew.own]
            own = matrix.of(vehicle.profile)
            fees, stays = self._spent(book.of(vehicle).percent)
            if vehicle.profile not in times:
                table = self._table(own, own.duration, 1, TOO_LATE) + stays[:, None]
                times[vehicle.profile] = self.routing.RegisterTransitMatrix(table.tolist())
                self.stays_s[vehicle.profile] = stays
            key = vehicle.profile, vehicle.travel_rate
            if key not in costs:
                table = self._table(own, own.cost, vehicle.travel_rate, FAR) + fees[:, None]
                costs[key] = self.routing.RegisterTransitMatrix(table.tolist())
            self.routing.SetArcCostEvaluatorOfVehicle(costs[key], v)
            self.routing.SetFixedCostOfVehicle(vehicle.fixed_cost, v)
            transits.append(times[vehicle.profile])
        self.routing.AddDimensionWithVehicleTransits(transits, HORIZON_S, HORIZON_S + TOO_LATE, False, "time")
        for v in range(len(self.crews)):
            rate = self.own(v).duration_rate
            if rate > 0:
                self.time().SetSpanCostCoefficientForVehicle(rate, v)

    def _spent(self, percent: int) -> tuple[IntArray, IntArray]:
        """(cost, seconds) spent at each node."""
        tasks = [self.problem.tasks[i] for i in self.node_task]
        places = [self.problem.facilities[f] for f in self.node_facility]
        ends = [0] * (2 * len(self.crews))
        both = []
        for name in ("service_cost", "service_s"):
            work = -(-np.array([getattr(task, name) for task in tasks], np.int64) * percent // 100)
            stay = np.array([getattr(place, name) for place in places] + ends, np.int64)
            both.append(np.concatenate([work, stay]))
        return both[0], both[1]

    def _table(self, matrix: Matrix, table: IntArray, rate: int, far: int) -> IntArray:
        """Ways between all nodes, times `rate`, at most `far`."""
        first, at = len(self.node_task), self.node_facility
        modes = matrix.first_mode[self.node_task] + np.array(self.node_mode, np.int64)
        out = np.concatenate([matrix.mode_row[modes], matrix.facility_row[at]]).astype(np.int64)
        into = np.concatenate([matrix.mode_column[modes], matrix.facility_column[at]]).astype(np.int64)
        work, count = first + len(at), len(self.crews)
        owners = [crew.own for crew in self.crews]
        full = np.full((work + 2 * count, work + 2 * count), UNREACHABLE, np.int64)
        full[:work, :work] = table[np.ix_(out, into)]
        full[work : work + count, :work] = table[np.ix_(matrix.start_row[owners], into)]
        full[work : work + count, work + count :] = 0
        columns = matrix.end_column[owners]
        full[:work, work + count :] = np.where(columns < 0, 0, table[out][:, columns])
        np.fill_diagonal(full, 0)
        known = full < UNREACHABLE
        scaled: IntArray = np.where(known, np.minimum(full, UNREACHABLE // max(1, rate)) * rate, far)
        return np.minimum(scaled, far)

    def _add_choices(self, matrix: Matrix) -> None:
        """One mode of each task at most, at a price; any facility copy for free; skills; one attachment a vehicle."""
        dear = leaving_out(self.problem, matrix)
        for i, indices in self.nodes_of.items():
            task = self.problem.tasks[i]
            self.routing.AddDisjunction(indices, dear if task.prize is None else task.prize)
            able = [v for v, crew in enumerate(self.crews) if task.skills <= crew.skills]
            if len(able) < len(self.crews):
                for index in indices:
                    self.routing.VehicleVar(index).SetValues([-1, *able])
        for copy in range(len(self.node_facility)):
            self.routing.AddDisjunction([self.facility_index(copy)], 0)
        if self.problem.unlimited_fleet:
            return
        solver = self.routing.solver()
        for own in range(len(self.problem.vehicles)):
            ways = [v for v, crew in enumerate(self.crews) if crew.own == own]
            if len(ways) > 1:
                solver.Add(solver.Sum([self.routing.ActiveVehicleVar(v) for v in ways]) <= 1)

    def _bound_times(self) -> None:
        """Windows, shifts, soft deadlines."""
        time = self.time()
        stays = next(iter(self.stays_s.values()))
        for node, i in enumerate(self.node_task):
            task, index = self.problem.tasks[i], self.manager.NodeToIndex(node)
            time.CumulVar(index).SetRange(*task.window)
            if task.deadline_s is not None and task.weight > 0:
                time.SetCumulVarSoftUpperBound(index, max(0, task.deadline_s - int(stays[node])), task.weight)
        for copy, f in enumerate(self.node_facility):
            time.CumulVar(self.facility_index(copy)).SetRange(*self.problem.facilities[f].window)
        for v in range(len(self.crews)):
            shift = self.own(v).shift
            time.CumulVar(self.routing.Start(v)).SetRange(*shift)
            time.CumulVar(self.routing.End(v)).SetRange(*shift)
            self.routing.AddVariableMinimizedByFinalizer(time.CumulVar(self.routing.End(v)))
            if self.own(v).duration_rate == 0 and self.problem.fairness_weight == 0:
                self.routing.AddVariableMinimizedByFinalizer(time.CumulVar(self.routing.Start(v)))
            else:
                self.routing.AddVariableMaximizedByFinalizer(time.CumulVar(self.routing.Start(v)))

    def _add_moves(self) -> None:
        """A dimension that grows by the price of a move at each task another vehicle should serve."""
        tasks = [self.problem.tasks[i] for i in self.node_task]
        kept = [task.move_cost if task.keep is not None else 0 for task in tasks]
        if not any(kept):
            return
        rest = [0] * (len(self.node_facility) + 2 * len(self.crews))
        numbers: dict[str, int] = {}
        transits = []
        keepers = {task.keep for task in tasks}
        for v in range(len(self.crews)):
            name = self.own(v).id if self.own(v).id in keepers and not self.problem.unlimited_fleet else ""
            if name not in numbers:
                paid = [0 if task.keep == name else cost for task, cost in zip(tasks, kept, strict=True)]
                numbers[name] = self.routing.RegisterUnaryTransitVector(paid + rest)
            transits.append(numbers[name])
        self.routing.AddDimensionWithVehicleTransits(transits, 0, sum(kept), True, "moves")
        self.routing.GetDimensionOrDie("moves").SetSpanCostCoefficientForAllVehicles(1)

    def _add_load(self, commodity: int) -> None:
        """What is used of one commodity; at a facility that resets it, slack lets it fall."""
        problem, name = self.problem, f"load{commodity}"
        room = [self.own(v).capacity[commodity] for v in range(len(self.crews))]
        most = max(room)
        resets = [
            not problem.facilities[f].resets or commodity in problem.facilities[f].resets for f in self.node_facility
        ]
        demand = [problem.tasks[i].demand[commodity] for i in self.node_task]
        demand += [-most if fresh else 0 for fresh in resets] + [0] * (2 * len(self.crews))
        callback = self.routing.RegisterUnaryTransitVector(demand)
        self.routing.AddDimensionWithVehicleCapacity(callback, most, room, False, name)
        load = self.routing.GetDimensionOrDie(name)
        for node in range(len(self.node_task)):
            load.SlackVar(self.manager.NodeToIndex(node)).SetValue(0)
        for copy, fresh in enumerate(resets):
            if not fresh:
                load.SlackVar(self.facility_index(copy)).SetValue(0)
        for v in range(len(self.crews)):
            initial = self.own(v).initial_used[commodity]
            load.CumulVar(self.routing.Start(v)).SetValue(initial)
            load.SlackVar(self.routing.Start(v)).SetValue(0)
            if problem.unload_at_end:
                idle = 1 - self.routing.ActiveVehicleVar(v)
                self.routing.solver().Add(load.CumulVar(self.routing.End(v)) <= initial * idle)


def crews_of(problem: Problem, tasks: int) -> list[Crew]:
    """Vehicles of the model: each of the problem's, once for each attachment; copies where the fleet is unlimited."""
    crews = []
    share = max(1, FLEET_MAX // max(1, len(problem.vehicles)))
    for own, vehicle in enumerate(problem.vehicles):
        copies = min(share, copies_wanted(problem, tasks, own)) if problem.unlimited_fleet else 1
        ways = [vehicle.skills | extra for extra in dict.fromkeys(vehicle.attachments)] or [vehicle.skills]
        frozen = {stop.ref for stop in vehicle.frozen if stop.kind == "task"}
        if frozen:
            wanted = frozenset().union(*(task.skills for task in problem.tasks if task.id in frozen))
            ways = [skills for skills in ways if wanted <= skills][:1] or ways[:1]
        crews += [Crew(own, skills) for _ in range(copies) for skills in ways]
    return crews


def facility_copies(problem: Problem, able: Sequence[int]) -> int:
    """Copies of each facility: trips the whole demand needs of the smallest vehicle, twice, and one a vehicle."""
    trips = 1
    for c in range(len(problem.commodities)):
        total = sum(problem.tasks[i].demand[c] for i in able)
        room = min((v.capacity[c] for v in problem.vehicles if v.capacity[c] > 0), default=1)
        trips = max(trips, -(-total // room))
    frozen = max((sum(stop.kind == "facility" for stop in v.frozen) for v in problem.vehicles), default=0)
    return min(COPIES_MAX, 2 * trips + len(problem.vehicles)) + frozen


def leaving_out(problem: Problem, matrix: Matrix) -> int:
    """Price of leaving out a mandatory task: more than any single task can add to a plan."""
    tables = [matrix, *(matrix.of(v.profile) for v in problem.vehicles if v.profile)]
    cost = max(int(np.where(t.cost < UNREACHABLE, t.cost, 0).max(initial=0)) for t in tables)
    seconds = max(int(np.where(t.duration < UNREACHABLE, t.duration, 0).max(initial=0)) for t in tables)
    rate_s = max(v.duration_rate for v in problem.vehicles) + problem.fairness_weight
    dear = max(4 * v.travel_rate * cost + v.fixed_cost for v in problem.vehicles) + rate_s * (4 * seconds + 1)
    late = max((task.weight for task in problem.tasks if task.deadline_s is not None), default=0)
    dear += late * (8 * seconds + 1) + max((task.prize or 0 for task in problem.tasks), default=0)
    dear += sum(task.service_cost for task in problem.tasks) // max(1, len(problem.tasks))
    return min(dear + 1_000_000, LEAVE_OUT_MAX)


LEAVE_OUT_MAX = 1 << 46
"""So that the price of thousands of tasks left out is no overflow."""
