"""Vehicles that are alike, as one kind: engines search better when they know they may swap them."""

from __future__ import annotations

from typing import Any

from routing.problem import Problem, Vehicle


def kinds_of(problem: Problem) -> list[list[int]]:
    """Indices of vehicles grouped by likeness, in the problem's order; each alone where its copies are unlimited."""
    if problem.unlimited_fleet:
        return [[i] for i in range(len(problem.vehicles))]
    return alike(problem)


def alike(problem: Problem) -> list[list[int]]:
    """Indices of vehicles grouped by likeness, in the problem's order.

    A vehicle that some task is kept with, or whose route has begun, is like no other.
    """
    named = {task.keep for task in problem.tasks if task.move_cost > 0}
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i, vehicle in enumerate(problem.vehicles):
        own = i if vehicle.frozen or vehicle.id in named else -1
        groups.setdefault((own, *_likeness(vehicle)), []).append(i)
    return list(groups.values())


def copies_wanted(problem: Problem, tasks: int, vehicle: int = 0) -> int:
    """How many copies of a vehicle an unlimited fleet needs at most, with room to spare."""
    trips = 0
    for c, room in enumerate(problem.vehicles[vehicle].capacity):
        trips = max(trips, -(-sum(task.demand[c] for task in problem.tasks) // max(1, room)))
    return min(tasks + 1, 2 * trips + 20)


def _likeness(v: Vehicle) -> tuple[Any, ...]:
    rests = tuple((rest.window, rest.duration_s) for rest in v.breaks)
    costs = (v.fixed_cost, v.travel_rate, v.duration_rate)
    return (
        v.start,
        v.end,
        v.capacity,
        v.initial_used,
        v.shift,
        v.skills,
        costs,
        v.profile,
        v.attachments,
        rests,
        v.day,
    )
