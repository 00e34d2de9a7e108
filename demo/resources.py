"""Vehicles, crews and workers of a generated fleet. Names are roles and numbers; telephone numbers stay empty."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.tables.city import Crew, Shift, Vehicle, Worker

SHIFTS = (
    Shift(id="D", name="早班", name_en="Day", start_min=360, end_min=840),
    Shift(id="E", name="中晚班", name_en="Evening", start_min=840, end_min=1440),
    Shift(id="N", name="除雪夜班", name_en="Snow night", start_min=960, end_min=1920),
    Shift(id="M", name="除雪早集结", name_en="Snow muster", start_min=300, end_min=660),
)
"""D 06:00–14:00, E 14:00–24:00, N 16:00–08:00 of the next day (two drivers take turns), M 05:00–11:00 on foot."""
SPREADER_ONLY_EVERY = 6
"""Every sixth spreader has no plough."""
FOOT_CREW_SIZE = 8


@dataclass(frozen=True, slots=True)
class FleetSize:
    """How many vehicles of each kind and crews on foot the whole city has."""

    spreaders: int
    compactors: int
    sweepers: int
    water_trucks: int
    foot_crews: int


@dataclass(slots=True)
class FleetRows:
    """The rows of a fleet, each list by id."""

    vehicles: list[Vehicle] = field(default_factory=list)
    crews: list[Crew] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)


def apportion(total: int, weights: Mapping[str, float], least: int = 1) -> dict[str, int]:
    """`total` shared out by weight (largest remainder, ties by key), every key at least `least` while it lasts."""
    keys = sorted(weights)
    shares = dict.fromkeys(keys, 0)
    for key in keys[: total // max(1, least)] if least else []:
        shares[key] = least
    rest = total - sum(shares.values())
    whole = sum(weights.values()) or 1.0
    ideal = {key: total * weights[key] / whole for key in keys}
    for _ in range(rest):
        key = max(keys, key=lambda k: (ideal[k] - shares[k], k))
        shares[key] += 1
    return shares


def make_fleet(
    chance: random.Random,
    size: FleetSize,
    depots: Mapping[str, str],
    snow_weights: Mapping[str, float],
    waste_weights: Mapping[str, float],
) -> FleetRows:
    """The fleet, shared out to districts. `depots` is district → facility id; weights are by district."""
    rows = FleetRows()
    plan = (
        ("S", size.spreaders, snow_weights),
        ("C", size.compactors, waste_weights),
        ("SW", size.sweepers, snow_weights),
        ("WT", size.water_trucks, snow_weights),
    )
    for letter, count, weights in plan:
        number = 0
        for district, share in apportion(count, weights).items():
            for _ in range(share):
                number += 1
                vehicle = _vehicle(letter, number, district, depots[district], chance)
                rows.vehicles.append(vehicle)
                _crew_vehicle(rows, vehicle)
    number = 0
    for district, share in apportion(size.foot_crews, snow_weights).items():
        for _ in range(share):
            number += 1
            _foot_crew(rows, number, district, depots[district])
    rows.vehicles.sort(key=lambda row: row.id)
    rows.crews.sort(key=lambda row: row.id)
    rows.workers.sort(key=lambda row: row.id)
    return rows


def _vehicle(letter: str, number: int, district: str, depot: str, chance: random.Random) -> Vehicle:
    id_, plate = f"{letter}-{number:02d}", f"DEMO-{letter}{number:02d}"
    base: dict[str, Any] = {"id": id_, "plate": plate, "district": district, "depot": depot}
    if letter == "S":
        salt = chance.choice((5000, 6000, 6000, 7000))
        if number % SPREADER_ONLY_EVERY == 0:
            return Vehicle(**base, kind="spreader", salt_kg=salt, skills=["salting"])
        return Vehicle(**base, kind="combi", salt_kg=salt, skills=["salting", "ploughing"])
    if letter == "C":
        return Vehicle(**base, kind="compactor", waste_kg=6000, skills=["collection"], work_kmh=20)
    if letter == "SW":
        return Vehicle(**base, kind="sweeper", water_l=2000, skills=["sweeping"], work_kmh=8)
    return Vehicle(**base, kind="water", water_l=12000, skills=["washing", "watering"], work_kmh=15)


CREWS_OF = {
    "S": (("N", ("driver", "driver")),),
    "C": (("D", ("driver", "loader", "loader")), ("E", ("driver", "loader", "loader"))),
    "SW": (("D", ("driver",)),),
    "WT": (("D", ("driver",)),),
}
"""Shifts of each kind of vehicle and who is aboard."""
ROLE_NAMES = {"driver": "驾驶员", "loader": "装卸工", "sweeper": "环卫工", "supervisor": "班长"}


def _crew_vehicle(rows: FleetRows, vehicle: Vehicle) -> None:
    letter = vehicle.id.rpartition("-")[0]
    names = {shift.id: shift for shift in SHIFTS}
    for shift, roles in CREWS_OF[letter]:
        crew = Crew(
            id=f"{vehicle.id}-{shift}",
            name=f"{vehicle.id} {names[shift].name}",
            name_en=f"{vehicle.id} {names[shift].name_en}",
            district=vehicle.district,
            shift=shift,
            size=len(roles),
            depot=vehicle.depot,
            vehicle=vehicle.id,
        )
        rows.crews.append(crew)
        _add_workers(rows, crew, roles)


def _foot_crew(rows: FleetRows, number: int, district: str, depot: str) -> None:
    crew = Crew(
        id=f"M-{number:02d}",
        name=f"人工班 {number:02d}",
        name_en=f"Foot crew {number:02d}",
        district=district,
        shift="M",
        size=FOOT_CREW_SIZE,
        depot=depot,
    )
    rows.crews.append(crew)
    _add_workers(rows, crew, ("supervisor", *["sweeper"] * (FOOT_CREW_SIZE - 1)))


def _add_workers(rows: FleetRows, crew: Crew, roles: tuple[str, ...]) -> None:
    seen: dict[str, int] = {}
    many = {role: roles.count(role) for role in roles}
    tag = crew.id.replace("-", "")
    for position, role in enumerate(roles, start=1):
        seen[role] = seen.get(role, 0) + 1
        suffix = f"-{seen[role]}" if many[role] > 1 else ""
        worker = Worker(id=f"{crew.id}-{position}", name=f"{ROLE_NAMES[role]} {tag}{suffix}", crew=crew.id, role=role)
        rows.workers.append(worker)
