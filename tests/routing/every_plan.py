"""The best plan of a tiny problem by making every plan there is and having the referee judge it.

Every assignment, order, mode and facility between; legs least in cost and among those in seconds, found by a search of
its own over (node, arc driven last). Each route leaves as early as its shift and its first trip allow, so problems
given here have no price on time itself (no duration rate, no fairness), no breaks and no bays.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import replace

from routing.plan import Unserved
from routing.problem import Mode, Problem, Vehicle
from tests.routing.referee import Do, Drive, Judged, judge
from tests.routing.referee_run import profile_of, releases

Place = tuple[int, int]
"""(node, arc it came by, or -1)."""

ALONE = {"dropped", "repeat", "frozen"}
"""Codes that depend on the other vehicles."""


class Ways:
    """Cheapest legs for one vehicle."""

    def __init__(self, problem: Problem, vehicle: Vehicle) -> None:
        net, profile = problem.network, profile_of(problem, vehicle)
        self.cost = net.cost if profile.cost is None else profile.cost
        self.seconds = net.duration_s if profile.duration_s is None else profile.duration_s
        self.net = net
        self.forbidden = net.forbidden_turns | profile.forbidden_turns
        self.closed = profile.closed
        turns = zip(*(column.tolist() for column in (net.turn_costs.first, net.turn_costs.second)), strict=True)
        prices = zip(net.turn_costs.cost.tolist(), net.turn_costs.duration_s.tolist(), strict=True)
        self.turn = dict(zip(turns, prices, strict=True))
        self.trees: dict[Place, dict[Place, tuple[int, int, tuple[int, ...]]]] = {}

    def onto(self, last: int, arc: int) -> tuple[int, int] | None:
        """(cost, seconds) of turning into an arc; None where that is not allowed."""
        return None if (last, arc) in self.forbidden or arc in self.closed else self.turn.get((last, arc), (0, 0))

    def tree(self, start: Place) -> dict[Place, tuple[int, int, tuple[int, ...]]]:
        if start not in self.trees:
            done: dict[Place, tuple[int, int, tuple[int, ...]]] = {}
            heap: list[tuple[int, int, tuple[int, ...], Place]] = [(0, 0, (), start)]
            while heap:
                cost, seconds, arcs, place = heapq.heappop(heap)
                if place in done:
                    continue
                done[place] = (cost, seconds, arcs)
                for arc in range(self.net.arcs):
                    turn = self.onto(place[1], arc) if int(self.net.tail[arc]) == place[0] else None
                    if turn is not None:
                        more = (cost + turn[0] + int(self.cost[arc]), seconds + turn[1] + int(self.seconds[arc]))
                        heapq.heappush(heap, (*more, (*arcs, arc), (int(self.net.head[arc]), arc)))
            self.trees[start] = done
        return self.trees[start]

    def to_node(self, start: Place, node: int) -> tuple[int, ...] | None:
        found = [way for (n, _), way in self.tree(start).items() if n == node]
        return min(found)[2] if found else None

    def to_mode(self, start: Place, mode: Mode) -> tuple[int, ...] | None:
        """To where the mode is entered: by the arc asked for, or so that the turn into the served arc is allowed."""
        if mode.arc < 0 and mode.via < 0:
            return self.to_node(start, mode.tail)
        found = []
        for (node, last), (cost, seconds, arcs) in self.tree(start).items():
            if mode.arc < 0 and last == mode.via:
                found.append((cost, seconds, arcs))
            elif mode.arc >= 0 and node == mode.tail and (turn := self.onto(last, mode.arc)) is not None:
                found.append((cost + turn[0], seconds + turn[1], arcs))
        return min(found)[2] if found else None


def routes_of(problem: Problem, vehicle: Vehicle) -> Iterator[tuple[frozenset[str], Drive]]:
    """Every route of a vehicle that breaks no rule by itself, with the tasks it serves."""
    ways = Ways(problem, vehicle)
    places = [None, *problem.facilities]
    for size in range(len(problem.tasks) + 1):
        for order in itertools.permutations(problem.tasks, size):
            for modes in itertools.product(*(range(len(task.modes)) for task in order)):
                for stops in itertools.product(places, repeat=size + 1):
                    todo: list[Do] = []
                    for task, mode, stop in zip(order, modes, stops, strict=False):
                        todo += [] if stop is None else [Do("facility", stop.id)]
                        todo.append(Do("task", task.id, mode))
                    todo += [] if stops[-1] is None else [Do("facility", stops[-1].id)]
                    drive = driven(problem, vehicle, ways, todo)
                    if drive is not None and not judge(problem, [drive], []).broken - ALONE:
                        yield frozenset(task.id for task in order), drive


def driven(problem: Problem, vehicle: Vehicle, ways: Ways, todo: list[Do]) -> Drive | None:
    """The legs between the stops; None where there is no way, or the fixed stops are not the first."""
    begun = [(do.kind, do.ref, do.mode) for do in todo[: len(vehicle.frozen)]]
    if begun != [(f.kind, f.ref, f.mode) for f in vehicle.frozen]:
        return None
    tasks = {task.id: task for task in problem.tasks}
    nodes = {facility.id: facility.node for facility in problem.facilities}
    at: Place = (vehicle.start, -1)
    done: list[Do] = []
    for do in todo:
        if do.kind == "facility":
            leg, there = ways.to_node(at, nodes[do.ref]), (nodes[do.ref], -1)
        else:
            mode = tasks[do.ref].modes[do.mode]
            leg, there = ways.to_mode(at, mode), (mode.head, mode.arc if mode.arc >= 0 else mode.via)
        if leg is None:
            return None
        done.append(replace(do, arcs=leg))
        at = there
    home = () if vehicle.end is None else ways.to_node(at, vehicle.end)
    if home is None:
        return None
    return Drive(vehicle.id, max(vehicle.shift[0], releases(problem, todo)), tuple(done), home)


def best(problem: Problem) -> tuple[int, int] | None:
    """(mandatory tasks left out, cost) of the best plan; None where a fixed stop allows none."""
    choices = []
    for vehicle in problem.vehicles:
        idle = Drive(vehicle.id, 0, ())
        made: dict[frozenset[str], list[tuple[int, Drive]]] = {} if vehicle.frozen else {frozenset(): [(0, idle)]}
        for served, drive in routes_of(problem, vehicle):
            made.setdefault(served, []).append((judge(problem, [drive], []).plan.cost, drive))
        cheapest = {served: sorted(found, key=lambda f: f[0]) for served, found in made.items()}
        choices.append({s: found if problem.repeats else found[:1] for s, found in cheapest.items()})
    mandatory = {task.id for task in problem.tasks if task.prize is None}
    found: list[tuple[int, int]] = []
    for sets in itertools.product(*choices):
        served = frozenset().union(*sets)
        if len(served) < sum(map(len, sets)):
            continue
        left = [Unserved(t.id, "time") for t in problem.tasks if t.id not in served]
        for pick in itertools.product(*(choices[i][s] for i, s in enumerate(sets))):
            drives = [drive for _, drive in pick if drive.todo]
            judged: Judged = judge(problem, drives, left)
            if not judged.broken:
                found.append((len(mandatory - served), judged.plan.cost))
    return min(found, default=None)
