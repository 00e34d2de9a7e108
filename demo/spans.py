"""What a simulated truck does, piece by piece: drive, serve a street, stand. Each span knows where it is at any time.

Times are whole milliseconds since 1970 (UTC), lengths metres on a plane around each span's first point.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

METRES_PER_DEGREE = 111_320.0
TURN_DEG = 25.0
"""A bend of more than this is worth a fix."""
SAME_PLACE_M = 0.5

LonLat = tuple[float, float]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(at: datetime) -> int:
    """Whole milliseconds since 1970 of an aware time."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def to_datetime(ms: int) -> datetime:
    """Inverse of `to_ms`."""
    return _EPOCH + timedelta(milliseconds=ms)


def distance_m(a: LonLat, b: LonLat) -> float:
    """Metres between two places of one city."""
    x = (b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return METRES_PER_DEGREE * math.hypot(x, b[1] - a[1])


def heading_deg(a: LonLat, b: LonLat) -> float:
    """Compass heading from one place to another, [0, 360)."""
    x = (b[0] - a[0]) * math.cos(math.radians(a[1]))
    return math.degrees(math.atan2(x, b[1] - a[1])) % 360.0


@dataclass(frozen=True, slots=True)
class Span:
    """From `from_ms` to `to_ms` along `points` at a constant speed (one point: standing) with `tools` at work.

    `speed_m_ms` is metres a millisecond; a part of a span keeps it, so it is where the whole was. `marks[i]` are the
    metres driven at point i. `nodes` are (metres, network node) passed on the way.
    """

    from_ms: int
    to_ms: int
    points: tuple[LonLat, ...]
    marks: tuple[float, ...]
    speed_m_ms: float
    tools: str
    nodes: tuple[tuple[float, int], ...] = ()

    @property
    def moving(self) -> bool:
        """True when it leads anywhere."""
        return len(self.points) > 1

    @property
    def speed_kmh(self) -> float:
        """0 when standing."""
        return self.speed_m_ms * 3600.0

    def metres_at(self, ms: int) -> float:
        """Metres driven at a time, clamped to the span."""
        return min(self.marks[-1], max(0.0, (ms - self.from_ms) * self.speed_m_ms))

    def time_of(self, metres: float) -> int:
        """When so many metres are driven."""
        return self.from_ms + (round(metres / self.speed_m_ms) if self.speed_m_ms else 0)

    def place_at(self, ms: int) -> tuple[LonLat, float | None]:
        """Where the truck is and which way it points (None when standing)."""
        return self._place_of(self.metres_at(ms)) if self.moving else (self.points[0], None)

    def _place_of(self, metres: float) -> tuple[LonLat, float]:
        i = min(max(bisect_right(self.marks, metres) - 1, 0), len(self.points) - 2)
        (lon, lat), (lon2, lat2) = self.points[i], self.points[i + 1]
        long = self.marks[i + 1] - self.marks[i]
        share = (metres - self.marks[i]) / long if long else 0.0
        place = (lon + (lon2 - lon) * share, lat + (lat2 - lat) * share)
        return place, heading_deg(self.points[i], self.points[i + 1])

    def turns_ms(self) -> list[int]:
        """When it passes a bend of more than TURN_DEG."""
        found = []
        for i in range(1, len(self.points) - 1):
            before = heading_deg(self.points[i - 1], self.points[i])
            after = heading_deg(self.points[i], self.points[i + 1])
            if bend_deg(before, after) > TURN_DEG:
                found.append(self.time_of(self.marks[i]))
        return found

    def next_node(self, ms: int) -> tuple[float, int] | None:
        """The (metres, node) it comes to next, None when there is none."""
        i = bisect_left(self.nodes, (self.metres_at(ms), -1))
        return self.nodes[i] if i < len(self.nodes) else None

    def cut(self, metres: float) -> Span:
        """The part of it up to so many metres."""
        if not self.moving or metres >= self.marks[-1]:
            return self
        to_ms = self.time_of(metres)
        place, _ = self._place_of(metres)
        n = bisect_left(self.marks, metres)
        points, marks = (*self.points[:n], place), (*self.marks[:n], metres)
        nodes = tuple(entry for entry in self.nodes if entry[0] <= metres)
        return Span(self.from_ms, to_ms, points, marks, self.speed_m_ms, self.tools, nodes)

    def until(self, ms: int) -> Span:
        """The part of it up to a time."""
        if not self.moving:
            return replace(self, to_ms=min(ms, self.to_ms))
        return replace(self.cut(self.metres_at(ms)), to_ms=min(ms, self.to_ms))


def bend_deg(before: float, after: float) -> float:
    """The angle between two headings, 0 to 180."""
    return abs((after - before + 180.0) % 360.0 - 180.0)


def stand(from_ms: int, to_ms: int, place: LonLat, tools: str) -> Span:
    """Standing at a place."""
    return Span(from_ms, to_ms, (place,), (0.0,), 0.0, tools)


def travel(
    from_ms: int,
    to_ms: int,
    start: LonLat,
    lines: Sequence[tuple[Sequence[Sequence[float]], int]],
    end: LonLat | None,
    tools: str,
) -> Span:
    """From a place along lines, each (points in driving order, node it ends in), and on to an end off the streets."""
    points: list[LonLat] = [start]
    marks = [0.0]
    nodes: list[tuple[float, int]] = []

    def go(to: LonLat) -> None:
        moved = distance_m(points[-1], to)
        if moved > SAME_PLACE_M or (moved > 0 and len(points) == 1):
            points.append(to)
            marks.append(marks[-1] + moved)

    for line, node in lines:
        for point in line:
            go((point[0], point[1]))
        nodes.append((marks[-1], node))
    if end is not None:
        go(end)
    speed = marks[-1] / max(1, to_ms - from_ms)
    return Span(from_ms, to_ms, tuple(points), tuple(marks), speed, tools, tuple(nodes))


def joined_straight(before: Span, after: Span) -> bool:
    """True when one moving span goes on from another without a bend worth a fix."""
    if not (before.moving and after.moving):
        return False
    tail, head = list(pairwise(before.points))[-1], (after.points[0], after.points[1])
    return bend_deg(heading_deg(*tail), heading_deg(*head)) <= TURN_DEG


def spans_before(spans: Sequence[Span], ms: int) -> list[Span]:
    """The spans before a time, the one it falls into cut there."""
    return [span if span.to_ms <= ms else span.until(ms) for span in spans if span.from_ms < ms]
