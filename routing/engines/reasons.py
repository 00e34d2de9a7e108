"""Why a task stayed out: one word of the plan's vocabulary."""

from __future__ import annotations

from routing.paths.search import UNREACHABLE, PathFinder
from routing.problem import Problem, Task, Vehicle
from routing.validation.hindrances import has_skills

CAPACITY = "capacity"
TIME = "time"
SKILL = "skill"
REACHABILITY = "reachability"
WINDOW = "window"
PRIZE = "prize"


def impossible(problem: Problem, finder: PathFinder, task: Task) -> str | None:
    """What keeps every vehicle from serving the task even with nothing else to do, or None where nothing does."""
    found: set[str | None] = {SKILL}
    for vehicle in problem.vehicles:
        if not has_skills(vehicle, task):
            continue
        roomy = all(need <= room for need, room in zip(task.demand, vehicle.capacity, strict=True))
        reason = _alone(problem, finder, task, vehicle) if roomy else CAPACITY
        if reason is None:
            return None
        found.add(reason)
    return next(reason for reason in (TIME, WINDOW, REACHABILITY, CAPACITY, SKILL) if reason in found)


def left_out(problem: Problem, finder: PathFinder, task: Task, bound: str) -> str:
    """The reason to give for a task an engine left out: what makes it impossible, its prize, else what `bound`."""
    return impossible(problem, finder, task) or (PRIZE if task.prize is not None else bound)


def _alone(problem: Problem, finder: PathFinder, task: Task, vehicle: Vehicle) -> str | None:
    """The same for one vehicle, driving there, serving, and home."""
    finder = finder.of(vehicle.profile)
    _, out_s = finder.from_port(finder.leave(vehicle.start))
    percent = next((p.work_percent for p in problem.profiles if p.name == vehicle.profile), 100)
    found: set[str] = {REACHABILITY}
    for mode in task.modes:
        arrive = max(vehicle.shift[0], task.release_s) + int(out_s[finder.in_port(mode)])
        if arrive >= UNREACHABLE:
            continue
        begin = max(arrive, task.window[0])
        if begin > task.window[1]:
            found.add(WINDOW)
            continue
        clock = begin + -(-task.service_s * percent // 100)
        reason = _home(problem, finder, vehicle, finder.out_port(mode), clock, any(task.demand))
        if reason is None:
            return None
        found.add(reason)
    return next(reason for reason in (TIME, WINDOW, REACHABILITY) if reason in found)


def _home(problem: Problem, finder: PathFinder, vehicle: Vehicle, port: int, clock: int, loaded: bool) -> str | None:
    """What keeps the vehicle from its end when it leaves `port` at `clock`, unloading on the way where it must."""
    if not (loaded and problem.unload_at_end):
        return _end(finder, vehicle, port, clock)
    found: set[str | None] = {REACHABILITY}
    for facility in problem.facilities:
        arrive = clock + int(finder.to_port(finder.reach(facility.node))[1][port])
        if arrive >= UNREACHABLE:
            continue
        begin = max(arrive, facility.window[0])
        late = begin > facility.window[1]
        reason = WINDOW if late else _end(finder, vehicle, finder.leave(facility.node), begin + facility.service_s)
        if reason is None:
            return None
        found.add(reason)
    return next(reason for reason in (TIME, WINDOW, REACHABILITY) if reason in found)


def _end(finder: PathFinder, vehicle: Vehicle, port: int, clock: int) -> str | None:
    """The same straight from `port`."""
    home_s = 0 if vehicle.end is None else int(finder.to_port(finder.reach(vehicle.end))[1][port])
    if home_s >= UNREACHABLE:
        return REACHABILITY
    return TIME if clock + home_s > vehicle.shift[1] else None
