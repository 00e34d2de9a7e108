"""Plans out of trips: first trips as if vehicles were without end, then CP-SAT packs them into the shifts there are.

For work with facilities and a limited fleet whose shifts bind: local search moves tasks, not whole trips, and leaves
work out that another distribution of the trips would have room for. Trips leave a facility and come back to it; the
first one of a vehicle leaves from its start instead, which is never further.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from routing.engines.assemble import Tour, Visit, assemble, chain_of, left_and_cost, legs_of
from routing.engines.base import Budget, Engine, Stopwatch
from routing.engines.features import Feature, features, refusal
from routing.engines.fleet import alike
from routing.engines.packing import Shift, Trip, pack
from routing.engines.reasons import TIME, impossible, left_out
from routing.engines.roads import RoadBook
from routing.engines.schedule import run
from routing.engines.workbench import shared_workbench, workbench
from routing.errors import NoPath
from routing.paths.search import UNREACHABLE, PathFinder
from routing.plan import Plan, Unserved
from routing.problem import Problem

TRIPS_SHARE = 0.6
"""Share of the budget for making trips."""

REFUSED = {
    Feature.FROZEN: "routes have a frozen beginning, its trips are free",
    Feature.REPEATS: "passes depend on one another, its trips do not",
    Feature.ATTACHMENTS: "vehicles choose attachments, its trips know fixed skills",
    Feature.PARTIAL_RESETS: "a facility resets some commodities only, its trips begin empty",
    Feature.DEADLINES: "lateness has a price, its trips are moved as a whole",
}


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One trip: its tasks, the facility it comes back to."""

    visits: tuple[Visit, ...]
    facility: int


class PackingEngine:
    """Trips by PyVRP or ruin & recreate, packed by CP-SAT."""

    name = "packing"

    def __init__(self, makers: Sequence[Engine]) -> None:
        """`makers` make the trips: for points rather PyVRP, for streets rather another."""
        self.makers = makers

    def supports(self, problem: Problem) -> str | None:
        """Limited fleets with facilities and shifts."""
        refused = refusal(problem, REFUSED)
        if refused is not None:
            return refused
        found = features(problem)
        if problem.unlimited_fleet or not {Feature.FACILITIES, Feature.SHIFTS} <= found:
            return "there are no facilities, or vehicles and shifts without end: nothing to pack"
        single = single_trips(problem)
        refusals = [maker.supports(single) for maker in self.makers]
        return None if None in refusals else refusals[0]

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        """Yield one plan, or `start` where that is no worse."""
        watch = Stopwatch(budget.seconds)
        single = single_trips(problem)
        maker = min(
            (maker for maker in self.makers if maker.supports(single) is None),
            key=lambda maker: (maker.name == "pyvrp") == (Feature.STREETS in features(problem)),
        )
        share = None if budget.seconds is None else watch.left() * TRIPS_SHARE
        with shared_workbench():
            plans = list(maker.solve(single, None, replace(budget, seconds=share), seed))
            if not plans:
                return
            made = plans[-1]
            drawn = _drawn(problem, single, made)
            trips = _trips(problem, single, drawn, workbench(single)[0])
        finder, _ = workbench(problem)
        shifts, owners = _shifts(problem, finder, {trip.facility for trip in drawn})
        packed = pack(trips, shifts, None if budget.seconds is None else watch.left(), seed)
        if packed is None:
            return
        tours = [
            Tour(owners[s], problem.vehicles[owners[s]].id, _joined(problem, owners[s], [drawn[n] for n in own]))
            for s, own in enumerate(packed)
            if own
        ]
        served = {visit.item for tour in tours for visit in tour.visits if not visit.facility}
        unserved = [
            Unserved(task.id, impossible(problem, finder, task) or left_out(problem, finder, task, TIME))
            for i, task in enumerate(problem.tasks)
            if i not in served
        ]
        plan = assemble(problem, finder, tours, unserved, self.name, seed, made.iterations)
        worse = start is not None and left_and_cost(problem, start) <= left_and_cost(problem, plan)
        yield start if worse and start is not None else plan


def single_trips(problem: Problem) -> Problem:
    """The same work for vehicles without end that leave a facility once and come back: one of each kind a facility."""
    fleet = []
    for members in alike(problem):
        vehicle = problem.vehicles[members[0]]
        for place in problem.facilities:
            fleet.append(
                replace(
                    vehicle,
                    id=f"{vehicle.id}@{place.id}",
                    start=place.node,
                    end=place.node,
                    initial_used=(0,) * len(problem.commodities),
                    breaks=(),
                    fixed_cost=0,
                )
            )
    tasks = tuple(replace(task, keep=None, move_cost=0) for task in problem.tasks)
    return replace(
        problem,
        tasks=tasks,
        vehicles=tuple(fleet),
        facilities=(),
        unload_at_end=False,
        unlimited_fleet=True,
        fairness_weight=0,
    )


def _drawn(problem: Problem, single: Problem, plan: Plan) -> list[_Drawn]:
    numbers = {task.id: i for i, task in enumerate(single.tasks)}
    owners = {vehicle.id: i for i, vehicle in enumerate(single.vehicles)}
    stations = len(problem.facilities)
    return [
        _Drawn(
            tuple(Visit(False, numbers[stop.ref], stop.mode) for stop in route.stops),
            owners[route.vehicle.rpartition("#")[0]] % stations,
        )
        for route in plan.routes
        if route.stops
    ]


def _trips(problem: Problem, single: Problem, drawn: Sequence[_Drawn], finder: PathFinder) -> list[Trip]:
    """What each kind of vehicle needs for each trip, the stay at its facility included."""
    book, places = RoadBook(single), problem.facilities
    priced: list[tuple[int, int, int, dict[int, int], dict[int, int]]] = []
    for trip in drawn:
        takes: dict[int, int] = {}
        cost: dict[int, int] = {}
        opens = max((single.tasks[v.item].release_s for v in trip.visits), default=0)
        closes, back = single.vehicles[0].shift[1], 0
        for kind in range(len(single.vehicles) // len(places)):
            vehicle = single.vehicles[kind * len(places) + trip.facility]
            tasks = [single.tasks[v.item] for v in trip.visits]
            load = [sum(column) for column in zip(*(task.demand for task in tasks), strict=True)]
            if any(a > b for a, b in zip(load, vehicle.capacity, strict=True)):
                continue
            if not all(task.skills <= vehicle.skills for task in tasks):
                continue
            try:
                legs = legs_of(single, finder, vehicle, trip.visits)
            except NoPath:
                continue
            driven, service, items, home_s = chain_of(single, book.of(vehicle), trip.visits, legs)
            stay_s = places[trip.facility].service_s
            begin = max(opens, vehicle.shift[0])
            ahead, latest = 0, vehicle.shift[1]
            for item in items:
                ahead += item.leg_s
                latest = min(latest, item.closes_s - ahead)
                ahead += item.stay_s
            takes[kind] = ahead + home_s + stay_s
            fee = places[trip.facility].service_cost
            cost[kind] = vehicle.travel_rate * sum(driven) + service + fee + vehicle.duration_rate * takes[kind]
            closes, back = min(closes, latest), max(back, run(items, home_s, begin)[1] + stay_s)
        priced.append((opens, closes, back, takes, cost))
    dear = 1 + sum(max(cost.values(), default=0) for *_, cost in priced)
    dear += sum(v.fixed_cost for v in problem.vehicles) + sum(task.prize or 0 for task in problem.tasks)
    return [
        Trip(*row, sum(dear if p is None else p for p in (problem.tasks[v.item].prize for v in trip.visits)))
        for trip, row in zip(drawn, priced, strict=True)
    ]


def _shifts(problem: Problem, finder: PathFinder, stations: set[int]) -> tuple[list[Shift], list[int]]:
    """Each vehicle's time between its first way to a facility and its last way home; and the vehicle of each shift."""
    shifts, owners = [], []
    for kind, members in enumerate(alike(problem)):
        for own in members:
            vehicle = problem.vehicles[own]
            paths = finder.of(vehicle.profile)
            out = home = 0
            for f in stations:
                node = problem.facilities[f].node
                out = max(out, int(paths.from_port(paths.leave(vehicle.start))[1][paths.reach(node)]))
                if vehicle.end is not None:
                    home = max(home, int(paths.from_port(paths.leave(node))[1][paths.reach(vehicle.end)]))
            rests = sum(rest.duration_s for rest in vehicle.breaks)
            opens, closes = vehicle.shift[0] + out, vehicle.shift[1] - home - rests
            if out < UNREACHABLE and opens < closes:
                shifts.append(Shift(kind, opens, closes, vehicle.fixed_cost))
                owners.append(own)
    return shifts, owners


def _joined(problem: Problem, vehicle: int, trips: Sequence[_Drawn]) -> tuple[Visit, ...]:
    """Trips one after the other, a facility between each two, first where something is used already, and at the end
    where unloading is owed."""
    begun = any(problem.vehicles[vehicle].initial_used)
    visits: list[Visit] = [Visit(True, trips[0].facility, 0)] if begun else []
    for trip in trips:
        visits += [*trip.visits, Visit(True, trip.facility, 0)]
    return tuple(visits if problem.unload_at_end else visits[:-1])
