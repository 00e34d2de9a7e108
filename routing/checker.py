"""The law: recompute a plan from its Problem and the raw network, and name every broken rule.

Shares no code with the engines or with `routing.paths`: it follows the plan's arcs one by one and adds up.

What counts. A vehicle leaves its start node within its shift and drives arcs; consecutive arcs join at a node and are
no forbidden turn (a stop at a point or a facility ends a turn rule's reach). A task is served in one of its modes,
begins within its window, takes `service_s` and `service_cost` in place of the served arc's own figures, and adds its
demand to what is used; what is used never exceeds capacity and falls to zero at a facility. Lateness is `weight` times
the seconds of completion past `deadline_s`. Cost is travel + service + fixed + lateness + prizes.

Codes: dropped, doubled, unknown, overloaded, mispriced, path, turn, window, shift, skill, end, time, load.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from routing.plan import Plan, Route, Stop, Verdict, Violation
from routing.problem import Facility, Mode, Problem, Task, Vehicle

TERMS = ("travel", "service", "fixed", "lateness", "prizes")
"""The objective's terms, in the order they are printed."""

VIOLATIONS_KEPT = 1_000
"""Violations listed in a verdict; a plan with more is as wrong as it gets."""


def check(problem: Problem, plan: Plan) -> Verdict:
    """Verdict on a plan. Never raises on a wrong plan: whatever is wrong becomes a violation."""
    return _Check(problem).run(plan)


@dataclass(slots=True)
class _Walk:
    """Where a route stands while it is followed."""

    vehicle: Vehicle
    label: str
    node: int
    clock: int
    used: list[int]
    last_arc: int = -1
    travel: int = 0
    service: int = 0
    distance_m: int = 0
    overloaded: bool = False


@dataclass(slots=True)
class _Check:
    problem: Problem
    violations: list[Violation] = field(default_factory=list)
    served: dict[str, str] = field(default_factory=dict)
    lateness: int = 0

    def run(self, plan: Plan) -> Verdict:
        tasks = {task.id: task for task in self.problem.tasks}
        facilities = {facility.id: facility for facility in self.problem.facilities}
        if len(tasks) != len(self.problem.tasks):
            self.report("unknown", "problem", "two tasks of the problem share an id")
        terms = dict.fromkeys(TERMS, 0)
        distance_m = duration_s = 0
        vehicles_used: set[str] = set()
        for number, route in enumerate(plan.routes, 1):
            label = f"route {number} ({route.vehicle})"
            vehicle = self.vehicle_of(route.vehicle)
            if vehicle is None:
                self.report("unknown", label, f"vehicle {route.vehicle} is not in the problem")
                continue
            if route.vehicle in vehicles_used:
                self.report("doubled", label, f"vehicle {route.vehicle} drives two routes")
            vehicles_used.add(route.vehicle)
            walk = self.follow(route, vehicle, label, tasks, facilities)
            fixed = vehicle.fixed_cost if route.stops else 0
            self.compare_route(route, walk, fixed)
            terms["travel"] += walk.travel
            terms["service"] += walk.service
            terms["fixed"] += fixed
            distance_m += walk.distance_m
            duration_s += walk.clock - route.start_s
        terms["lateness"] = self.lateness
        terms["prizes"] = self.count_unserved(plan, tasks)
        cost = sum(terms.values())
        self.compare_total(plan, cost, terms)
        kept = tuple(self.violations[:VIOLATIONS_KEPT])
        return Verdict(not kept, cost, terms, kept, distance_m, duration_s)

    def report(self, code: str, where: str, text: str) -> None:
        self.violations.append(Violation(code, where, text))

    def vehicle_of(self, name: str) -> Vehicle | None:
        if not self.problem.unlimited_fleet:
            return next((v for v in self.problem.vehicles if v.id == name), None)
        if not self.problem.vehicles:
            return None
        first = self.problem.vehicles[0]
        head, mark, number = name.rpartition("#")
        return first if mark and head == first.id and number.isdecimal() else None

    # ---- one route

    def follow(
        self, route: Route, vehicle: Vehicle, label: str, tasks: dict[str, Task], facilities: dict[str, Facility]
    ) -> _Walk:
        walk = _Walk(vehicle, label, vehicle.start, route.start_s, list(vehicle.initial_used))
        if route.start_s < vehicle.shift[0]:
            self.report("shift", label, f"leaves at {route.start_s} s, before its shift begins at {vehicle.shift[0]} s")
        self.check_load(walk, "at the start")
        for number, stop in enumerate(route.stops, 1):
            where = f"{label} stop {number} ({stop.ref})"
            self.drive(walk, stop.arcs, where)
            if stop.kind == "task" and stop.ref in tasks:
                self.serve(walk, stop, tasks[stop.ref], where)
            elif stop.kind == "facility" and stop.ref in facilities:
                self.visit(walk, stop, facilities[stop.ref], where)
            else:
                self.report("unknown", where, f"{stop.kind} {stop.ref} is not in the problem")
        self.go_home(walk, route)
        return walk

    def drive(self, walk: _Walk, arcs: tuple[int, ...], where: str) -> None:
        network = self.problem.network
        for arc in arcs:
            if not 0 <= arc < network.arcs:
                self.report("path", where, f"arc {arc} is not in the network")
                continue
            if int(network.tail[arc]) != walk.node:
                self.report("path", where, f"arc {arc} leaves node {network.tail[arc]}, the vehicle is at {walk.node}")
            self.turn(walk, arc, where)
            walk.clock += int(network.duration_s[arc])
            walk.travel += int(network.cost[arc])
            walk.distance_m += int(network.length_m[arc])
            walk.node = int(network.head[arc])
            walk.last_arc = arc

    def turn(self, walk: _Walk, arc: int, where: str) -> None:
        if (walk.last_arc, arc) in self.problem.network.forbidden_turns:
            self.report("turn", where, f"the turn from arc {walk.last_arc} into arc {arc} is forbidden")

    def serve(self, walk: _Walk, stop: Stop, task: Task, where: str) -> None:
        if task.id in self.served:
            self.report("doubled", where, f"task {task.id} is already served on {self.served[task.id]}")
        self.served[task.id] = walk.label
        missing = task.skills - walk.vehicle.skills
        if missing:
            self.report("skill", where, f"vehicle lacks {', '.join(sorted(missing))} for task {task.id}")
        if not 0 <= stop.mode < len(task.modes):
            self.report("unknown", where, f"task {task.id} has no mode {stop.mode}")
            return
        self.enter(walk, task.modes[stop.mode], where)
        self.spend(walk, stop, task.window, task.service_s, where)
        walk.service += task.service_cost
        for i, amount in enumerate(task.demand):
            walk.used[i] += amount
        self.check_load(walk, f"after task {task.id}")
        self.compare_used(walk, stop, where)
        if task.deadline_s is not None:
            self.lateness += task.weight * max(0, walk.clock - task.deadline_s)

    def enter(self, walk: _Walk, mode: Mode, where: str) -> None:
        """Go through the served arc or point itself."""
        network = self.problem.network
        if walk.node != mode.tail:
            self.report("path", where, f"served from node {mode.tail}, but the vehicle is at node {walk.node}")
        if mode.arc >= 0:
            if (
                mode.arc >= network.arcs
                or int(network.tail[mode.arc]) != mode.tail
                or int(network.head[mode.arc]) != mode.head
            ):
                self.report("path", where, f"arc {mode.arc} does not lead from {mode.tail} to {mode.head}")
            else:
                self.turn(walk, mode.arc, where)
                walk.distance_m += int(network.length_m[mode.arc])
        walk.last_arc = mode.arc
        walk.node = mode.head

    def visit(self, walk: _Walk, stop: Stop, facility: Facility, where: str) -> None:
        if walk.node != facility.node:
            self.report("path", where, f"facility {facility.id} is at node {facility.node}, the vehicle at {walk.node}")
            walk.node = facility.node
        walk.last_arc = -1
        self.spend(walk, stop, facility.window, facility.service_s, where)
        walk.service += facility.service_cost
        walk.used = [0] * len(walk.used)
        self.compare_used(walk, stop, where)

    def spend(self, walk: _Walk, stop: Stop, window: tuple[int, int], service_s: int, where: str) -> None:
        """Wait for the window, spend the service time, and hold the stop's stated times against it."""
        arrive = walk.clock
        start = max(arrive, window[0])
        if start > window[1]:
            self.report("window", where, f"service begins at {start} s, the window closes at {window[1]} s")
        walk.clock = start + service_s
        if (stop.arrive_s, stop.start_s, stop.depart_s) != (arrive, start, walk.clock):
            stated = f"{stop.arrive_s}, {stop.start_s}, {stop.depart_s}"
            found = f"{arrive}, {start}, {walk.clock}"
            self.report("time", where, f"states arrival, start, end {stated} s; they are {found} s")

    def check_load(self, walk: _Walk, moment: str) -> None:
        for i, (used, capacity) in enumerate(zip(walk.used, walk.vehicle.capacity, strict=True)):
            if used > capacity and not walk.overloaded:
                walk.overloaded = True
                name = self.problem.commodities[i]
                self.report("overloaded", walk.label, f"{used} of {capacity} {name} used {moment}")

    def compare_used(self, walk: _Walk, stop: Stop, where: str) -> None:
        if list(stop.used) != walk.used:
            self.report("load", where, f"states {list(stop.used)} used, it is {walk.used}")

    def go_home(self, walk: _Walk, route: Route) -> None:
        vehicle = walk.vehicle
        self.drive(walk, route.arcs_home, f"{walk.label} way home")
        if vehicle.end is not None and walk.node != vehicle.end:
            self.report("end", walk.label, f"ends at node {walk.node}, the vehicle belongs at node {vehicle.end}")
        if self.problem.unload_at_end and route.stops and any(walk.used):
            self.report("end", walk.label, f"goes home with {walk.used} aboard: it must unload first")
        if walk.clock > vehicle.shift[1]:
            self.report("shift", walk.label, f"ends at {walk.clock} s, the shift ends at {vehicle.shift[1]} s")

    # ---- figures

    def compare_route(self, route: Route, walk: _Walk, fixed: int) -> None:
        cost = walk.travel + walk.service + fixed
        if route.cost != cost:
            self.report("mispriced", walk.label, f"states cost {route.cost}, it is {cost}")
        if route.distance_m != walk.distance_m:
            self.report("mispriced", walk.label, f"states {route.distance_m} m, it is {walk.distance_m} m")
        if route.end_s != walk.clock:
            self.report("time", walk.label, f"states its end at {route.end_s} s, it is {walk.clock} s")

    def count_unserved(self, plan: Plan, tasks: dict[str, Task]) -> int:
        """Prizes left behind; reports tasks that are neither served nor accounted for."""
        prizes = 0
        listed: set[str] = set()
        for entry in plan.unserved:
            if entry.task not in tasks:
                self.report("unknown", "unserved", f"task {entry.task} is not in the problem")
            elif entry.task in self.served or entry.task in listed:
                self.report("doubled", "unserved", f"task {entry.task} is served or listed already")
            elif not entry.reason.strip() and tasks[entry.task].prize is None:
                self.report("dropped", "unserved", f"task {entry.task} is left out without a reason")
            listed.add(entry.task)
        for task in self.problem.tasks:
            if task.id in self.served:
                continue
            if task.prize is not None:
                prizes += task.prize
            elif task.id not in listed:
                self.report("dropped", "plan", f"task {task.id} is neither served nor listed as unserved")
        return prizes

    def compare_total(self, plan: Plan, cost: int, terms: dict[str, int]) -> None:
        if plan.cost != cost:
            self.report("mispriced", "plan", f"states cost {plan.cost}, it is {cost}")
        for name, value in plan.terms.items():
            if terms.get(name) != value:
                self.report("mispriced", "plan", f"states {name} {value}, it is {terms.get(name, 'no term')}")
