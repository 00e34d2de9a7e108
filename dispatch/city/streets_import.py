"""Streets of an OpenStreetMap extract as the city's streets; places already stored find their new nodes."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, insert, update
from sqlmodel import Session, col, select

from dispatch.city.data import CityData
from dispatch.city.districts import WHOLE_CITY, DistrictIndex, midpoint
from dispatch.city.faults import Faults
from dispatch.city.hashes import network_hash
from dispatch.city.store import find_city, get_city, store_parts
from dispatch.places import place_index
from models.errors import Refused
from models.tables.city import City, Crew, District, Facility, Segment, Station, Toilet, TurnRestriction, Vehicle
from routing.streets.osm import OsmStreets

OSM_ATTRIBUTION = "© OpenStreetMap contributors"
CODE_LENGTH = 16
FAR_M = 300.0


@dataclass(frozen=True, slots=True)
class Naming:
    """What the importer says of the city. Empty: as stored before, else from the file's name, UTC, OpenStreetMap."""

    name: str = ""
    zone: str = ""
    attribution: str = ""


def check_zone(zone: str) -> None:
    """Refused when there is no such time zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused("bad_zone", f"--zone {zone}: no such time zone; give one such as America/Halifax") from error


def city_code(name: str) -> str:
    """A short code from a name: letters and digits in capitals."""
    return re.sub(r"[^A-Z0-9]", "", name.upper())[:CODE_LENGTH] or "CITY"


def store_streets(session: Session, streets: OsmStreets, naming: Naming, file_stem: str, faults: Faults) -> int:
    """Replace the stored streets. Refused when the folder holds quite another city's. Returns the segments stored."""
    before = find_city(session)
    if before is not None:
        _check_overlap(session, before, streets)
    zone = naming.zone or (before.zone if before else "UTC")
    check_zone(zone)
    if not naming.zone and before is None:
        faults.notes.append("no --zone given: clock times are taken as UTC")
    name = naming.name or (before.name if before else file_stem)
    city = City(
        code=before.code if before else city_code(name),
        name=name,
        name_en=name if name.isascii() else "",
        zone=zone,
        attribution=naming.attribution or OSM_ATTRIBUTION,
        dropped=streets.dropped,
        fleet=before.fleet if before else "",
    )
    districts = list(session.exec(select(District).order_by(District.code)).all())
    if not districts:
        session.execute(insert(District), [District(code=WHOLE_CITY, name=name, name_en=city.name_en).model_dump()])
    index = DistrictIndex(districts)
    rows = [_segment(asdict(row), index) for row in streets.segments]
    turns = [TurnRestriction(**asdict(row)) for row in streets.restrictions]
    store_parts(session, CityData(city, segments=rows, restrictions=turns), frozenset({"segments", "restrictions"}))
    settle_places(session, faults)
    return len(rows)


def _check_overlap(session: Session, before: City, streets: OsmStreets) -> None:
    known = set(session.exec(select(Segment.id)).all())
    if known and not known & {row.id for row in streets.segments}:
        raise Refused(
            "other_city", f"the data folder holds the city {before.name}, these are other streets; use another --data"
        )


def _segment(values: dict[str, Any], index: DistrictIndex) -> Segment:
    geometry = [list(point) for point in values.pop("geometry")]
    return Segment(**values, geometry=geometry, district=index.of(*midpoint(geometry)))


def replace_districts(session: Session, districts: list[District], faults: Faults) -> int:
    """Store these districts instead of the ones there are; everything finds its district anew."""
    session.execute(delete(District))
    session.execute(insert(District), [row.model_dump() for row in districts])
    index = DistrictIndex(districts)
    rows = list(session.exec(select(Segment).order_by(Segment.id)).all())
    for row in rows:
        row.district = index.of(*midpoint(row.geometry))
    session.flush()
    city = get_city(session)
    city.network_hash = network_hash(rows, session.exec(select(TurnRestriction)).all())
    session.flush()
    settle_places(session, faults)
    return len(districts)


def settle_places(session: Session, faults: Faults) -> None:
    """Give stations, facilities, toilets, vehicles and crews the node and district they now belong to."""
    index = place_index(session)
    tables: tuple[tuple[Any, bool], ...] = ((Facility, True), (Station, True), (Toilet, False))
    for table, has_node in tables:
        changes = []
        for row in session.exec(select(table)).all():
            place = index.nearest(row.lon, row.lat)
            if place is None:
                continue
            if place.distance_m > FAR_M:
                faults.notes.append(f"{row.id} is now {place.distance_m:.0f} m from the nearest street")
            changes.append({"id": row.id, "district": place.district} | ({"node": place.node} if has_node else {}))
        if changes:
            session.execute(update(table), changes)
    session.expire_all()
    homes = {row.id: row.district for row in session.exec(select(Facility)).all()}
    codes = set(session.exec(select(District.code)).all())
    movables: tuple[Any, ...] = (Vehicle, Crew)
    for movable in movables:
        lost = session.exec(select(movable).where(col(movable.district).not_in(codes))).all()
        if lost:
            first = min(codes)
            session.execute(update(movable), [{"id": r.id, "district": homes.get(r.depot, first)} for r in lost])
    session.expire_all()
