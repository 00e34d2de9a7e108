"""What a problem asks for, beyond driving and serving: one list for every engine's `supports` and for the portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from routing.problem import HORIZON_S, Problem


class Feature(Enum):
    """One kind of rule or price. A problem has it where it could change a plan."""

    STREETS = auto()
    """Work along arcs."""
    CHOICE = auto()
    """Tasks with several modes."""
    WINDOWS = auto()
    """Windows that begin or end inside some shift."""
    SHIFTS = auto()
    DEADLINES = auto()
    COMMODITIES = auto()
    """More than one."""
    PARTIAL_RESETS = auto()
    """Facilities that reset some commodities and not others."""
    RELEASES = auto()
    BREAKS = auto()
    ATTACHMENTS = auto()
    FROZEN = auto()
    REPEATS = auto()
    FAIRNESS = auto()
    MOVES = auto()
    BAYS = auto()
    DURATION_COST = auto()
    RATES = auto()
    """Vehicles that pay other than once the cost of what they drive."""
    PROFILES = auto()
    TURN_COSTS = auto()
    SKILLS = auto()
    PRIZES = auto()
    FACILITIES = auto()
    UNLOAD = auto()
    """Vehicles must unload before they go home."""
    CLOSING_UNLOAD = auto()
    """... at facilities that close within a shift."""
    MIXED_FLEET = auto()


def features(problem: Problem) -> frozenset[Feature]:
    """All features of a problem."""
    return frozenset({*_of_work(problem), *_of_fleet(problem), *_of_places(problem)})


def refusal(problem: Problem, refused: Mapping[Feature, str]) -> str | None:
    """Why an engine does not solve it, given what it refuses and in which words; None where it does."""
    if not problem.vehicles:
        return "no vehicles"
    if problem.unload_at_end and not problem.facilities:
        return "vehicles must unload, but there is no facility"
    found = features(problem)
    return next((words for feature, words in refused.items() if feature in found), None)


def _of_work(problem: Problem) -> set[Feature]:
    tasks = problem.tasks
    first, last = _hours(problem)
    rules = {
        Feature.STREETS: any(mode.arc >= 0 for task in tasks for mode in task.modes),
        Feature.CHOICE: any(len(task.modes) > 1 for task in tasks),
        Feature.WINDOWS: any(task.window[0] > first or task.window[1] < last for task in tasks)
        or any(place.window[0] > first or place.window[1] < last for place in problem.facilities),
        Feature.DEADLINES: any(task.deadline_s is not None and task.weight > 0 for task in tasks),
        Feature.RELEASES: any(task.release_s > first for task in tasks),
        Feature.MOVES: any(task.keep is not None and task.move_cost > 0 for task in tasks),
        Feature.SKILLS: any(task.skills for task in tasks),
        Feature.PRIZES: any(task.prize is not None for task in tasks),
        Feature.REPEATS: bool(problem.repeats),
        Feature.FAIRNESS: problem.fairness_weight > 0,
    }
    return {feature for feature, present in rules.items() if present}


def _of_fleet(problem: Problem) -> set[Feature]:
    fleet = problem.vehicles
    first = fleet[0] if fleet else None
    rules = {
        Feature.SHIFTS: any(v.shift[1] < HORIZON_S for v in fleet),
        Feature.BREAKS: any(rest.window[1] < v.shift[1] for v in fleet for rest in v.breaks),
        Feature.ATTACHMENTS: any(v.attachments for v in fleet),
        Feature.FROZEN: any(v.frozen for v in fleet),
        Feature.DURATION_COST: any(v.duration_rate > 0 for v in fleet),
        Feature.RATES: any(v.travel_rate != 1 for v in fleet),
        Feature.PROFILES: any(v.profile for v in fleet),
        Feature.MIXED_FLEET: any(
            first is not None and (v.capacity, v.fixed_cost, v.travel_rate) != _size(first) for v in fleet
        ),
    }
    return {feature for feature, present in rules.items() if present}


def _size(vehicle: object) -> tuple[object, ...]:
    return tuple(getattr(vehicle, name) for name in ("capacity", "fixed_cost", "travel_rate"))


def _of_places(problem: Problem) -> set[Feature]:
    places = problem.facilities
    first, last = _hours(problem)
    closing = any(place.window[0] > first or place.window[1] < last for place in places)
    every = set(range(len(problem.commodities)))
    rules = {
        Feature.FACILITIES: bool(places),
        Feature.COMMODITIES: len(problem.commodities) > 1,
        Feature.PARTIAL_RESETS: any(place.resets and set(place.resets) != every for place in places),
        Feature.BAYS: any(place.bays > 0 for place in places),
        Feature.UNLOAD: problem.unload_at_end,
        Feature.CLOSING_UNLOAD: problem.unload_at_end and closing,
        Feature.TURN_COSTS: len(problem.network.turn_costs) > 0,
    }
    return {feature for feature, present in rules.items() if present}


def _hours(problem: Problem) -> tuple[int, int]:
    """From the first vehicle's shift to the last one's."""
    if not problem.vehicles:
        return 0, HORIZON_S
    return min(v.shift[0] for v in problem.vehicles), max(v.shift[1] for v in problem.vehicles)
