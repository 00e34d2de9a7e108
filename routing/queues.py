"""Queues at facilities with a limited number of bays: who waits, for how long, and how to wait less. Pure.

All routes of a plan are played through together as discrete events: vehicles that arrive at a facility are served
first come, first served (ties by vehicle id), and what one waits delays all that comes after it on its route. Passes
of one piece of work go in the order the plan states, each waiting for its gap to end. Driving and working times are
taken from the plan itself: a leg lasts as long as it lasted there.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from routing.passes import paced, turns
from routing.plan import Plan, Route, Stop
from routing.problem import Break, Facility, Problem, Task, Vehicle


@dataclass(frozen=True, slots=True)
class Slot:
    """One visit. `stop` counts the route's stops from 1. `waited_s` is for want of a bay alone."""

    vehicle: str
    stop: int
    arrive_s: int
    start_s: int
    depart_s: int
    waited_s: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected at one facility. `longest_queue` is the most vehicles that wait at one time."""

    facility: str
    bays: int
    slots: tuple[Slot, ...]
    longest_queue: int
    waited_s: int


def has_queues(problem: Problem) -> bool:
    """Whether any facility serves a limited number of vehicles at once."""
    return any(facility.bays > 0 for facility in problem.facilities)


def retime(problem: Problem, plan: Plan, starts: Mapping[str, int] | None = None) -> Plan:
    """The plan with the times its queues give it, and the cost of them.

    The order of stops stays. `starts` are other starting times of vehicles. Whether windows, shifts and breaks are
    still kept the checker says. Routes whose times do not change stay the very same objects.
    """
    play = Play(problem)
    return play.priced(plan, play.run(plan.routes, starts or {}))


def forecast(problem: Problem, plan: Plan) -> tuple[Forecast, ...]:
    """The visits to each facility a plan uses, in order of their start, and the waiting among them."""
    play = Play(problem)
    slots: dict[str, list[Slot]] = {}
    for route in plan.routes:
        for number, stop in enumerate(route.stops, 1):
            if stop.kind == "facility":
                ready = max(stop.arrive_s, play.opens(route, number - 1))
                waited = max(0, stop.start_s - ready)
                entry = Slot(route.vehicle, number, stop.arrive_s, stop.start_s, stop.depart_s, waited)
                slots.setdefault(stop.ref, []).append(entry)
    places = (facility for facility in problem.facilities if facility.id in slots)
    return tuple(forecast_of(facility.id, facility.bays, slots[facility.id]) for facility in places)


def forecast_of(facility: str, bays: int, slots: Iterable[Slot]) -> Forecast:
    """The forecast of one facility from its visits."""
    inorder = tuple(sorted(slots, key=lambda slot: (slot.start_s, slot.vehicle)))
    return Forecast(facility, bays, inorder, _longest_queue(inorder), sum(slot.waited_s for slot in inorder))


def _longest_queue(slots: Iterable[Slot]) -> int:
    events = sorted(
        event for slot in slots if slot.waited_s for event in ((slot.start_s - slot.waited_s, 1), (slot.start_s, -1))
    )
    most = now = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


@dataclass(slots=True)
class _Running:
    """A route while it is played: the next stop, the clock, and the stops timed so far."""

    route: Route
    clock: int
    stops: list[Stop]

    @property
    def next(self) -> Stop | None:
        at = len(self.stops)
        return self.route.stops[at] if at < len(self.route.stops) else None


@dataclass(slots=True)
class _Round:
    """All routes while they are played. `line` is who comes to a bay when; `free` when each bay is.

    `before` is the pass each pass comes right after, `done` when passes ended, `parked` the route that waits for one.
    """

    running: list[_Running]
    free: dict[str, list[int]]
    before: dict[str, str]
    line: list[tuple[int, str, int]] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)


class Play:
    """The problem's items by name, and one play of all routes."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._tasks: dict[str, Task] = {task.id: task for task in problem.tasks}
        self._facilities: dict[str, Facility] = {facility.id: facility for facility in problem.facilities}
        self._vehicles: dict[str, Vehicle] = {vehicle.id: vehicle for vehicle in problem.vehicles}
        self._paced = paced(problem)

    # ---- one play

    def run(self, routes: Sequence[Route], starts: Mapping[str, int]) -> tuple[Route, ...]:
        """Every route with its times; those that stay as they were are the same objects."""
        days = [self.vehicle(route).day for route in routes] if self._paced else []
        play = _Round(
            [_Running(r, starts.get(r.vehicle, r.start_s), []) for r in routes],
            {f.id: [0] * f.bays for f in self._facilities.values()},
            turns(self._paced, routes, days),
        )
        for number in range(len(play.running)):
            self._on(play, number)
        while play.line:
            arrive, _, number = heapq.heappop(play.line)
            one = play.running[number]
            stop = one.next
            assert stop is not None
            ready = max(arrive, self.opens(one.route, len(one.stops)))
            start = max(ready, heapq.heappop(play.free[stop.ref]))
            self._take(one, stop, arrive, start)
            heapq.heappush(play.free[stop.ref], one.clock)
            self._on(play, number)
        return tuple(self._finished(one, starts) for one in play.running)

    def _on(self, play: _Round, number: int) -> None:
        """Play a route, and those that waited for its passes, up to its next bay or pass not yet free."""
        todo = [number]
        while todo:
            one = play.running[todo[-1]]
            stop = one.next
            if stop is None:
                todo.pop()
                continue
            arrive = one.clock + self._leg_s(one.route, len(one.stops))
            if stop.kind == "facility" and self._facilities[stop.ref].bays > 0:
                heapq.heappush(play.line, (arrive, one.route.vehicle, todo.pop()))
                continue
            start = max(arrive, self.opens(one.route, len(one.stops)))
            first = play.before.get(stop.ref) if stop.kind == "task" else None
            if first is not None and first not in play.done:
                play.parked[first] = todo.pop()
                continue
            if first is not None:
                start = max(start, play.done[first] + self._paced[stop.ref].gap_s)
            self._take(one, stop, arrive, start)
            if stop.kind == "task" and stop.ref in self._paced:
                play.done[stop.ref] = one.clock
                if stop.ref in play.parked:
                    todo.append(play.parked.pop(stop.ref))

    def _take(self, one: _Running, stop: Stop, arrive: int, start: int) -> None:
        one.clock = start + stop.depart_s - stop.start_s
        if (stop.arrive_s, stop.start_s) != (arrive, start):
            stop = replace(stop, arrive_s=arrive, start_s=start, depart_s=one.clock)
        one.stops.append(stop)

    def _finished(self, one: _Running, starts: Mapping[str, int]) -> Route:
        old = one.route
        start = starts.get(old.vehicle, old.start_s)
        end = one.clock + old.end_s - (old.stops[-1].depart_s if old.stops else old.start_s)
        if start == old.start_s and all(new is was for new, was in zip(one.stops, old.stops, strict=True)):
            return old
        longer = (end - start) - (old.end_s - old.start_s)
        cost = old.cost + self.vehicle(old).duration_rate * longer
        return replace(old, start_s=start, stops=tuple(one.stops), end_s=end, cost=cost)

    @staticmethod
    def _leg_s(route: Route, at: int) -> int:
        """Seconds driven to a stop."""
        return route.stops[at].arrive_s - (route.stops[at - 1].depart_s if at else route.start_s)

    def opens(self, route: Route, at: int) -> int:
        """When a stop may begin at the earliest, whoever else is there."""
        stop = route.stops[at]
        if stop.kind == "task":
            return self._tasks[stop.ref].window[0]
        if stop.kind == "break":
            return self.break_of(route, stop).window[0]
        return max(self._facilities[stop.ref].window[0], self.release_s(route, at))

    def release_s(self, route: Route, at: int) -> int:
        """The largest release of what is served after stop `at` (-1: the start) until the next facility."""
        latest = 0
        for stop in route.stops[at + 1 :]:
            if stop.kind == "facility":
                break
            if stop.kind == "task":
                latest = max(latest, self._tasks[stop.ref].release_s)
        return latest

    def vehicle(self, route: Route) -> Vehicle:
        """The vehicle of a route, also of a copy `<id>#k`."""
        found = self._vehicles.get(route.vehicle)
        return found if found is not None else self._vehicles[route.vehicle.rpartition("#")[0]]

    def break_of(self, route: Route, stop: Stop) -> Break:
        """The break a stop is."""
        return next(rest for rest in self.vehicle(route).breaks if rest.id == stop.ref)

    # ---- what a play is worth

    def priced(self, plan: Plan, routes: tuple[Route, ...]) -> Plan:
        """The plan with these routes in place of its own: what time costs is counted anew."""
        if all(new is old for new, old in zip(routes, plan.routes, strict=True)):
            return plan
        was, now = self._time_terms(plan.routes), self._time_terms(routes)
        terms = dict(plan.terms)
        for name, value in now.items():
            if name in terms or value:
                terms[name] = value
        cost = plan.cost + sum(now.values()) - sum(was.values())
        return replace(plan, routes=routes, cost=cost, terms=terms if plan.terms else {})

    def _time_terms(self, routes: Iterable[Route]) -> dict[str, int]:
        duration = lateness = longest = 0
        for route in routes:
            duration += self.vehicle(route).duration_rate * (route.end_s - route.start_s)
            longest = max(longest, route.end_s - route.start_s if route.stops else 0)
            for stop in route.stops:
                task = self._tasks[stop.ref] if stop.kind == "task" else None
                if task is not None and task.deadline_s is not None:
                    lateness += task.weight * max(0, stop.depart_s - task.deadline_s)
        return {"duration": duration, "lateness": lateness, "fairness": self._problem.fairness_weight * longest}

    def rank(self, plan: Plan) -> tuple[int, int, int]:
        """(seconds by which windows, shifts and breaks are missed, cost, seconds waited for bays)."""
        return self.missed(plan), plan.cost, sum(map(self.waited_s, plan.routes))

    def missed(self, plan: Plan) -> int:
        """Seconds by which windows, shifts and breaks of a plan are missed."""
        return sum(map(self.missed_s, plan.routes))

    def missed_s(self, route: Route) -> int:
        """Seconds by which a route misses what it must keep."""
        vehicle = self.vehicle(route)
        missed = max(0, vehicle.shift[0] - route.start_s) + max(0, route.end_s - vehicle.shift[1])
        taken = set()
        for stop in route.stops:
            if stop.kind == "break":
                taken.add(stop.ref)
                closes = self.break_of(route, stop).window[1]
            else:
                closes = (self._tasks if stop.kind == "task" else self._facilities)[stop.ref].window[1]
            missed += max(0, stop.start_s - closes)
        owed = (rest for rest in vehicle.breaks if rest.id not in taken and route.stops)
        return missed + sum(max(0, route.end_s - rest.window[1]) for rest in owed)

    def paces(self, route: Route, at: int) -> bool:
        """Whether a stop is a pass that waits for its gap to end."""
        stop = route.stops[at]
        return (
            stop.kind == "task" and stop.ref in self._paced and stop.start_s > max(stop.arrive_s, self.opens(route, at))
        )

    def waited_s(self, route: Route) -> int:
        """Seconds a route waits for bays."""
        return sum(
            max(0, stop.start_s - max(stop.arrive_s, self.opens(route, at)))
            for at, stop in enumerate(route.stops)
            if stop.kind == "facility" and self._facilities[stop.ref].bays > 0
        )
