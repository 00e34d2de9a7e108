"""Importing files into the city: first every file is read, then all of them are applied in one transaction.

Reading needs no database. Applying goes from streets to crews, whatever the order of the files, so that each may
refer to the ones before. With faults nothing is to be kept: the caller rolls the transaction back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shapely.geometry import MultiPoint
from sqlmodel import Session, select

from dispatch.city import people_import, places_import
from dispatch.city.faults import Faults
from dispatch.city.files import Entry, csv_header, looks_like_json, read_features, read_rows, read_text
from dispatch.city.store import get_city, upsert_rows
from dispatch.city.streets_import import Naming, replace_districts, store_streets
from dispatch.places import place_index
from models.errors import Refused
from models.tables.city import (
    AlertAreaConfig,
    Container,
    Crew,
    District,
    Facility,
    Segment,
    Shift,
    Station,
    Vehicle,
    Worker,
)
from routing.streets.osm import BadStreets, OsmStreets, is_pbf, read_osm

KINDS = ("streets", "districts", "areas", "facilities", "stations", "shifts", "vehicles", "crews")
"""In the order of applying."""
GEO_KINDS = frozenset({"districts", "areas", "facilities", "stations"})
HULL_MARGIN_DEG = 0.01
"""How far (about a kilometre) the area of a geocode reaches beyond the outermost streets."""


@dataclass(slots=True)
class Input:
    """One file as read."""

    path: Path
    kind: str
    faults: Faults
    entries: list[Entry] = field(default_factory=list)
    streets: OsmStreets | None = None
    stored: int = 0
    """Rows stored by applying it."""


def read_input(path: Path, kind: str = "auto") -> Input:
    """Read one file. Its kind is told by its content unless named.

    Raises Refused for a file that as a whole cannot be used: missing, truncated, of no known kind.
    """
    if kind not in ("auto", *KINDS):
        raise Refused("bad_kind", f"--kind {kind}: unknown; give auto or one of {', '.join(KINDS)}")
    if not path.is_file():
        raise Refused("no_file", f"{path}: no such file")
    faults = Faults(str(path))
    if kind == "streets" or (kind == "auto" and (is_pbf(path) or path.suffix == ".pbf")):
        try:
            return Input(path, "streets", faults, streets=read_osm(path))
        except BadStreets as error:
            raise Refused("bad_streets", str(error)) from error
    text = read_text(path)
    if looks_like_json(text):
        return _read_geo(path, kind, text, faults)
    return _read_csv(path, kind, text, faults)


def _read_geo(path: Path, kind: str, text: str, faults: Faults) -> Input:
    entries = read_features(path, text, faults)
    found = places_import.kind_of_features(entries) if kind == "auto" else kind
    if found not in GEO_KINDS:
        if kind != "auto":
            raise Refused("bad_kind", f"{path}: GeoJSON cannot be {kind}; that is CSV")
        names = ", ".join(sorted(GEO_KINDS))
        raise Refused("unknown_kind", f"{path}: cannot tell what these features are; add --kind with one of {names}")
    places_import.note_ignored(entries, found, faults)
    return Input(path, found, faults, entries)


def _read_csv(path: Path, kind: str, text: str, faults: Faults) -> Input:
    found = people_import.kind_of_columns(csv_header(text)) if kind == "auto" else kind
    if found not in people_import.COLUMNS:
        raise Refused(
            "unknown_kind",
            f"{path}: not a pbf, GeoJSON, or CSV of {', '.join(people_import.COLUMNS)}; see docs/IMPORT.md",
        )
    known, required = people_import.COLUMNS[found]
    return Input(path, found, faults, read_rows(path, text, known, required, faults))


def apply_inputs(session: Session, inputs: Sequence[Input], naming: Naming) -> None:
    """Store all inputs in the session's transaction. Faults are on each input; with any, roll back.

    Raises Refused when there is no city to import into, or another one.
    """
    for item in sorted(inputs, key=lambda i: KINDS.index(i.kind)):
        if item.streets is not None:
            item.stored = store_streets(session, item.streets, naming, item.path.name.split(".")[0], item.faults)
            continue
        get_city(session)
        if item.kind in GEO_KINDS:
            _apply_geo(session, item)
        else:
            _apply_csv(session, item)


def _apply_geo(session: Session, item: Input) -> None:
    if item.kind == "districts":
        districts = places_import.parse_districts(item.entries, item.faults)
        item.stored = replace_districts(session, districts, item.faults) if districts else 0
    elif item.kind == "areas":
        item.stored = upsert_rows(session, AlertAreaConfig, places_import.parse_areas(item.entries, item.faults))
    elif item.kind == "facilities":
        rows = places_import.parse_facilities(item.entries, place_index(session), item.faults)
        item.stored = upsert_rows(session, Facility, rows)
    else:
        names = dict(session.exec(select(Segment.id, Segment.name)).all())
        stations, containers = places_import.parse_stations(item.entries, place_index(session), names, item.faults)
        item.stored = upsert_rows(session, Station, stations)
        upsert_rows(session, Container, containers)


def _apply_csv(session: Session, item: Input) -> None:
    known = people_import.Known(
        depots={r.id: r.district for r in session.exec(select(Facility).where(Facility.kind == "depot")).all()},
        districts=set(session.exec(select(District.code)).all()),
        shifts=set(session.exec(select(Shift.id)).all()),
        vehicles=set(session.exec(select(Vehicle.id)).all()),
    )
    if item.kind == "shifts":
        item.stored = upsert_rows(session, Shift, people_import.parse_shifts(item.entries, item.faults))
    elif item.kind == "vehicles":
        item.stored = upsert_rows(session, Vehicle, people_import.parse_vehicles(item.entries, known, item.faults))
    else:
        crews, workers = people_import.parse_crews(item.entries, known, item.faults)
        item.stored = upsert_rows(session, Crew, crews)
        upsert_rows(session, Worker, workers)


def add_geocode(session: Session, geocode: str) -> AlertAreaConfig:
    """Make a geocode ours, with the hull of all streets as its polygon."""
    city = get_city(session)
    points = [point for line in session.exec(select(Segment.geometry)).all() for point in line]
    hull = MultiPoint(points).convex_hull.buffer(HULL_MARGIN_DEG, 2)
    ring = [[round(lon, 6), round(lat, 6)] for lon, lat in hull.exterior.coords]
    area = AlertAreaConfig(id=f"geocode-{geocode}", name=city.name, geocodes=[geocode], polygon=ring)
    upsert_rows(session, AlertAreaConfig, [area])
    return area
