"""What the compiled search models of a Problem, and why not the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from routing.engines.ruin.calendar import calendar_refusal
from routing.engines.ruin.lanes import LANES_MAX
from routing.problem import HORIZON_S, Problem, Profile

SKILLS_MAX = 62
"""Distinct skills that fit into one word."""


Measure = Literal["cost", "seconds", "both"]
COST: Measure = "cost"
SECONDS: Measure = "seconds"
BOTH: Measure = "both"
"""What the search counts: cost where no time binds, seconds where they bind and are the cost, else both apart."""


def measure_of(problem: Problem) -> Measure:
    """What has to be counted."""
    if windows_bind(problem) or problem.fairness_weight > 0:
        return BOTH
    if not times_matter(problem):
        return COST
    return SECONDS if _one_measure(problem) else BOTH


def windows_bind(problem: Problem) -> bool:
    """Whether some window opens or closes inside the shifts."""
    first = min(vehicle.shift[0] for vehicle in problem.vehicles)
    last = max(vehicle.shift[1] for vehicle in problem.vehicles)
    windows = [task.window for task in problem.tasks] + [facility.window for facility in problem.facilities]
    return any(opens > first or closes < last for opens, closes in windows)


def times_matter(problem: Problem) -> bool:
    """Whether shifts or deadlines bind, so that the search must count seconds."""
    if any(task.deadline_s is not None and task.weight > 0 for task in problem.tasks):
        return True
    return any(vehicle.shift[1] < HORIZON_S for vehicle in problem.vehicles)


def unsupported(problem: Problem) -> str | None:
    """The first thing the search cannot do, in one clause, or None."""
    return next(_refusals(problem), None)


def _refusals(problem: Problem) -> Iterator[str]:
    if not problem.vehicles:
        yield "no vehicles"
        return
    if not 1 <= len(problem.commodities) <= LANES_MAX:
        yield f"{len(problem.commodities)} commodities, it counts one to {LANES_MAX}"
    if len(set().union(*(task.skills for task in problem.tasks))) > SKILLS_MAX:
        yield f"more than {SKILLS_MAX} skills"
    if any(task.release_s > min(vehicle.shift[0] for vehicle in problem.vehicles) for task in problem.tasks):
        yield "tasks are released inside the shifts"
    yield from _fleet_refusals(problem)
    yield from _facility_refusals(problem)
    refusal = calendar_refusal(problem)
    if refusal is not None:
        yield refusal


def _fleet_refusals(problem: Problem) -> Iterator[str]:
    fleet = problem.vehicles
    if windows_bind(problem) and any(vehicle.breaks for vehicle in fleet):
        yield "breaks among windows"
    if problem.unlimited_fleet and any(vehicle.frozen for vehicle in fleet):
        yield "frozen stops in an unlimited fleet"
    if problem.unlimited_fleet and any(task.move_cost > 0 and task.keep is not None for task in problem.tasks):
        yield "priced moves in an unlimited fleet"


def _facility_refusals(problem: Problem) -> Iterator[str]:
    if problem.unload_at_end and not problem.facilities:
        yield "vehicles must unload, but there is no facility"
    for facility in problem.facilities:
        if facility.resets and set(facility.resets) != set(range(len(problem.commodities))):
            yield f"facility {facility.id} resets some commodities only"
        if facility.bays > 0:
            yield f"facility {facility.id} has bays to queue for"


def _one_measure(problem: Problem) -> bool:
    """Whether a second costs one wherever it is spent, so that counting seconds counts cost."""
    network, turns = problem.network, problem.network.turn_costs
    roads = [
        (network.cost if p.cost is None else p.cost, network.duration_s if p.duration_s is None else p.duration_s)
        for p in (Profile(""), *problem.profiles)
    ]
    fees = [(item.service_s, item.service_cost) for item in problem.facilities]
    if any(profile.work_percent != 100 for profile in problem.profiles):
        fees += [(task.service_s, task.service_cost) for task in problem.tasks]
    return (
        all(vehicle.travel_rate == 1 and vehicle.duration_rate == 0 for vehicle in problem.vehicles)
        and all(seconds == cost for seconds, cost in fees)
        and all(np.array_equal(cost, seconds) for cost, seconds in roads)
        and np.array_equal(turns.cost, turns.duration_s)
    )
