"""Why a task stayed out: one word of the plan's vocabulary."""

from __future__ import annotations

from routing.paths import UNREACHABLE, PathFinder
from routing.problem import Problem, Task, Vehicle

CAPACITY = "capacity"
TIME = "time"
SKILL = "skill"
REACHABILITY = "reachability"
WINDOW = "window"
PRIZE = "prize"


def impossible(problem: Problem, finder: PathFinder, task: Task) -> str | None:
    """What keeps every vehicle from serving the task even with nothing else to do, or None where nothing does."""
    skilled = [vehicle for vehicle in problem.vehicles if task.skills <= vehicle.skills]
    if not skilled:
        return SKILL
    roomy = [
        vehicle
        for vehicle in skilled
        if all(need <= room for need, room in zip(task.demand, vehicle.capacity, strict=True))
    ]
    if not roomy:
        return CAPACITY
    found = {_alone(problem, finder, task, vehicle) for vehicle in roomy}
    if None in found:
        return None
    for reason in (TIME, WINDOW):
        if reason in found:
            return reason
    return REACHABILITY


def left_out(problem: Problem, finder: PathFinder, task: Task, bound: str) -> str:
    """The reason to give for a task an engine left out: what makes it impossible, its prize, else what `bound`."""
    return impossible(problem, finder, task) or (PRIZE if task.prize is not None else bound)


def _alone(problem: Problem, finder: PathFinder, task: Task, vehicle: Vehicle) -> str | None:
    """The same for one vehicle, driving there, serving, and home."""
    finder = finder.of(vehicle.profile)
    _, out_s = finder.from_port(finder.leave(vehicle.start))
    best: str | None = REACHABILITY
    for mode in task.modes:
        arrive = vehicle.shift[0] + int(out_s[finder.in_port(mode)])
        home_s = 0
        if vehicle.end is not None:
            home_s = int(finder.to_port(finder.reach(vehicle.end))[1][finder.out_port(mode)])
        if arrive >= UNREACHABLE or home_s >= UNREACHABLE:
            continue
        begin = max(arrive, task.window[0])
        if begin > task.window[1]:
            best = WINDOW if best != TIME else best
        elif begin + task.service_s + home_s > vehicle.shift[1]:
            best = TIME
        else:
            return None
    return best
