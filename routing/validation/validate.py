"""Is a Problem one that can be planned at all? Every contradiction is named in one line, all of them at once.

A problem is refused where a part means nothing: a length that does not fit, an id nobody has, an arc that is not there,
a negative demand, a number the engines cannot count in. What is well said but cannot be done (a task nobody reaches, a
window that closes before it opens, a store that never opens) is planned around instead: see `hindrances`.

Limits. Each number is at most `faults.NUMBER_MAX`; the longest way through the network, in cost and in seconds, is
below `PATH_LIMIT`; all that a plan could cost in the worst case is below `COST_LIMIT`, so that no sum overflows.
"""

from __future__ import annotations

from routing.errors import BadProblem
from routing.problem import Problem
from routing.validation.faults import Fault, Faults
from routing.validation.network import check_network, longest_way
from routing.validation.work import check_facilities, check_repeats, check_tasks, check_vehicles

PATH_LIMIT = 1 << 40
"""Cost and seconds of any way through the network stay below this; the path search says "no way" with it."""

COST_LIMIT = 1 << 62
"""Cost of any plan stays below this, half the range of int64."""

FAULTS_TOLD = 20
"""Faults in the message of the refusal; `BadProblem.faults` has them all."""


def validate(problem: Problem) -> list[Fault]:
    """Every reason to refuse the problem; [] where it can be planned."""
    faults = Faults()
    if not problem.vehicles:
        faults.add("fleet", "problem", "no vehicles: give at least one")
    faults.twice("commodity", problem.commodities)
    if problem.unload_at_end and not problem.facilities:
        faults.add(
            "facility", "problem", "vehicles must unload before they go home, but there is no facility: give one"
        )
    faults.number("problem", "fairness_weight", problem.fairness_weight)
    if check_network(faults, problem):
        check_facilities(faults, problem)
        check_vehicles(faults, problem)
        check_tasks(faults, problem)
        check_repeats(faults, problem)
    if not faults.found:
        _check_sums(faults, problem)
    return faults.found


def require_valid(problem: Problem) -> None:
    """Raises BadProblem with every fault of the problem."""
    found = validate(problem)
    if not found:
        return
    told = "; ".join(fault.line for fault in found[:FAULTS_TOLD])
    rest = len(found) - FAULTS_TOLD
    raise BadProblem(told if rest <= 0 else f"{told}; and {rest} more", tuple(found))


def _check_sums(faults: Faults, problem: Problem) -> None:
    """Hold the largest sums an engine may form against its integers. Bounds, not estimates."""
    cost, duration_s = longest_way(problem)
    for name, value in (("cost", cost), ("duration", duration_s)):
        if value >= PATH_LIMIT:
            faults.add(
                "limit", "network", f"a way may add up to a {name} of {value}, the limit is 2^40: use coarser units"
            )
    tasks, vehicles = problem.tasks, problem.vehicles
    longest = max(0, *(v.shift[1] - v.shift[0] for v in vehicles))
    last = max(v.shift[1] for v in vehicles)
    percent = max((p.work_percent for p in problem.profiles), default=100)
    routes = len(tasks) if problem.unlimited_fleet else len(vehicles)
    legs = 2 * (len(tasks) + routes)
    dearest = max((f.service_cost for f in problem.facilities), default=0)
    total = (
        legs * (cost * max(v.travel_rate for v in vehicles) + dearest)
        + sum(t.service_cost for t in tasks) * max(100, percent) // 100
        + sum(t.weight * max(0, last - t.deadline_s) for t in tasks if t.deadline_s is not None)
        + sum((t.prize or 0) + t.move_cost for t in tasks)
        + routes * max(v.fixed_cost + v.duration_rate * longest for v in vehicles)
        + problem.fairness_weight * longest
    )
    if total >= COST_LIMIT:
        faults.add("limit", "problem", f"a plan may add up to a cost of {total}, the limit is 2^62: use coarser units")
