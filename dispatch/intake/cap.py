"""CAP 1.1 and 1.2 XML to an `alert.received` event. Anything wrong is one `Refused`; nothing else is ever raised.

CAP writes polygons as "lat,lon"; we store (lon, lat). Info blocks are languages of one message: for each fact the
first block that has it wins, areas of all blocks are kept once. Signatures are not checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from dispatch.intake.phenomena import Phenomenon, phenomenon_of
from models.errors import Refused
from models.events.base import MAX_EVENT_BYTES, Event, dump_event
from models.events.weather import AlertReceived
from models.times import iso, parse_time

MAX_CAP_BYTES = 256 * 1024
NAMESPACES = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")
ALERTS_KEY = "alerts"
"""All alerts of a city share one key, so they keep one order."""
CIRCLE_POINTS = 32
MIN_CIRCLE_KM = 0.1
"""CAP allows a radius of 0 (a point); it becomes a disc of this radius."""
EARTH_KM = 6371.0

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGE_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")


def parse_cap(raw: bytes, received_at: datetime) -> Event:
    """The event of one CAP message. Raises Refused with one line: what is wrong and where."""
    root = _root(raw)
    sender, identifier = _name(root, "sender"), _name(root, "identifier")
    sent = _time(root, "sent", required=True)
    assert sent is not None
    infos = list(_children(root, "info"))
    for info in infos:
        for name in ("event", "urgency", "severity", "certainty"):
            _required(info, name)
    _required(root, "scope")
    body: dict[str, Any] = {
        "sender": sender,
        "identifier": identifier,
        "sent": iso(sent),
        "status": _choice(root, "status", STATUSES),
        "msg_type": _choice(root, "msgType", MESSAGE_TYPES),
        "references": _references(_text(root, "references")),
        "severity": _choice(infos[0], "severity", SEVERITIES) if infos else "Unknown",
        "event_codes": _event_codes(infos),
        "phenomenon": _phenomenon(infos),
        "areas": _areas(infos),
    }
    for field in ("urgency", "certainty"):
        body[field] = _first(infos, field) or "Unknown"
    for field in ("event", "headline", "description"):
        body[field] = _first(infos, field)
    for field in ("effective", "onset", "expires"):
        found = next((value for value in (_time(info, field) for info in infos) if value is not None), None)
        body[field] = iso(found) if found is not None else None
    return _event(body, sent, received_at)


def _event(body: dict[str, Any], sent: datetime, received_at: datetime) -> Event:
    try:
        payload = AlertReceived.model_validate(body)
    except ValueError as error:
        raise Refused("bad_alert", f"alert: {' '.join(str(error).split())[:200]}") from error
    event = Event(
        source=f"cap:{payload.sender}",
        id=f"{payload.sender},{payload.identifier},{sent.isoformat()}",
        type="alert.received",
        key=ALERTS_KEY,
        occurred_at=sent,
        received_at=received_at,
        data=payload.model_dump(mode="json"),
    )
    if len(dump_event(event)) > MAX_EVENT_BYTES:
        raise Refused("too_large", f"alert: its areas take more than {MAX_EVENT_BYTES // 1024} kB; send fewer points")
    return event


def _root(raw: bytes) -> Element:
    if len(raw) > MAX_CAP_BYTES:
        raise Refused("too_large", f"alert of {len(raw)} bytes: the limit is {MAX_CAP_BYTES // 1024} kB")
    try:
        root: Element = fromstring(raw, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise Refused("dtd", "alert has a DTD or entities: these are never read, send plain CAP") from error
    except (ParseError, ValueError, LookupError) as error:
        raise Refused("not_xml", f"alert is not well-formed XML: {' '.join(str(error).split())[:120]}") from error
    if root.tag not in {f"{{{space}}}alert" for space in NAMESPACES}:
        raise Refused("not_cap", f"root element is {root.tag[:80]}: expected alert of CAP 1.1 or 1.2")
    return root


def _children(parent: Element, name: str) -> Iterator[Element]:
    space = parent.tag[: parent.tag.index("}") + 1]
    return (child for child in parent if child.tag == space + name)


def _text(parent: Element, name: str) -> str:
    child = next(_children(parent, name), None)
    return (child.text or "").strip() if child is not None else ""


def _required(parent: Element, name: str) -> str:
    value = _text(parent, name)
    if not value:
        where = parent.tag.rpartition("}")[2]
        raise Refused("missing_field", f"alert lacks {name} (in {where}), which CAP requires")
    return value


def _name(root: Element, field: str) -> str:
    """sender or identifier: no space, comma, < or & (CAP 1.2), or references could not name it."""
    value = _required(root, field)
    if any(sign in ", <&" or sign.isspace() for sign in value):
        raise Refused("bad_field", f"alert {field} {value[:60]!r} has a space, comma, < or &")
    return value


def _choice(parent: Element, name: str, allowed: tuple[str, ...]) -> str:
    value = _required(parent, name)
    if value not in allowed:
        raise Refused("bad_field", f"alert {name} is {value[:40]!r}: expected one of {', '.join(allowed)}")
    return value


def _instant(name: str, text: str) -> datetime:
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise Refused("bad_time", f"alert {name} {text[:40]!r}: expected YYYY-MM-DDThh:mm:ss with a zone") from error


def _time(parent: Element, name: str, required: bool = False) -> datetime | None:
    text = _required(parent, name) if required else _text(parent, name)
    return _instant(name, text) if text else None


def _first(infos: list[Element], name: str) -> str:
    return next((text for text in (_text(info, name) for info in infos) if text), "")


def _references(text: str) -> list[dict[str, str]]:
    """`sender,identifier,sent` separated by spaces; the Chinese profile's time has a space inside."""
    triples: list[str] = []
    for part in text.split():
        if "," in part or not triples:
            triples.append(part)
        else:
            triples[-1] += " " + part
    found = []
    for triple in triples:
        fields = triple.split(",")
        if len(fields) != 3 or not all(fields):
            raise Refused("bad_reference", f"alert reference {triple[:80]!r}: expected sender,identifier,sent")
        sent = iso(_instant("reference", fields[2]))
        found.append({"sender": fields[0], "identifier": fields[1], "sent": sent})
    return found


def _pairs(parent: Element, name: str) -> list[tuple[str, str]]:
    return [(_text(child, "valueName"), _text(child, "value")) for child in _children(parent, name)]


def _event_codes(infos: list[Element]) -> list[str]:
    return list(dict.fromkeys(f"{name}={value}" for info in infos for name, value in _pairs(info, "eventCode")))


def _phenomenon(infos: list[Element]) -> Phenomenon:
    for info in infos:
        values = [value for _, value in _pairs(info, "eventCode")]
        found = phenomenon_of([_text(info, "event"), *values], values)
        if found != "other":
            return found
    return "other"


def _areas(infos: list[Element]) -> list[dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = {}
    for info in infos:
        for area in _children(info, "area"):
            geocodes = [f"{name}={value}" for name, value in _pairs(area, "geocode")]
            polygons = [_polygon((child.text or "").strip()) for child in _children(area, "polygon")]
            polygons += [_circle((child.text or "").strip()) for child in _children(area, "circle")]
            description = _text(area, "areaDesc")
            same = repr((geocodes, polygons) if geocodes or polygons else description)
            kept.setdefault(same, {"description": description, "geocodes": geocodes, "polygons": polygons})
    return list(kept.values())


def _point(text: str) -> tuple[float, float]:
    """ "lat,lon" to (lon, lat)."""
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError as error:
        raise Refused("bad_area", f"alert area has {text[:40]!r}: expected lat,lon") from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Refused("bad_area", f"alert area has {text[:40]!r}: latitude or longitude out of range")
    return lon, lat


def _polygon(text: str) -> list[tuple[float, float]]:
    ring = [_point(part) for part in text.split()]
    if len(ring) < 4:
        raise Refused("bad_area", f"alert polygon has {len(ring)} points: at least 4 are needed")
    if ring[0] != ring[-1]:
        raise Refused("bad_area", "alert polygon is not closed: its last point must repeat the first")
    return ring


def _circle(text: str) -> list[tuple[float, float]]:
    """ "lat,lon km" to a ring of CIRCLE_POINTS corners; cut off at the poles and at the date line."""
    centre, _, radius = text.partition(" ")
    lon, lat = _point(centre)
    try:
        radius_km = float(radius)
    except ValueError as error:
        raise Refused("bad_area", f"alert circle {text[:40]!r}: expected lat,lon km") from error
    if not 0 <= radius_km <= EARTH_KM:
        raise Refused("bad_area", f"alert circle radius {radius[:20]} km: expected 0 to {EARTH_KM:.0f}")
    up_deg = math.degrees(max(radius_km, MIN_CIRCLE_KM) / EARTH_KM)
    side_deg = up_deg / max(0.01, math.cos(math.radians(lat)))
    ring = []
    for step in range(CIRCLE_POINTS):
        angle = 2 * math.pi * step / CIRCLE_POINTS
        x, y = lon + side_deg * math.cos(angle), lat + up_deg * math.sin(angle)
        ring.append((round(min(180.0, max(-180.0, x)), 6), round(min(90.0, max(-90.0, y)), 6)))
    return [*ring, ring[0]]
