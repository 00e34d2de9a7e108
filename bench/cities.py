"""Cities to plan on a large scale: a seeded grid of streets, or a file of OpenStreetMap, each with sweeping to do."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from routing.network import Network
from routing.problem import Mode, Problem, Task, Vehicle
from routing.streets.turns import TurnParams, with_turns

BLOCK_DEG = 0.001
"""Side of a block of the grid, about 110 m."""

DRIVE_KMH = {"main": 40, "secondary": 32, "lane": 24}
SWEEP_KMH = 8
"""Speeds a sweeper drives at by class of street, and the one it works at."""

HOPPER_M = 30_000
"""Metres of street that fill a sweeper's hopper."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class City:
    """A network with the shape and class of every arc."""

    name: str
    network: Network
    lines: tuple[tuple[Point, ...], ...]
    classes: tuple[str, ...]

    def with_turns(self, params: TurnParams) -> City:
        """The same city where turns cost."""
        return City(self.name, with_turns(self.network, self.lines, self.classes, params), self.lines, self.classes)


@dataclass(frozen=True, slots=True)
class _Street:
    tail: int
    head: int
    one_way: int
    road_class: str
    length_m: float
    line: tuple[Point, ...]


def grid_city(edges: int, seed: int) -> City:
    """About `edges` streets: a grid with shaken junctions, some blocks merged, some inner streets one-way.

    Every tenth line of the grid is a main road, every fifth a secondary one. The rim is two-way and whole, and no
    junction loses more than one street, so that every place can be reached.
    """
    rng = random.Random(seed)
    side = round((edges / 1.8) ** 0.5) + 1
    place = [
        ((x + rng.uniform(-0.3, 0.3)) * BLOCK_DEG, (y + rng.uniform(-0.3, 0.3)) * BLOCK_DEG)
        for y in range(side)
        for x in range(side)
    ]
    lost: set[int] = set()
    streets = []
    for y in range(side):
        for x in range(side):
            for dx, dy in ((1, 0), (0, 1)):
                if x + dx >= side or y + dy >= side:
                    continue
                a, b = y * side + x, (y + dy) * side + x + dx
                line_number = y if dx else x
                rim = line_number in (0, side - 1)
                name = "main" if line_number % 10 == 0 else "secondary" if line_number % 5 == 0 else "lane"
                if not rim and name == "lane" and rng.random() < 0.1 and not {a, b} & lost:
                    lost |= {a, b}
                    continue
                one_way = rng.choice((1, -1)) if not rim and name == "lane" and rng.random() < 0.08 else 0
                if one_way and {a, b} & lost:
                    one_way = 0
                streets.append(_Street(a, b, one_way, name, _metres(place[a], place[b]), (place[a], place[b])))
    return _city(f"grid-{edges}", len(place), streets)


def osm_city(path: Path) -> City:
    """The streets of an extract."""
    from routing.streets.osm import read_osm

    index: dict[str, int] = {}
    streets = []
    for row in read_osm(path).segments:
        a, b = index.setdefault(row.from_node, len(index)), index.setdefault(row.to_node, len(index))
        streets.append(_Street(a, b, row.one_way, row.road_class, row.length_m, row.geometry))
    return _city(path.name.split(".")[0], len(index), streets)


def sweeping(city: City) -> Problem:
    """Every street swept once, in either direction where it has two; as many sweepers as wanted, from the middle."""
    network = city.network
    middle = np.mean([line[0] for line in city.lines], axis=0)
    near = min(range(network.arcs), key=lambda a: float(np.hypot(*(np.array(city.lines[a][0]) - middle))))
    depot = int(network.tail[near])
    tasks = []
    for arc in range(network.arcs):
        back = int(network.reverse[arc])
        if 0 <= back < arc:
            continue
        ways = [arc] + ([back] if back >= 0 else [])
        modes = tuple(Mode(int(network.tail[a]), int(network.head[a]), a) for a in ways)
        metres = int(network.length_m[arc])
        seconds = max(1, round(metres / (SWEEP_KMH / 3.6)))
        tasks.append(Task(f"s{arc}", modes, (metres,), seconds, seconds))
    sweeper = Vehicle("sweeper", depot, depot, (max(HOPPER_M, int(network.length_m.max())),), (0,))
    return Problem(network, tuple(tasks), (sweeper,), (), ("metres",), unlimited_fleet=True)


def _metres(a: Point, b: Point) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1])) * 111_195


def _city(name: str, nodes: int, streets: list[_Street]) -> City:
    rows: list[tuple[int, int, int, int, int]] = []
    lines: list[tuple[Point, ...]] = []
    classes: list[str] = []
    for street in streets:
        ways = [(street.tail, street.head, street.line), (street.head, street.tail, street.line[::-1])]
        if street.one_way:
            ways = [ways[0] if street.one_way > 0 else ways[1]]
        first = len(rows)
        metres = max(1, round(street.length_m))
        seconds = max(1, round(street.length_m / (DRIVE_KMH[street.road_class] / 3.6)))
        for number, (a, b, line) in enumerate(ways):
            rows.append((a, b, metres, seconds, -1 if len(ways) == 1 else first + 1 - number))
            lines.append(line)
            classes.append(street.road_class)
    tail, head, length, cost, reverse = np.array(rows, np.int64).T.copy()
    return City(name, Network(nodes, tail, head, length, cost.copy(), cost, reverse), tuple(lines), tuple(classes))
