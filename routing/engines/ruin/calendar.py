"""Repeated work in the compiled search: which tasks belong together, and the days they may be served on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.problem import Problem, Repeat, Task

DAYS_MAX = 60
"""Days of a horizon that fit into a word."""

PATTERNS_MAX = 2_000
"""Patterns of one repeat that are tried one by one."""

GROUP = np.dtype(
    [
        ("first_pattern", "i4"),
        ("after_pattern", "i4"),
        ("first_member", "i4"),
        ("members", "i4"),
        ("penalty", "i8"),  # of leaving out all of them
        ("stamp", "i8"),
    ],
    align=True,
)


@dataclass(slots=True)
class Calendar:
    """Records of groups (number 0 is none), the patterns as sets of day bits, members (numbers of the search) in the
    order of their days, and scratch: for each day what the cheapest place costs, and where (slot, before, code)."""

    group: Any
    pattern: Any
    member: Any
    day_cost: Any
    day_place: Any

    def arrays(self) -> Any:
        """As the kernels take them."""
        return self.group, self.pattern, self.member, self.day_cost, self.day_place


def days_of(problem: Problem) -> list[int]:
    """The days some vehicle works on; a day's place in the list is its bit."""
    return sorted({vehicle.day for vehicle in problem.vehicles})


def patterns_of(problem: Problem, repeat: Repeat) -> list[tuple[int, ...]]:
    """Sets of days the repeat may have, of days there are vehicles for."""
    days = set(days_of(problem))
    return [p for p in repeat.patterns if len(p) == len(repeat.tasks) and days.issuperset(p)]


def calendar_for(problem: Problem, tasks: Sequence[int], task: Any) -> Calendar:
    """Groups of the tasks in the search; sets `group` of their records."""
    number = {problem.tasks[i].id: t for t, i in enumerate(tasks, 1)}
    days = {day: bit for bit, day in enumerate(days_of(problem))}
    group = np.zeros(len(problem.repeats) + 1 if problem.repeats else 0, GROUP)
    patterns: list[int] = []
    members: list[int] = []
    for g, repeat in enumerate(problem.repeats, 1):
        own = [number[name] for name in repeat.tasks if name in number]
        group[g]["first_pattern"], group[g]["first_member"] = len(patterns), len(members)
        if len(own) == len(repeat.tasks):
            patterns += [sum(1 << days[day] for day in pattern) for pattern in patterns_of(problem, repeat)]
        group[g]["after_pattern"], group[g]["members"] = len(patterns), len(own)
        group[g]["penalty"] = task["penalty"][own].sum()
        task["group"][own] = g
        members += own
    return Calendar(
        group,
        np.array(patterns, np.int64),
        np.array(members, np.int32),
        np.zeros(len(days), np.int64),
        np.zeros((len(days), 3), np.int64),
    )


def calendar_refusal(problem: Problem) -> str | None:
    """Why these repeats are more than the search models, or None."""
    tasks = {task.id: task for task in problem.tasks}
    frozen = {stop.ref for vehicle in problem.vehicles for stop in vehicle.frozen}
    if problem.repeats and len(days_of(problem)) > DAYS_MAX:
        return f"a horizon of more than {DAYS_MAX} days"
    for repeat in problem.repeats:
        first = _alike(tasks[repeat.tasks[0]]) if repeat.tasks else None
        if not repeat.patterns:
            return "passes on any days, the same one too"
        if any(_alike(tasks[name]) != first for name in repeat.tasks):
            return "a repeat of unlike tasks"
        if not frozen.isdisjoint(repeat.tasks):
            return "a repeat that has begun"
        if len(patterns_of(problem, repeat)) > PATTERNS_MAX:
            return f"a repeat of more than {PATTERNS_MAX} patterns"
    return None


def _alike(task: Task) -> tuple[object, ...]:
    cost = (task.service_s, task.service_cost, task.deadline_s, task.weight, task.prize, task.keep, task.move_cost)
    return task.modes, task.demand, task.window, task.skills, cost
