"""One route followed stop by stop: where the vehicle is, what the clock says, what is used, what it has cost.

Part of the checker: shares no code with the engines or with `routing.paths.search`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from routing.network import IntArray
from routing.plan import Route, Stop
from routing.problem import Break, Facility, Mode, Problem, Profile, Task, Vehicle

Report = Callable[[str, str, str], None]
"""Called with (code, where, text) of each violation."""


@dataclass(frozen=True, slots=True)
class Roads:
    """How one kind of vehicle drives: shape (arcs,) of `duration_s` and `cost`; turns as (arc in, arc out)."""

    duration_s: IntArray
    cost: IntArray
    closed: frozenset[int]
    forbidden: tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]
    turns: dict[tuple[int, int], tuple[int, int]]
    """(cost, seconds) of turns that have any."""
    work_percent: int


def roads_for(problem: Problem, profile: Profile | None, turns: dict[tuple[int, int], tuple[int, int]]) -> Roads:
    """The network as a profile's vehicles see it."""
    network = problem.network
    if profile is None:
        return Roads(network.duration_s, network.cost, frozenset(), (network.forbidden_turns, frozenset()), turns, 100)
    return Roads(
        network.duration_s if profile.duration_s is None else profile.duration_s,
        network.cost if profile.cost is None else profile.cost,
        profile.closed,
        (network.forbidden_turns, profile.forbidden_turns),
        turns,
        profile.work_percent,
    )


@dataclass(frozen=True, slots=True)
class Served:
    """A task as a route served it. `ready_s` is the earliest start that other passes do not decide."""

    task: Task
    vehicle: Vehicle
    name: str
    ready_s: int
    start_s: int
    depart_s: int


@dataclass(frozen=True, slots=True)
class Visited:
    """A facility as a route visited it. `ready_s` is the earliest start that bays do not decide."""

    facility: Facility
    name: str
    where: str
    arrive_s: int
    ready_s: int
    start_s: int


@dataclass(slots=True)
class Walk:
    """Follows one route and adds up. After `follow`: `travel` (rate applied), `service`, `distance_m`, `clock`."""

    problem: Problem
    roads: Roads
    vehicle: Vehicle
    label: str
    report: Report
    tasks: dict[str, Task]
    facilities: dict[str, Facility]
    paced: frozenset[str]
    node: int = 0
    clock: int = 0
    used: list[int] = field(default_factory=list)
    last_arc: int = -1
    travel: int = 0
    service: int = 0
    distance_m: int = 0
    overloaded: bool = False
    served: list[Served] = field(default_factory=list)
    visited: list[Visited] = field(default_factory=list)
    rested: set[str] = field(default_factory=set)

    def follow(self, route: Route) -> None:
        """Drive the whole route, from its start to its end."""
        vehicle = self.vehicle
        self.node, self.clock, self.used = vehicle.start, route.start_s, list(vehicle.initial_used)
        if route.start_s < vehicle.shift[0]:
            text = f"leaves at {route.start_s} s, before its shift begins at {vehicle.shift[0]} s"
            self.report("shift", self.label, text)
        releases = self._releases(route)
        if route.start_s < releases[0]:
            text = f"leaves at {route.start_s} s with what is released at {releases[0]} s"
            self.report("release", self.label, text)
        self._check_load("at the start")
        for number, stop in enumerate(route.stops, 1):
            where = f"{self.label} stop {number} ({stop.ref})"
            self._drive(stop.arcs, where)
            if stop.kind == "task" and stop.ref in self.tasks:
                self._serve(stop, self.tasks[stop.ref], where, route.vehicle)
            elif stop.kind == "facility" and stop.ref in self.facilities:
                self._visit(stop, self.facilities[stop.ref], releases[number], where, route.vehicle)
            elif stop.kind == "break" and any(rest.id == stop.ref for rest in vehicle.breaks):
                self._rest(stop, next(rest for rest in vehicle.breaks if rest.id == stop.ref), where)
            else:
                self.report("unknown", where, f"{stop.kind} {stop.ref} is not in the problem")
        self._go_home(route)
        self.travel *= vehicle.travel_rate
        self._check_breaks(route)
        self._check_frozen(route)
        self._check_attachments()

    def _releases(self, route: Route) -> list[int]:
        """Latest release of what is served after the start (entry 0) or stop n (entry n) until the next facility."""
        releases = [0] * (len(route.stops) + 1)
        latest = 0
        for number in range(len(route.stops), 0, -1):
            stop = route.stops[number - 1]
            if stop.kind == "facility":
                releases[number], latest = latest, 0
            elif stop.kind == "task" and stop.ref in self.tasks:
                latest = max(latest, self.tasks[stop.ref].release_s)
        releases[0] = latest
        return releases

    # ---- driving

    def _drive(self, arcs: tuple[int, ...], where: str) -> None:
        network = self.problem.network
        for arc in arcs:
            if not 0 <= arc < network.arcs:
                self.report("path", where, f"arc {arc} is not in the network")
                continue
            if int(network.tail[arc]) != self.node:
                text = f"arc {arc} leaves node {network.tail[arc]}, the vehicle is at {self.node}"
                self.report("path", where, text)
            if arc in self.roads.closed:
                self.report("closed", where, f"arc {arc} is closed to vehicle {self.vehicle.id}")
            self._turn(arc, where)
            self.clock += int(self.roads.duration_s[arc])
            self.travel += int(self.roads.cost[arc])
            self.distance_m += int(network.length_m[arc])
            self.node = int(network.head[arc])
            self.last_arc = arc

    def _turn(self, arc: int, where: str) -> None:
        turn = (self.last_arc, arc)
        if any(turn in forbidden for forbidden in self.roads.forbidden):
            self.report("turn", where, f"the turn from arc {self.last_arc} into arc {arc} is forbidden")
        cost, seconds = self.roads.turns.get(turn, (0, 0))
        self.travel += cost
        self.clock += seconds

    # ---- stops

    def _serve(self, stop: Stop, task: Task, where: str, name: str) -> None:
        missing = task.skills - self.vehicle.skills.union(*self.vehicle.attachments)
        if missing:
            self.report("skill", where, f"vehicle lacks {', '.join(sorted(missing))} for task {task.id}")
        if not 0 <= stop.mode < len(task.modes):
            self.report("unknown", where, f"task {task.id} has no mode {stop.mode}")
            return
        self._enter(task.modes[stop.mode], where)
        seconds, cost = self._work(task.service_s), self._work(task.service_cost)
        ready = max(self.clock, task.window[0])
        start = max(ready, stop.start_s) if task.id in self.paced else ready
        self._spend(stop, start, task.window[1], seconds, where)
        self.service += cost
        for i, amount in enumerate(task.demand):
            self.used[i] += amount
        self._check_load(f"after task {task.id}")
        self._compare_used(stop, where)
        self.served.append(Served(task, self.vehicle, name, ready, start, self.clock))

    def _work(self, amount: int) -> int:
        """A task's service figure for this kind of vehicle, rounded up."""
        return -(-amount * self.roads.work_percent // 100)

    def _enter(self, mode: Mode, where: str) -> None:
        """Go through the served arc or point itself."""
        network = self.problem.network
        if self.node != mode.tail:
            self.report("path", where, f"served from node {mode.tail}, but the vehicle is at node {self.node}")
        if mode.arc >= 0:
            if (
                mode.arc >= network.arcs
                or int(network.tail[mode.arc]) != mode.tail
                or int(network.head[mode.arc]) != mode.head
            ):
                self.report("path", where, f"arc {mode.arc} does not lead from {mode.tail} to {mode.head}")
            else:
                if mode.arc in self.roads.closed:
                    self.report("closed", where, f"arc {mode.arc} is closed to vehicle {self.vehicle.id}")
                self._turn(mode.arc, where)
                self.distance_m += int(network.length_m[mode.arc])
            self.last_arc = mode.arc
        elif mode.via >= 0:
            if self.last_arc != mode.via:
                self.report("path", where, f"is reached by arc {mode.via} only, the vehicle came by {self.last_arc}")
            self.last_arc = mode.via
        else:
            self.last_arc = -1
        self.node = mode.head

    def _visit(self, stop: Stop, facility: Facility, release_s: int, where: str, name: str) -> None:
        if self.node != facility.node:
            text = f"facility {facility.id} is at node {facility.node}, the vehicle at {self.node}"
            self.report("path", where, text)
            self.node = facility.node
        self.last_arc = -1
        arrive, ready = self.clock, max(self.clock, facility.window[0], release_s)
        start = max(ready, stop.start_s) if facility.bays > 0 else ready
        self._spend(stop, start, facility.window[1], facility.service_s, where)
        if facility.bays > 0:
            self.visited.append(Visited(facility, name, where, arrive, ready, start))
        self.service += facility.service_cost
        for commodity in facility.resets or range(len(self.used)):
            self.used[commodity] = 0
        self._compare_used(stop, where)

    def _rest(self, stop: Stop, rest: Break, where: str) -> None:
        if rest.id in self.rested:
            self.report("break", where, f"break {rest.id} is taken twice")
        self.rested.add(rest.id)
        start = max(self.clock, rest.window[0])
        if start > rest.window[1]:
            self.report("break", where, f"break {rest.id} begins at {start} s, it may not after {rest.window[1]} s")
        self._spend(stop, start, start, rest.duration_s, where)
        self._compare_used(stop, where)

    def _spend(self, stop: Stop, start: int, latest: int, service_s: int, where: str) -> None:
        """Be served from `start` on, and hold the stop's stated times against it."""
        arrive = self.clock
        if start > latest:
            self.report("window", where, f"service begins at {start} s, the window closes at {latest} s")
        self.clock = start + service_s
        if (stop.arrive_s, stop.start_s, stop.depart_s) != (arrive, start, self.clock):
            stated = f"{stop.arrive_s}, {stop.start_s}, {stop.depart_s}"
            self.report(
                "time", where, f"states arrival, start, end {stated} s; they are {arrive}, {start}, {self.clock} s"
            )

    def _check_load(self, moment: str) -> None:
        for i, (used, capacity) in enumerate(zip(self.used, self.vehicle.capacity, strict=True)):
            if used > capacity and not self.overloaded:
                self.overloaded = True
                name = self.problem.commodities[i]
                self.report("overloaded", self.label, f"{used} of {capacity} {name} used {moment}")

    def _compare_used(self, stop: Stop, where: str) -> None:
        if list(stop.used) != self.used:
            self.report("load", where, f"states {list(stop.used)} used, it is {self.used}")

    # ---- the whole route

    def _go_home(self, route: Route) -> None:
        vehicle = self.vehicle
        self._drive(route.arcs_home, f"{self.label} way home")
        if vehicle.end is not None and self.node != vehicle.end:
            self.report("end", self.label, f"ends at node {self.node}, the vehicle belongs at node {vehicle.end}")
        if self.problem.unload_at_end and route.stops and any(self.used):
            self.report("end", self.label, f"goes home with {self.used} aboard: it must unload first")
        if self.clock > vehicle.shift[1]:
            self.report("shift", self.label, f"ends at {self.clock} s, the shift ends at {vehicle.shift[1]} s")

    def _check_breaks(self, route: Route) -> None:
        for rest in self.vehicle.breaks:
            if rest.id not in self.rested and route.stops and self.clock > rest.window[1]:
                text = f"ends at {self.clock} s without break {rest.id}, due by {rest.window[1]} s"
                self.report("break", self.label, text)

    def _check_frozen(self, route: Route) -> None:
        wanted = [(fixed.kind, fixed.ref, fixed.mode) for fixed in self.vehicle.frozen]
        found = [(stop.kind, stop.ref, stop.mode) for stop in route.stops if stop.kind != "break"][: len(wanted)]
        for number, (fixed, own) in enumerate(zip(wanted, [*found, *[None] * len(wanted)], strict=False), 1):
            if fixed != own:
                text = (
                    f"stop {number} is fixed as {fixed[0]} {fixed[1]} in mode {fixed[2]}, the route has {own or 'none'}"
                )
                self.report("frozen", self.label, text)
                return

    def _check_attachments(self) -> None:
        """One alternative for the whole route; skills no alternative has are reported where they are missed."""
        fitted = self.vehicle.skills.union(*self.vehicle.attachments)
        wanted = {skill for entry in self.served for skill in entry.task.skills & fitted} - self.vehicle.skills
        if wanted and not any(wanted <= alternative for alternative in self.vehicle.attachments):
            self.report("attachment", self.label, f"no one attachment gives {', '.join(sorted(wanted))}")
