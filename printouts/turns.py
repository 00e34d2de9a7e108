"""Turn directions from street geometry.

Headings are degrees clockwise from north, measured over the last (first) metres of a segment so that a kink at the
junction itself does not decide.
"""

from __future__ import annotations

import itertools
import math

LOOK_M = 15.0
"""How far from the junction a heading is taken."""
STRAIGHT_DEG = 30.0
SLIGHT_DEG = 55.0
TURN_DEG = 130.0
SHARP_DEG = 168.0
METRES_PER_DEGREE = 111_320.0

TURNS = ("start", "straight", "slight_left", "left", "sharp_left", "slight_right", "right", "sharp_right", "u_turn")

Point = tuple[float, float]


def metres(lon: float, lat: float, lat0: float) -> Point:
    """Local plane (east, north) in metres: good to 0.1 % over a city."""
    return lon * METRES_PER_DEGREE * math.cos(math.radians(lat0)), lat * METRES_PER_DEGREE


def plane(geometry: list[list[float]], forward: bool) -> list[Point]:
    """A segment's [lon, lat] points in driving order, in metres."""
    lat0 = geometry[0][1]
    points = [metres(p[0], p[1], lat0) for p in geometry]
    return points if forward else points[::-1]


def heading_in(points: list[Point]) -> float:
    """Heading with which a line is entered, over its first LOOK_M metres."""
    return _heading(points[0], _along(points, LOOK_M))


def heading_out(points: list[Point]) -> float:
    """Heading with which a line is left, over its last LOOK_M metres."""
    return _heading(_along(points[::-1], LOOK_M), points[-1])


def turn_between(before: float, after: float) -> str:
    """The turn from one heading to the next; positive angles are to the right."""
    angle = (after - before + 180.0) % 360.0 - 180.0
    side = "right" if angle > 0 else "left"
    size = abs(angle)
    if size < STRAIGHT_DEG:
        return "straight"
    if size < SLIGHT_DEG:
        return f"slight_{side}"
    if size < TURN_DEG:
        return side
    return f"sharp_{side}" if size < SHARP_DEG else "u_turn"


def _heading(a: Point, b: Point) -> float:
    return math.degrees(math.atan2(b[0] - a[0], b[1] - a[1])) % 360.0


def _along(points: list[Point], distance_m: float) -> Point:
    """The point that far along the line, or its end."""
    left = distance_m
    for a, b in itertools.pairwise(points):
        step = math.dist(a, b)
        if step >= left and step > 0:
            share = left / step
            return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
        left -= step
    return points[-1]
