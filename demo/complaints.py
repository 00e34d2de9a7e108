"""What people of the demo city complain about: kinds, words, places and times. One complaint comes twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from demo.spans import LonLat, distance_m

APART_M = 200.0
"""Complaints of one kind are no nearer to each other than this, but for the one that comes twice."""
TWICE_AT = timedelta(hours=10, minutes=5)
AGAIN_AFTER = timedelta(minutes=12)
NEAR_DEG = 0.00012
"""The second report's pin lies some 11 m further east."""
MAX_TRIES = 500

PLAN: tuple[tuple[str, float, float, int], ...] = (
    ("overflow", 7.0, 21.0, 4),
    ("litter", 7.0, 12.0, 4),
    ("litter", 14.0, 21.0, 3),
    ("debris", 8.0, 18.0, 3),
    ("oily", 8.0, 19.0, 2),
    ("other", 9.0, 20.0, 2),
    ("snow", 23.6, 25.5, 2),
    ("ice", 24.5, 30.5, 3),
    ("snow", 30.5, 34.0, 4),
    ("overflow", 31.0, 44.0, 4),
    ("litter", 32.0, 44.0, 4),
    ("debris", 32.0, 42.0, 2),
    ("oily", 33.0, 42.0, 1),
    ("other", 32.5, 43.0, 2),
)
"""(kind, from hour, to hour after the first midnight, how many)."""
WORDS = {
    "overflow": ("{street}的垃圾桶满了，垃圾堆到地上了", "{street}投放点满溢，请尽快清运"),
    "litter": ("{street}路边有成袋的垃圾没人收", "{street}人行道上垃圾很多"),
    "debris": ("{street}路边倒了一堆建筑垃圾", "{street}有装修垃圾占道"),
    "ice": ("{street}路面结冰，电动车滑倒了", "{street}路口有暗冰，请撒盐"),
    "snow": ("{street}积雪没清，车子打滑", "{street}的雪堵住了小区出口"),
    "oily": ("{street}路面有大片油污", "{street}饭店门口地面全是油"),
    "other": ("{street}的果皮箱门坏了", "{street}的公厕门口灯不亮"),
}
AGAIN_WORDS = "还是{street}那边，垃圾袋堆在路边，有味道，没有人来"
STREET_KINDS = ("ice", "snow")
"""Complained of on main and secondary streets, where the response works."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place people speak of: a street's middle or a station (`road_class` "")."""

    lon: float
    lat: float
    name: str
    road_class: str


def complaints(random: Random, spots: Sequence[Spot], midnight: datetime) -> list[tuple[datetime, dict[str, object]]]:
    """Every complaint as (time, line), in the order of PLAN; none without spots of its kind."""
    taken: dict[str, list[LonLat]] = {}
    found: list[tuple[datetime, dict[str, object]]] = []
    for kind, first_h, last_h, count in PLAN:
        for _ in range(count):
            spot = _spot(random, kind, spots, taken)
            at = midnight + timedelta(seconds=random.randint(round(first_h * 3600), round(last_h * 3600)))
            if spot is not None:
                found.append((at, _line(kind, spot, random.choice(WORDS[kind]), len(found))))
    twice = _spot(random, "litter", spots, taken)
    if twice is not None:
        first = midnight + TWICE_AT
        found.append((first, _line("litter", twice, WORDS["litter"][0], len(found))))
        near = Spot(round(twice.lon + NEAR_DEG, 6), twice.lat, twice.name, twice.road_class)
        found.append((first + AGAIN_AFTER, _line("litter", near, AGAIN_WORDS, len(found))))
    return found


def _spot(random: Random, kind: str, spots: Sequence[Spot], taken: dict[str, list[LonLat]]) -> Spot | None:
    if kind in STREET_KINDS:
        fitting = [spot for spot in spots if spot.road_class in ("main", "secondary")]
    elif kind == "overflow":
        fitting = [spot for spot in spots if not spot.road_class]
    else:
        fitting = [spot for spot in spots if spot.road_class]
    used = taken.setdefault(kind, [])
    for _ in range(MAX_TRIES if fitting else 0):
        spot = random.choice(fitting)
        if all(distance_m((spot.lon, spot.lat), other) > APART_M for other in used):
            used.append((spot.lon, spot.lat))
            return spot
    return None


def _line(kind: str, spot: Spot, words: str, number: int) -> dict[str, object]:
    return {
        "type": "complaint.received",
        "id": f"demo-{number:03d}",
        "kind": kind,
        "lon": spot.lon,
        "lat": spot.lat,
        "text": words.format(street=spot.name or "小区"),
        "channel": "12345",
    }
