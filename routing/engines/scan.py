"""First plans by path scanning: each vehicle keeps choosing what to serve next until nothing more fits.

Path scanning after Golden, DeArmon & Baker (1983). Where tasks have deadlines the nearest task is weighed against the
most urgent one with the index of apparent tardiness cost (Vepsalainen & Morton 1987).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from routing.engines.assemble import Tour, Visit, vehicle_name
from routing.engines.matrix import Matrix
from routing.network import IntArray
from routing.paths import UNREACHABLE
from routing.problem import Problem

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rule:
    """How the next task is chosen.

    `together`: the vehicle that is free first moves next; else one vehicle is filled after the other.
    `patience_s`: how far ahead a deadline is felt; 0 ignores deadlines. `lean` breaks ties: 1 prefers tasks far from
    home while less than half full and near home after that, -1 the other way, 0 always near home.
    """

    together: bool
    patience_s: int
    lean: int


@dataclass(slots=True)
class _Crew:
    """One vehicle while it is being filled."""

    vehicle: int
    name: str
    row: int
    clock: int
    used: IntArray
    visits: list[Visit] = field(default_factory=list)


class Scanner:
    """Runs rules over one problem. All arrays are over modes, shape (modes,) or (modes, commodities)."""

    def __init__(self, problem: Problem, matrix: Matrix) -> None:
        self.problem = problem
        self.matrix = matrix
        task_of = matrix.mode_task
        tasks = problem.tasks

        def spread(values: list[int]) -> IntArray:
            return np.array(values, np.int64)[task_of] if tasks else np.zeros(0, np.int64)

        self.demand = np.array([t.demand for t in tasks], np.int64).reshape(len(tasks), len(problem.commodities))
        self.demand = self.demand[task_of]
        self.service_s = spread([t.service_s for t in tasks])
        self.opens = spread([t.window[0] for t in tasks])
        self.closes = spread([t.window[1] for t in tasks])
        self.deadline = spread([UNREACHABLE if t.deadline_s is None else t.deadline_s for t in tasks])
        self.weight = spread([0 if t.deadline_s is None else t.weight for t in tasks])
        self.worth = spread([UNREACHABLE if t.prize is None else t.prize - t.service_cost for t in tasks])
        self.skilled = [
            np.array([t.skills <= v.skills for t in tasks], np.bool_)[task_of] if tasks else np.zeros(0, np.bool_)
            for v in problem.vehicles
        ]
        heavy = self.weight[self.weight > 0]
        self.mean_weight = float(heavy.mean()) if len(heavy) else 0.0

    def run(self, rule: Rule) -> list[Tour]:
        """Tours of one rule."""
        open_modes = np.ones(self.matrix.modes, np.bool_)
        if self.problem.unlimited_fleet:
            return self._fill_copies(rule, open_modes)
        crews = [self._crew(v, 1) for v in range(len(self.problem.vehicles))]
        if rule.together:
            active = list(crews)
            while active:
                crew = min(active, key=lambda c: (c.clock, c.vehicle))
                if not self._advance(crew, rule, open_modes):
                    active.remove(crew)
        else:
            for crew in crews:
                while self._advance(crew, rule, open_modes):
                    pass
        return [self._finish(crew) for crew in crews if crew.visits]

    def _fill_copies(self, rule: Rule, open_modes: BoolArray) -> list[Tour]:
        tours = []
        for copy in range(1, len(self.problem.tasks) + 1):
            crew = self._crew(0, copy)
            while self._advance(crew, rule, open_modes):
                pass
            if not crew.visits:
                break
            tours.append(self._finish(crew))
        return tours

    def _crew(self, vehicle: int, copy: int) -> _Crew:
        own = self.problem.vehicles[vehicle]
        name = vehicle_name(self.problem, vehicle, copy)
        row = int(self.matrix.start_row[vehicle])
        return _Crew(vehicle, name, row, own.shift[0], np.array(own.initial_used, np.int64))

    def _advance(self, crew: _Crew, rule: Rule, open_modes: BoolArray) -> bool:
        """Serve one more task, by way of a facility where needed. False when nothing more fits."""
        fits, done = self._fitting(crew, crew.row, crew.clock, crew.used, open_modes)
        if not fits.any():
            stop = self._facility_for(crew, open_modes)
            if stop is None:
                return False
            place, clock = stop
            crew.visits.append(Visit(True, place, 0))
            crew.row, crew.clock = int(self.matrix.facility_row[place]), clock
            crew.used = np.zeros_like(crew.used)
            fits, done = self._fitting(crew, crew.row, crew.clock, crew.used, open_modes)
        mode = int(np.argmax(np.where(fits, self._appeal(crew, rule, done), -np.inf)))
        task = int(self.matrix.mode_task[mode])
        first, after = int(self.matrix.first_mode[task]), int(self.matrix.first_mode[task + 1])
        open_modes[first:after] = False
        crew.visits.append(Visit(False, task, mode - first))
        crew.row, crew.clock = int(self.matrix.mode_row[mode]), int(done[mode])
        crew.used = crew.used + self.demand[mode]
        return True

    def _fitting(
        self, crew: _Crew, row: int, clock: int, used: IntArray, open_modes: BoolArray
    ) -> tuple[BoolArray, IntArray]:
        """Which modes may be served next from `row`, and when each would be done."""
        columns = self.matrix.mode_column
        begin = np.maximum(clock + self.matrix.duration[row, columns], self.opens)
        done = begin + self.service_s
        capacity = np.array(self.problem.vehicles[crew.vehicle].capacity, np.int64)
        fits = open_modes & self.skilled[crew.vehicle] & (begin <= self.closes)
        fits &= (self.demand + used <= capacity).all(axis=1)
        fits &= self.matrix.cost[row, columns] <= self.worth
        if fits.any():
            end = self._home_at(crew.vehicle, self.matrix.mode_row, done)
            fits &= end <= self.problem.vehicles[crew.vehicle].shift[1]
        return fits, done

    def _home_at(self, vehicle: int, rows: IntArray, clock: IntArray) -> IntArray:
        """When a vehicle leaving `rows` at `clock` is home, unloaded on the way where it must be."""
        duration, column = self.matrix.duration, int(self.matrix.end_column[vehicle])
        if not self.problem.unload_at_end:
            return clock if column < 0 else clock + duration[rows, column]
        best = np.full(len(rows), UNREACHABLE, np.int64)
        for place, facility in enumerate(self.problem.facilities):
            begin = np.maximum(clock + duration[rows, self.matrix.facility_column[place]], facility.window[0])
            onward = 0 if column < 0 else int(duration[self.matrix.facility_row[place], column])
            end = begin + facility.service_s + onward
            best = np.minimum(best, np.where(begin <= facility.window[1], end, UNREACHABLE))
        return best

    def _facility_for(self, crew: _Crew, open_modes: BoolArray) -> tuple[int, int] | None:
        """The facility after which the next task is soonest done, and when it is left; None where none helps."""
        if not crew.used.any() or not open_modes.any():
            return None
        best: tuple[int, int, int] | None = None
        for place, facility in enumerate(self.problem.facilities):
            arrive = crew.clock + int(self.matrix.duration[crew.row, self.matrix.facility_column[place]])
            begin = max(arrive, facility.window[0])
            if begin > facility.window[1]:
                continue
            clock = begin + facility.service_s
            row = int(self.matrix.facility_row[place])
            fits, done = self._fitting(crew, row, clock, np.zeros_like(crew.used), open_modes)
            if fits.any():
                soonest = int(done[fits].min())
                if best is None or soonest < best[0]:
                    best = (soonest, place, clock)
        return None if best is None else (best[1], best[2])

    def _appeal(self, crew: _Crew, rule: Rule, done: IntArray) -> FloatArray:
        """The higher the sooner served."""
        near = self.matrix.cost[crew.row, self.matrix.mode_column].astype(np.float64)
        wait = np.maximum(self.opens - crew.clock - self.matrix.duration[crew.row, self.matrix.mode_column], 0)
        appeal: FloatArray = 1.0 / (near + wait + 1.0)
        if rule.patience_s > 0 and self.mean_weight > 0:
            slack = np.maximum(self.deadline - done, 0) / rule.patience_s
            appeal *= 1.0 + 4.0 * self.weight / self.mean_weight * np.exp(-np.minimum(slack, 50.0))
        column = int(self.matrix.end_column[crew.vehicle])
        if column >= 0:
            home = self.matrix.cost[self.matrix.mode_row, column].astype(np.float64)
            room = self.problem.vehicles[crew.vehicle].capacity
            half_full = any(2 * used >= size for used, size in zip(crew.used.tolist(), room, strict=True))
            sign = -1 if rule.lean == 0 else rule.lean * (-1 if half_full else 1)
            appeal *= 1.0 + 1e-3 * sign * home / (home.max() + 1.0)
        return appeal

    def _finish(self, crew: _Crew) -> Tour:
        """Add the unloading stop before home where one is owed."""
        visits = list(crew.visits)
        if self.problem.unload_at_end and crew.used.any():
            visits.append(Visit(True, self._last_facility(crew), 0))
        return Tour(crew.vehicle, crew.name, tuple(visits))

    def _last_facility(self, crew: _Crew) -> int:
        column = int(self.matrix.end_column[crew.vehicle])
        best, chosen = UNREACHABLE * 4, 0
        for place, facility in enumerate(self.problem.facilities):
            begin = max(
                crew.clock + int(self.matrix.duration[crew.row, self.matrix.facility_column[place]]), facility.window[0]
            )
            if begin > facility.window[1]:
                continue
            onward = 0 if column < 0 else int(self.matrix.duration[self.matrix.facility_row[place], column])
            if begin + facility.service_s + onward < best:
                best, chosen = begin + facility.service_s + onward, place
        return chosen
