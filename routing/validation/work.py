"""Do tasks, vehicles, facilities and repeats mean something, each and together?"""

from __future__ import annotations

from routing.problem import Facility, Mode, Problem, Task, Vehicle
from routing.validation.faults import Faults, some

FACILITY_KINDS = ("reload", "refill", "unload")
STOP_KINDS = ("task", "facility")


def check_tasks(faults: Faults, problem: Problem) -> None:
    """Tasks one by one."""
    faults.twice("task", (task.id for task in problem.tasks))
    network, commodities = problem.network, len(problem.commodities)
    tail, head = network.tail.tolist(), network.head.tolist()
    for task in problem.tasks:
        where = f"task {task.id}"
        faults.amounts(where, "demand", task.demand, commodities)
        for name in ("service_s", "service_cost", "weight", "release_s", "move_cost"):
            faults.number(where, name, getattr(task, name))
        faults.times(where, "window", task.window)
        if task.deadline_s is not None:
            faults.number(where, "deadline_s", task.deadline_s)
        if task.prize is not None:
            faults.number(where, "prize", task.prize)
        if not task.modes:
            faults.add("mode", where, "no mode: give at least one way to serve it")
        for mode in task.modes:
            _check_mode(faults, where, mode, network.nodes, tail, head)


def _check_mode(faults: Faults, where: str, mode: Mode, nodes: int, tail: list[int], head: list[int]) -> None:
    """One way to serve a task. `tail` and `head` are the network's."""
    if not (0 <= mode.tail < nodes and 0 <= mode.head < nodes):
        faults.add("mode", where, f"a mode leads from {mode.tail} to {mode.head}, outside the {nodes} nodes: mend it")
        return
    for name, arc in (("arc", mode.arc), ("via", mode.via)):
        if not -1 <= arc < len(tail):
            faults.add("mode", where, f"{name} {arc} of a mode is not in the network: mend it")
            return
    if mode.arc >= 0 and (tail[mode.arc], head[mode.arc]) != (mode.tail, mode.head):
        faults.add("mode", where, f"arc {mode.arc} does not lead from {mode.tail} to {mode.head}: mend the mode")
    if mode.via >= 0 and mode.arc >= 0:
        faults.add(
            "mode", where, f"via {mode.via} belongs to a point, this mode serves arc {mode.arc}: give one of them"
        )
    elif mode.via >= 0 and head[mode.via] != mode.tail:
        faults.add(
            "mode", where, f"via {mode.via} ends at {head[mode.via]}, the point is at {mode.tail}: mend the mode"
        )


def check_vehicles(faults: Faults, problem: Problem) -> None:
    """Vehicles one by one, and that no two of them are bound to the same task."""
    faults.twice("vehicle", (vehicle.id for vehicle in problem.vehicles))
    profiles = {"", *(profile.name for profile in problem.profiles)}
    tasks = {task.id: task for task in problem.tasks} if any(v.frozen for v in problem.vehicles) else {}
    facilities = {facility.id for facility in problem.facilities}
    bound: set[str] = set()
    for vehicle in problem.vehicles:
        where = f"vehicle {vehicle.id}"
        faults.amounts(where, "capacity", vehicle.capacity, len(problem.commodities))
        faults.amounts(where, "initial_used", vehicle.initial_used, len(problem.commodities))
        for name in ("fixed_cost", "travel_rate", "duration_rate", "day"):
            faults.number(where, name, getattr(vehicle, name))
        faults.times(where, "shift", vehicle.shift)
        for name, node in (("start", vehicle.start), ("end", vehicle.end)):
            if node is not None and not 0 <= node < problem.network.nodes:
                faults.add("unknown", where, f"{name} {node} is outside the network: give one of its nodes")
        if vehicle.profile not in profiles:
            faults.add("unknown", where, f"profile {vehicle.profile} is not in the problem: add it")
        _check_breaks(faults, where, vehicle)
        if vehicle.frozen and problem.unlimited_fleet:
            faults.add(
                "frozen", where, "an unlimited fleet has only copies of it, none to freeze stops for: limit the fleet"
            )
        _check_frozen(faults, where, vehicle, tasks, facilities, bound)


def _check_breaks(faults: Faults, where: str, vehicle: Vehicle) -> None:
    faults.twice("break", (f"{rest.id} of {vehicle.id}" for rest in vehicle.breaks))
    for rest in vehicle.breaks:
        own = f"{where} break {rest.id}"
        faults.number(own, "duration_s", rest.duration_s)
        if faults.times(own, "window", rest.window) and rest.window[0] > rest.window[1]:
            faults.add(
                "window",
                own,
                f"its window closes at {rest.window[1]} s, before it opens at {rest.window[0]} s: mend it",
            )


def _check_frozen(
    faults: Faults, where: str, vehicle: Vehicle, tasks: dict[str, Task], facilities: set[str], bound: set[str]
) -> None:
    """The stops a route begins with name something, and no task is bound twice. `where` is the vehicle."""
    for stop in vehicle.frozen:
        known = stop.ref in (tasks if stop.kind == "task" else facilities)
        if stop.kind not in STOP_KINDS or not known:
            faults.add("frozen", where, f"the frozen stop {stop.kind} {stop.ref} names nothing: take it out")
            continue
        modes = len(tasks[stop.ref].modes) if stop.kind == "task" else 1
        if not 0 <= stop.mode < modes:
            faults.add("frozen", where, f"the frozen stop {stop.ref} has no mode {stop.mode}: mend it")
        if stop.kind == "task" and stop.ref in bound:
            faults.add("frozen", where, f"task {stop.ref} is frozen twice: leave it with one vehicle")
        if stop.kind == "task":
            bound.add(stop.ref)


def check_facilities(faults: Faults, problem: Problem) -> None:
    """Facilities one by one."""
    faults.twice("facility", (facility.id for facility in problem.facilities))
    for facility in problem.facilities:
        where = f"facility {facility.id}"
        if not 0 <= facility.node < problem.network.nodes:
            faults.add("unknown", where, f"node {facility.node} is outside the network: give one of its nodes")
        if facility.kind not in FACILITY_KINDS:
            faults.add("unknown", where, f"kind {facility.kind} is unknown: use {', '.join(FACILITY_KINDS)}")
        for name in ("service_s", "service_cost", "bays"):
            faults.number(where, name, getattr(facility, name))
        faults.times(where, "window", facility.window)
        _check_resets(faults, where, facility, len(problem.commodities))


def _check_resets(faults: Faults, where: str, facility: Facility, commodities: int) -> None:
    absent = [number for number in facility.resets if not 0 <= number < commodities]
    if absent:
        faults.add(
            "commodity", where, f"resets commodity {some(map(str, absent))} of {commodities}: number them from 0"
        )


def check_repeats(faults: Faults, problem: Problem) -> None:
    """Repeats name tasks, each task once in all, and patterns give each task a day of its own."""
    tasks = {task.id for task in problem.tasks} if problem.repeats else set()
    seen: set[str] = set()
    for number, repeat in enumerate(problem.repeats, 1):
        where = f"repeat {number} ({some(repeat.tasks)})"
        absent = [name for name in repeat.tasks if name not in tasks]
        if absent:
            faults.add("unknown", where, f"task {some(absent)} is not in the problem: take it out")
        if len(repeat.tasks) < 1:
            faults.add("repeat", where, "it names no task: take it out")
        again = [name for i, name in enumerate(repeat.tasks) if name in seen or name in repeat.tasks[:i]]
        if again:
            faults.add("repeat", where, f"task {some(again)} is repeated twice: leave it in one repeat")
        seen.update(repeat.tasks)
        faults.number(where, "gap_s", repeat.gap_s)
        for pattern in repeat.patterns:
            if len(pattern) != len(repeat.tasks) or list(pattern) != sorted(set(pattern)):
                days = ", ".join(map(str, pattern))
                faults.add(
                    "repeat", where, f"days {days} are no {len(repeat.tasks)} ascending days: give each task its own"
                )
