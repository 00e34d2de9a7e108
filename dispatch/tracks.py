"""A route as files that navigators and maps read: GPX 1.1 (www.topografix.com/GPX/1/1) and GeoJSON (RFC 7946).

The line is the street geometry driven, in order; the points are the stops. Both say which plan version they belong to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from sqlmodel import Session, col, select

from dispatch.routes import RouteDoc, StopDoc, driven_legs
from models.errors import Refused
from models.ids import sheet_code
from models.tables.city import City, Segment
from models.tables.plans import PlanVersion, Route
from models.times import iso

GPX = "http://www.topografix.com/GPX/1/1"
FORMATS = ("gpx", "geojson")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What an XML 1.0 document may not hold, not even written as a number."""

Geometry = Sequence[Sequence[float]]
Point = tuple[float, float]


def route_track(session: Session, route_id: str, kind: str) -> bytes:
    """A stored route as `gpx` or `geojson`. Raises Refused when the route is not known."""
    route = session.get(Route, route_id)
    version = session.get(PlanVersion, route.plan_version) if route is not None else None
    if route is None or version is None:
        raise Refused("unknown_route", f"route {route_id[:120]} is not known; `sweepline plan show PLAN` lists them")
    city = session.exec(select(City)).one()
    wanted = {segment for segment, _ in driven_legs(route.doc)}
    rows = session.execute(select(col(Segment.id), col(Segment.geometry)).where(col(Segment.id).in_(wanted)))
    streets: dict[str, Geometry] = {row[0]: row[1] for row in rows}
    about = {
        "plan_version": version.id,
        "vehicle": route.vehicle or route.crew,
        "sheet": sheet_code(route.route_hash),
        "start_at": iso(route.start_at),
        "end_at": iso(route.end_at),
        "attribution": city.attribution,
    }
    made = iso(version.created_at)
    return to_gpx(route.doc, streets, about, made) if kind == "gpx" else to_geojson(route.doc, streets, about)


def driven_line(doc: RouteDoc, streets: Mapping[str, Geometry]) -> list[Point]:
    """(lon, lat) of everything driven, in order; a point where two streets meet is given once."""
    line: list[Point] = []
    for segment, forward in driven_legs(doc):
        points = [(float(p[0]), float(p[1])) for p in streets.get(segment, ())]
        for point in points if forward else reversed(points):
            if not line or line[-1] != point:
                line.append(point)
    return line


def to_gpx(doc: RouteDoc, streets: Mapping[str, Geometry], about: Mapping[str, str], made: str) -> bytes:
    """One track with a way point a stop. `made`: when the plan version was, ISO."""
    ElementTree.register_namespace("", GPX)
    root = ElementTree.Element(f"{{{GPX}}}gpx", {"version": "1.1", "creator": "Sweepline"})
    title = f"{about['plan_version']} {about['vehicle']}"
    _texts(_child(root, "metadata"), name=title, desc=_described(about), time=made)
    for stop in doc["stops"]:
        place = _child(root, "wpt", lat=f"{stop['lat']:.6f}", lon=f"{stop['lon']:.6f}")
        _texts(place, time=stop["start"], name=f"{stop['n']} {stop['name']}".strip(), type=stop["kind"])
    track = _child(root, "trk")
    _texts(track, name=title)
    line = _child(track, "trkseg")
    for lon, lat in driven_line(doc, streets):
        _child(line, "trkpt", lat=f"{lat:.6f}", lon=f"{lon:.6f}")
    whole: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return whole


def to_geojson(doc: RouteDoc, streets: Mapping[str, Geometry], about: Mapping[str, str]) -> bytes:
    """A FeatureCollection: the line driven first, then a point a stop."""
    line = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": driven_line(doc, streets)},
        "properties": dict(about),
    }
    features = [line, *(_stop_feature(stop) for stop in doc["stops"])]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode(errors="replace")


def _stop_feature(stop: StopDoc) -> dict[str, Any]:
    kept = ("n", "kind", "ref", "name", "name_en", "arrive", "depart", "quantity_kg", "load_kg", "case")
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [stop["lon"], stop["lat"]]},
        "properties": {key: stop[key] for key in kept},
    }


def _described(about: Mapping[str, str]) -> str:
    return f"{about['start_at']} - {about['end_at']}, {about['sheet']}. {about['attribution']}".strip()


def _child(parent: ElementTree.Element, name: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, f"{{{GPX}}}{name}", attributes)


def _texts(parent: ElementTree.Element, **texts: str) -> None:
    for name, text in texts.items():
        _child(parent, name).text = _NOT_XML.sub("\ufffd", text)
