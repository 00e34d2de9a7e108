"""What a problem asks for that nobody can do, each named in one line with the reason it stays unserved.

From the problem alone, without a path search, so only what is certain is named: no skill, no room, no way (by the arcs
open to the vehicle, turn rules apart), a window outside every shift. What takes distances to know (too far for a
shift, cut off by a turn rule) the engines find with `engines.reasons`; where both speak of a task they agree.
"""

from __future__ import annotations

import numpy as np

from routing.problem import Problem, Task, Vehicle
from routing.validation.faults import Fault, some
from routing.validation.reach import BoolArray, Roads

CAPACITY, TIME, SKILL, REACHABILITY, WINDOW = "capacity", "time", "skill", "reachability", "window"

TEXTS = {
    SKILL: "no vehicle has the skills {names}",
    CAPACITY: "it needs more room than any vehicle able to serve it has",
    TIME: "its service does not fit into the shift of any vehicle able to serve it",
    WINDOW: "its window is closed whenever a vehicle able to serve it works",
    REACHABILITY: "no vehicle able to serve it can come there and go on to its end",
}
"""What is told of a task, by the reason it stays unserved with."""

BROKEN_SET = "the passes of its repeat cannot all be served"
"""What is told of a task that could be served, were it not bound to others."""


def hindrances(problem: Problem) -> list[Fault]:
    """What will be planned around, one line each. The problem must be valid (`routing.validation.validate`)."""
    return Survey(problem).faults()


class Survey:
    """Answers about one problem, each worked out once."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.roads: dict[str, Roads] = {}
        self.frozen = {(stop.kind, stop.ref) for vehicle in problem.vehicles for stop in vehicle.frozen}
        self._home: dict[tuple[object, ...], tuple[BoolArray, str | None]] = {}
        self._able: dict[tuple[object, ...], str | None] = {}
        self._kinds = _kinds(problem)
        self._closed = self._find_closed()
        self._idle = {v.id: reason for v in problem.vehicles if not v.frozen and (reason := self._idle_reason(v))}
        self._reasons: dict[str, str] | None = None
        self._own: set[str] = set()

    # ---- answers

    def closed_facilities(self) -> dict[str, str]:
        """Facilities nobody can ever use, and why."""
        return self._closed

    def idle_vehicles(self) -> dict[str, tuple[str, str]]:
        """Vehicles that can have no route, with the reason their work would stay unserved, and why in words."""
        return self._idle

    def task_reasons(self) -> dict[str, str]:
        """Tasks nobody can serve, each with its reason."""
        if self._reasons is None:
            reasons = {}
            for task in self.problem.tasks:
                reason = None if ("task", task.id) in self.frozen else self._task_reason(task)
                if reason is not None:
                    reasons[task.id] = reason
            self._own = set(reasons)
            self._reasons = self._with_repeats(reasons)
        return self._reasons

    def faults(self) -> list[Fault]:
        """Everything, in words."""
        found = [Fault("vehicle", f"vehicle {name}", text) for name, (_, text) in self._idle.items()]
        found += [Fault("facility", f"facility {name}", text) for name, text in self._closed.items()]
        found += self._repeat_faults()
        skills = {task.id: ", ".join(sorted(task.skills)) for task in self.problem.tasks}
        together: dict[tuple[str, str], list[str]] = {}
        for name, reason in self.task_reasons().items():
            text = TEXTS[reason].format(names=skills[name]) if name in self._own else BROKEN_SET
            together.setdefault((reason, text), []).append(name)
        for (reason, text), names in together.items():
            what = "task" if len(names) == 1 else f"{len(names)} tasks"
            found.append(Fault(reason, f"{what} {some(names)}", f"{text}: left unserved"))
        fleet = {vehicle.id for vehicle in self.problem.vehicles}
        lost = sorted({t.keep for t in self.problem.tasks if t.keep is not None and t.move_cost} - fleet)
        if lost and not self.problem.unlimited_fleet:
            found.append(
                Fault("keep", "tasks", f"kept with {some(lost)}, not in the problem: every vehicle pays the move")
            )
        return found

    # ---- vehicles and facilities

    def _roads_of(self, profile: str) -> Roads:
        if profile not in self.roads:
            self.roads[profile] = Roads(self.problem, profile)
        return self.roads[profile]

    def _find_closed(self) -> dict[str, str]:
        closed = {}
        for facility in self.problem.facilities:
            if ("facility", facility.id) in self.frozen:
                continue
            opens, closes = facility.window
            near = [v for v in self.problem.vehicles if self._roads_of(v.profile).after(v.start)[facility.node]]
            if opens > closes:
                closed[facility.id] = f"its window closes at {closes} s, before it opens at {opens} s: never used"
            elif all(closes < v.shift[0] or opens > v.shift[1] for v in self.problem.vehicles):
                closed[facility.id] = f"it is open from {opens} to {closes} s, outside every shift: never used"
            elif not near:
                closed[facility.id] = "no vehicle can come there: never used"
        return closed

    def _idle_reason(self, vehicle: Vehicle) -> tuple[str, str] | None:
        if vehicle.shift[0] > vehicle.shift[1]:
            return TIME, f"its shift ends at {vehicle.shift[1]} s, before it begins at {vehicle.shift[0]} s: left idle"
        if any(used > room for used, room in zip(vehicle.initial_used, vehicle.capacity, strict=True)):
            used, room = list(vehicle.initial_used), list(vehicle.capacity)
            return CAPACITY, f"it starts with {used} of {room} used: left idle"
        if vehicle.end is not None and not self._roads_of(vehicle.profile).after(vehicle.start)[vehicle.end]:
            return REACHABILITY, f"no way leads from its start {vehicle.start} to its end {vehicle.end}: left idle"
        if self.problem.unload_at_end and any(vehicle.initial_used) and self._homeward(vehicle, True)[1] is not None:
            return REACHABILITY, "it starts loaded and no facility lies on its way home: left idle"
        return None

    def _homeward(self, vehicle: Vehicle, loaded: bool) -> tuple[BoolArray, str | None]:
        """Nodes from which the vehicle can end its route, and the reason where there is none at all."""
        unload = loaded and self.problem.unload_at_end
        key = (vehicle.profile, vehicle.start, vehicle.end, vehicle.shift[0], unload)
        if key not in self._home:
            roads = self._roads_of(vehicle.profile)
            home = roads.everywhere if vehicle.end is None else roads.before(vehicle.end)
            self._home[key] = self._by_way_of(vehicle, roads, home) if unload else (home, None)
        return self._home[key]

    def _by_way_of(self, vehicle: Vehicle, roads: Roads, home: BoolArray) -> tuple[BoolArray, str | None]:
        """The same by way of a facility."""
        in_hours = [f for f in self.problem.facilities if vehicle.shift[0] <= f.window[1] >= f.window[0]]
        fitting = [f for f in in_hours if home[f.node]]
        if not fitting:
            return ~roads.everywhere, REACHABILITY if in_hours else WINDOW
        way = np.logical_or.reduce([roads.before(f.node) for f in fitting])
        return way, None if way[vehicle.start] else REACHABILITY

    # ---- tasks

    def _task_reason(self, task: Task) -> str | None:
        """What keeps every vehicle from the task for certain, in the order engines.reasons asks."""
        key = (task.modes, task.demand, task.service_s, task.window, task.release_s, task.skills)
        if key not in self._able:
            self._able[key] = self._find_reason(task)
        return self._able[key]

    def _find_reason(self, task: Task) -> str | None:
        found: set[str | None] = {SKILL}
        for vehicle in self._kinds:
            if not has_skills(vehicle, task):
                continue
            roomy = all(need <= room for need, room in zip(task.demand, vehicle.capacity, strict=True))
            reason = self._alone(task, vehicle) if roomy else CAPACITY
            if reason is None:
                return None
            found.add(reason)
        return next(reason for reason in (TIME, WINDOW, REACHABILITY, CAPACITY, SKILL) if reason in found)

    def _alone(self, task: Task, vehicle: Vehicle) -> str | None:
        idle = self._idle.get(vehicle.id, (None, ""))[0]
        if idle == CAPACITY:
            return idle
        roads = self._roads_of(vehicle.profile)
        home, none = self._homeward(vehicle, any(task.demand))
        if none is not None:
            return none
        coming = roads.after(vehicle.start)
        if not any(roads.serves(mode, coming) and home[mode.head] for mode in task.modes):
            return REACHABILITY
        if idle is not None:
            return idle
        begin = max(vehicle.shift[0], task.window[0], task.release_s)
        if begin > task.window[1]:
            return WINDOW
        return TIME if begin + -(-task.service_s * roads.work_percent // 100) > vehicle.shift[1] else None

    # ---- repeats

    def _with_repeats(self, reasons: dict[str, str]) -> dict[str, str]:
        """Where days must form a pattern it is all tasks or none: the rest of a broken set stays out with it."""
        days = {vehicle.day for vehicle in self.problem.vehicles if vehicle.id not in self._idle}
        for repeat in self.problem.repeats:
            if not repeat.patterns:
                continue
            lost = next((reasons[name] for name in repeat.tasks if name in reasons), None)
            if not any(days.issuperset(pattern) for pattern in repeat.patterns):
                lost = WINDOW
            if lost is not None:
                reasons.update(
                    {name: reasons.get(name, lost) for name in repeat.tasks if ("task", name) not in self.frozen}
                )
        return reasons

    def _repeat_faults(self) -> list[Fault]:
        found = []
        tasks = {task.id: task for task in self.problem.tasks} if self.problem.repeats else {}
        days = {vehicle.day for vehicle in self.problem.vehicles if vehicle.id not in self._idle}
        for number, repeat in enumerate(self.problem.repeats, 1):
            where = f"repeat {number} ({some(repeat.tasks)})"
            out = [p for p in repeat.patterns if not days.issuperset(p)]
            if out:
                absent = sorted({day for pattern in out for day in pattern} - days)
                found.append(
                    Fault(
                        "repeat",
                        where,
                        f"no vehicle works on day {some(map(str, absent))}: those patterns are not used",
                    )
                )
            if repeat.patterns or len(days) > 1:
                continue
            fastest = min((p.work_percent for p in self.problem.profiles), default=100)
            passes = [tasks[name] for name in repeat.tasks]
            for i, one in enumerate(passes):
                for other in passes[i + 1 :]:
                    if not (_in_time(one, other, repeat.gap_s, fastest) or _in_time(other, one, repeat.gap_s, fastest)):
                        text = f"the windows of {one.id} and {other.id} leave no gap of {repeat.gap_s} s: one is served"
                        found.append(Fault("repeat", where, text))
        return found


def _kinds(problem: Problem) -> list[Vehicle]:
    """One vehicle of each kind, as far as the questions here go."""
    kinds: dict[tuple[object, ...], Vehicle] = {}
    for v in problem.vehicles:
        own = (v.start, v.end, v.capacity, v.initial_used, v.shift, v.skills, v.attachments, v.profile, bool(v.frozen))
        kinds.setdefault(own, v)
    return list(kinds.values())


def has_skills(vehicle: Vehicle, task: Task) -> bool:
    """Whether the vehicle has a task's skills, by itself or with one of its attachments."""
    if task.skills <= vehicle.skills:
        return True
    return any(task.skills <= vehicle.skills | fitted for fitted in vehicle.attachments)


def _in_time(first: Task, then: Task, gap_s: int, percent: int) -> bool:
    """Whether `then` may begin a gap after the end of `first` by their windows alone."""
    begin = max(first.window[0], first.release_s)
    return begin + -(-first.service_s * min(100, percent) // 100) + gap_s <= then.window[1]
