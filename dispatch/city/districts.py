"""Which district a place is in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from shapely.geometry import Point, Polygon
from shapely.prepared import prep

from models.tables.city import District

WHOLE_CITY = "ALL"
"""The one district of a city that has none."""


class DistrictIndex:
    """Finds the district of a point: the first (by code) that covers it, else the nearest, else ALL."""

    def __init__(self, districts: Sequence[District]) -> None:
        with_shape = sorted((row for row in districts if len(row.polygon) >= 4), key=lambda row: row.code)
        self._shapes = [(row.code, Polygon(row.polygon)) for row in with_shape]
        self._prepared = [(code, prep(shape)) for code, shape in self._shapes]
        bare = sorted(row.code for row in districts if len(row.polygon) < 4)
        self._default = bare[0] if bare else WHOLE_CITY

    def of(self, lon: float, lat: float) -> str:
        """Code of the district of a point in degrees."""
        point = Point(lon, lat)
        for code, shape in self._prepared:
            if shape.covers(point):
                return code
        if not self._shapes:
            return self._default
        return min(self._shapes, key=lambda entry: (entry[1].distance(point), entry[0]))[0]


def midpoint(geometry: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The point halfway along a line of [lon, lat], in degrees (near enough for a street's length)."""
    steps = [
        ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        for (ax, ay), (bx, by) in itertools.pairwise(geometry)
    ]  # fmt: skip
    left = sum(steps) / 2
    for (a, b), step in zip(itertools.pairwise(geometry), steps, strict=True):
        if step and left <= step:
            share = left / step
            return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
        left -= step
    return geometry[0][0], geometry[0][1]
