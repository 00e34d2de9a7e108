"""CSV rows as shifts, vehicles, crews and their workers."""

from __future__ import annotations

from dataclasses import dataclass, field

from dispatch.city.faults import Faults
from dispatch.city.files import Entry, Values
from models.tables.city import Crew, Shift, Vehicle, Worker

VEHICLE_KINDS = ("spreader", "plough", "combi", "compactor", "sweeper", "water")
SKILLS = ("salting", "ploughing", "collection", "sweeping", "washing", "watering", "spots")
SKILLS_OF = {
    "spreader": ["salting"],
    "plough": ["ploughing"],
    "combi": ["salting", "ploughing"],
    "compactor": ["collection"],
    "sweeper": ["sweeping"],
    "water": ["washing", "watering"],
}
"""What a vehicle can do when its row does not say."""
ROLES = ("driver", "loader", "sweeper", "supervisor")
COLUMNS = {
    "shifts": (frozenset({"id", "name", "name_en", "start", "end"}), frozenset({"id", "start", "end"})),
    "vehicles": (
        frozenset(
            {
                "id",
                "plate",
                "kind",
                "district",
                "depot",
                "salt_kg",
                "waste_kg",
                "water_l",
                "skills",
                "work_kmh",
                "drive_kmh",
            }
        ),
        frozenset({"id", "kind", "depot"}),
    ),
    "crews": (
        frozenset({"id", "name", "name_en", "district", "shift", "size", "depot", "vehicle", "workers"}),
        frozenset({"id", "shift", "depot"}),
    ),
}
"""Kind → (columns known, columns required)."""


@dataclass(slots=True)
class Known:
    """What rows may refer to: depots with their district, and the ids of districts, shifts and vehicles."""

    depots: dict[str, str] = field(default_factory=dict)
    districts: set[str] = field(default_factory=set)
    shifts: set[str] = field(default_factory=set)
    vehicles: set[str] = field(default_factory=set)


def kind_of_columns(header: frozenset[str]) -> str:
    """shifts, vehicles or crews by the columns; empty when it cannot be told."""
    if {"start", "end"} <= header:
        return "shifts"
    if "shift" in header:
        return "crews"
    return "vehicles" if {"kind", "depot"} <= header else ""


def _fresh_id(entry: Entry, values: Values, seen: set[str], what: str, faults: Faults) -> str:
    """The entry's id; empty, and a fault, when it has none or it came before."""
    id_ = values.text("id")
    if not id_:
        entry.fault(faults, f"a {what} needs an id")
    elif id_ in seen:
        entry.fault(faults, f"{what} {id_!r} comes twice")
        return ""
    seen.add(id_)
    return id_


def parse_shifts(entries: list[Entry], faults: Faults) -> list[Shift]:
    """Shifts by clock times `start` and `end`; an end not after the start is on the next day."""
    rows: list[Shift] = []
    seen: set[str] = set()
    for entry in entries:
        values = Values(entry, faults)
        id_ = _fresh_id(entry, values, seen, "shift", faults)
        start, end = values.clock("start"), values.clock("end")
        if start is None or end is None or not id_:
            continue
        rows.append(
            Shift(
                id=id_,
                name=values.text("name", default=id_),
                name_en=values.text("name_en"),
                start_min=start,
                end_min=end if end > start else end + 1440,
            )
        )
    return rows


def parse_vehicles(entries: list[Entry], known: Known, faults: Faults) -> list[Vehicle]:
    """Vehicles. The district is the depot's where none is given."""
    rows: list[Vehicle] = []
    seen: set[str] = set()
    for entry in entries:
        values = Values(entry, faults)
        id_ = _fresh_id(entry, values, seen, "vehicle", faults)
        kind = values.choice("kind", VEHICLE_KINDS)
        depot, district = _home(values, known)
        skills = values.text("skills").replace(";", " ").replace(",", " ").split() or SKILLS_OF.get(kind, [])
        for skill in skills:
            if skill not in SKILLS:
                entry.fault(faults, f"skill {skill!r} is unknown; give {', '.join(SKILLS)}")
        row = Vehicle(
            id=id_,
            plate=values.text("plate", default=id_),
            kind=kind,
            district=district,
            depot=depot,
            salt_kg=values.whole("salt_kg", 0, 0, 40_000),
            waste_kg=values.whole("waste_kg", 0, 0, 40_000),
            water_l=values.whole("water_l", 0, 0, 40_000),
            skills=list(skills),
            work_kmh=values.whole("work_kmh", 25, 1, 80),
            drive_kmh=values.whole("drive_kmh", 40, 1, 120),
        )
        if {"salting", "ploughing"} & set(skills) and row.salt_kg == 0:
            entry.fault(faults, "salt_kg is 0; a vehicle that salts or ploughs needs its load")
        if "collection" in skills and row.waste_kg == 0:
            entry.fault(faults, "waste_kg is 0; a vehicle that collects needs its load")
        if id_:
            rows.append(row)
    return rows


def _home(values: Values, known: Known) -> tuple[str, str]:
    depot = values.text("depot")
    values.given("depot", depot)
    values.known("depot", depot, known.depots.__contains__, "depot")
    district = values.text("district", default=known.depots.get(depot, ""))
    values.known("district", district, known.districts.__contains__, "district")
    return depot, district


def parse_crews(entries: list[Entry], known: Known, faults: Faults) -> tuple[list[Crew], list[Worker]]:
    """Crews; without `vehicle` they go on foot. `workers` is `role:name` parted by semicolons, else nameless ones."""
    crews: list[Crew] = []
    workers: list[Worker] = []
    seen: set[str] = set()
    for entry in entries:
        values = Values(entry, faults)
        id_ = _fresh_id(entry, values, seen, "crew", faults)
        depot, district = _home(values, known)
        shift, vehicle = values.text("shift"), values.text("vehicle")
        values.known("shift", shift, known.shifts.__contains__, "shift")
        values.known("vehicle", vehicle, known.vehicles.__contains__, "vehicle")
        if not id_:
            continue
        people = [part.strip() for part in values.text("workers").split(";") if part.strip()]
        size = values.whole("size", len(people) or 1, 1, 100)
        crews.append(
            Crew(
                id=id_,
                name=values.text("name", default=id_),
                name_en=values.text("name_en"),
                district=district,
                shift=shift,
                size=size,
                depot=depot,
                vehicle=vehicle,
            )
        )
        if not people:
            lead = "driver" if vehicle else "supervisor"
            people = [lead, *["loader" if vehicle else "sweeper"] * (size - 1)]
        if len(people) != size:
            entry.fault(faults, f"size is {size} but {len(people)} workers are listed")
        for number, text in enumerate(people, 1):
            role, _, name = text.partition(":")
            if role not in ROLES:
                entry.fault(faults, f"role {role!r} is unknown; give {', '.join(ROLES)}")
            worker = Worker(id=f"{id_}-{number}", name=name.strip() or f"{role} {id_}-{number}", crew=id_, role=role)
            workers.append(worker)
    return crews, workers
