"""One vehicle's work as insertion sees it: places in order, the gaps between them, and what each gap can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.engines.assemble import Tour, Visit, legs_of, ports_of
from routing.network import IntArray
from routing.paths import PathFinder
from routing.plan import Route
from routing.problem import Problem

NO_END = -1
"""Sink port of a route that may end anywhere."""


@dataclass(slots=True)
class Line:
    """A tour with its legs. Gap g lies between place g - 1 (the start for g = 0) and place g (home for the last).

    Arrays over gaps: `sources` and `sinks` are the ports at both sides, `leg_cost` and `arrive_s` belong to the place
    after the gap, `leave_s` to the one before it. `before` (gaps, commodities) is what is used as the gap is reached,
    `behind` what the trip still picks up after it. `slack_s` is how much later the place after it may be reached.
    """

    tour: Tour
    legs: list[tuple[int, ...]]
    start_s: int
    source: Route | None
    sources: IntArray
    sinks: IntArray
    leg_cost: IntArray
    leave_s: IntArray
    arrive_s: IntArray
    before: IntArray
    behind: IntArray
    slack_s: IntArray
    has_deadlines: bool

    @property
    def gaps(self) -> int:
        """Number of gaps: one more than visits."""
        return len(self.sources)


def make_line(
    problem: Problem,
    finder: PathFinder,
    tour: Tour,
    start_s: int,
    legs: Sequence[tuple[int, ...]] | None = None,
    source: Route | None = None,
) -> Line:
    """Follow a tour once and note what each gap can take. `source` is the route it still equals, if any."""
    vehicle = problem.vehicles[tour.vehicle]
    driven = list(legs) if legs is not None else legs_of(problem, finder, vehicle, tour.visits)
    network = problem.network
    leg_cost = np.array([sum(int(network.cost[a]) for a in leg) for leg in driven], np.int64)
    leg_s = [sum(int(network.duration_s[a]) for a in leg) for leg in driven]
    ports = [ports_of(problem, finder, visit) for visit in tour.visits]
    sources = np.array([finder.leave(vehicle.start), *(out for _, out in ports)], np.int64)
    last = NO_END if vehicle.end is None else finder.reach(vehicle.end)
    sinks = np.array([*(entry for entry, _ in ports), last], np.int64)
    clock, leave, arrive, waits, closes = start_s, [start_s], [], [], []
    for visit, seconds in zip(tour.visits, leg_s, strict=False):
        item = (problem.facilities if visit.facility else problem.tasks)[visit.item]
        arrive.append(clock + seconds)
        begin = max(arrive[-1], item.window[0])
        waits.append(begin - arrive[-1])
        closes.append(item.window[1])
        clock = begin + item.service_s
        leave.append(clock)
    arrive.append(clock + leg_s[-1])
    slack = [vehicle.shift[1] - arrive[-1]]
    for i in range(len(tour.visits) - 1, -1, -1):
        slack.append(min(closes[i] - arrive[i], waits[i] + slack[-1]))
    before, behind = _loads(problem, tour, vehicle.initial_used)
    deadlines = any(not v.facility and problem.tasks[v.item].deadline_s is not None for v in tour.visits)
    return Line(
        tour,
        driven,
        start_s,
        source,
        sources,
        sinks,
        leg_cost,
        np.array(leave, np.int64),
        np.array(arrive, np.int64),
        before,
        behind,
        np.array(slack[::-1], np.int64),
        deadlines,
    )


def later_lateness(problem: Problem, line: Line, gap: int, delay_s: int) -> int:
    """Extra weighted lateness of everything after a gap when the place after it is reached `delay_s` later."""
    extra = 0
    for i in range(gap, len(line.tour.visits)):
        if delay_s == 0:
            break
        visit = line.tour.visits[i]
        item = (problem.facilities if visit.facility else problem.tasks)[visit.item]
        arrive = int(line.arrive_s[i])
        delay_s = max(arrive + delay_s, item.window[0]) - max(arrive, item.window[0])
        if not visit.facility:
            task = problem.tasks[visit.item]
            if task.deadline_s is not None:
                done = int(line.leave_s[i + 1])
                extra += task.weight * (max(0, done + delay_s - task.deadline_s) - max(0, done - task.deadline_s))
    return extra


def with_visits(line: Line, gap: int, visits: Sequence[Visit]) -> Tour:
    """The tour with visits put into a gap."""
    old = line.tour.visits
    return Tour(line.tour.vehicle, line.tour.name, (*old[:gap], *visits, *old[gap:]))


def _loads(problem: Problem, tour: Tour, initial: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """(used as each gap is reached, still to be picked up by the trip after it), shape (gaps, commodities)."""
    zero = np.zeros(len(problem.commodities), np.int64)
    amounts = [
        None if visit.facility else np.array(problem.tasks[visit.item].demand, np.int64) for visit in tour.visits
    ]
    before = [np.array(initial, np.int64)]
    for amount in amounts:
        before.append(zero if amount is None else before[-1] + amount)
    behind = [zero]
    for amount in reversed(amounts):
        behind.append(zero if amount is None else behind[-1] + amount)
    return np.array(before), np.array(behind[::-1])
