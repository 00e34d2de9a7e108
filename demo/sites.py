"""Good places on a street network: nodes by kind of street, chosen near a wish or spread out."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dispatch.city.districts import DistrictIndex
from models.tables.city import Segment

METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Site:
    """A node where something can stand. `classes` are the classes of its streets, `street` the largest one's name."""

    node: str
    lon: float
    lat: float
    district: str
    classes: frozenset[str]
    street: str
    street_en: str

    def distance_m(self, lon: float, lat: float) -> float:
        """Metres to a point, as the crow flies."""
        dx = (self.lon - lon) * METRES_PER_DEGREE * math.cos(math.radians(lat))
        return math.hypot(dx, (self.lat - lat) * METRES_PER_DEGREE)


ORDER = ("main", "secondary", "lane")
NOT_STOPPING = frozenset({"motorway", "trunk", "motorway_link", "trunk_link", "primary_link", "secondary_link"})


def sites_of(segments: Sequence[Segment], districts: DistrictIndex) -> list[Site]:
    """Every node that is not on a bridge, a ramp or an expressway, by node id."""
    at: dict[str, list[Segment]] = defaultdict(list)
    place: dict[str, list[float]] = {}
    for row in segments:
        for node, point in ((row.from_node, row.geometry[0]), (row.to_node, row.geometry[-1])):
            at[node].append(row)
            place[node] = point
    found = []
    for node in sorted(at):
        rows = sorted(at[node], key=lambda row: (ORDER.index(row.road_class), not row.name, row.id))
        if any(row.bridge or row.ramp or row.highway in NOT_STOPPING for row in rows):
            continue
        lon, lat = place[node]
        classes = frozenset(row.road_class for row in rows)
        found.append(Site(node, lon, lat, districts.of(lon, lat), classes, rows[0].name, rows[0].name_en))
    return found


def nearest(sites: Sequence[Site], lon: float, lat: float, good: Callable[[Site], bool]) -> Site:
    """The good site nearest to a wish; the nearest of all where none is good. `sites` is not empty."""
    chosen = [site for site in sites if good(site)] or list(sites)
    return min(chosen, key=lambda site: (site.distance_m(lon, lat), site.node))


def spread(sites: Sequence[Site], count: int, apart_m: float, chance: random.Random) -> list[Site]:
    """Up to `count` sites at least `apart_m` from each other; the distance is halved until enough fit (5 times)."""
    order = sorted(sites, key=lambda site: site.node)
    chance.shuffle(order)
    chosen: list[Site] = []
    for _ in range(5):
        for site in order:
            if len(chosen) == count:
                return chosen
            if all(site.distance_m(other.lon, other.lat) >= apart_m for other in chosen):
                chosen.append(site)
        apart_m /= 2
    return chosen


def moved(lon: float, lat: float, metres: float, angle: float) -> tuple[float, float]:
    """A point some metres off, seven digits."""
    east, north = metres * math.cos(angle), metres * math.sin(angle)
    return (
        round(lon + east / (METRES_PER_DEGREE * math.cos(math.radians(lat))), 7),
        round(lat + north / METRES_PER_DEGREE, 7),
    )


def middle(sites: Sequence[Site]) -> tuple[float, float]:
    """Mean position of sites."""
    return sum(s.lon for s in sites) / len(sites), sum(s.lat for s in sites) / len(sites)
