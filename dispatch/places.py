"""Where things are: the nearest street, node and district of a point. An index over the stored streets, cached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import LineString, Point
from sqlmodel import Session, select

from models.tables.city import City, Segment

METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Place:
    """The street nearest to a point, the nearer of its end nodes, its district, and how far off it is."""

    segment: str
    node: str
    district: str
    distance_m: float


class PlaceIndex:
    """STRtree over segment lines in local metres."""

    def __init__(self, segments: list[Segment]) -> None:
        first = segments[0].geometry[0] if segments else [0.0, 0.0]
        self._lon_m = METRES_PER_DEGREE * math.cos(math.radians(first[1]))
        self._rows = segments
        self._lines = [LineString([self._metres(x, y) for x, y in row.geometry]) for row in segments]
        self._tree = shapely.STRtree(self._lines)

    def _metres(self, lon: float, lat: float) -> tuple[float, float]:
        return lon * self._lon_m, lat * METRES_PER_DEGREE

    def nearest(self, lon: float, lat: float) -> Place | None:
        """The nearest street, None in a city without streets. Ties go to the smaller segment id."""
        if not self._rows:
            return None
        point = Point(self._metres(lon, lat))
        found = [int(i) for i in self._tree.query_nearest(point)]
        best = min(found, key=lambda i: self._rows[i].id)
        row, line = self._rows[best], self._lines[best]
        node = row.from_node if line.project(point) <= line.length / 2 else row.to_node
        return Place(row.id, node, row.district, float(line.distance(point)))


_CACHE: dict[str, PlaceIndex] = {}


def place_index(session: Session) -> PlaceIndex:
    """The index of the stored city; rebuilt when the network changes. One city is kept."""
    city: Any = session.exec(select(City)).first()
    key = city.network_hash if city is not None else ""
    if key not in _CACHE or not key:
        _CACHE.clear()
        rows = list(session.exec(select(Segment).order_by(Segment.id)).all())
        for row in rows:
            session.expunge(row)  # outlives this session: a rollback must not expire it
        _CACHE[key] = PlaceIndex(rows)
    return _CACHE[key]


def distance_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Flat-earth distance between two near points."""
    dx = (lon_a - lon_b) * METRES_PER_DEGREE * math.cos(math.radians((lat_a + lat_b) / 2))
    return math.hypot(dx, (lat_a - lat_b) * METRES_PER_DEGREE)


def box(lon: float, lat: float, radius_m: float) -> tuple[float, float, float, float]:
    """West, south, east and north of all that is within a radius of a place: what a database looks through first."""
    north_d = radius_m / METRES_PER_DEGREE
    east_d = north_d / max(0.01, math.cos(math.radians(abs(lat) + north_d)))
    return lon - east_d, lat - north_d, lon + east_d, lat + north_d
