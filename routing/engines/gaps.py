"""All gaps of all lines end to end, so that one array operation prices a task in every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.engines.line import Line
from routing.network import IntArray
from routing.problem import Problem, Task


@dataclass(slots=True)
class Gaps:
    """Arrays over gaps, as in `Line`; besides the vehicle's capacity, fixed cost, and whether it owes unloading."""

    lines: Sequence[Line]
    line_of: IntArray
    gap_of: IntArray
    sources: IntArray
    sinks: IntArray
    leg_cost: IntArray
    leave_s: IntArray
    arrive_s: IntArray
    before: IntArray
    behind: IntArray
    slack_s: IntArray
    capacity: IntArray
    fixed: IntArray
    owes_unload: IntArray


def flatten(problem: Problem, lines: Sequence[Line], task: Task) -> Gaps | None:
    """Gaps of every line whose vehicle has the skills, or None where there is none."""
    usable = [(i, line) for i, line in enumerate(lines) if task.skills <= problem.vehicles[line.tour.vehicle].skills]
    if not usable:
        return None

    def join(parts: list[IntArray]) -> IntArray:
        return np.concatenate(parts)

    owed, fixed, leg_cost, room = [], [], [], []
    for _, line in usable:
        idle = not line.tour.visits
        ends_at_facility = np.zeros(line.gaps, np.int64)
        ends_at_facility[-1] = 1 if problem.unload_at_end else 0
        owed.append(ends_at_facility)
        vehicle = problem.vehicles[line.tour.vehicle]
        fixed.append(np.full(line.gaps, vehicle.fixed_cost if idle else 0, np.int64))
        room.append(np.tile(np.array(vehicle.capacity, np.int64), (line.gaps, 1)))
        leg_cost.append(np.zeros(1, np.int64) if idle else line.leg_cost)
    return Gaps(
        lines,
        join([np.full(line.gaps, i, np.int64) for i, line in usable]),
        join([np.arange(line.gaps, dtype=np.int64) for _, line in usable]),
        join([line.sources for _, line in usable]),
        join([line.sinks for _, line in usable]),
        join(leg_cost),
        join([line.leave_s for _, line in usable]),
        join([line.arrive_s for _, line in usable]),
        join([line.before for _, line in usable]),
        join([line.behind for _, line in usable]),
        join([line.slack_s for _, line in usable]),
        join(room),
        join(fixed),
        join(owed),
    )
