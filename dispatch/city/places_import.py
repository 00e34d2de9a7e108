"""GeoJSON features as districts, facilities, stations and alert areas."""

from __future__ import annotations

import math
from typing import Any

from shapely.errors import GEOSException
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from dispatch.city.faults import Faults
from dispatch.city.files import Entry, Values
from dispatch.places import Place, PlaceIndex
from models.tables.city import AlertAreaConfig, Container, District, Facility, Station

FACILITY_KINDS = ("depot", "salt_store", "transfer", "hydrant", "snow_dump")
STREAMS = ("food", "residual", "recyclable", "hazardous", "mixed")
MAX_SNAP_M = 300.0
"""A station or facility farther than this from any street is a fault."""
STOP_S, CONTAINER_S, CONTAINER_KG, CONTAINER_L = 40, 20, 40, 240
"""Where a station says nothing: seconds for the stop and for each container, and what one container holds."""
STATION_MARKS = frozenset({"kg_full", "containers", "community", "streams", "litres", "service_s"})
USED = {
    "districts": {"code", "district", "id", "name", "name_en"},
    "facilities": {"id", "kind", "name", "name_en", "service_s", "bays", "open", "close"},
    "stations": {"id", "name", "name_en", "community", "kg_full", "service_s", "containers", "streams", "litres"},
    "areas": {"id", "name", "geocodes"},
}
"""The properties that are read of each kind; others are ignored and named in a note."""


def kind_of_features(entries: list[Entry]) -> str:
    """districts, areas, facilities or stations by geometry and properties; empty when it cannot be told."""
    if not entries:
        return ""
    types = {str((entry.geometry or {}).get("type", "")) for entry in entries}
    names = {name for entry in entries for name in entry.values}
    if types <= {"Polygon", "MultiPolygon"}:
        return "areas" if "geocodes" in names else "districts"
    if types == {"Point"}:
        kinds = {str(entry.values.get("kind", "")) for entry in entries}
        if kinds <= set(FACILITY_KINDS):
            return "facilities"
        if names & STATION_MARKS:
            return "stations"
    return ""


def note_ignored(entries: list[Entry], kind: str, faults: Faults) -> None:
    """One note naming the properties that were not read."""
    names = sorted({name for entry in entries for name in entry.values} - USED[kind])
    if names:
        faults.notes.append(f"ignored properties: {', '.join(names)}")


def parse_districts(entries: list[Entry], faults: Faults) -> list[District]:
    """Polygons with `code` (or `district`, `id`), `name`, `name_en`. Of several parts the largest counts."""
    rows: dict[str, District] = {}
    for entry in entries:
        values = Values(entry, faults)
        code = values.text("code", "district", "id", default=entry.feature_id)
        if not code or len(code) > 12:
            entry.fault(faults, "a district needs a `code` of at most 12 characters")
        elif code in rows:
            entry.fault(faults, f"district {code!r} comes twice")
        ring = _ring(entry, faults)
        if ring and code and code not in rows:
            name = values.text("name", default=code)
            rows[code] = District(code=code, name=name, name_en=values.text("name_en"), polygon=ring)
    return [rows[code] for code in sorted(rows)]


def parse_areas(entries: list[Entry], faults: Faults) -> list[AlertAreaConfig]:
    """Polygons with `geocodes`: a list, or words parted by comma or space."""
    rows: dict[str, AlertAreaConfig] = {}
    for number, entry in enumerate(entries, 1):
        values = Values(entry, faults)
        id_ = values.text("id", default=entry.feature_id or f"area-{number}")
        given = entry.values.get("geocodes", [])
        codes = [str(code) for code in given] if isinstance(given, list) else str(given).replace(",", " ").split()
        if id_ in rows:
            entry.fault(faults, f"area {id_!r} comes twice")
        ring = _ring(entry, faults)
        if ring:
            rows[id_] = AlertAreaConfig(id=id_, name=values.text("name"), geocodes=codes, polygon=ring)
    return [rows[id_] for id_ in sorted(rows)]


def _ring(entry: Entry, faults: Faults) -> list[list[float]]:
    """The outer ring of a polygon; [] and a fault when it is none."""
    form = _shape(entry)
    if form is None or form.geom_type not in ("Polygon", "MultiPolygon") or form.is_empty or not form.is_valid:
        entry.fault(faults, "not a valid polygon; give a closed ring that does not cross itself")
        return []
    parts: list[Any] = list(getattr(form, "geoms", [form]))
    largest = max(parts, key=lambda part: float(part.area))
    if len(parts) > 1 or largest.interiors:
        faults.notes.append(f"line {entry.line}: only the outer ring of the largest part is kept")
    ring = [[float(point[0]), float(point[1])] for point in largest.exterior.coords]
    if not all(_on_earth(lon, lat) for lon, lat in ring):
        entry.fault(faults, "coordinates are not degrees (longitude, latitude in WGS 84)")
        return []
    return ring


def _shape(entry: Entry) -> BaseGeometry | None:
    try:
        form: BaseGeometry = shape(entry.geometry)
    except (GEOSException, ValueError, TypeError, AttributeError, KeyError, IndexError):
        return None
    return form


def _on_earth(lon: float, lat: float) -> bool:
    return math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90


def _spot(entry: Entry, index: PlaceIndex, faults: Faults) -> tuple[float, float, Place] | None:
    """Position and nearest street of a point feature; None and a fault when it has none."""
    form = _shape(entry)
    if form is None or form.geom_type != "Point" or form.is_empty or not _on_earth(form.x, form.y):
        entry.fault(faults, "not a point of longitude and latitude in degrees")
        return None
    place = index.nearest(form.x, form.y)
    if place is None or place.distance_m > MAX_SNAP_M:
        far = "the city has no streets" if place is None else f"{place.distance_m:.0f} m from the nearest street"
        entry.fault(faults, f"{far} (at most {MAX_SNAP_M:.0f} m); check the position")
        return None
    return float(form.x), float(form.y), place


def _ids(entries: list[Entry], prefix: str) -> list[str]:
    """An id for each entry: the property `id` where it names each apart, else the feature's own id, else its number.

    Bare numbers get a prefix.
    """
    sources = (
        [str(entry.values.get("id", "")).strip() for entry in entries],
        [entry.feature_id for entry in entries],
        [str(entry.number) for entry in entries],
    )
    good = [ids for ids in sources if all(ids) and len(set(ids)) == len(ids)]
    chosen = sources[0] if all(sources[0]) and not all(sources[1]) else good[0]
    return [f"{prefix}-{int(id_):04d}" if id_.isdecimal() else id_ for id_ in chosen]


def parse_facilities(entries: list[Entry], index: PlaceIndex, faults: Faults) -> list[Facility]:
    """Points with `kind`, `name`, and where they matter `service_s`, `bays`, `open`, `close` (clock times)."""
    rows: dict[str, Facility] = {}
    for id_, entry in zip(_ids(entries, "F"), entries, strict=True):
        values = Values(entry, faults)
        kind = values.choice("kind", FACILITY_KINDS)
        if id_ in rows:
            entry.fault(faults, f"facility {id_!r} comes twice")
        open_min = values.clock("open") if values.text("open") else 0
        close_min = values.clock("close") if values.text("close") else 1440
        service_s, bays = values.whole("service_s", 600, 0, 14_400), values.whole("bays", 1, 1, 50)
        spot = _spot(entry, index, faults)
        if spot is None:
            continue
        rows[id_] = Facility(
            id=id_,
            kind=kind,
            name=values.text("name", default=id_),
            name_en=values.text("name_en"),
            lon=spot[0],
            lat=spot[1],
            node=spot[2].node,
            district=spot[2].district,
            open_min=open_min or 0,
            close_min=1440 if close_min is None else close_min,
            service_s=service_s,
            bays=bays,
        )
    return [rows[id_] for id_ in sorted(rows)]


def parse_stations(
    entries: list[Entry], index: PlaceIndex, street_names: dict[str, str], faults: Faults
) -> tuple[list[Station], list[Container]]:
    """Points where waste waits. What they do not say is filled in from the container count (one by default).

    `street_names` is by segment id: a station without a name is called after its street.
    """
    stations: dict[str, Station] = {}
    containers: list[Container] = []
    for id_, entry in zip(_ids(entries, "ST"), entries, strict=True):
        values = Values(entry, faults)
        if id_ in stations:
            entry.fault(faults, f"station {id_!r} comes twice")
            continue
        count = values.whole("containers", 1, 1, 50)
        litres = values.whole("litres", CONTAINER_L, 10, 40_000)
        streams = values.text("streams", default="mixed").replace(",", " ").replace(";", " ").split()
        unknown = [stream for stream in streams if stream not in STREAMS]
        if unknown:
            entry.fault(faults, f"streams has {unknown[0]!r}; give {', '.join(STREAMS)}")
        kg_full = values.whole("kg_full", CONTAINER_KG * count, 1, 40_000)
        service_s = values.whole("service_s", STOP_S + CONTAINER_S * count, 1, 7200)
        spot = _spot(entry, index, faults)
        if spot is None or unknown:
            continue
        street = street_names.get(spot[2].segment, "")
        stations[id_] = Station(
            id=id_,
            name=values.text("name", default=f"{street} {id_}".strip()),
            name_en=values.text("name_en"),
            lon=spot[0],
            lat=spot[1],
            node=spot[2].node,
            district=spot[2].district,
            community=values.text("community"),
            kg_full=kg_full,
            service_s=service_s,
        )
        containers += [
            Container(id=f"{id_}-{i + 1}", station=id_, litres=litres, stream=streams[i % len(streams)])
            for i in range(count)
        ]
    return [stations[id_] for id_ in sorted(stations)], sorted(containers, key=lambda row: row.id)
