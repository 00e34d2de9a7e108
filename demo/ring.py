"""The expressway around the town: two one-way carriageways, bridges over the canals, interchanges with ramps.

It runs from the north end of the western main road clockwise round to its south end. Traffic keeps to the right,
so the clockwise carriageway is the inner one. A main road passes under it and is reached by four ramps.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass

from shapely.geometry import LineString
from shapely.geometry import Point as ShapelyPoint
from shapely.ops import substring

from demo.ground import RADIUS_X_M, RING_GAP_M, Ground, Point
from demo.pieces import BANK_M, Piece, drawn, main_line_of
from demo.plan import MAIN_X_M, MAIN_Y_M, Plan

HALF_MEDIAN_M = 13.0
FEET_M = 75.0
"""The ramps' feet stand this far from the expressway's middle on the main road."""
RAMP_REACH_M = 250.0
RING_NAME = ("环城快速路", "Ring Expressway")
INTERCHANGES = (("x", 1, 1), ("x", 2, 1), ("y", 2, 1), ("y", 0, 1), ("x", 2, -1), ("x", 1, -1))
"""(axis, which main, end) in clockwise order: the northern ends, the eastern ends, the southern ends."""


@dataclass(frozen=True, slots=True)
class Ring:
    """The middle line of the expressway and how far each main line (by index) reaches."""

    line: LineString
    main_ends: dict[int, tuple[float, float]]


def make_ring(plan: Plan) -> Ring:
    """Where the expressway runs and where the main roads end."""
    ground = plan.ground
    whole = [_edge(ground, step * math.pi / 360) for step in range(720)]
    loop = LineString([*whole, whole[0]])
    main = main_line_of(plan)
    crossing: dict[tuple[str, int], dict[int, float]] = {(axis, end): {} for axis in "xy" for end in (1, -1)}
    for (axis, at), index in main.items():
        cut = loop.intersection(LineString([(at, -9e3), (at, 9e3)] if axis == "x" else [(-9e3, at), (9e3, at)]))
        marks = sorted(point.coords[0][1 if axis == "x" else 0] for point in cut.geoms)
        crossing[(axis, 1)][index], crossing[(axis, -1)][index] = marks[-1], marks[0]
    west = main[("x", MAIN_X_M[0])]
    start, stop = (loop.project(ShapelyPoint(MAIN_X_M[0], crossing[("x", end)][west])) for end in (1, -1))
    # The loop is drawn anticlockwise from the east; clockwise from the north end is backwards through 0.
    ahead = substring(loop, start, 0)
    behind = substring(loop, loop.length, stop)
    line = LineString([*ahead.coords, *list(behind.coords)[1:]])
    ends: dict[int, tuple[float, float]] = {}
    joined = {(axis, (MAIN_X_M if axis == "x" else MAIN_Y_M)[which], end) for axis, which, end in INTERCHANGES}
    for (axis, at), index in main.items():
        reach = []
        for end in (-1, 1):
            mark = crossing[(axis, end)][index]
            if (axis, at, end) in joined:
                reach.append(mark + end * FEET_M)
            elif index == west:
                reach.append(mark)
            else:
                reach.append(plan.lines[index].lo if end < 0 else mark - RING_GAP_M)
        ends[index] = (round(reach[0], 2), round(reach[1], 2))
    return Ring(line, ends)


def _edge(ground: Ground, angle: float) -> Point:
    """The point of the expressway in one direction from the centre."""
    x, y = math.cos(angle), math.sin(angle)
    radius = 1 / ground.reach(x, y) * (1 + RING_GAP_M / RADIUS_X_M)
    return x * radius, y * radius


def ring_pieces(plan: Plan, ring: Ring, pieces: list[Piece]) -> list[Piece]:
    """Both carriageways and all ramps; the main roads in `pieces` get the ramps' feet as junctions."""
    chance = plan.chance
    marks: dict[float, str] = {}
    main = main_line_of(plan)
    feet: dict[str, tuple[Point, Point, str, str]] = {}
    for number, (axis, which, end) in enumerate(INTERCHANGES):
        at = (MAIN_X_M if axis == "x" else MAIN_Y_M)[which]
        lo, hi = ring.main_ends[main[(axis, at)]]
        outer = hi if end > 0 else lo
        inner = outer - end * 2 * FEET_M
        outside, inside = ((at, outer), (at, round(inner, 2))) if axis == "x" else ((outer, at), (round(inner, 2), at))
        middle = (outer + inner) / 2
        s = ring.line.project(ShapelyPoint((at, middle) if axis == "x" else (middle, at)))
        road = next(p for p in pieces if p.way == f"d{main[(axis, at)]}" and outside in (p.u, p.v))
        feet[str(number)] = (inside, outside, road.name, road.name_en)
        marks[s - RAMP_REACH_M], marks[s + RAMP_REACH_M] = f"{number} before", f"{number} after"
    out = _split_roads(pieces, {inside for inside, *_ in feet.values()})
    inner_way = _carriageway(ring, plan.ground, marks, HALF_MEDIAN_M, 1)
    outer_way = _carriageway(ring, plan.ground, marks, -HALF_MEDIAN_M, -1)
    out += inner_way[0] + outer_way[0]
    for foot, (inside, outside, name, name_en) in feet.items():
        names = (f"{name}匝道", f"{name_en} Ramp")
        before, after = inner_way[1][f"{foot} before"], inner_way[1][f"{foot} after"]
        out += [_ramp(before, inside, names, chance), _ramp(inside, after, names, chance)]
        before, after = outer_way[1][f"{foot} before"], outer_way[1][f"{foot} after"]
        out += [_ramp(after, outside, names, chance), _ramp(outside, before, names, chance)]
    return out


def _split_roads(pieces: list[Piece], spots: set[Point]) -> list[Piece]:
    """Main road pieces cut at the inner feet; the part between the feet is an underpass."""
    out: list[Piece] = []
    for piece in pieces:
        line = LineString([piece.u, piece.v])
        hit = [spot for spot in spots if piece.kind == "main" and line.distance(ShapelyPoint(spot)) < 0.1]
        hit = [spot for spot in hit if spot not in (piece.u, piece.v)]
        for spot in hit:
            for u, v in ((piece.u, spot), (spot, piece.v)):
                under = math.dist(u, v) < 2 * FEET_M + 1
                out.append(_with(piece, u, v, -1 if under else piece.layer))
        if not hit:
            out.append(piece)
    return out


def _with(piece: Piece, u: Point, v: Point, layer: int) -> Piece:
    return Piece(
        u,
        v,
        drawn(u, v, 0.0),
        piece.way,
        piece.kind,
        piece.name,
        piece.name_en,
        piece.lanes,
        piece.width_m,
        layer=layer,
        slope_pct=3.0 if layer < 0 else None,
        speed_kmh=piece.speed_kmh,
        highway=piece.highway,
    )


def _carriageway(
    ring: Ring, ground: Ground, marks: dict[float, str], right_m: float, direction: int
) -> tuple[list[Piece], dict[str, Point]]:
    """Pieces along the ring's line, offset to the right of clockwise, and the ramp junctions by name."""
    line = ring.line
    wet = line.intersection(ground.canals)
    cuts: dict[float, str] = {0.0: "", line.length: "", **marks}
    bridges = []
    for part in getattr(wet, "geoms", [wet]):
        ends = sorted(line.project(ShapelyPoint(c)) for c in (part.coords[0], part.coords[-1]))
        bridge = (ends[0] - BANK_M, ends[1] + BANK_M)
        bridges.append(bridge)
        cuts.update(dict.fromkeys(bridge, ""))
    order = sorted(cuts)
    where: dict[str, Point] = {}
    out = []
    for a, b in itertools.pairwise(order):
        points = _offset(line, a, b, right_m)
        for s, point in ((a, points[0]), (b, points[-1])):
            where[cuts[s]] = point
        over = (a, b) in bridges
        out.append(
            Piece(
                points[0],
                points[-1],
                points,
                "ring+" if direction > 0 else "ring-",
                "main",
                *RING_NAME,
                2,
                11.0,
                one_way=direction,
                bridge=over,
                layer=1,
                slope_pct=2.0 if over else None,
                speed_kmh=80,
                highway="trunk",
            )
        )
    return out, where


def _offset(line: LineString, a: float, b: float, right_m: float) -> tuple[Point, ...]:
    """Points from a to b along the line, moved to its right; at the line's ends the carriageways run together."""
    steps = max(1, math.ceil((b - a) / 40.0))
    out = []
    for i in range(steps + 1):
        s = a + (b - a) * i / steps
        here, back, ahead = (line.interpolate(min(max(t, 0.0), line.length)) for t in (s, s - 5, s + 5))
        dx, dy = ahead.x - back.x, ahead.y - back.y
        long = math.hypot(dx, dy)
        away = right_m * min(1.0, s / 120.0, (line.length - s) / 120.0)
        out.append((round(here.x + dy / long * away, 2), round(here.y - dx / long * away, 2)))
    return tuple(out)


def _ramp(u: Point, v: Point, names: tuple[str, str], chance: random.Random) -> Piece:
    bow = chance.uniform(18, 34) * (1 if chance.random() < 0.5 else -1) * 0.6
    return Piece(
        u,
        v,
        drawn(u, v, bow),
        f"ramp {u} {v}",
        "main",
        *names,
        1,
        6.5,
        one_way=1,
        ramp=True,
        layer=0,
        slope_pct=round(chance.uniform(3.2, 4.8), 1),
        speed_kmh=40,
        highway="primary_link",
    )
