"""One vehicle's work as insertion sees it: places in order, the gaps between them, and what each gap can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from routing.engines.assemble import Timed, Tour, Visit, chain_of, held, legs_of, ports_of, release_after
from routing.engines.roads import RoadBook
from routing.engines.schedule import Item, best_start, run, with_breaks
from routing.network import IntArray
from routing.paths.search import PathFinder
from routing.plan import Route
from routing.problem import Problem, Vehicle

NO_END = -1
"""Sink port of a route that may end anywhere."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a tour is driven. `starts` and `ends` are of its visits' service, breaks left out.

    `cost` is what time costs: duration and weighted lateness. `kept` says whether windows, shift and breaks are.
    """

    start_s: int
    end_s: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    cost: int
    kept: bool


@dataclass(slots=True)
class Line:
    """A tour with its legs. Gap g lies between place g - 1 (the start for g = 0) and place g (home for the last).

    Arrays over gaps: `sources` and `sinks` are the ports at both sides, `leg_cost` (as the vehicle pays it) and
    `arrive_s` belong to the place after the gap, `leave_s` to the one before it, both for the earliest start. `before`
    (gaps, commodities) is what is used as the gap is reached, `behind` what is still picked up after it until a
    facility resets it, `resets` whether any later facility does. `slack_s` is how much later the place after may be
    reached, `waits_s` how much waiting lies after the gap. Gaps before `first` are frozen. `skills` has what the
    vehicle can do with each attachment that still fits its work.
    """

    tour: Tour
    legs: list[tuple[int, ...]]
    items: list[Item]
    home_s: int
    start_s: int | None
    source: Route | None
    sources: IntArray
    sinks: IntArray
    leg_cost: IntArray
    leave_s: IntArray
    arrive_s: IntArray
    before: IntArray
    behind: IntArray
    resets: IntArray
    slack_s: IntArray
    waits_s: IntArray
    first: int
    skills: tuple[frozenset[str], ...]
    timing: Timing
    opens: dict[int, int]
    """When passes (by their tasks' numbers) begin at the earliest, for others' sake."""
    drive: Timed | None = None
    """The route as it will stand in the plan, once it has been timed."""

    @property
    def gaps(self) -> int:
        """Number of gaps: one more than visits."""
        return len(self.sources)


def make_line(
    problem: Problem,
    finder: PathFinder,
    roads: RoadBook,
    tour: Tour,
    start_s: int | None = None,
    legs: Sequence[tuple[int, ...]] | None = None,
    source: Route | None = None,
    opens: dict[int, int] | None = None,
) -> Line:
    """Follow a tour once and note what each gap can take.

    `start_s` is the start it keeps; None lets it leave when that is best. `source` is the route it still equals, if
    any.
    """
    vehicle = problem.vehicles[tour.vehicle]
    own = finder.of(vehicle.profile)
    driven = list(legs) if legs is not None else legs_of(problem, finder, vehicle, tour.visits)
    leg_cost, _, items, home_s = chain_of(problem, roads.of(vehicle), tour.visits, driven)
    if source is not None:
        items = _with_queues(problem, tour, items, source)
        opens = _waiting(problem, tour, source)
    items = held(items, tour.visits, opens or {})
    ports = [ports_of(problem, own, visit) for visit in tour.visits]
    last = NO_END if vehicle.end is None else own.reach(vehicle.end)
    earliest = earliest_start(problem, vehicle, tour.visits) if start_s is None else start_s
    times, end_s = run(items, home_s, earliest)
    waits = [begin - arrive for arrive, begin, _ in times]
    slack = [vehicle.shift[1] - end_s]
    for (arrive, _, _), wait, item in zip(reversed(times), reversed(waits), reversed(items), strict=True):
        slack.append(min(item.closes_s - arrive, wait + slack[-1]))
    before, behind, resets = _loads(problem, tour, vehicle.initial_used)
    return Line(
        tour=tour,
        legs=driven,
        items=items,
        home_s=home_s,
        start_s=start_s,
        source=source,
        sources=np.array([own.leave(vehicle.start), *(out for _, out in ports)], np.int64),
        sinks=np.array([*(entry for entry, _ in ports), last], np.int64),
        leg_cost=np.array(leg_cost, np.int64) * vehicle.travel_rate,
        leave_s=np.array([earliest, *(done for _, _, done in times)], np.int64),
        arrive_s=np.array([*(arrive for arrive, _, _ in times), end_s], np.int64),
        before=before,
        behind=behind,
        resets=resets,
        slack_s=np.array(slack[::-1], np.int64),
        waits_s=np.cumsum([0, *reversed(waits)], dtype=np.int64)[::-1].copy(),
        first=len(vehicle.frozen),
        skills=_skills(problem, vehicle, tour),
        timing=time_items(problem, vehicle, items, home_s, start_s, tour.visits),
        opens=opens or {},
    )


def earliest_start(problem: Problem, vehicle: Vehicle, visits: Sequence[Visit]) -> int:
    """When a vehicle may leave at the earliest with what its first trip serves."""
    return max(vehicle.shift[0], release_after(problem, visits, -1))


def time_items(
    problem: Problem,
    vehicle: Vehicle,
    items: Sequence[Item],
    home_s: int,
    start_s: int | None,
    visits: Sequence[Visit],
) -> Timing:
    """Time a chain of visits as `time_route` will: breaks put in, the best start where none is kept."""
    released = release_after(problem, visits, -1)
    earliest = max(vehicle.shift[0], released) if start_s is None else start_s
    rate = vehicle.duration_rate + problem.fairness_weight
    chain = list(items)
    if vehicle.breaks:
        chain = with_breaks(items, home_s, earliest, vehicle, rate)
    start = best_start(chain, home_s, earliest, vehicle, rate) if start_s is None else start_s
    times, end_s = run(chain, home_s, start)
    work = [(item, begin, done) for item, (_, begin, done) in zip(chain, times, strict=True) if item.rest is None]
    kept = end_s <= vehicle.shift[1] and (start >= released or not visits)
    kept = kept and all(begin <= item.closes_s for item, (_, begin, _) in zip(chain, times, strict=True))
    late = sum(item.weight * max(0, done - item.due_s) for item, _, done in work if item.due_s is not None)
    return Timing(
        start,
        end_s,
        tuple(begin for _, begin, _ in work),
        tuple(done for _, _, done in work),
        late + (vehicle.duration_rate * (end_s - start) if visits else 0),
        kept,
    )


def with_visits(line: Line, gap: int, visits: Sequence[Visit]) -> Tour:
    """The tour with visits put into a gap."""
    old = line.tour.visits
    return Tour(line.tour.vehicle, line.tour.name, (*old[:gap], *visits, *old[gap:]))


def _with_queues(problem: Problem, tour: Tour, items: list[Item], source: Route) -> list[Item]:
    """Items whose visits to facilities with few bays begin no earlier than the queue lets them in the plan."""
    begun = [stop.start_s for stop in source.stops if stop.kind != "break"]
    return [
        replace(item, opens_s=max(item.opens_s, begin))
        if visit.facility and problem.facilities[visit.item].bays > 0
        else item
        for visit, item, begin in zip(tour.visits, items, begun, strict=True)
    ]


def _waiting(problem: Problem, tour: Tour, source: Route) -> dict[int, int]:
    """Passes that wait in the plan, by their tasks' numbers, and until when."""
    stops = [stop for stop in source.stops if stop.kind != "break"] if problem.repeats else []
    return {
        visit.item: stop.start_s
        for visit, stop in zip(tour.visits, stops, strict=False)
        if not visit.facility and stop.start_s > max(stop.arrive_s, problem.tasks[visit.item].window[0])
    }


def _skills(problem: Problem, vehicle: Vehicle, tour: Tour) -> tuple[frozenset[str], ...]:
    """What the vehicle can do with each attachment that has all skills its work needs."""
    needed: frozenset[str] = frozenset().union(*(problem.tasks[v.item].skills for v in tour.visits if not v.facility))
    fitted = [vehicle.skills | more for more in vehicle.attachments] or [vehicle.skills]
    return tuple(skills for skills in fitted if needed <= skills) or (vehicle.skills,)


def _loads(problem: Problem, tour: Tour, initial: tuple[int, ...]) -> tuple[IntArray, IntArray, IntArray]:
    """(used as each gap is reached, still picked up after it, reset after it), shape (gaps, commodities)."""
    kinds = len(problem.commodities)
    before = [np.array(initial, np.int64)]
    changes: list[tuple[IntArray, IntArray]] = []
    for visit in tour.visits:
        if visit.facility:
            kept = kept_by(problem, visit.item)
            changes.append((np.zeros(kinds, np.int64), kept))
        else:
            changes.append((np.array(problem.tasks[visit.item].demand, np.int64), np.ones(kinds, np.int64)))
    for amount, kept in changes:
        before.append((before[-1] + amount) * kept)
    behind, resets = [np.zeros(kinds, np.int64)], [np.zeros(kinds, np.int64)]
    for amount, kept in reversed(changes):
        behind.append((behind[-1] + amount) * kept)
        resets.append(np.maximum(resets[-1], 1 - kept))
    return np.array(before), np.array(behind[::-1]), np.array(resets[::-1])


def kept_by(problem: Problem, facility: int) -> IntArray:
    """1 for every commodity a visit to the facility leaves as it is, 0 for those it resets."""
    resets = problem.facilities[facility].resets
    return np.array([int(bool(resets) and c not in resets) for c in range(len(problem.commodities))], np.int64)
