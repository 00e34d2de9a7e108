"""Cheapest insertion of tasks into routes that otherwise stay as they are.

For each task every gap of every route is priced in each mode, going there directly or by way of a facility before
it, after it, or both; what no load, window or shift allows is masked out. The price is a lower bound that holds all of
the way; the cheapest candidates are then timed in full (`engines.trial`): later lateness, breaks, releases, duration,
fairness, passes apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from routing.engines.assemble import (
    Timed,
    Tour,
    Visit,
    finder_for,
    kept_as,
    ports_of,
    price,
    time_route,
    tours_of,
    vehicle_name,
)
from routing.engines.gaps import Gaps, flatten
from routing.engines.line import NO_END, Line, kept_by, make_line, with_visits
from routing.engines.reasons import CAPACITY, PRIZE, TIME, WINDOW, impossible
from routing.engines.roads import RoadBook, percent_of, profile_of
from routing.engines.trial import Trial, Way
from routing.errors import BadProblem
from routing.network import IntArray
from routing.paths.search import UNREACHABLE, PathFinder
from routing.plan import Plan, Unserved
from routing.problem import Problem, Task

BoolArray = npt.NDArray[np.bool_]

EXACT_TRIES = 64
"""Candidates a task that are timed in full; they come cheapest first."""


@dataclass(frozen=True, slots=True)
class Priced:
    """One way of going in, priced in all gaps of one profile.

    `lower` is the least it can add, `late` the lateness of its own in it; `fits` and `in_time` say where load, and
    windows and shift, allow it, `on_time` where the task's own window does.
    """

    visits: tuple[Visit, ...]
    gaps: Gaps
    lower: IntArray
    late: IntArray
    fits: BoolArray
    in_time: BoolArray
    on_time: BoolArray

    @property
    def open(self) -> IntArray:
        """The lower bound where it may go in, `UNREACHABLE` elsewhere."""
        found: IntArray = np.where(self.fits & self.in_time, self.lower, UNREACHABLE)
        return found


@dataclass(slots=True)
class Inserter:
    """Lines of a plan in the making. Tasks go in one after the other; each is placed where it adds least."""

    problem: Problem
    finder: PathFinder
    lines: list[Line] = field(default_factory=list)
    bound: str = CAPACITY
    """What bound the last task that fitted nowhere."""
    roads: RoadBook = field(init=False)
    trial: Trial = field(init=False)

    def __post_init__(self) -> None:
        self.roads = RoadBook(self.problem)
        self.trial = Trial(self.problem, self.finder, self.lines)

    @classmethod
    def from_tours(cls, problem: Problem, finder: PathFinder, tours: Iterable[Tour]) -> Inserter:
        """Start from decided tours, each leaving when that is best; idle vehicles stand ready too."""
        inserter = cls(problem, finder)
        for tour in tours:
            inserter.lines.append(make_line(problem, finder, inserter.roads, tour))
        inserter.add_idle()
        return inserter

    @classmethod
    def from_plan(cls, problem: Problem, finder: PathFinder, plan: Plan) -> Inserter:
        """Start from a plan: its routes keep their start and their legs."""
        inserter = cls(problem, finder)
        tours = tours_of(problem, plan)
        work = [[stop for stop in route.stops if stop.kind != "break"] for route in plan.routes]
        if [len(tour.visits) for tour in tours] != [len(stops) for stops in work]:
            raise BadProblem("the plan names vehicles, tasks or facilities its problem does not: give the plan's own")
        for tour, route, stops in zip(tours, plan.routes, work, strict=True):
            legs = [*(stop.arcs for stop in stops), route.arcs_home]
            line = make_line(problem, finder, inserter.roads, tour, route.start_s, legs, route)
            inserter.lines.append(line)
        inserter.add_idle()
        return inserter

    def add_idle(self) -> None:
        """Give every vehicle without work (of an unlimited fleet: one more of each) an empty line."""
        busy = {line.tour.name for line in self.lines}
        ready = {line.tour.vehicle for line in self.lines if not line.tour.visits}
        for number, own in enumerate(self.problem.vehicles):
            copies = (vehicle_name(self.problem, number, k) for k in range(1, len(busy) + 2))
            name = next((copy for copy in copies if copy not in busy), own.id)
            if number in ready or name in busy:
                continue
            finder = self.finder.of(own.profile)
            if own.end is None or finder.from_port(own.start)[0][finder.reach(own.end)] < UNREACHABLE:
                self.lines.append(make_line(self.problem, self.finder, self.roads, Tour(number, name, ())))

    def insert(self, index: int) -> str | None:
        """Place one task. Returns None, or the reason it stays out."""
        task = self.problem.tasks[index]
        reason = impossible(self.problem, self.finder, task)
        if reason is not None:
            return reason
        found = self.best(index)
        if found is None:
            return self.bound
        way, added = found
        if task.prize is not None and added > task.prize:
            return PRIZE
        self.apply(way)
        return None

    def apply(self, way: Way) -> None:
        """Carry out an insertion. The line of an idle vehicle of an unlimited fleet makes room for one more."""
        line = self.lines[way.line]
        opens = self.trial.opens(way)
        was_idle = not line.tour.visits
        tour = with_visits(line, way.gap, way.visits)
        legs = [*line.legs[: way.gap], *self.trial.legs(line, way), *line.legs[way.gap + 1 :]]
        self.lines[way.line] = make_line(self.problem, self.finder, self.roads, tour, line.start_s, legs, opens=opens)
        if was_idle and self.problem.unlimited_fleet:
            self.add_idle()

    def best(self, index: int) -> tuple[Way, int] | None:
        """Cheapest way to serve a task and what it adds, or None; then `bound` says why."""
        groups = flatten(self.problem, self.lines, self.problem.tasks[index])
        places = range(len(self.problem.facilities))
        single: list[tuple[int | None, int | None]] = [(None, None), *((f, None) for f in places)]
        single += [(None, f) for f in places]
        priced = self.priced(index, groups, single)
        found = self._cheapest(index, priced)
        if found is None:
            priced += self.priced(index, groups, [(f, g) for f in places for g in places])
            found = self._cheapest(index, priced)
        if found is None:
            self.bound = _bound(priced)
        return found

    def priced(
        self, index: int, groups: Sequence[Gaps], options: Sequence[tuple[int | None, int | None]]
    ) -> list[Priced]:
        """Every mode with every choice of facilities before and after, in every gap."""
        modes = range(len(self.problem.tasks[index].modes))
        return [self._price(index, gaps, mode, *option) for gaps in groups for mode in modes for option in options]

    def _cheapest(self, index: int, priced: Sequence[Priced]) -> tuple[Way, int] | None:
        """The best of all candidates: cheapest bound first, timed in full until no bound can beat the best."""
        if not priced:
            return None
        lower = np.concatenate([one.open for one in priced])
        ends = np.cumsum([len(one.lower) for one in priced])
        best: tuple[Way, int] | None = None
        for candidate in np.argsort(lower, kind="stable")[:EXACT_TRIES].tolist():
            bound = int(lower[candidate])
            if bound >= UNREACHABLE or (best is not None and bound >= best[1]):
                break
            one = priced[int(np.searchsorted(ends, candidate, side="right"))]
            at = candidate - int(ends[-1]) if one is priced[-1] else candidate - int(ends[priced.index(one)])
            way = Way(int(one.gaps.line_of[at]), int(one.gaps.gap_of[at]), one.visits)
            added = self.trial.added(way, bound)
            if added is not None and (best is None or added < best[1]):
                best = way, added
        return best

    def _price(self, index: int, gaps: Gaps, mode: int, first: int | None, then: int | None) -> Priced:
        """One way of going in: the least it adds, and where it may."""
        task = self.problem.tasks[index]
        finder = self.finder.of(gaps.profile)
        percent = profile_of(self.problem, gaps.profile).work_percent
        visits = _visits(index, mode, first, then)
        clock, way = gaps.leave_s, np.zeros(len(gaps.leave_s), np.int64)
        cost, work_s = gaps.extra - gaps.leg_cost, gaps.leave_s - gaps.arrive_s
        in_time = np.ones(len(clock), np.bool_)
        on_time = in_time
        late = np.zeros(len(clock), np.int64)
        at: int | None = None
        for visit in visits:
            entry, leave = ports_of(self.problem, finder, visit)
            row = finder.to_port(entry) if at is None else finder.from_port(at)
            leg_cost, leg_s = (figures[gaps.sources if at is None else entry] for figures in row)
            item = (self.problem.facilities if visit.facility else self.problem.tasks)[visit.item]
            share = 100 if visit.facility else percent
            stay_s = percent_of(item.service_s, share)
            begin = np.maximum(clock + leg_s, item.window[0])
            in_time = in_time & (begin <= item.window[1])
            on_time = on_time if visit.facility else begin <= item.window[1]
            way, work_s = way + leg_cost, work_s + leg_s + stay_s
            cost, clock, at = cost + percent_of(item.service_cost, share), begin + stay_s, leave
            if not visit.facility and task.deadline_s is not None:
                late = task.weight * np.maximum(0, clock - task.deadline_s)
        assert at is not None
        last_cost, last_s = (np.where(gaps.sinks == NO_END, 0, row[gaps.sinks]) for row in finder.from_port(at))
        way, work_s = way + last_cost, work_s + last_s
        in_time = in_time & (clock + last_s - gaps.arrive_s <= gaps.slack_s) & (way < UNREACHABLE)
        cost = cost + late + gaps.rate * way + gaps.second * np.maximum(0, work_s - gaps.idle_s)
        return Priced(visits, gaps, cost, late, self._fits(task, gaps, first, then), in_time, on_time)

    def _fits(self, task: Task, gaps: Gaps, first: int | None, then: int | None) -> BoolArray:
        """Where the load allows it, and the vehicle can come home empty where it must."""
        demand = np.array(task.demand, np.int64)
        aboard = gaps.before if first is None else gaps.before * kept_by(self.problem, first)
        kept = np.ones(len(demand), np.int64) if then is None else kept_by(self.problem, then)
        fits = aboard + demand + gaps.behind * kept <= gaps.capacity
        if self.problem.unload_at_end:
            fits &= ((aboard + demand) * kept == 0) | (gaps.resets > 0)
        found: BoolArray = np.asarray(fits.all(axis=1), np.bool_)
        return found

    def drive(self, line: Line) -> Timed:
        """A line as a route of the plan: the one it came from where it still is that."""
        if line.drive is None:
            drive = time_route(self.problem, self.finder, line.tour, line.start_s, line.legs, self.roads, line.opens)
            line.drive = drive if line.source is None else kept_as(self.problem, line.tour, drive, line.source)
        return line.drive

    def tours(self) -> list[Tour]:
        """What has been decided."""
        return [line.tour for line in self.lines if line.tour.visits]


def insert(problem: Problem, plan: Plan, task_ids: Iterable[str], finder: PathFinder | None = None) -> Plan:
    """Put more tasks into a plan without moving what it holds.

    Tasks the plan already serves are left alone. Routes that gain nothing stay the very same objects. What fits nowhere
    is listed unserved with its reason. Queues at facilities and waits of passes are left to `engines.settle`. `finder`
    is one made for a problem of the same network and modes. Raises BadProblem where a task or a stop is not in the
    problem.
    """
    known = {task.id for task in problem.tasks}
    wanted = list(dict.fromkeys(task_ids))
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise BadProblem(f"task {unknown[0]} is not in the problem: add it to the problem first")
    inserter = Inserter.from_plan(problem, finder_for(problem) if finder is None else finder, plan)
    return put_in(inserter, plan, wanted)


def put_in(inserter: Inserter, plan: Plan, wanted: Sequence[str]) -> Plan:
    """Insert the wanted tasks that are not served and make the plan of it; `plan` is what the inserter started from."""
    problem = inserter.problem
    known = {task.id: i for i, task in enumerate(problem.tasks)}
    served = {stop.ref for route in plan.routes for stop in route.stops if stop.kind == "task"}
    todo = [known[name] for name in wanted if name not in served]
    left = {entry.task: entry for entry in plan.unserved if entry.task not in wanted}
    for index in sorted(todo, key=lambda i: urgency(problem.tasks[i])):
        reason = inserter.insert(index)
        if reason is not None:
            left[problem.tasks[index].id] = Unserved(problem.tasks[index].id, reason)
    timed = [inserter.drive(line) for line in inserter.lines if line.tour.visits or line.source is not None]
    return price(problem, timed, list(left.values()), f"{plan.engine}+insert", plan.seed, plan.iterations)


def urgency(task: Task) -> tuple[int, int, int, int]:
    """Order in which tasks are inserted: mandatory, heavy penalties, early deadlines, large loads first."""
    deadline = UNREACHABLE if task.deadline_s is None else task.deadline_s
    return (task.prize is not None, -task.weight if task.deadline_s is not None else 0, deadline, -max(task.demand))


def _visits(index: int, mode: int, first: int | None, then: int | None) -> tuple[Visit, ...]:
    before = () if first is None else (Visit(True, first, 0),)
    after = () if then is None else (Visit(True, then, 0),)
    return (*before, Visit(False, index, mode), *after)


def _bound(priced: Sequence[Priced]) -> str:
    """What kept a task out of every gap: time where the load would have fitted, its window where that alone did."""
    roomy = [one for one in priced if one.fits.any()]
    if not roomy:
        return CAPACITY
    return TIME if any((one.fits & one.on_time).any() for one in roomy) else WINDOW
