"""Pieces of the plan as rows: segments with node ids and districts, and turn restrictions that cut nothing off."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict

from demo.ground import Ground, Point, length_m
from demo.pieces import Piece, keep_connected
from demo.plan import MAIN_X_M, MAIN_Y_M
from dispatch.city.districts import DistrictIndex, midpoint
from models.tables.city import District, Segment, TurnRestriction
from routing.streets.segments import largest_strong_part, segment_id

SPLIT_OFF_M = 40.0
"""District borders run beside the main roads, so that a whole road is in one district."""
FAR_M = 4600.0
NO_LEFT, NO_U = 36, 12
"""How many turns of each kind are forbidden."""
NAMES = (("D01", "西北片区", "Northwest"), ("D02", "东北片区", "Northeast"), ("D03", "西南片区", "Southwest"),
         ("D04", "东南片区", "Southeast"))  # fmt: skip


def make_districts(ground: Ground) -> list[District]:
    """Four quarters, divided along the middle main roads."""
    x, y = MAIN_X_M[1] - SPLIT_OFF_M, MAIN_Y_M[1] - SPLIT_OFF_M
    quarters = ((-FAR_M, y, x, FAR_M), (x, y, FAR_M, FAR_M), (-FAR_M, -FAR_M, x, y), (x, -FAR_M, FAR_M, y))
    rows = []
    for (code, name, name_en), (x0, y0, x1, y1) in zip(NAMES, quarters, strict=True):
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
        ring: list[Point] = []
        for (ax, ay), (bx, by) in itertools.pairwise(corners):
            steps = math.ceil(math.dist((ax, ay), (bx, by)) / 100)
            ring += [(ax + (bx - ax) * i / steps, ay + (by - ay) * i / steps) for i in range(steps)]
        polygon = [list(ground.lonlat(*point)) for point in (*ring, ring[0])]
        rows.append(District(code=code, name=name, name_en=name_en, polygon=polygon))
    return rows


def make_segments(pieces: list[Piece], ground: Ground, districts: DistrictIndex) -> list[Segment]:
    """One row a piece, by id. Nodes are numbered from west to east."""
    kept = keep_connected(pieces)
    nodes = sorted({end for piece in kept for end in (piece.u, piece.v)})
    node_id = {point: f"n{i + 1:05d}" for i, point in enumerate(nodes)}
    rows = []
    for piece in kept:
        geometry = [ground.lonlat(*point) for point in piece.points]
        rows.append(
            Segment(
                id=segment_id(piece.way, node_id[piece.u], node_id[piece.v]),
                way=piece.way,
                from_node=node_id[piece.u],
                to_node=node_id[piece.v],
                name=piece.name,
                name_en=piece.name_en,
                road_class=piece.kind,
                highway=piece.highway,
                lanes=piece.lanes,
                width_m=piece.width_m,
                length_m=round(length_m(geometry), 1),
                one_way=piece.one_way,
                bridge=piece.bridge,
                ramp=piece.ramp,
                slope_pct=piece.slope_pct,
                layer=piece.layer,
                speed_kmh=piece.speed_kmh,
                district=districts.of(*midpoint(geometry)),
                geometry=[list(point) for point in geometry],
            )
        )
    return sorted(rows, key=lambda row: row.id)


def make_restrictions(segments: list[Segment], chance: random.Random) -> list[TurnRestriction]:
    """Left turns and turns back forbidden at crossings of larger streets, none of which makes a street unreachable."""
    at: dict[str, list[Segment]] = defaultdict(list)
    for row in segments:
        at[row.from_node].append(row)
        at[row.to_node].append(row)
    large = [n for n in sorted(at) if len(at[n]) == 4 and all(s.road_class != "lane" and not s.one_way for s in at[n])]
    chance.shuffle(large)
    rows: list[TurnRestriction] = []
    for count, node in enumerate(large[: NO_LEFT + NO_U]):
        into = chance.choice(sorted(at[node], key=lambda s: s.id))
        kind = "no_left_turn" if count < NO_LEFT else "no_u_turn"
        out = _left_of(into, node, at[node]) if kind == "no_left_turn" else into
        if out is not None:
            id_ = segment_id(kind, into.id, out.id + node)
            rows.append(TurnRestriction(id=id_, from_segment=into.id, via_node=node, to_segment=out.id, kind=kind))
    cutting = _cutting(segments, rows)
    return sorted((row for row in rows if row.id not in cutting), key=lambda row: row.id)


def _heading(row: Segment, node: str) -> float:
    """Direction in which a segment leaves a node, radians."""
    line = row.geometry if row.from_node == node else row.geometry[::-1]
    return math.atan2(line[1][1] - line[0][1], (line[1][0] - line[0][0]) * math.cos(math.radians(line[0][1])))


def _left_of(into: Segment, node: str, around: list[Segment]) -> Segment | None:
    """The street to the left of somebody who comes along `into`."""
    back = _heading(into, node)
    turns = {s.id: (back - _heading(s, node)) % (2 * math.pi) for s in around if s.id != into.id}
    found = [s for s in around if s.id in turns and math.radians(50) < turns[s.id] < math.radians(130)]
    return min(found, key=lambda s: s.id) if found else None


def _cutting(segments: list[Segment], rows: list[TurnRestriction]) -> set[str]:
    """Restrictions at arcs that would no longer be reachable from everywhere when turns are obeyed."""
    arcs = [(row, way) for row in segments for way in (1, -1) if row.one_way in (0, way)]
    ends = {f"{row.id}{way:+d}": ((row.from_node, row.to_node)[::way]) for row, way in arcs}
    out_of: dict[str, list[str]] = defaultdict(list)
    for arc, (tail, _) in ends.items():
        out_of[tail].append(arc)
    banned = {(row.from_segment, row.via_node, row.to_segment) for row in rows}
    moves = [
        (arc, after, 1)
        for arc, (_, head) in ends.items()
        for after in out_of[head]
        if (arc[:-2], head, after[:-2]) not in banned
    ]
    strong = largest_strong_part(moves)
    lost = {arc[:-2] for arc in ends if arc not in strong}
    return {row.id for row in rows if row.from_segment in lost or row.to_segment in lost}
