"""What changed between two plans, as a value that pages, papers and commands can show. Pure.

Compared are itineraries: a route as its stops' keys in driving order. `compare` makes them from two plans of one
problem; `compare_itineraries` takes them from anywhere, such as routes stored long after their problem.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from routing.plan import Plan, Route
from routing.problem import Problem, Task


@dataclass(frozen=True, slots=True)
class Itinerary:
    """One route to be compared. `stops` are the keys of its work in driving order, facilities left out.

    `ways` says in which mode or direction each stop is served (one entry a stop; empty: not compared). The first
    `started` stops are those the vehicle has set out for. `terms` are the route's own terms of the objective.
    """

    vehicle: str
    stops: tuple[str, ...]
    start_s: int
    end_s: int
    distance_m: int
    terms: Mapping[str, int] = field(default_factory=dict)
    ways: tuple[Hashable, ...] = ()
    started: int = 0


@dataclass(frozen=True, slots=True)
class MovedStop:
    """Work that another vehicle does now. Places count from 1."""

    stop: str
    from_vehicle: str
    from_place: int
    to_vehicle: str
    to_place: int


@dataclass(frozen=True, slots=True)
class RouteDifference:
    """One vehicle's change. `state`: new, gone, changed, or same (its stops are; times may differ).

    `came` and `went` are stops, `reordered` the fewest that would have to be lifted out for the rest to stand in the
    old order, `turned` those served the other way. `from_place` is the first place (from 1) where the stops differ, 0
    where none does. Seconds and metres added are negative where the route got shorter, `start_moved_s` where it starts
    earlier.
    """

    vehicle: str
    state: str
    stops_before: int
    stops_after: int
    start_moved_s: int
    added_s: int
    added_m: int
    terms_before: Mapping[str, int]
    terms_after: Mapping[str, int]
    came: tuple[str, ...]
    went: tuple[str, ...]
    reordered: tuple[str, ...]
    turned: tuple[str, ...]
    from_place: int


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """Two plans held against each other.

    `moved` changed their vehicle; `added` are served now and were not asked for before; `newly_served` were left out
    before; `dropped` were served before and are not now. `started_changed` are started stops that are no longer where
    they were: of a replan it must be empty. `cost_before` and `cost_after` are None where they do not measure the
    same work.
    """

    routes: tuple[RouteDifference, ...]
    moved: tuple[MovedStop, ...]
    reordered: tuple[str, ...]
    turned: tuple[str, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    newly_served: tuple[str, ...]
    started_changed: tuple[str, ...]
    added_s: int
    added_m: int
    cost_before: int | None = None
    cost_after: int | None = None

    @property
    def changed(self) -> tuple[RouteDifference, ...]:
        """Routes with other stops, in another order or way, or at other times."""
        return tuple(
            route
            for route in self.routes
            if route.state != "same" or route.start_moved_s or route.added_s or route.added_m
        )

    def to_json(self) -> dict[str, Any]:
        """A document of plain lists, strings and numbers."""
        return asdict(self)


def compare(problem: Problem, old: Plan, new: Plan) -> PlanDifference:
    """The difference of two plans of one problem. Frozen stops of its vehicles count as started."""
    frozen = {vehicle.id: len([f for f in vehicle.frozen if f.kind == "task"]) for vehicle in problem.vehicles}
    tasks = {task.id: task for task in problem.tasks}
    return compare_itineraries(
        [_itinerary(tasks, route, frozen.get(route.vehicle, 0)) for route in old.routes],
        [_itinerary(tasks, route, frozen.get(route.vehicle, 0)) for route in new.routes],
        [entry.task for entry in old.unserved],
        old.cost,
        new.cost,
    )


def _itinerary(tasks: Mapping[str, Task], route: Route, started: int) -> Itinerary:
    work = [stop for stop in route.stops if stop.kind == "task"]
    late = sum(_late(tasks[stop.ref], stop.depart_s) for stop in work if stop.ref in tasks)
    return Itinerary(
        route.vehicle,
        tuple(stop.ref for stop in work),
        route.start_s,
        route.end_s,
        route.distance_m,
        {"cost": route.cost, "lateness": late},
        tuple(stop.mode for stop in work),
        started,
    )


def _late(task: Task, done_s: int) -> int:
    return 0 if task.deadline_s is None else task.weight * max(0, done_s - task.deadline_s)


def compare_itineraries(
    old: Sequence[Itinerary],
    new: Sequence[Itinerary],
    unserved_before: Sequence[str] = (),
    cost_before: int | None = None,
    cost_after: int | None = None,
) -> PlanDifference:
    """The difference of two sets of routes, one a vehicle."""
    before, after = {route.vehicle: route for route in old}, {route.vehicle: route for route in new}
    was_at, is_at = _places(old), _places(new)
    routes = tuple(
        _route_difference(before.get(vehicle), after.get(vehicle), was_at, is_at)
        for vehicle in sorted(before.keys() | after.keys())
    )
    left_out = set(unserved_before)
    fresh = [stop for stop in is_at if stop not in was_at]
    return PlanDifference(
        routes=routes,
        moved=tuple(
            MovedStop(stop, *was_at[stop], *is_at[stop])
            for stop in is_at
            if stop in was_at and was_at[stop][0] != is_at[stop][0]
        ),
        reordered=tuple(stop for route in routes for stop in route.reordered),
        turned=tuple(stop for route in routes for stop in route.turned),
        added=tuple(stop for stop in fresh if stop not in left_out),
        dropped=tuple(stop for stop in was_at if stop not in is_at),
        newly_served=tuple(stop for stop in fresh if stop in left_out),
        started_changed=tuple(
            stop
            for route in old
            for place, stop in enumerate(route.stops[: route.started], 1)
            if is_at.get(stop) != (route.vehicle, place)
        ),
        added_s=sum(route.added_s for route in routes),
        added_m=sum(route.added_m for route in routes),
        cost_before=cost_before,
        cost_after=cost_after,
    )


def _places(routes: Sequence[Itinerary]) -> dict[str, tuple[str, int]]:
    """Stop -> (vehicle, place from 1)."""
    return {stop: (route.vehicle, place) for route in routes for place, stop in enumerate(route.stops, 1)}


def _route_difference(
    old: Itinerary | None,
    new: Itinerary | None,
    was_at: Mapping[str, tuple[str, int]],
    is_at: Mapping[str, tuple[str, int]],
) -> RouteDifference:
    before, after = (() if route is None else route.stops for route in (old, new))
    some = new or old
    assert some is not None
    ways = {} if old is None else dict(zip(old.stops, old.ways, strict=False))
    now = {} if new is None else dict(zip(new.stops, new.ways, strict=False))
    stayed = [stop for stop in after if was_at.get(stop, ("", 0))[0] == some.vehicle]
    in_order = set(_longest_rising(stayed, [was_at[stop][1] for stop in stayed]))
    turned = tuple(stop for stop in stayed if stop in ways and stop in now and ways[stop] != now[stop])
    if old is None or new is None:
        state = "new" if old is None else "gone"
    else:
        state = "same" if before == after and not turned else "changed"
    return RouteDifference(
        vehicle=some.vehicle,
        state=state,
        stops_before=len(before),
        stops_after=len(after),
        start_moved_s=0 if old is None or new is None else new.start_s - old.start_s,
        added_s=_length_s(new) - _length_s(old),
        added_m=(0 if new is None else new.distance_m) - (0 if old is None else old.distance_m),
        terms_before={} if old is None else dict(old.terms),
        terms_after={} if new is None else dict(new.terms),
        came=tuple(stop for stop in after if was_at.get(stop, ("", 0))[0] != some.vehicle),
        went=tuple(stop for stop in before if is_at.get(stop, ("", 0))[0] != some.vehicle),
        reordered=tuple(stop for stop in stayed if stop not in in_order),
        turned=turned,
        from_place=first_difference(before, after),
    )


def first_difference(before: Sequence[Hashable], after: Sequence[Hashable]) -> int:
    """The first place (from 1) where two sequences differ; 0 where they are equal."""
    if list(before) == list(after):
        return 0
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    return same + 1


def _length_s(route: Itinerary | None) -> int:
    return 0 if route is None else route.end_s - route.start_s


def _longest_rising(stops: Sequence[str], ranks: Sequence[int]) -> list[str]:
    """The longest run of stops whose ranks rise (Fredman 1975): what need not be touched when the order changed."""
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, rank in enumerate(ranks):
        at = bisect_left(tails, rank)
        previous.append(ends[at - 1] if at else -1)
        tails[at : at + 1] = [rank]
        ends[at : at + 1] = [index]
    found: list[str] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        found.append(stops[index])
        index = previous[index]
    return found[::-1]
