"""A Problem as PyVRP's data, and its solutions as tours.

How a Problem maps: each mode of a task is a client at a location of its own, the modes of one task a group of which one
is visited; facilities are reload depots; what is used at the start is the initial load; a vehicle that must unload
before it goes home ends at a depot whose distance is that of the best facility and the way home from it. What a kind of
vehicle may not serve, needs longer for or pays more for is in the matrices of its routing profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.assemble import Tour, Visit, vehicle_name
from routing.engines.features import Feature, features
from routing.engines.fleet import copies_wanted, kinds_of
from routing.engines.matrix import Matrix
from routing.engines.pyvrp_matrices import Places, Prices, homeward, lay_out, priced
from routing.engines.roads import RoadBook
from routing.problem import HORIZON_S, Problem, Vehicle

NO_LIMIT = int(np.iinfo(np.int64).max)
"""PyVRP's own word for a window that never closes; it looks at no times where all say so."""


@dataclass(slots=True)
class PyvrpModel:
    """PyVRP's data and how its numbers map back."""

    problem: Problem
    matrix: Matrix
    kinds: list[list[int]]
    places: Places
    data: Any

    @classmethod
    def build(cls, problem: Problem, matrix: Matrix, able: Sequence[int], tight: bool) -> PyvrpModel:
        """Clients for the tasks `able`. `tight`: mandatory work may not all fit, so leaving it out has a price."""
        import pyvrp

        kinds = kinds_of(problem)
        places = lay_out(problem, matrix, able, kinds)
        prices = priced(problem, matrix, places, RoadBook(problem))
        depots = [
            pyvrp.Depot(places.clients + f, place.window[0], _closing(place.window[1]), place.service_s)
            for f, place in enumerate(problem.facilities)
        ]
        first = places.clients + len(problem.facilities)
        depots += [pyvrp.Depot(first + n) for n in range(len(places.starters) + len(places.enders))]
        clients, groups = _clients(problem, places, prices, tight)
        data = pyvrp.ProblemData(
            [pyvrp.Location(0, 0)] * len(prices.distance[0]),
            clients,
            depots,
            [_vehicle_type(problem, members, k, places, prices) for k, members in enumerate(kinds)],
            prices.distance,
            prices.duration,
            groups,
        )
        return cls(problem, matrix, kinds, places, data)

    def warm(self, tours: Sequence[Tour]) -> Any:
        """PyVRP's form of given tours, or None where its fleet has no vehicle left for one."""
        import pyvrp

        pairs = zip(self.places.client_task, self.places.client_mode, strict=True)
        number = {pair: client for client, pair in enumerate(pairs)}
        kind_of = {vehicle: k for k, members in enumerate(self.kinds) for vehicle in members}
        left = [kind.num_available for kind in self.data.vehicle_types()]
        routes = []
        for tour in tours:
            visits = list(tour.visits)
            while visits and visits[-1].facility:
                visits.pop()
            activities = [
                pyvrp.Activity(pyvrp.ActivityType.DEPOT, v.item)
                if v.facility
                else pyvrp.Activity(pyvrp.ActivityType.CLIENT, number[v.item, v.mode])
                for v in visits
                if v.facility or (v.item, v.mode) in number
            ]
            k = kind_of[tour.vehicle]
            left[k] -= 1
            if left[k] < 0:
                return None
            if activities:
                routes.append(pyvrp.Route(self.data, activities, k))
        return pyvrp.Solution(self.data, routes)

    def tours(self, solution: Any) -> list[Tour]:
        """Tours of PyVRP's routes; the unloading before home is put back in."""
        tours = []
        taken = [0] * len(self.kinds)
        stations = len(self.problem.facilities)
        for route in solution.routes():
            k = route.vehicle_type()
            visits: list[Visit] = []
            for activity in route.schedule():
                at = activity.idx
                if activity.is_client():
                    visits.append(Visit(False, self.places.client_task[at], self.places.client_mode[at]))
                elif at < stations:
                    visits.append(Visit(True, at, 0))
            visits = _without_idle_facilities(visits)
            if not visits:
                continue
            taken[k] += 1
            members = self.kinds[k]
            vehicle = members[0] if self.problem.unlimited_fleet else members[taken[k] - 1]
            if self.problem.unload_at_end:
                visits.append(Visit(True, self._last_facility(vehicle, visits[-1]), 0))
            tours.append(Tour(vehicle, vehicle_name(self.problem, vehicle, taken[k]), tuple(visits)))
        return tours

    def _last_facility(self, vehicle: int, last: Visit) -> int:
        """Where the vehicle unloads after its last task."""
        own = self.problem.vehicles[vehicle]
        row = self.matrix.mode_row[self.matrix.first_mode[last.item] + last.mode]
        column = int(self.matrix.end_column[vehicle])
        cost, _ = homeward(self.problem, self.matrix.of(own.profile), np.array([row]), column, own.travel_rate)
        return int(np.argmin(cost[:, 0]))


def _clients(problem: Problem, places: Places, prices: Prices, tight: bool) -> tuple[list[Any], list[Any]]:
    """(clients, groups of the clients of tasks with several modes)."""
    import pyvrp

    dearest = prices.dearest + max((task.prize or 0 for task in problem.tasks), default=0)
    clients: list[Any] = []
    groups: list[Any] = []
    fees, stays = prices.fee.tolist(), prices.stay_s.tolist()
    group_of: dict[int, int] = {}
    for client, i in enumerate(places.client_task):
        task = problem.tasks[i]
        required = task.prize is None and not tight
        group = None
        if len(task.modes) > 1:
            if i not in group_of:
                group_of[i] = len(groups)
                groups.append(pyvrp.ClientGroup(required=required))
            group = group_of[i]
            groups[group].add_client(client)
        prize = dearest if task.prize is None else max(0, task.prize - fees[client])
        clients.append(
            pyvrp.Client(
                client,
                pickup=list(task.demand),
                service_duration=stays[client],
                tw_early=task.window[0],
                tw_late=_closing(task.window[1]),
                release_time=task.release_s,
                prize=0 if required else prize,
                required=required and group is None,
                group=group,
            )
        )
    return clients, groups


def _vehicle_type(problem: Problem, members: Sequence[int], k: int, places: Places, prices: Prices) -> Any:
    import pyvrp

    vehicle = problem.vehicles[members[0]]
    before = places.clients
    return pyvrp.VehicleType(
        _copies(problem, members, len(set(places.client_task))) if problem.unlimited_fleet else len(members),
        list(vehicle.capacity),
        places.start[k] - before,
        places.end[k] - before,
        vehicle.fixed_cost,
        vehicle.shift[0],
        _latest_end(vehicle),
        unit_distance_cost=prices.unit[k],
        unit_duration_cost=vehicle.duration_rate,
        profile=prices.table[k],
        initial_load=list(vehicle.initial_used),
        reload_depots=list(range(len(problem.facilities))),
    )


def _copies(problem: Problem, members: Sequence[int], tasks: int) -> int:
    """Vehicles of one kind of an unlimited fleet: where times bind, the load says nothing about how many it takes."""
    if features(problem) & {Feature.WINDOWS, Feature.SHIFTS}:
        return tasks
    return copies_wanted(problem, tasks, members[0])


def _latest_end(vehicle: Vehicle) -> int:
    """End of the shift, less the breaks that are put in once the order is known."""
    rests = sum(rest.duration_s for rest in vehicle.breaks if rest.window[1] < vehicle.shift[1])
    return max(vehicle.shift[0], _closing(vehicle.shift[1]) - rests)


def _closing(time_s: int) -> int:
    return NO_LIMIT if time_s >= HORIZON_S else time_s


def _without_idle_facilities(visits: Sequence[Visit]) -> list[Visit]:
    """Drop facility visits after the last client and repeated ones."""
    kept: list[Visit] = []
    for i, visit in enumerate(visits):
        if visit.facility and (i + 1 >= len(visits) or visits[i + 1].facility):
            continue
        kept.append(visit)
    return kept
