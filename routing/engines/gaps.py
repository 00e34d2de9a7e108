"""Gaps of many lines end to end, so that one array operation prices a task in every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.engines.line import Line
from routing.network import IntArray
from routing.problem import Problem, Task, Vehicle


@dataclass(slots=True)
class Gaps:
    """Arrays over gaps, as in `Line`, of vehicles of one profile; besides what the vehicle itself brings in.

    `rate` is its travel rate, `second` what a second on the way costs it, `extra` what giving it the task costs apart
    from the way: its fixed cost where it is idle, and the price of the move. `idle_s` is the waiting an insertion may
    fill: behind the gap for a line that keeps its start, anywhere for one that may leave later. `last` is 1 in the gap
    before the way home of a vehicle that must come home empty.
    """

    profile: str
    line_of: IntArray
    gap_of: IntArray
    sources: IntArray
    sinks: IntArray
    leg_cost: IntArray
    leave_s: IntArray
    arrive_s: IntArray
    before: IntArray
    behind: IntArray
    resets: IntArray
    slack_s: IntArray
    idle_s: IntArray
    capacity: IntArray
    rate: IntArray
    second: IntArray
    extra: IntArray


def flatten(problem: Problem, lines: Sequence[Line], task: Task) -> list[Gaps]:
    """Gaps open to the task, one entry for each profile of the vehicles that have the skills."""
    by_profile: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        if line.first < line.gaps and any(task.skills <= skills for skills in line.skills):
            by_profile.setdefault(problem.vehicles[line.tour.vehicle].profile, []).append(number)
    return [_joined(problem, lines, numbers, task, profile) for profile, numbers in sorted(by_profile.items())]


def _joined(problem: Problem, lines: Sequence[Line], numbers: Sequence[int], task: Task, profile: str) -> Gaps:
    chosen = [lines[number] for number in numbers]
    vehicles = [problem.vehicles[line.tour.vehicle] for line in chosen]
    counts = np.array([line.gaps - line.first for line in chosen])

    def join(name: str) -> IntArray:
        return np.concatenate([getattr(line, name)[line.first :] for line in chosen])

    def spread(values: Sequence[int]) -> IntArray:
        return np.repeat(np.array(values, np.int64), counts)

    return Gaps(
        profile=profile,
        line_of=spread(numbers),
        gap_of=np.concatenate([np.arange(line.first, line.gaps) for line in chosen]),
        sources=join("sources"),
        sinks=join("sinks"),
        leg_cost=np.concatenate([_paid(line)[line.first :] for line in chosen]),
        leave_s=join("leave_s"),
        arrive_s=join("arrive_s"),
        before=join("before"),
        behind=join("behind"),
        resets=join("resets"),
        slack_s=join("slack_s"),
        idle_s=np.concatenate([_idle(line)[line.first :] for line in chosen]),
        capacity=np.repeat(np.array([v.capacity for v in vehicles], np.int64).reshape(len(chosen), -1), counts, axis=0),
        rate=spread([v.travel_rate for v in vehicles]),
        second=spread([v.duration_rate for v in vehicles]),
        extra=spread([_extra(line, v, task) for line, v in zip(chosen, vehicles, strict=True)]),
    )


def _paid(line: Line) -> IntArray:
    """What each leg costs now; an idle vehicle drives none."""
    return line.leg_cost if line.tour.visits else np.zeros_like(line.leg_cost)


def _idle(line: Line) -> IntArray:
    return line.waits_s if line.start_s is not None else np.full_like(line.waits_s, line.waits_s[0])


def _extra(line: Line, vehicle: Vehicle, task: Task) -> int:
    moved = task.keep is not None and task.keep != line.tour.name
    return (0 if line.tour.visits else vehicle.fixed_cost) + (task.move_cost if moved else 0)
