"""Why a route is driven in its order: for each stop what it costs, where else it could go, and what forbids better.

Pure: the search for places is passed in. Also here: what a shorter longest route would cost, as a curve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from routing.plan import Plan
from routing.problem import Problem

LIMITS_PCT = (95, 90, 85, 80)
"""Lengths the longest route is limited to for the price of fairness, per cent of the longest as it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere a task could go: as stop number `stop` of a vehicle. `way_cost` is without lateness.

    `added` is all that it adds to a plan without the task, None where `barred` says which rule forbids it: load, window
    (its own), time (shift or windows behind it).
    """

    vehicle: str
    stop: int
    way_cost: int
    added: int | None
    barred: str = ""


@dataclass(frozen=True, slots=True)
class StopReason:
    """One stop of a route. `cost` is what leaving it out would save.

    `in_route` and `elsewhere` are the next best places in this route and in others, with what they would cost more.
    `rule` is what keeps it from a place with a shorter way (`better`): load, window, time or deadline; empty where no
    place has a shorter way.
    """

    stop: int
    task: str
    cost: int
    in_route: Place | None
    in_route_more: int | None
    elsewhere: Place | None
    elsewhere_more: int | None
    rule: str
    better: Place | None

    def to_json(self) -> dict[str, Any]:
        """A document of plain lists, strings and numbers."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Options:
    """What a search for places found: the cost of the plan without the task, its place now, and all others."""

    without_cost: int
    here: Place
    others: tuple[Place, ...]


Search = Callable[[Problem, Plan, str], Options]
"""(problem, plan, task id) -> where the task could be."""


def explain_route(problem: Problem, plan: Plan, vehicle: str, search: Search) -> tuple[StopReason, ...]:
    """A reason for each task of one route that may be moved (frozen stops have none)."""
    route = next(route for route in plan.routes if route.vehicle == vehicle)
    frozen = {fixed.ref for one in problem.vehicles if one.id == vehicle for fixed in one.frozen}
    return tuple(
        _reason(number, stop.ref, plan.cost, search(problem, plan, stop.ref), vehicle)
        for number, stop in enumerate(route.stops, 1)
        if stop.kind == "task" and stop.ref not in frozen
    )


def _reason(number: int, task: str, cost: int, options: Options, vehicle: str) -> StopReason:
    own = cost - options.without_cost
    usable = [(place.added, place) for place in options.others if place.added is not None]
    inside = min((e for e in usable if e[1].vehicle == vehicle), key=lambda e: e[0], default=None)
    outside = min((e for e in usable if e[1].vehicle != vehicle), key=lambda e: e[0], default=None)
    shorter = [place for place in options.others if place.way_cost < options.here.way_cost and place.added != own]
    better = min(shorter, key=lambda place: (place.way_cost, place.vehicle, place.stop), default=None)
    dearer = better is not None and better.added is not None and better.added > own
    rule = "" if better is None else better.barred or ("deadline" if dearer else "")
    return StopReason(
        stop=number,
        task=task,
        cost=own,
        in_route=None if inside is None else inside[1],
        in_route_more=None if inside is None else inside[0] - own,
        elsewhere=None if outside is None else outside[1],
        elsewhere_more=None if outside is None else outside[0] - own,
        rule=rule,
        better=better if rule else None,
    )


@dataclass(frozen=True, slots=True)
class FairPoint:
    """A plan whose routes may last `limit_s` at most: its longest route, cost without fairness, tasks left out."""

    limit_s: int
    longest_s: int
    cost: int
    unserved: int


def price_of_fairness(
    problem: Problem, plan: Plan, solve: Callable[[Problem], Plan], limits_pct: Sequence[int] = LIMITS_PCT
) -> tuple[FairPoint, ...]:
    """What shorter longest routes cost, the plan as it is first. `solve` makes a plan of a problem.

    A route is limited by ending its shift `limit_s` after it may begin, so that it can only be shorter than that.
    """
    longest = _longest(plan)
    points = [FairPoint(longest, longest, _plain_cost(plan), len(plan.unserved))]
    for percent in limits_pct:
        limit = longest * percent // 100
        fleet = tuple(replace(v, shift=(v.shift[0], min(v.shift[1], v.shift[0] + limit))) for v in problem.vehicles)
        made = solve(replace(problem, vehicles=fleet, fairness_weight=0))
        points.append(FairPoint(limit, _longest(made), _plain_cost(made), len(made.unserved)))
    return tuple(points)


def _longest(plan: Plan) -> int:
    return max((route.end_s - route.start_s for route in plan.routes), default=0)


def _plain_cost(plan: Plan) -> int:
    return plan.cost - plan.terms.get("fairness", 0)
