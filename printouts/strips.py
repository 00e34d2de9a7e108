"""Strip maps: a long route in parts, one after the other, where one map is too small to drive by.

A part is consecutive rows whose streets fit one map at a scale that leaves room for numbers and names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from printouts.maps import MARGIN, WIDTH, Drawn, draw_map
from printouts.placement import Point
from printouts.streets import Streets
from printouts.values import Strip

HEIGHT = 478.0
"""Map units of a strip's height: two stand on a page."""
READABLE = 0.22
"""Map units a metre (1 : 18,000) from which one map of the whole route is enough."""
SCALE = 0.36
"""Map units a metre (1 : 11,000) a strip has at least, as long as there are not too many of them."""
STRIPS_MAX = 6
STRIP_BYTES = 60_000
_COARSER = 0.85


@dataclass(frozen=True, slots=True)
class Piece:
    """What one numbered row shows on a map: its mark, the streets it serves, the streets driven to it."""

    mark: tuple[int, float, float]
    served: tuple[tuple[str, bool], ...] = ()
    driven: tuple[tuple[str, bool], ...] = ()


Box = tuple[float, float, float, float]


def draw_strips(whole: Drawn, pieces: Sequence[Piece], segments: Streets) -> tuple[Strip, ...]:
    """The strips of a route in driving order; none where one map of the whole is enough, or parts are no larger."""
    if len(pieces) < 2:
        return ()
    frames = [_frame(piece, segments) for piece in pieces]
    boxes = [_box(frame, segments) for frame in frames]
    if _scale(_union(boxes), HEIGHT * 1.5) >= READABLE:
        return ()
    scale = SCALE
    parts = _parts(boxes, scale)
    while len(parts) > STRIPS_MAX and scale > READABLE:
        scale *= _COARSER
        parts = _parts(boxes, scale)
    if not 1 < len(parts) <= STRIPS_MAX:
        return ()
    strips = []
    for first, last in parts:
        chosen = pieces[first : last + 1]
        served = [leg for piece in chosen for leg in piece.served]
        worked = set(served)
        drawn = Drawn(
            served,
            [leg for piece in chosen for leg in piece.driven if leg not in worked],
            [piece.mark for piece in chosen],
            whole.square,
            whole.ends,
            [point for frame in frames[first : last + 1] for point in frame],
        )
        svg = draw_map(drawn, segments, HEIGHT, STRIP_BYTES)
        strips.append(Strip(chosen[0].mark[0], chosen[-1].mark[0], svg))
    return tuple(strips)


def _parts(boxes: Sequence[Box], scale: float) -> list[tuple[int, int]]:
    """(first, last) piece of each part: as many as fit one strip at a scale."""
    parts: list[tuple[int, int]] = []
    box, first = boxes[0], 0
    for index in range(1, len(boxes)):
        wider = _union([box, boxes[index]])
        if _scale(wider, HEIGHT) < scale:
            parts.append((first, index - 1))
            box, first = boxes[index], index
        else:
            box = wider
    return [*parts, (first, len(boxes) - 1)]


def _frame(piece: Piece, segments: Streets) -> list[Point]:
    """The points (lon, lat) of a piece that must be seen: drives between may leave the map."""
    rows = (segments.get(segment) for segment, _ in piece.served)
    return [piece.mark[1:], *((p[0], p[1]) for row in rows if row is not None for p in row.geometry)]


def _box(frame: list[Point], segments: Streets) -> Box:
    """West, south, east, north in metres."""
    points = [segments.at(lon, lat) for lon, lat in frame]
    east, north = [x for x, _ in points], [y for _, y in points]
    return min(east), min(north), max(east), max(north)


def _union(boxes: Sequence[Box]) -> Box:
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _scale(box: Box, height: float) -> float:
    """Map units a metre of a map that shows the box."""
    west, south, east, north = box
    return min((WIDTH - 2 * MARGIN) / max(1.0, east - west), (height - 2 * MARGIN) / max(1.0, north - south))
