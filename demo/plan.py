"""The street plan: main roads, secondary streets by recursive splitting, lanes inside the blocks.

A line is straight and parallel to an axis on the flat plan; the ground's bend makes it a street. Splitting keeps
junctions either on the same spot or well apart.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

from shapely.geometry import LineString
from shapely.geometry import Point as ShapelyPoint

from demo.ground import RADIUS_X_M, RADIUS_Y_M, Ground
from demo.names import MAIN_EAST_WEST, MAIN_NORTH_SOUTH, NameBook

MAIN_X_M = (-2180.0, -120.0, 1880.0)
MAIN_Y_M = (-1880.0, 60.0, 1960.0)
LAKESIDE_X_M = -3020.0
SNAP_M, CLEAR_M = 48.0, 34.0
"""A new junction this near to another becomes the same; nearer than CLEAR_M but apart is not allowed."""
TRIES = 12
SECONDARY_MAX_M = 700.0
LANE_MAX_M = 156.0
"""Blocks are split until no side is longer."""

Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1."""


@dataclass(frozen=True, slots=True)
class Line:
    """A street of the plan. `axis` x: fixed x, from lo to hi in y. `one_way` 1 along growing coordinate, -1 against."""

    axis: str
    at: float
    lo: float
    hi: float
    kind: str
    name: str
    name_en: str
    lanes: int
    width_m: float
    one_way: int = 0
    stem: str = ""

    def point(self, t: float) -> tuple[float, float]:
        """The plan point at coordinate t."""
        return (self.at, t) if self.axis == "x" else (t, self.at)


@dataclass(slots=True)
class Plan:
    """Lines as they are laid, and where lines end on others."""

    ground: Ground
    chance: random.Random
    names: NameBook
    lines: list[Line] = field(default_factory=list)
    ends: dict[tuple[str, float], list[float]] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        """Lay a line and remember where it meets its neighbours."""
        self.lines.append(line)
        for end in (line.lo, line.hi):
            self.ends.setdefault((line.axis, round(end, 2)), []).append(line.at)


def make_plan(ground: Ground, chance: random.Random) -> Plan:
    """All streets inside the ring."""
    plan = Plan(ground, chance, NameBook(chance))
    _main_roads(plan)
    xs = (LAKESIDE_X_M, *MAIN_X_M, RADIUS_X_M + 50)
    ys = (-RADIUS_Y_M - 50, *MAIN_Y_M, RADIUS_Y_M + 50)
    blocks: list[Rect] = []
    for x0, x1 in itertools.pairwise(xs):
        for y0, y1 in itertools.pairwise(ys):
            _split_secondary(plan, (x0, y0, x1, y1), blocks)
    for block in blocks:
        _fill_block(plan, block)
    return plan


def _main_roads(plan: Plan) -> None:
    chance = plan.chance
    for at, stem in zip(MAIN_X_M, MAIN_NORTH_SOUTH, strict=True):
        lanes = chance.choice((4, 6))
        plan.add(Line("x", at, -5000.0, 5000.0, "main", "", "", lanes, _width(chance, lanes, 14.0, 24.0), stem=stem))
    for at, stem in zip(MAIN_Y_M, MAIN_EAST_WEST, strict=True):
        lanes = chance.choice((4, 6))
        width = _width(chance, lanes, 14.0, 24.0)
        plan.add(Line("y", at, LAKESIDE_X_M, 5000.0, "main", "", "", lanes, width, stem=stem))
    name, name_en = plan.names.road()
    plan.add(Line("x", LAKESIDE_X_M, MAIN_Y_M[0], MAIN_Y_M[2], "secondary", name, name_en, 2, 10.0))


def _width(chance: random.Random, lanes: int, low: float, high: float) -> float:
    return round(min(high, max(low, lanes * 3.5 + chance.uniform(-0.5, 2.5))), 1)


def _cut(plan: Plan, axis: str, rect: Rect, share: tuple[float, float], water_m: float) -> float | None:
    """Where to split a rectangle with a line of this axis; None when no place is good.

    Good is: no end in water, not running along in water, and junctions snapped or clear of others.
    """
    x0, y0, x1, y1 = rect
    low, high, lo, hi = (x0, x1, y0, y1) if axis == "x" else (y0, y1, x0, x1)
    for _ in range(TRIES):
        at = low + (high - low) * plan.chance.uniform(*share)
        near = [c for end in (lo, hi) for c in plan.ends.get((axis, round(end, 2)), []) if low < c < high]
        close = [c for c in near if abs(c - at) < SNAP_M]
        if close:
            at = min(close, key=lambda c: (abs(c - at), c))
        if min(at - low, high - at) < SNAP_M or any(0 < abs(c - at) < CLEAR_M for c in near):
            continue
        ends = [(at, lo), (at, hi)] if axis == "x" else [(lo, at), (hi, at)]
        ground = plan.ground
        if any(part.distance(ShapelyPoint(e)) < 25 for e in ends for part in (ground.canals, ground.great_canal)):
            continue
        if ground.canals.intersection(LineString(ends)).length <= water_m:
            return at
    return None


def _split_secondary(plan: Plan, rect: Rect, blocks: list[Rect]) -> None:
    """Split by secondary streets until no side is over SECONDARY_MAX_M; what is left are blocks."""
    x0, y0, x1, y1 = rect
    wide, high = x1 - x0, y1 - y0
    if max(wide, high) <= SECONDARY_MAX_M:
        blocks.append(rect)
        return
    axis = "x" if wide > high else "y"
    at = _cut(plan, axis, rect, (0.37, 0.63), 80.0)
    if at is None:
        axis = "y" if axis == "x" else "x"
        at = _cut(plan, axis, rect, (0.37, 0.63), 80.0)
    if at is None:
        blocks.append(rect)
        return
    lanes = plan.chance.choice((2, 2, 4))
    width = _width(plan.chance, lanes, 9.0, 14.0)
    name, name_en = plan.names.road()
    lo, hi = (y0, y1) if axis == "x" else (x0, x1)
    plan.add(Line(axis, at, lo, hi, "secondary", name, name_en, lanes, width))
    for part in _parts(rect, axis, at):
        _split_secondary(plan, part, blocks)


def _parts(rect: Rect, axis: str, at: float) -> tuple[Rect, Rect]:
    x0, y0, x1, y1 = rect
    if axis == "x":
        return (x0, y0, at, y1), (at, y0, x1, y1)
    return (x0, y0, x1, at), (x0, at, x1, y1)


def _fill_block(plan: Plan, block: Rect) -> None:
    """Lanes of one block: a jittered grid, a grown pattern of T-junctions, or large plots."""
    x0, y0, x1, y1 = block
    if plan.ground.reach((x0 + x1) / 2, (y0 + y1) / 2) > 1.12:
        return
    style = plan.chance.choices(("grid", "grown", "plots"), (5, 5, 1))[0]
    if style == "grid":
        _grid(plan, block)
    else:
        _grow(plan, block, LANE_MAX_M if style == "grown" else 2 * LANE_MAX_M)


def _grid(plan: Plan, block: Rect) -> None:
    x0, y0, x1, y1 = block
    one_way = plan.chance.random() < 0.22
    step_x, step_y = plan.chance.uniform(94, 136), plan.chance.uniform(94, 136)
    for axis, low, high, step in (("x", x0, x1, step_x), ("y", y0, y1, step_y)):
        count = max(1, round((high - low) / step))
        last = low
        for i in range(1, count):
            share = (i / count - 0.12 / count, i / count + 0.12 / count)
            at = _cut(plan, axis, block, share, 60.0)
            if at is None or at - last < 55:
                continue
            last = at
            _lane(plan, axis, at, block, (1 if i % 2 else -1) if one_way else 0)


def _grow(plan: Plan, rect: Rect, limit: float) -> None:
    x0, y0, x1, y1 = rect
    wide, high = x1 - x0, y1 - y0
    if max(wide, high) <= limit:
        return
    axis = "x" if wide * plan.chance.uniform(0.8, 1.25) > high else "y"
    at = _cut(plan, axis, rect, (0.36, 0.64), 60.0)
    if at is None:
        return
    _lane(plan, axis, at, rect, 0)
    for part in _parts(rect, axis, at):
        _grow(plan, part, limit)


def _lane(plan: Plan, axis: str, at: float, rect: Rect, one_way: int) -> None:
    x0, y0, x1, y1 = rect
    name, name_en = plan.names.lane(plan.chance)
    lo, hi = (y0, y1) if axis == "x" else (x0, x1)
    width = round(plan.chance.uniform(4.0, 7.0), 1)
    plan.add(Line(axis, at, lo, hi, "lane", name, name_en, 2 if width > 5.5 and not one_way else 1, width, one_way))
