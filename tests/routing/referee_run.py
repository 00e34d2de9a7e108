"""One vehicle driven by the book, as a generator that asks for a bay: half of the second reading of the rules."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import numpy as np

from routing.plan import Stop
from routing.problem import Facility, Mode, Problem, Profile, Task, Vehicle


@dataclass(frozen=True)
class Do:
    """Drive `arcs`, then do this: kind task, facility or break."""

    kind: str
    ref: str
    mode: int = 0
    arcs: tuple[int, ...] = ()
    until_s: int = 0
    """A pass that other passes may come before waits until then."""


@dataclass(frozen=True)
class Drive:
    """What one vehicle (by its name in the plan) is told to do."""

    vehicle: str
    start_s: int
    todo: tuple[Do, ...]
    home: tuple[int, ...] = ()


@dataclass
class Log:
    """What came of a drive."""

    drive: Drive
    vehicle: Vehicle
    stops: list[Stop] = field(default_factory=list)
    travel: int = 0
    service: int = 0
    metres: int = 0
    end_s: int = 0
    work: list[tuple[Task, int, int]] = field(default_factory=list)
    """(task, start, end) of each task served."""
    ready: dict[str, int] = field(default_factory=dict)
    """When each task could have been begun."""
    broken: set[str] = field(default_factory=set)


Wish = tuple[int, int, Facility]  # arrival, earliest start, facility with bays


@dataclass
class Run:
    """One route under way."""

    problem: Problem
    log: Log
    node: int
    last: int
    clock: int
    used: list[int]
    over: list[bool]
    profile: Profile

    @classmethod
    def of(cls, problem: Problem, log: Log) -> Run:
        v = log.vehicle
        over = [u > c for u, c in zip(v.initial_used, v.capacity, strict=True)]
        return cls(problem, log, v.start, -1, log.drive.start_s, list(v.initial_used), over, profile_of(problem, v))

    def all(self) -> Generator[Wish, int | None, None]:
        """Drive the route; yields a wish for each visit to a facility with bays, and is sent the start."""
        todo = self.log.drive.todo
        tasks = {t.id: t for t in self.problem.tasks}
        facilities = {f.id: f for f in self.problem.facilities}
        rests = {b.id: b for b in self.log.vehicle.breaks}
        for number, do in enumerate(todo):
            self.arcs(do.arcs)
            arrive = start = self.clock
            if do.kind == "task" and do.ref in tasks and 0 <= do.mode < len(tasks[do.ref].modes):
                arrive, start = self.serve(tasks[do.ref], tasks[do.ref].modes[do.mode], do.until_s)
            elif do.kind == "facility" and do.ref in facilities:
                place = facilities[do.ref]
                start = max(arrive, place.window[0], releases(self.problem, todo[number + 1 :]))
                if place.bays:
                    sent = yield (arrive, start, place)
                    assert sent is not None
                    start = sent
                self.visit(place, start)
            elif do.kind == "break" and do.ref in rests:
                start = max(arrive, rests[do.ref].window[0])
                self.note("break", start > rests[do.ref].window[1])
                self.clock = start + rests[do.ref].duration_s
            else:
                self.note("unknown", True)
            self.log.stops.append(Stop(do.kind, do.ref, do.mode, do.arcs, arrive, start, self.clock, tuple(self.used)))
        self.arcs(self.log.drive.home)
        self.log.end_s = self.clock
        self.note("overloaded", any(self.over))
        self.note("end", self.log.vehicle.end not in (None, self.node))
        self.note("end", self.problem.unload_at_end and bool(todo) and sum(self.used) > 0)

    def note(self, code: str, broken: bool) -> None:
        if broken:
            self.log.broken.add(code)

    def arcs(self, arcs: Sequence[int]) -> None:
        net = self.problem.network
        seconds = net.duration_s if self.profile.duration_s is None else self.profile.duration_s
        prices = net.cost if self.profile.cost is None else self.profile.cost
        for arc in arcs:
            if not 0 <= arc < net.arcs:
                self.note("path", True)
                continue
            self.note("path", net.tail[arc] != self.node)
            self.enter(arc)
            self.clock += int(seconds[arc])
            self.log.travel += int(prices[arc])
            self.node, self.last = int(net.head[arc]), arc

    def enter(self, arc: int) -> None:
        """Turn into an arc that exists, and drive its metres."""
        net, pair = self.problem.network, (self.last, arc)
        self.note("turn", pair in net.forbidden_turns or pair in self.profile.forbidden_turns)
        self.note("closed", arc in self.profile.closed)
        self.log.metres += int(net.length_m[arc])
        for at in np.nonzero((net.turn_costs.first == pair[0]) & (net.turn_costs.second == pair[1]))[0]:
            self.log.travel += int(net.turn_costs.cost[at])
            self.clock += int(net.turn_costs.duration_s[at])

    def serve(self, task: Task, mode: Mode, until_s: int) -> tuple[int, int]:
        """(arrival, start)."""
        self.note("path", self.node != mode.tail or (mode.via >= 0 and self.last != mode.via))
        if mode.arc >= 0:
            self.enter(mode.arc)
        self.node, self.last = mode.head, mode.arc if mode.arc >= 0 else mode.via
        arrive, start = self.clock, max(self.clock, task.window[0])
        self.log.ready[task.id] = start
        if any(task.id in repeat.tasks and not repeat.patterns for repeat in self.problem.repeats):
            start = max(start, until_s)
        self.note("window", start > task.window[1])
        self.clock = start + scaled(task.service_s, self.profile)
        self.log.service += scaled(task.service_cost, self.profile)
        self.used = [u + d for u, d in zip(self.used, task.demand, strict=True)]
        room = self.log.vehicle.capacity
        self.over = [o or u > c for o, u, c in zip(self.over, self.used, room, strict=True)]
        self.log.work.append((task, start, self.clock))
        return arrive, start

    def visit(self, place: Facility, start: int) -> None:
        self.note("path", self.node != place.node)
        self.note("window", start > place.window[1])
        self.node, self.last, self.clock = place.node, -1, start + place.service_s
        self.log.service += place.service_cost
        self.used = [0 if not place.resets or i in place.resets else u for i, u in enumerate(self.used)]


def profile_of(problem: Problem, vehicle: Vehicle) -> Profile:
    return next((p for p in problem.profiles if p.name == vehicle.profile), Profile(""))


def scaled(amount: int, profile: Profile) -> int:
    return (amount * profile.work_percent + 99) // 100


def releases(problem: Problem, todo: Sequence[Do]) -> int:
    """When all that is served before the next facility is released."""
    latest = 0
    for do in todo:
        if do.kind == "facility":
            break
        latest = max([latest, *(t.release_s for t in problem.tasks if do.kind == "task" and t.id == do.ref)])
    return latest
