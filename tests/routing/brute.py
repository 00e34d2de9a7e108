"""The cheapest plan of a tiny problem by trying everything: several vehicles, commodities, rates, windows, moves.

Shares no code with the engines, the checker or the product's path search.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator

from routing.network import Network
from routing.problem import Problem, Profile, Vehicle

Place = tuple[int, int]
"""Where a vehicle is: (node, arc it came by and must turn from, or -1 after a stop)."""

Way = tuple[int, int]
"""(cost, seconds), least in cost and among those in seconds."""

Step = tuple[str, int, int]
"""('task' or 'facility', index, mode)."""


class Ways:
    """Least-cost ways straight from the raw network, turn rules, turn costs and the profile kept."""

    def __init__(self, net: Network, profile: Profile) -> None:
        self.net = net
        self.cost = net.cost if profile.cost is None else profile.cost
        self.duration_s = net.duration_s if profile.duration_s is None else profile.duration_s
        self.open = [arc for arc in range(net.arcs) if arc not in profile.closed]
        self.forbidden = net.forbidden_turns | profile.forbidden_turns
        self.percent = profile.work_percent
        turns = net.turn_costs
        self.turn = {
            (int(a), int(b)): (int(c), int(d))
            for a, b, c, d in zip(turns.first, turns.second, turns.cost, turns.duration_s, strict=True)
        }
        self.memo: dict[Place, dict[Place, Way]] = {}

    def onward(self, place: Place, arc: int) -> Way | None:
        """What turning into the arc and nothing more adds; None where it is forbidden."""
        return None if (place[1], arc) in self.forbidden else self.turn.get((place[1], arc), (0, 0))

    def reach(self, start: Place) -> dict[Place, Way]:
        if start not in self.memo:
            best: dict[Place, Way] = {start: (0, 0)}
            heap = [((0, 0), start)]
            while heap:
                way, place = heapq.heappop(heap)
                if way > best[place]:
                    continue
                for arc in self.open:
                    turn = self.onward(place, arc) if int(self.net.tail[arc]) == place[0] else None
                    if turn is None:
                        continue
                    value = (
                        way[0] + turn[0] + int(self.cost[arc]),
                        way[1] + turn[1] + int(self.duration_s[arc]),
                    )
                    onward = (int(self.net.head[arc]), arc)
                    if value < best.get(onward, (1 << 60, 0)):
                        best[onward] = value
                        heapq.heappush(heap, (value, onward))
            self.memo[start] = best
        return self.memo[start]

    def to_node(self, start: Place, node: int) -> Way | None:
        return min((way for (n, _), way in self.reach(start).items() if n == node), default=None)

    def to_arc(self, start: Place, arc: int) -> Way | None:
        """To where the arc may be begun, the turn into it counted."""
        tail, found = int(self.net.tail[arc]), list[Way]()
        for place, way in self.reach(start).items():
            turn = self.onward(place, arc) if place[0] == tail else None
            if turn is not None:
                found.append((way[0] + turn[0], way[1] + turn[1]))
        return min(found, default=None)


Book = dict[str, Ways]
"""Ways of each profile by name."""


def route_cost(problem: Problem, ways: Ways, vehicle: Vehicle, stops: list[Step], start_s: int) -> int | None:
    """Cost of a route with its lateness and moves; None where a rule is broken."""
    place: Place = (vehicle.start, -1)
    clock, used = start_s, list(vehicle.initial_used)
    cost = vehicle.fixed_cost if stops else 0
    percent = ways.percent
    for kind, index, number in stops:
        if kind == "facility":
            facility = problem.facilities[index]
            way = ways.to_node(place, facility.node)
            stay, fee, window, place = facility.service_s, facility.service_cost, facility.window, (facility.node, -1)
            used = [0] * len(used)
        else:
            task = problem.tasks[index]
            mode = task.modes[number]
            way = ways.to_arc(place, mode.arc) if mode.arc >= 0 else ways.to_node(place, mode.tail)
            stay, fee = -(-task.service_s * percent // 100), -(-task.service_cost * percent // 100)
            window, place = task.window, (mode.head, mode.arc)
            used = [a + b for a, b in zip(used, task.demand, strict=True)]
            if not task.skills <= vehicle.skills:
                return None
        if way is None or any(a > b for a, b in zip(used, vehicle.capacity, strict=True)):
            return None
        begin = max(clock + way[1], window[0])
        if begin > window[1]:
            return None
        clock = begin + stay
        cost += vehicle.travel_rate * way[0] + fee
        if kind == "task":
            task = problem.tasks[index]
            cost += 0 if task.deadline_s is None else task.weight * max(0, clock - task.deadline_s)
            cost += 0 if task.keep in (None, vehicle.id) else task.move_cost
    if problem.unload_at_end and any(used):
        return None
    home = (0, 0) if vehicle.end is None else ways.to_node(place, vehicle.end)
    if home is None or clock + home[1] > vehicle.shift[1]:
        return None
    return cost + vehicle.travel_rate * home[0] + vehicle.duration_rate * (clock + home[1] - start_s)


def best_route(problem: Problem, book: Book, vehicle: Vehicle, tasks: tuple[int, ...]) -> int | None:
    """Least cost of serving just these tasks, after the frozen stops; every start is tried where seconds cost."""
    frozen = _frozen(problem, vehicle)
    if not tasks and not frozen:
        return 0
    waits = vehicle.duration_rate > 0 and any(t.window[0] > 0 for t in problem.tasks)
    starts = range(vehicle.shift[0], vehicle.shift[0] + 400) if waits else (vehicle.shift[0],)
    costs = (
        route_cost(problem, book[vehicle.profile], vehicle, [*frozen, *steps], start)
        for steps in _orders(problem, tasks)
        for start in starts
    )
    return min((cost for cost in costs if cost is not None), default=None)


def cheapest_plan(problem: Problem) -> int | None:
    """Least cost of serving everything with the vehicles there are (an unlimited fleet: with copies of each)."""
    book = {p.name: Ways(problem.network, p) for p in (Profile(""), *problem.profiles)}
    frozen = {step[1] for v in problem.vehicles for step in _frozen(problem, v) if step[0] == "task"}
    free = tuple(i for i in range(len(problem.tasks)) if i not in frozen)
    costs: dict[tuple[int, ...], int | None] = {(): None}
    if not problem.unlimited_fleet:
        return _share(problem, book, 0, free)
    alone = {
        part: min(
            (c for v in problem.vehicles if (c := best_route(problem, book, v, part)) is not None),
            default=None,
        )
        for size in range(1, len(free) + 1)
        for part in itertools.combinations(free, size)
    }
    costs[()] = 0
    for size in range(1, len(free) + 1):
        for part in itertools.combinations(free, size):
            found = []
            for more in range(size):
                for rest in itertools.combinations(part[1:], more):
                    first = (part[0], *rest)
                    one, others = alone[first], costs[tuple(i for i in part if i not in first)]
                    if one is not None and others is not None:
                        found.append(one + others)
            costs[part] = min(found, default=None)
    return costs[free]


def _share(problem: Problem, book: Book, v: int, tasks: tuple[int, ...]) -> int | None:
    if v == len(problem.vehicles):
        return None if tasks else 0
    best: int | None = None
    for size in range(len(tasks) + 1):
        for part in itertools.combinations(tasks, size):
            rest = _share(problem, book, v + 1, tuple(i for i in tasks if i not in part))
            own = None if rest is None else best_route(problem, book, problem.vehicles[v], part)
            if rest is not None and own is not None and (best is None or own + rest < best):
                best = own + rest
    return best


def _frozen(problem: Problem, vehicle: Vehicle) -> list[Step]:
    numbers = {"task": {t.id: i for i, t in enumerate(problem.tasks)}}
    numbers["facility"] = {f.id: i for i, f in enumerate(problem.facilities)}
    return [(stop.kind, numbers[stop.kind][stop.ref], stop.mode) for stop in vehicle.frozen]


def _orders(problem: Problem, tasks: tuple[int, ...]) -> Iterator[list[Step]]:
    """Every order, mode and facility before each stop (and, where owed, at the end)."""
    places: list[int | None] = [None, *range(len(problem.facilities))]
    for order in itertools.permutations(tasks):
        ways = [[(f, m) for f in places for m in range(len(problem.tasks[i].modes))] for i in order]
        for choice in itertools.product(*ways):
            for last in places if problem.unload_at_end else [None]:
                steps: list[Step] = []
                for i, (facility, mode) in zip(order, choice, strict=True):
                    steps += [] if facility is None else [("facility", facility, 0)]
                    steps.append(("task", i, mode))
                yield steps if last is None else [*steps, ("facility", last, 0)]
