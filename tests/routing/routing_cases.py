"""Small problems made by hand or from a seed, and an oracle that shares no code with the product's path search."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import replace

import numpy as np

from routing.network import Network, TurnCosts
from routing.problem import Facility, Mode, Problem, Profile, Task, Vehicle


def network(nodes: int, arcs: list[tuple[int, int, int]], turns: set[tuple[int, int]] | None = None) -> Network:
    """Arcs (tail, head, seconds); metres are ten times the seconds; opposite arcs are each other's reverse."""
    index = {(u, v): i for i, (u, v, _) in enumerate(arcs)}
    cost = np.array([c for *_, c in arcs], np.int64)
    return Network(
        nodes,
        np.array([u for u, *_ in arcs], np.int64),
        np.array([v for _, v, _ in arcs], np.int64),
        cost * 10,
        cost.copy(),
        cost,
        np.array([index.get((v, u), -1) for u, v, _ in arcs], np.int64),
        frozenset(turns or set()),
    )


def both_ways(*streets: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    return [arc for u, v, c in streets for arc in ((u, v, c), (v, u, c))]


def edge_task(net: Network, name: str, arc: int, **more: object) -> Task:
    """A street served in either direction; service takes twice the driving time."""
    arcs = [arc] + ([int(net.reverse[arc])] if net.reverse[arc] >= 0 else [])
    modes = tuple(Mode(int(net.tail[a]), int(net.head[a]), a) for a in arcs)
    seconds = 2 * int(net.duration_s[arc])
    base = Task(name, modes, (1,), seconds, seconds)
    return replace(base, **more)  # type: ignore[arg-type]


def town(seed: int, width: int = 4, height: int = 3, turns: float = 0.0, one_way: float = 0.15) -> Network:
    """A grid of streets, some of them one-way, some turns forbidden; strongly connected along its rim."""
    rng = random.Random(seed)
    arcs: list[tuple[int, int, int]] = []
    for y, x in itertools.product(range(height), range(width)):
        for dx, dy in ((1, 0), (0, 1)):
            if x + dx < width and y + dy < height:
                u, v, c = y * width + x, (y + dy) * width + x + dx, rng.randint(5, 20)
                inner = 0 < x < width - 1 and 0 < y < height - 1
                arcs += [(u, v, c)] if inner and rng.random() < one_way else [(u, v, c), (v, u, c)]
    forbidden = {
        (i, j)
        for i, (_, at, _) in enumerate(arcs)
        for j, (tail, head, _) in enumerate(arcs)
        if tail == at and head != arcs[i][0] and rng.random() < turns
    }
    return network(width * height, arcs, forbidden)


def with_turn_costs(net: Network, seed: int, share: float = 0.6) -> Network:
    """The same streets; many of the turns that are allowed cost 1 to 30, as much in seconds as in cost."""
    rng = random.Random(seed)
    turns = [
        (a, b, rng.randint(1, 30))
        for a in range(net.arcs)
        for b in range(net.arcs)
        if net.head[a] == net.tail[b] and (a, b) not in net.forbidden_turns and rng.random() < share
    ]
    first, second, cost = np.array(turns, np.int64).reshape(-1, 3).T
    return replace(net, turn_costs=TurnCosts(first.copy(), second.copy(), cost.copy(), cost.copy()))


def street_problem(seed: int, tasks: int = 12, vehicles: int = 2, turns: float = 0.1, **more: object) -> Problem:
    """Salting: edges and one-way arcs, a store to reload at, deadlines of three classes."""
    rng = random.Random(seed)
    net = town(seed, 5, 4, turns)
    arcs = [a for a in range(net.arcs) if net.reverse[a] < 0 or a < net.reverse[a]]
    chosen = rng.sample(arcs, tasks)
    work = tuple(
        edge_task(
            net,
            f"t{i}",
            arc,
            demand=(rng.randint(1, 4),),
            deadline_s=rng.choice([200, 400, None]),
            weight=rng.choice([1, 3]),
        )
        for i, arc in enumerate(chosen)
    )
    fleet = tuple(Vehicle(f"v{i}", 0, 0, (12,), (0,), (0, 3_600)) for i in range(vehicles))
    problem = Problem(net, work, fleet, (Facility("store", net.nodes - 1, "reload", 60, 60),), ("salt",))
    return replace(problem, **more)  # type: ignore[arg-type]


def point_problem(seed: int, tasks: int = 14, vehicles: int = 2, **more: object) -> Problem:
    """Collection: points, a transfer station to unload at, also before going home."""
    rng = random.Random(seed)
    net = town(seed, 5, 4)
    nodes = rng.sample(range(net.nodes), tasks)
    work = tuple(Task(f"p{n}", (Mode(n, n),), (rng.randint(1, 5),), 30, 30) for n in nodes)
    fleet = tuple(Vehicle(f"v{i}", 0, 0, (15,), (0,), (0, 3_600)) for i in range(vehicles))
    places = (Facility("transfer", net.nodes - 1, "unload", 90, 90),)
    return replace(Problem(net, work, fleet, places, ("waste",), unload_at_end=True), **more)  # type: ignore[arg-type]


Place = tuple[int, int]
"""Where a vehicle is: (node, arc it came by and must turn from, or -1 after a stop)."""


class Oracle:
    """Least costs by a search over (node, arc driven last), straight from the raw network."""

    def __init__(self, net: Network, profile: Profile | None = None) -> None:
        self.net = net
        own = profile or Profile("")
        self.cost = net.cost if own.cost is None else own.cost
        self.forbidden = net.forbidden_turns | own.forbidden_turns
        self.closed = own.closed
        turns = net.turn_costs
        self.turn = {(int(a), int(b)): int(c) for a, b, c in zip(turns.first, turns.second, turns.cost, strict=True)}
        self.out: dict[int, list[int]] = {}
        for arc in range(net.arcs):
            if arc not in self.closed:
                self.out.setdefault(int(net.tail[arc]), []).append(arc)
        self.memo: dict[Place, dict[Place, int]] = {}

    def reach(self, start: Place) -> dict[Place, int]:
        if start not in self.memo:
            best = {start: 0}
            heap = [(0, start)]
            while heap:
                cost, place = heapq.heappop(heap)
                if cost > best[place]:
                    continue
                for arc in self.out.get(place[0], ()):
                    turn = (place[1], arc)
                    if turn in self.forbidden:
                        continue
                    onward = (int(self.net.head[arc]), arc)
                    value = cost + int(self.cost[arc]) + self.turn.get(turn, 0)
                    if value < best.get(onward, 1 << 60):
                        best[onward] = value
                        heapq.heappush(heap, (value, onward))
            self.memo[start] = best
        return self.memo[start]

    def to_node(self, start: Place, node: int) -> int | None:
        return min((c for (n, _), c in self.reach(start).items() if n == node), default=None)

    def to_arc(self, start: Place, arc: int) -> int | None:
        """To where the arc may be begun, the turn into it allowed and paid."""
        if arc in self.closed:
            return None
        tail = int(self.net.tail[arc])
        fitting = (
            c + self.turn.get((last, arc), 0)
            for (n, last), c in self.reach(start).items()
            if n == tail and (last, arc) not in self.forbidden
        )
        return min(fitting, default=None)

    def to_end_of(self, start: Place, arc: int) -> int | None:
        """To the end of the arc, come by it."""
        return self.reach(start).get((int(self.net.head[arc]), arc))


def way_to(oracle: Oracle, place: Place, mode: Mode) -> int | None:
    """Least cost to where a mode begins."""
    if mode.arc >= 0:
        return oracle.to_arc(place, mode.arc)
    return oracle.to_node(place, mode.tail) if mode.via < 0 else oracle.to_end_of(place, mode.via)


def place_after(mode: Mode) -> Place:
    """Where a vehicle is once it has served in this mode."""
    return mode.head, mode.arc if mode.arc >= 0 else mode.via


def tour_cost(problem: Problem, oracle: Oracle, vehicle: Vehicle, stops: list[tuple[str, int, int]]) -> int | None:
    """Cost of stops ('task' or 'facility', index, mode), lateness included; None where a rule is broken."""
    place: Place = (vehicle.start, -1)
    clock, used, cost = vehicle.shift[0], sum(vehicle.initial_used), vehicle.fixed_cost
    for kind, index, number in stops:
        if kind == "facility":
            facility = problem.facilities[index]
            way = oracle.to_node(place, facility.node)
            stay, fee, place, used, after = facility.service_s, facility.service_cost, (facility.node, -1), 0, None
        else:
            task = problem.tasks[index]
            mode = task.modes[number]
            way = way_to(oracle, place, mode)
            stay, fee, place, after = task.service_s, task.service_cost, place_after(mode), task
            used += sum(task.demand)
        if way is None or used > sum(vehicle.capacity):
            return None
        clock += way + stay
        cost += way + fee
        if after is not None and after.deadline_s is not None:
            cost += after.weight * max(0, clock - after.deadline_s)
    if problem.unload_at_end and used:
        return None
    home = 0 if vehicle.end is None else oracle.to_node(place, vehicle.end)
    return None if home is None or clock + home > vehicle.shift[1] else cost + home


def cheapest(problem: Problem) -> int | None:
    """Least cost of serving all with vehicles[0] alone, by trying everything: tiny problems only."""
    oracle, vehicle = Oracle(problem.network), problem.vehicles[0]
    best: int | None = None
    places = [None, *range(len(problem.facilities))]
    for order in itertools.permutations(range(len(problem.tasks))):
        ways = [[(f, m) for f in places for m in range(len(problem.tasks[i].modes))] for i in order]
        for choice in itertools.product(*ways):
            for last in places if problem.unload_at_end else [None]:
                stops: list[tuple[str, int, int]] = []
                for i, (facility, mode) in zip(order, choice, strict=True):
                    stops += [] if facility is None else [("facility", facility, 0)]
                    stops.append(("task", i, mode))
                stops += [] if last is None else [("facility", last, 0)]
                cost = tour_cost(problem, oracle, vehicle, stops)
                if cost is not None and (best is None or cost < best):
                    best = cost
    return best
