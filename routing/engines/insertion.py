"""Cheapest insertion of tasks into routes that otherwise stay as they are.

For each task every gap of every route is priced in each mode, going there directly or by way of a facility before
it, after it, or both; what no capacity, window or shift allows is masked out, and the lateness pushed onto later stops
is added exactly for the candidates that could still be best.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from routing.engines.assemble import (
    Tour,
    Visit,
    finder_for,
    legs_of,
    ports_of,
    price,
    time_route,
    tours_of,
    vehicle_name,
)
from routing.engines.gaps import Gaps, flatten
from routing.engines.line import NO_END, Line, later_lateness, make_line, with_visits
from routing.engines.reasons import CAPACITY, PRIZE, TIME, impossible
from routing.errors import BadProblem
from routing.network import IntArray
from routing.paths import UNREACHABLE, PathFinder
from routing.plan import Plan, Unserved
from routing.problem import Problem, Task

EXACT_TRIES = 64
"""Candidates a task whose pushed-on lateness is worked out in full; they come cheapest first."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """One way to insert: which line and gap, which visits, what it adds in all."""

    line: int
    gap: int
    visits: tuple[Visit, ...]
    added: int


@dataclass(slots=True)
class Inserter:
    """Lines of a plan in the making. Tasks go in one after the other; each is placed where it adds least."""

    problem: Problem
    finder: PathFinder
    lines: list[Line] = field(default_factory=list)
    capacity_bound: bool = True
    """Whether the last task that fitted nowhere failed for capacity alone (else for time)."""

    @classmethod
    def from_tours(cls, problem: Problem, finder: PathFinder, tours: Iterable[Tour]) -> Inserter:
        """Start from decided tours, each leaving as its shift begins; idle vehicles stand ready too."""
        inserter = cls(problem, finder)
        for tour in tours:
            timed = time_route(problem, finder, tour)
            inserter.lines.append(make_line(problem, finder, tour, timed.route.start_s))
        inserter.add_idle()
        return inserter

    @classmethod
    def from_plan(cls, problem: Problem, finder: PathFinder, plan: Plan) -> Inserter:
        """Start from a plan: its routes keep their start and their legs."""
        inserter = cls(problem, finder)
        tours = tours_of(problem, plan)
        if [len(t.visits) for t in tours] != [len(r.stops) for r in plan.routes]:
            raise BadProblem("the plan names vehicles, tasks or facilities its problem does not: give the plan's own")
        for tour, route in zip(tours, plan.routes, strict=True):
            legs = [*(stop.arcs for stop in route.stops), route.arcs_home]
            inserter.lines.append(make_line(problem, finder, tour, route.start_s, legs, route))
        inserter.add_idle()
        return inserter

    def add_idle(self) -> None:
        """Give every vehicle without work (of an unlimited fleet: one more) an empty line."""
        busy = {line.tour.name for line in self.lines}
        if self.problem.unlimited_fleet:
            copy = next(k for k in range(1, len(busy) + 2) if vehicle_name(self.problem, 0, k) not in busy)
            idle = [(0, vehicle_name(self.problem, 0, copy))]
        else:
            idle = [(i, v.id) for i, v in enumerate(self.problem.vehicles) if v.id not in busy]
        for vehicle, name in idle:
            own = self.problem.vehicles[vehicle]
            tour = Tour(vehicle, name, ())
            reachable = own.end is None or self.finder.from_port(own.start)[0][self.finder.reach(own.end)] < UNREACHABLE
            if reachable:
                self.lines.append(make_line(self.problem, self.finder, tour, own.shift[0]))

    def insert(self, index: int) -> str | None:
        """Place one task. Returns None, or the reason it stays out."""
        task = self.problem.tasks[index]
        reason = impossible(self.problem, self.finder, task)
        if reason is not None:
            return reason
        choice = self.best(index)
        if choice is None:
            return CAPACITY if self.capacity_bound else TIME
        if task.prize is not None and choice.added > task.prize:
            return PRIZE
        self.apply(choice)
        return None

    def apply(self, choice: _Choice) -> None:
        """Put a choice's visits in; only the legs at the gap are made anew."""
        line = self.lines[choice.line]
        tour = with_visits(line, choice.gap, choice.visits)
        vehicle = self.problem.vehicles[tour.vehicle]
        fresh = _legs_through(self.problem, self.finder, line, choice)
        legs = [*line.legs[: choice.gap], *fresh, *line.legs[choice.gap + 1 :]]
        start = line.start_s if line.tour.visits else vehicle.shift[0]
        was_idle = not line.tour.visits
        self.lines[choice.line] = make_line(self.problem, self.finder, tour, start, legs)
        if was_idle and self.problem.unlimited_fleet:
            self.add_idle()

    def best(self, index: int) -> _Choice | None:
        """The cheapest way to place a task, or None."""
        task = self.problem.tasks[index]
        gaps = flatten(self.problem, self.lines, task)
        if gaps is None:
            self.capacity_bound = True
            return None
        places = range(len(self.problem.facilities))
        single: list[tuple[int | None, int | None]] = [(None, None), *((f, None) for f in places)]
        single += [(None, f) for f in places]
        self.capacity_bound = True
        found = self._cheapest(index, gaps, single)
        if found is None:
            found = self._cheapest(index, gaps, [(f, g) for f in places for g in places])
        return found

    def _cheapest(self, index: int, gaps: Gaps, options: Sequence[tuple[int | None, int | None]]) -> _Choice | None:
        """Best choice among all gaps, modes and the given facilities before and after."""
        task = self.problem.tasks[index]
        ways = [(mode, *option) for mode in range(len(task.modes)) for option in options]
        if not ways:
            return None
        priced = [self._price(index, gaps, *way) for way in ways]
        added = np.concatenate([a for a, _ in priced])
        delay = np.concatenate([d for _, d in priced])
        order = np.argsort(added, kind="stable")
        best: _Choice | None = None
        for candidate in order[:EXACT_TRIES].tolist():
            lower = int(added[candidate])
            if lower >= UNREACHABLE or (best is not None and lower >= best.added):
                break
            way, at = divmod(candidate, len(gaps.sources))
            line, gap = int(gaps.line_of[at]), int(gaps.gap_of[at])
            total = lower
            if self.lines[line].has_deadlines:
                total += later_lateness(self.problem, self.lines[line], gap, int(delay[candidate]))
            if best is None or total < best.added:
                mode, first, then = ways[way]
                best = _Choice(line, gap, _visits(index, mode, first, then), total)
        return best

    def _price(
        self, index: int, gaps: Gaps, mode: int, first: int | None, then: int | None
    ) -> tuple[IntArray, IntArray]:
        """Added cost (`UNREACHABLE` where forbidden) and delay of the next place, over all gaps."""
        task = self.problem.tasks[index]
        clock, cost = gaps.leave_s, -gaps.leg_cost
        room = gaps.capacity - np.array(task.demand, np.int64)
        aboard = gaps.before if first is None else np.zeros_like(gaps.before)
        later = gaps.behind if then is None else np.zeros_like(gaps.behind)
        fits = (aboard + later <= room).all(axis=1)
        if then is None:
            fits &= gaps.owes_unload == 0
        if not fits.any():
            return np.full(len(cost), UNREACHABLE, np.int64), np.zeros(len(cost), np.int64)
        at: int | None = None
        stops = _visits(index, mode, first, then)
        in_time = np.ones(len(cost), np.bool_)
        for visit in stops:
            entry, leave = ports_of(self.problem, self.finder, visit)
            if at is None:
                leg_cost, leg_s = (row[gaps.sources] for row in self.finder.to_port(entry))
            else:
                leg_cost, leg_s = (row[entry] for row in self.finder.from_port(at))
            item = (self.problem.facilities if visit.facility else self.problem.tasks)[visit.item]
            begin = np.maximum(clock + leg_s, item.window[0])
            in_time &= begin <= item.window[1]
            clock, cost, at = begin + item.service_s, cost + leg_cost + item.service_cost, leave
            if not visit.facility and task.deadline_s is not None:
                cost = cost + task.weight * np.maximum(0, clock - task.deadline_s)
        assert at is not None
        last_cost, last_s = (np.where(gaps.sinks == NO_END, 0, row[gaps.sinks]) for row in self.finder.from_port(at))
        delay = clock + last_s - gaps.arrive_s
        in_time &= delay <= gaps.slack_s
        if (fits & ~in_time).any():
            self.capacity_bound = False
        cost = np.where(fits & in_time, cost + last_cost + gaps.fixed, UNREACHABLE)
        return np.minimum(cost, UNREACHABLE), delay

    def tours(self) -> list[Tour]:
        """What has been decided."""
        return [line.tour for line in self.lines if line.tour.visits]


def insert(problem: Problem, plan: Plan, task_ids: Iterable[str]) -> Plan:
    """Put more tasks into a plan without moving what it holds.

    Tasks the plan already serves are left alone. Routes that gain nothing stay the very same objects. What fits
    nowhere is listed unserved with its reason. Raises BadProblem where a task or a stop is not in the problem.
    """
    known = {task.id: i for i, task in enumerate(problem.tasks)}
    wanted = list(dict.fromkeys(task_ids))
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise BadProblem(f"task {unknown[0]} is not in the problem: add it to the problem first")
    served = {stop.ref for route in plan.routes for stop in route.stops if stop.kind == "task"}
    todo = [known[name] for name in wanted if name not in served]
    finder = finder_for(problem)
    inserter = Inserter.from_plan(problem, finder, plan)
    left = {entry.task: entry for entry in plan.unserved if entry.task not in wanted}
    for index in sorted(todo, key=lambda i: urgency(problem.tasks[i])):
        reason = inserter.insert(index)
        if reason is not None:
            left[problem.tasks[index].id] = Unserved(problem.tasks[index].id, reason)
    timed = []
    for line in inserter.lines:
        if line.tour.visits or line.source is not None:
            drive = time_route(problem, finder, line.tour, line.start_s, line.legs)
            timed.append(drive if line.source is None else replace(drive, route=line.source))
    return price(problem, timed, list(left.values()), f"{plan.engine}+insert", plan.seed, plan.iterations)


def urgency(task: Task) -> tuple[int, int, int, int]:
    """Order in which tasks are inserted: mandatory, heavy penalties, early deadlines, large loads first."""
    deadline = UNREACHABLE if task.deadline_s is None else task.deadline_s
    return (task.prize is not None, -task.weight if task.deadline_s is not None else 0, deadline, -max(task.demand))


def _visits(index: int, mode: int, first: int | None, then: int | None) -> tuple[Visit, ...]:
    before = () if first is None else (Visit(True, first, 0),)
    after = () if then is None else (Visit(True, then, 0),)
    return (*before, Visit(False, index, mode), *after)


def _legs_through(problem: Problem, finder: PathFinder, line: Line, choice: _Choice) -> list[tuple[int, ...]]:
    """Legs from the place before a gap through the new visits to the place after it."""
    if not line.tour.visits:
        return legs_of(problem, finder, problem.vehicles[line.tour.vehicle], choice.visits)
    at = int(line.sources[choice.gap])
    legs = []
    for visit in choice.visits:
        entry, leave = ports_of(problem, finder, visit)
        legs.append(finder.path(at, entry))
        at = leave
    sink = int(line.sinks[choice.gap])
    legs.append(() if sink == NO_END else finder.path(at, sink))
    return legs
