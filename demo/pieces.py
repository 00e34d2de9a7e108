"""From lines to pieces between junctions: crossings found, water bridged, gaps left, pass-through nodes joined."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from dataclasses import dataclass, replace

from shapely.geometry import LineString
from shapely.geometry import Point as ShapelyPoint
from shapely.prepared import prep

from demo.ground import Ground, Point
from demo.names import part_names
from demo.plan import Line, Plan
from routing.streets.segments import largest_strong_part

STEP_M = 45.0
"""Distance between the drawn points of a curved street."""
BANK_M = 9.0
"""A bridge reaches this far over both banks."""
STUB_M = 28.0
"""A rest shorter than this between a junction and a bridge becomes part of the bridge."""
GAP_SHARE, LANE_BRIDGE_SHARE, GREAT_BRIDGE_SHARE = 0.08, 0.22, 0.45
"""Lane pieces left out; lanes that get a bridge; secondary streets that get one over the great canal."""
JITTER_M = 9.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A street between two plan points. `points` are plan points from u to v. `way` names the line it is of."""

    u: Point
    v: Point
    points: tuple[Point, ...]
    way: str
    kind: str
    name: str
    name_en: str
    lanes: int
    width_m: float
    one_way: int = 0
    bridge: bool = False
    ramp: bool = False
    layer: int = 0
    slope_pct: float | None = None
    speed_kmh: int = 40
    highway: str = ""


SPEED_KMH = {"main": 60, "secondary": 50, "lane": 30}
HIGHWAY = {"main": "primary", "secondary": "secondary", "lane": "residential"}


def lay_pieces(plan: Plan, main_ends: dict[int, tuple[float, float]]) -> list[Piece]:
    """Pieces of every line. `main_ends` gives the reach of main lines (by index) along their axis."""
    chance, ground = plan.chance, plan.ground
    lines = [
        replace(line, lo=main_ends[i][0], hi=main_ends[i][1]) if i in main_ends else line
        for i, line in enumerate(plan.lines)
    ]
    touches = _touches(lines)
    moved = _jitter(lines, touches, chance)
    lakes = prep(ground.lakes)
    pieces: list[Piece] = []
    for i, line in enumerate(lines):
        marks = sorted(touches[i])
        for a, b in itertools.pairwise(marks):
            middle = line.point((a + b) / 2)
            if line.kind != "main" and ground.reach(*middle) > 1:
                continue
            if line.kind == "lane" and chance.random() < GAP_SHARE:
                continue
            u, v = (
                moved.get(_key(line.point(a)), _key(line.point(a))),
                moved.get(_key(line.point(b)), _key(line.point(b))),
            )
            if lakes.intersects(LineString([u, v])):
                continue
            pieces += _over_water(_piece(line, i, u, v, chance), ground, chance)
    return pieces


def _key(point: Point) -> Point:
    return round(point[0], 2), round(point[1], 2)


def _touches(lines: list[Line]) -> dict[int, set[float]]:
    """Coordinates along each line at which it meets another, its own ends included."""
    touches: dict[int, set[float]] = {i: {round(line.lo, 2), round(line.hi, 2)} for i, line in enumerate(lines)}
    upright = [(i, line) for i, line in enumerate(lines) if line.axis == "x"]
    level = [(i, line) for i, line in enumerate(lines) if line.axis == "y"]
    for i, a in upright:
        for j, b in level:
            if b.lo - 0.01 <= a.at <= b.hi + 0.01 and a.lo - 0.01 <= b.at <= a.hi + 0.01:
                touches[i].add(round(b.at, 2))
                touches[j].add(round(a.at, 2))
    return touches


def _jitter(lines: list[Line], touches: dict[int, set[float]], chance: random.Random) -> dict[Point, Point]:
    """Junctions of lanes only, moved a little."""
    fixed: set[Point] = set()
    loose: set[Point] = set()
    for i, line in enumerate(lines):
        (loose if line.kind == "lane" else fixed).update(_key(line.point(t)) for t in touches[i])
    return {
        point: _key((point[0] + chance.uniform(-JITTER_M, JITTER_M), point[1] + chance.uniform(-JITTER_M, JITTER_M)))
        for point in sorted(loose - fixed)
    }


def _piece(line: Line, index: int, u: Point, v: Point, chance: random.Random) -> Piece:
    name, name_en = line.name, line.name_en
    if line.stem:
        along = (u[1] + v[1]) / 2 if line.axis == "x" else (u[0] + v[0]) / 2
        third = 0 if along < -1050 else 1 if along < 1050 else 2
        name, name_en = part_names(line.stem, line.axis)[third]
    bow = chance.uniform(-7, 7) if line.kind == "lane" else 0.0
    return Piece(
        u,
        v,
        drawn(u, v, bow),
        f"d{index}",
        line.kind,
        name,
        name_en,
        line.lanes,
        line.width_m,
        line.one_way,
        speed_kmh=SPEED_KMH[line.kind],
        highway=HIGHWAY[line.kind],
    )


def drawn(u: Point, v: Point, bow_m: float) -> tuple[Point, ...]:
    """Points from u to v at most STEP_M apart, bowed sideways by bow_m in the middle."""
    long = math.dist(u, v)
    steps = max(1, math.ceil(long / STEP_M))
    out = []
    for i in range(steps + 1):
        t = i / steps
        off = bow_m * math.sin(math.pi * t) / (long or 1)
        out.append((u[0] + (v[0] - u[0]) * t - (v[1] - u[1]) * off, u[1] + (v[1] - u[1]) * t + (v[0] - u[0]) * off))
    return (u, *out[1:-1], v)


def _over_water(piece: Piece, ground: Ground, chance: random.Random) -> list[Piece]:
    """The piece, with a bridge where it crosses water; nothing where it ends in water or gets no bridge."""
    straight = LineString([piece.u, piece.v])
    great = straight.intersects(ground.great_canal)
    if not great and not straight.intersects(ground.canals):
        return [piece]
    water = ground.great_canal if great else ground.canals
    if any(water.contains(ShapelyPoint(end)) for end in (piece.u, piece.v)):
        return []
    share = {
        "main": 1.0,
        "secondary": GREAT_BRIDGE_SHARE if great else 1.0,
        "lane": 0.0 if great else LANE_BRIDGE_SHARE,
    }
    if chance.random() >= share[piece.kind]:
        return []
    wet = straight.intersection(water)
    marks = [straight.project(ShapelyPoint(c)) for part in getattr(wet, "geoms", [wet]) for c in part.coords]
    first, last = min(marks) - BANK_M, max(marks) + BANK_M
    first = 0.0 if first < STUB_M else first
    last = straight.length if straight.length - last < STUB_M else last
    cuts = [0.0, *([first] if first else []), *([last] if last < straight.length else []), straight.length]
    slope = round(chance.uniform(2.0, 3.6), 1)
    out = []
    for a, b in itertools.pairwise(cuts):
        u = piece.u if a == 0 else _key(straight.interpolate(a).coords[0])
        v = piece.v if b == straight.length else _key(straight.interpolate(b).coords[0])
        wet_part = a == first and b == last
        out.append(
            replace(
                piece,
                u=u,
                v=v,
                points=drawn(u, v, 0.0),
                bridge=wet_part,
                layer=1 if wet_part else 0,
                slope_pct=slope if wet_part else None,
            )
        )
    return out


def keep_connected(pieces: list[Piece]) -> list[Piece]:
    """The largest connected part; one-way streets that would cut off a part of it are made two-way."""

    def part(two_way: bool) -> frozenset[str]:
        return largest_strong_part([(str(p.u), str(p.v), 0 if two_way else p.one_way) for p in pieces])

    whole = part(True)
    pieces = [p for p in pieces if str(p.u) in whole]
    strong = part(False)
    pieces = [
        replace(p, one_way=0) if p.one_way and not {str(p.u), str(p.v)} <= strong and p.kind == "lane" else p
        for p in pieces
    ]
    strong = part(False)
    return [p for p in pieces if {str(p.u), str(p.v)} <= strong]


def join_through(pieces: list[Piece]) -> list[Piece]:
    """Pieces of one street that meet at a node where nothing else does become one."""
    at: dict[Point, list[int]] = defaultdict(list)
    live: dict[int, Piece] = dict(enumerate(pieces))
    for i, piece in live.items():
        at[piece.u].append(i)
        at[piece.v].append(i)
    for node in sorted(at):
        pair = at[node]
        if len(pair) != 2 or pair[0] == pair[1]:
            continue
        a, b = sorted(pair, key=lambda i: live[i].v != node)
        first, second = live[a], live[b]
        if first.v != node or second.u != node or first.u == second.v:
            continue
        if _traits(first) != _traits(second):
            continue
        live[a] = replace(first, v=second.v, points=first.points + second.points[1:])
        del live[b]
        at[second.v] = [a if i == b else i for i in at[second.v]]
        at[node] = []
    return list(live.values())


def _traits(piece: Piece) -> tuple[object, ...]:
    return piece.way, piece.name, piece.one_way, piece.bridge, piece.ramp, piece.layer


def main_line_of(plan: Plan) -> dict[tuple[str, float], int]:
    """Index of each main line by axis and place."""
    return {(line.axis, line.at): i for i, line in enumerate(plan.lines) if line.kind == "main"}
