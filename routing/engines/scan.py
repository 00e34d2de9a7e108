"""First plans by path scanning: each vehicle keeps choosing what to serve next until nothing more fits.

Path scanning after Golden, DeArmon & Baker (1983). Where tasks have deadlines the nearest task is weighed against the
most urgent one with the index of apparent tardiness cost (Vepsalainen & Morton 1987).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from routing.engines.assemble import Tour, Visit, used_after, vehicle_name
from routing.engines.matrix import Matrix
from routing.engines.roads import RoadBook
from routing.engines.ruin.origin import origins_of
from routing.network import IntArray
from routing.paths.search import UNREACHABLE
from routing.problem import Problem

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


@dataclass(frozen=True, slots=True)
class _Kind:
    """What vehicles of one sort share. Arrays are over modes; `places` as `scanning.choose` takes them."""

    table: Matrix
    able: npt.NDArray[np.bool_]
    service: IntArray
    home: IntArray
    exits: IntArray
    places: IntArray
    pull: FloatArray
    capacity: IntArray


class Scanner:
    """Runs rules over one problem."""

    def __init__(self, problem: Problem, matrix: Matrix) -> None:
        from routing.engines.scanning import MODE

        self.problem = problem
        self.matrix = matrix
        tasks, of = problem.tasks, matrix.mode_task
        self.mode = np.zeros(matrix.modes, MODE)
        self.mode["column"] = matrix.mode_column
        columns: dict[str, list[int]] = {
            "opens": [t.window[0] for t in tasks],
            "closes": [t.window[1] for t in tasks],
            "deadline": [UNREACHABLE if t.deadline_s is None else t.deadline_s for t in tasks],
            "weight": [0 if t.deadline_s is None else t.weight for t in tasks],
            "worth": [UNREACHABLE if t.prize is None else t.prize - t.service_cost for t in tasks],
        }
        for name, values in columns.items():
            self.mode[name] = np.array(values, np.int64)[of]
        self.demand = np.array([t.demand for t in tasks], np.int64).reshape(len(tasks), len(problem.commodities))[of]
        heavy = self.mode["weight"][self.mode["weight"] > 0]
        self.mean_weight = float(heavy.mean()) if len(heavy) else 0.0
        self.origins = origins_of(problem, matrix)
        self.frozen = {item for origin in self.origins for item in origin.tasks}
        self.roads = RoadBook(problem)
        self.kinds: dict[tuple[object, ...], _Kind] = {}
        self.open = np.zeros(matrix.modes, np.bool_)
        self.candidates = np.zeros(matrix.modes, np.int64)
        self.count = self.closed = 0
        self.found = np.zeros(2, np.int64)

    def run(self, rule: Rule) -> list[Tour]:
        """Tours of one rule."""
        self.open[:] = ~np.isin(self.matrix.mode_task, list(self.frozen))
        self.candidates[: int(self.open.sum())] = np.nonzero(self.open)[0]
        self.count, self.closed = int(self.open.sum()), 0
        if self.problem.unlimited_fleet:
            return self._fill_copies(rule)
        crews = [self._crew(v, 1) for v in range(len(self.problem.vehicles))]
        if rule.together:
            active = list(crews)
            while active:
                crew = min(active, key=lambda c: (c.clock, c.vehicle))
                if not self._advance(crew, rule):
                    active.remove(crew)
        else:
            for crew in crews:
                while self._advance(crew, rule):
                    pass
        return [self._finish(crew) for crew in crews if crew.visits]

    def _fill_copies(self, rule: Rule) -> list[Tour]:
        """Copies of each kind in turn, those with the lowest fixed cost a unit of capacity first."""
        fleet = self.problem.vehicles
        order = sorted(range(len(fleet)), key=lambda v: (fleet[v].fixed_cost / max(1, sum(fleet[v].capacity)), v))
        tours = []
        for vehicle in order:
            for copy in range(1, len(self.problem.tasks) + 1):
                crew = self._crew(vehicle, copy)
                while self._advance(crew, rule):
                    pass
                if not crew.visits:
                    break
                tours.append(self._finish(crew))
        return tours

    def _crew(self, vehicle: int, copy: int) -> _Crew:
        origin = self.origins[vehicle]
        name = vehicle_name(self.problem, vehicle, copy)
        used = np.array(origin.used, np.int64)
        return _Crew(vehicle, name, origin.row, origin.clock_s, used, list(origin.visits))

    def _kind(self, vehicle: int) -> _Kind:
        """What is the same for all vehicles with this profile, end, skills and capacity."""
        own = self.problem.vehicles[vehicle]
        column = int(self.matrix.end_column[vehicle])
        key = (own.profile, column, own.skills, own.attachments, own.capacity)
        if key not in self.kinds:
            table, of, roads = self.matrix.of(own.profile), self.matrix.mode_task, self.roads.of(own)
            fitted = own.skills | self._fitted(own.attachments)
            rows, places = self.matrix.mode_row, self.problem.facilities
            home, away = np.zeros(len(rows), np.int64), np.zeros(len(rows))
            if column >= 0:
                home, away = table.seconds_at(rows, column), table.costs_at(rows, column).astype(np.float64)
            owing = places if self.problem.unload_at_end else ()
            exits, ways = np.zeros((len(rows), len(owing)), np.int64), np.zeros((len(owing), 4), np.int64)
            for f, place in enumerate(owing):
                exits[:, f] = table.seconds_at(rows, int(table.facility_column[f]))
                onward = 0 if column < 0 else int(table.seconds_at(int(table.facility_row[f]), column))
                ways[f] = (*place.window, place.service_s, onward)
            if self.problem.unload_at_end and not places:
                home[:] = UNREACHABLE
            self.kinds[key] = _Kind(
                table,
                np.array([t.skills <= fitted for t in self.problem.tasks], np.bool_)[of],
                np.array([roads.work(t)[1] for t in self.problem.tasks], np.int64)[of],
                home,
                exits,
                ways,
                1e-3 * away / (away.max(initial=0.0) + 1.0),
                np.array(own.capacity, np.int64),
            )
        return self.kinds[key]

    def _fitted(self, attachments: tuple[frozenset[str], ...]) -> frozenset[str]:
        """The attachment that most tasks ask for."""
        most, chosen = -1, frozenset[str]()
        for skills in attachments:
            wanted = sum(bool(task.skills & skills) for task in self.problem.tasks)
            if wanted > most:
                most, chosen = wanted, skills
        return chosen

    def _advance(self, crew: _Crew, rule: Rule) -> bool:
        """Serve one more task, by way of a facility where needed. False when nothing more fits."""
        mode, done = self._best(crew, crew.row, crew.clock, crew.used, rule)
        if mode < 0:
            stop = self._facility_for(crew)
            if stop is None:
                return False
            place, crew.clock, crew.used = stop
            crew.visits.append(Visit(True, place, 0))
            crew.row = int(self.matrix.facility_row[place])
            mode, done = self._best(crew, crew.row, crew.clock, crew.used, rule)
        task = int(self.matrix.mode_task[mode])
        first, after = int(self.matrix.first_mode[task]), int(self.matrix.first_mode[task + 1])
        self.open[first:after] = False
        self.closed += after - first
        if 8 * self.closed > self.count:
            from routing.engines.scanning import drop_closed

            self.count, self.closed = drop_closed(self.candidates, self.count, self.open), 0
        crew.visits.append(Visit(False, task, mode - first))
        crew.row, crew.clock = int(self.matrix.mode_row[mode]), done
        crew.used = crew.used + self.demand[mode]
        return True

    def _best(self, crew: _Crew, row: int, clock: int, used: IntArray, rule: Rule | None) -> tuple[int, int]:
        """(mode to serve next from `row`, when it is done), without a rule what is done soonest; (-1, .) for none."""
        from routing.engines.scanning import choose

        kind, vehicle = self._kind(crew.vehicle), self.problem.vehicles[crew.vehicle]
        lean = 0.0
        if rule is not None:
            half_full = bool((2 * used >= kind.capacity).any())
            lean = -1.0 if rule.lean == 0 else float(rule.lean * (-1 if half_full else 1))
        patient = rule is not None and self.mean_weight > 0
        choose(
            self.candidates,
            self.count,
            self.mode,
            kind.service,
            self.demand,
            kind.able & self.open,
            kind.table.cost[row].astype(np.int64),
            kind.table.duration[row].astype(np.int64),
            kind.table.far,
            clock,
            used,
            kind.capacity,
            vehicle.shift[1],
            kind.home,
            kind.exits,
            kind.places,
            kind.pull,
            lean,
            float(rule.patience_s) if rule is not None and patient else 0.0,
            self.mean_weight,
            rule is None,
            self.found,
        )
        return int(self.found[0]), int(self.found[1])

    def _facility_for(self, crew: _Crew) -> tuple[int, int, IntArray] | None:
        """(facility after which the next task is soonest done, when it is left, what is used then), None for none."""
        if not crew.used.any() or self.count == self.closed:
            return None
        table = self._kind(crew.vehicle).table
        best: tuple[int, int, int, IntArray] | None = None
        for place, facility in enumerate(self.problem.facilities):
            way = int(table.seconds_at(crew.row, int(table.facility_column[place])))
            begin = max(crew.clock + way, facility.window[0])
            if begin > facility.window[1]:
                continue
            clock = begin + facility.service_s
            used = np.array(used_after(self.problem, tuple(crew.used.tolist()), Visit(True, place, 0)), np.int64)
            mode, done = self._best(crew, int(table.facility_row[place]), clock, used, None)
            if mode >= 0 and (best is None or done < best[0]):
                best = (done, place, clock, used)
        return None if best is None else best[1:]

    def _finish(self, crew: _Crew) -> Tour:
        """Add the unloading stop before home where one is owed."""
        visits = list(crew.visits)
        if self.problem.unload_at_end and crew.used.any():
            visits.append(Visit(True, self._last_facility(crew), 0))
        return Tour(crew.vehicle, crew.name, tuple(visits))

    def _last_facility(self, crew: _Crew) -> int:
        kind = self._kind(crew.vehicle)
        best, chosen = UNREACHABLE * 4, 0
        for place, (opens, closes, stay, onward) in enumerate(kind.places.tolist()):
            way = int(kind.table.seconds_at(crew.row, int(kind.table.facility_column[place])))
            begin = max(crew.clock + way, opens)
            if begin <= closes and begin + stay + onward < best:
                best, chosen = begin + stay + onward, place
        return chosen
