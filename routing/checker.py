"""The law: recompute a plan from its Problem and the raw network, and name every broken rule.

Shares no code with the engines or with `routing.paths.search`: it follows the plan's arcs one by one and adds up
(`checker_walk`), then looks at what concerns several routes. docs/PROBLEM.md states every rule.

What counts. A vehicle leaves its start node within its shift and drives arcs; consecutive arcs join at a node and are
no forbidden turn; a turn with a cost adds it. A task is served in one of its modes, begins within its window, takes
`service_s` and `service_cost` in place of the served arc's own figures, and adds its demand to what is used; what is
used never exceeds capacity and falls to zero at a facility. Cost = travel + service + fixed + duration + lateness +
prizes + moves + fairness.

Codes: attachment, break, closed, doubled, dropped, end, frozen, load, mispriced, overloaded, path, queue, release,
repeat, shift, skill, time, turn, unknown, window.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from routing.checker_walk import Roads, Served, Visited, Walk, roads_for
from routing.plan import Plan, Route, Verdict, Violation
from routing.problem import Facility, Problem, Repeat, Task, Vehicle

TERMS = ("travel", "service", "fixed", "duration", "lateness", "prizes", "moves", "fairness")
"""The objective's terms, in the order they are printed."""

VIOLATIONS_KEPT = 1_000
"""Violations listed in a verdict; a plan with more is as wrong as it gets."""


def check(problem: Problem, plan: Plan) -> Verdict:
    """Verdict on a plan. Never raises on a wrong plan: whatever is wrong becomes a violation."""
    return _Check(problem).run(plan)


@dataclass(slots=True)
class _Check:
    problem: Problem
    violations: list[Violation] = field(default_factory=list)
    served: dict[str, Served] = field(default_factory=dict)
    visited: list[Visited] = field(default_factory=list)
    roads: dict[str, Roads] = field(default_factory=dict)
    paced: frozenset[str] = frozenset()

    def run(self, plan: Plan) -> Verdict:
        problem = self.problem
        tasks = {task.id: task for task in problem.tasks}
        facilities = {facility.id: facility for facility in problem.facilities}
        if len(tasks) != len(problem.tasks):
            self.report("unknown", "problem", "two tasks of the problem share an id")
        self.paced = frozenset(name for repeat in problem.repeats if not repeat.patterns for name in repeat.tasks)
        terms = dict.fromkeys(TERMS, 0)
        distance_m = duration_s = longest_s = 0
        names: set[str] = set()
        for number, route in enumerate(plan.routes, 1):
            label = f"route {number} ({route.vehicle})"
            vehicle = self.vehicle_of(route.vehicle)
            if vehicle is None:
                self.report("unknown", label, f"vehicle {route.vehicle} is not in the problem")
                continue
            if route.vehicle in names:
                self.report("doubled", label, f"vehicle {route.vehicle} drives two routes")
            names.add(route.vehicle)
            walk = self.follow(route, vehicle, label, tasks, facilities)
            lasting_s = walk.clock - route.start_s
            fixed = vehicle.fixed_cost if route.stops else 0
            duration = vehicle.duration_rate * lasting_s
            self.compare_route(route, walk, fixed + duration)
            terms["travel"] += walk.travel
            terms["service"] += walk.service
            terms["fixed"] += fixed
            terms["duration"] += duration
            distance_m += walk.distance_m
            duration_s += lasting_s
            longest_s = max(longest_s, lasting_s if route.stops else 0)
        terms["lateness"] = sum(_lateness(entry) for entry in self.served.values())
        terms["prizes"] = self.count_unserved(plan, tasks)
        terms["moves"] = sum(_move(entry) for entry in self.served.values())
        terms["fairness"] = problem.fairness_weight * longest_s
        for vehicle in problem.vehicles:
            if vehicle.frozen and vehicle.id not in names:
                self.report("frozen", f"vehicle {vehicle.id}", f"has {len(vehicle.frozen)} fixed stops and no route")
        for repeat in problem.repeats:
            self.check_repeat(repeat)
        self.check_queues()
        cost = sum(terms.values())
        self.compare_total(plan, cost, terms)
        kept = tuple(self.violations[:VIOLATIONS_KEPT])
        return Verdict(not kept, cost, terms, kept, distance_m, duration_s)

    def report(self, code: str, where: str, text: str) -> None:
        self.violations.append(Violation(code, where, text))

    def vehicle_of(self, name: str) -> Vehicle | None:
        wanted = name
        if self.problem.unlimited_fleet:
            wanted, mark, number = name.rpartition("#")
            if not mark or not number.isdecimal():
                return None
        return next((v for v in self.problem.vehicles if v.id == wanted), None)

    def follow(
        self, route: Route, vehicle: Vehicle, label: str, tasks: dict[str, Task], facilities: dict[str, Facility]
    ) -> Walk:
        """Drive one route; note what it served and visited."""
        walk = Walk(self.problem, self.roads_of(vehicle), vehicle, label, self.report, tasks, facilities, self.paced)
        walk.follow(route)
        for entry in walk.served:
            before = self.served.get(entry.task.id)
            if before is not None:
                self.report("doubled", label, f"task {entry.task.id} is already served by {before.name}")
            self.served[entry.task.id] = entry
        self.visited += walk.visited
        return walk

    def roads_of(self, vehicle: Vehicle) -> Roads:
        """What the vehicle's profile makes of the network, made once a profile."""
        name = vehicle.profile
        if name not in self.roads:
            profile = next((p for p in self.problem.profiles if p.name == name), None)
            if profile is None and name:
                self.report("unknown", f"vehicle {vehicle.id}", f"profile {name} is not in the problem")
            turns = next(iter(self.roads.values())).turns if self.roads else _turns(self.problem)
            self.roads[name] = roads_for(self.problem, profile, turns)
        return self.roads[name]

    # ---- what concerns several routes

    def check_repeat(self, repeat: Repeat) -> None:
        """Passes of one piece of work: their days, and the time between them."""
        where = f"repeat of {', '.join(repeat.tasks)}"
        passes = [self.served[name] for name in repeat.tasks if name in self.served]
        passes.sort(key=lambda entry: (entry.vehicle.day, entry.start_s))
        for earlier, later in pairwise(passes):
            gap = later.start_s - earlier.depart_s
            if gap < repeat.gap_s and earlier.vehicle.day == later.vehicle.day:
                text = (
                    f"tasks {earlier.task.id} and {later.task.id} are {gap} s apart, at least {repeat.gap_s} s wanted"
                )
                self.report("repeat", where, text)
        for entry in passes:
            freed = {o.depart_s + repeat.gap_s for o in passes if o is not entry and o.vehicle.day == entry.vehicle.day}
            if entry.start_s > entry.ready_s and entry.start_s not in freed:
                text = f"task {entry.task.id} waits from {entry.ready_s} s to {entry.start_s} s, which ends no gap"
                self.report("repeat", where, text)
        if not repeat.patterns or not passes:
            return
        days = tuple(sorted(entry.vehicle.day for entry in passes))
        if len(passes) != len(repeat.tasks):
            self.report("repeat", where, f"{len(passes)} of {len(repeat.tasks)} passes are served: all or none")
        elif days not in repeat.patterns:
            self.report("repeat", where, f"served on days {list(days)}, which is no allowed pattern")

    def check_queues(self) -> None:
        """Facilities with bays serve vehicles first come, first served, as soon as a bay is free."""
        lines: dict[str, list[Visited]] = {}
        for visit in self.visited:
            lines.setdefault(visit.facility.id, []).append(visit)
        for line in lines.values():
            facility = line[0].facility
            free = [0] * facility.bays
            for visit in sorted(line, key=lambda v: (v.arrive_s, v.name)):
                start = max(visit.ready_s, heapq.heappop(free))
                heapq.heappush(free, start + facility.service_s)
                if visit.start_s != start:
                    text = f"facility {facility.id} serves it from {visit.start_s} s, its turn comes at {start} s"
                    self.report("queue", visit.where, text)

    # ---- figures

    def compare_route(self, route: Route, walk: Walk, extra: int) -> None:
        cost = walk.travel + walk.service + extra
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


def _turns(problem: Problem) -> dict[tuple[int, int], tuple[int, int]]:
    turns = problem.network.turn_costs
    pairs: Sequence[tuple[int, int]] = list(zip(turns.first.tolist(), turns.second.tolist(), strict=True))
    return dict(zip(pairs, zip(turns.cost.tolist(), turns.duration_s.tolist(), strict=True), strict=True))


def _lateness(entry: Served) -> int:
    deadline_s = entry.task.deadline_s
    return 0 if deadline_s is None else entry.task.weight * max(0, entry.depart_s - deadline_s)


def _move(entry: Served) -> int:
    task = entry.task
    return task.move_cost if task.keep is not None and task.keep != entry.name else 0
