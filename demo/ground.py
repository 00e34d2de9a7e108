"""The ground of the demo city: its outline, its water, and the bend that makes a plan look grown.

Everything is laid out on a flat plan in metres (x east, y north, centre 0,0) and only then bent and placed on the
globe. The bend is a sum of a few long waves, so straight plan lines become gently curved streets of about the
same length.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass

from shapely.geometry import LineString, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

Point = tuple[float, float]

CENTRE_LON, CENTRE_LAT = 119.45, 32.78
METRES_PER_DEGREE = 111_320.0
RADIUS_X_M, RADIUS_Y_M = 3350.0, 3150.0
"""Half axes of the built-up area."""
SQUARENESS = 2.7
"""Exponent of the superellipse: 2 is an ellipse, large is a rectangle."""
RING_GAP_M = 230.0
"""How far outside the built-up area the expressway runs."""
TURNED_RAD = 0.09
"""The whole town is turned by this much against north."""


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave of the bend: amplitude in metres, wave numbers in radians a metre, phase."""

    amplitude_x_m: float
    amplitude_y_m: float
    kx: float
    ky: float
    phase: float


@dataclass(frozen=True, slots=True)
class Ground:
    """Outline, water and bend. `great_canal` has few bridges; `canals` many; `lakes` none."""

    waves: tuple[Wave, ...]
    canals: BaseGeometry
    great_canal: BaseGeometry
    lakes: BaseGeometry
    wobble: tuple[tuple[int, float, float], ...]

    def reach(self, x: float, y: float) -> float:
        """0 at the centre, 1 at the edge of the built-up area."""
        angle = math.atan2(y, x)
        wobble = 1 + sum(a * math.sin(n * angle + p) for n, a, p in self.wobble)
        radius = (abs(x) / RADIUS_X_M) ** SQUARENESS + (abs(y) / RADIUS_Y_M) ** SQUARENESS
        return float(radius ** (1 / SQUARENESS) / wobble)

    def lonlat(self, x: float, y: float) -> Point:
        """Degrees, seven digits (a centimetre), of a plan point."""
        dx = dy = 0.0
        for wave in self.waves:
            sine = math.sin(x * wave.kx + y * wave.ky + wave.phase)
            dx += wave.amplitude_x_m * sine
            dy += wave.amplitude_y_m * sine
        east, north = x + dx, y + dy
        cos, sin = math.cos(TURNED_RAD), math.sin(TURNED_RAD)
        east, north = east * cos - north * sin, east * sin + north * cos
        lon = CENTRE_LON + east / (METRES_PER_DEGREE * math.cos(math.radians(CENTRE_LAT)))
        return round(lon, 7), round(CENTRE_LAT + north / METRES_PER_DEGREE, 7)


def degree_m(lat: float) -> Point:
    """Metres of a degree of longitude and of latitude on the WGS 84 ellipsoid (series, good to a centimetre)."""
    phi = math.radians(lat)
    lon_m = 111_412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    return lon_m, 111_132.954 - 559.822 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)


def length_m(points: list[Point]) -> float:
    """Length of a line of [lon, lat] in metres."""
    total = 0.0
    for (lon_a, lat_a), (lon_b, lat_b) in itertools.pairwise(points):
        lon_m, lat_m = degree_m((lat_a + lat_b) / 2)
        total += math.hypot((lon_b - lon_a) * lon_m, (lat_b - lat_a) * lat_m)
    return total


def make_ground(chance: random.Random) -> Ground:
    """Waves, canals and lakes of one seed."""
    waves = []
    for amplitude, length in ((150.0, 7200.0), (120.0, 5600.0), (26.0, 2300.0), (20.0, 1700.0)):
        heading = chance.uniform(0, 2 * math.pi)
        turn = chance.uniform(0, 2 * math.pi)
        number = 2 * math.pi / length
        waves.append(
            Wave(
                amplitude * math.cos(turn),
                amplitude * math.sin(turn),
                number * math.cos(heading),
                number * math.sin(heading),
                chance.uniform(0, 2 * math.pi),
            )
        )
    wobble = tuple((n, chance.uniform(0.01, 0.025), chance.uniform(0, 2 * math.pi)) for n in (2, 3, 5))
    great = LineString(_winding(chance, "x", -2680.0, 70.0)).buffer(42.0)
    across = [
        LineString(_winding(chance, "y", at + chance.uniform(-80, 80), 110.0)).buffer(13.0) for at in (1050.0, -900.0)
    ]
    along = LineString(_winding(chance, "x", 1280.0 + chance.uniform(-60, 60), 90.0)).buffer(11.0)
    shore = _winding(chance, "x", -3230.0, 60.0)
    lake = Polygon([*shore, (-6000.0, 5000.0), (-6000.0, -5000.0)])
    ponds = [_pond(chance, x, y) for x, y in ((-1100.0, 1650.0), (800.0, -1360.0), (2350.0, 520.0))]
    east = box(-2680.0, -5000.0, 6000.0, 5000.0)
    return Ground(
        tuple(waves),
        unary_union([*across, along]).intersection(east),
        great,
        unary_union([lake, *ponds]),
        wobble,
    )


def _winding(chance: random.Random, axis: str, at: float, swing: float) -> list[Point]:
    """A winding line from one side of the plan to the other, north-south for axis x."""
    phases = [(chance.uniform(0, 2 * math.pi), length) for length in (4100.0, 1900.0)]
    line = []
    for step in range(-50, 51):
        t = step * 100.0
        off = at + swing * sum(math.sin(2 * math.pi * t / length + phase) for phase, length in phases) / 2
        line.append((off, t) if axis == "x" else (t, off))
    return line


def _pond(chance: random.Random, x: float, y: float) -> Polygon:
    """An uneven round pond of about 250 m."""
    phase = chance.uniform(0, 2 * math.pi)
    wide, high = chance.uniform(190, 280), chance.uniform(150, 230)
    ring = []
    for step in range(36):
        angle = step * math.pi / 18
        bulge = 1 + 0.18 * math.sin(3 * angle + phase)
        ring.append((x + wide * bulge * math.cos(angle), y + high * bulge * math.sin(angle)))
    return Polygon(ring)
