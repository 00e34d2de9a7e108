"""The route document: what a crew does, stop by stop, as stored with a route and read by sheets, pages and matching.

Plain JSON, so that a stored route needs nothing else to be printed or driven:

    {"start": {"kind": "depot|facility|spot", "ref": id, "name": str, "name_en": str, "lon": float, "lat": float},
     "stops": [STOP, ...], "home": [LEG, ...], "end": {like start} | null, "kept": int}

STOP: n (1-based), kind (segment, station, spot, facility), ref (segment, station, facility id, or spot place),
work_item (id or ""), pass (1-based), forward (bool, segments: served along the geometry), name, name_en, lon, lat,
arrive, start, depart (ISO UTC), quantity_kg (salt spread or waste taken here), load_kg (on the truck afterwards:
salt spread since the last load, or waste held), rate_g_m2 (salting), length_m (segments), legs ([LEG, ...] driven
before it), case (number or ""), at ([lon, lat] where the truck stands, stations and spots).
LEG: [segment id, forward]. `kept` is how many leading stops are carried over unchanged from the version before.
"""

from __future__ import annotations

import json
from typing import Any

from models.ids import content_hash

RouteDoc = dict[str, Any]
StopDoc = dict[str, Any]
LegDoc = list[Any]


def route_hash(vehicle: str, doc: RouteDoc) -> str:
    """The hash a sheet belongs to: vehicle and everything the crew would do or read, without `kept`."""
    body = {key: value for key, value in doc.items() if key != "kept"}
    return content_hash(vehicle + json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def driven_legs(doc: RouteDoc) -> list[tuple[str, bool]]:
    """Every (segment, forward) of a route in driving order, served ones included."""
    legs: list[tuple[str, bool]] = []
    for stop in doc["stops"]:
        legs += [(segment, bool(forward)) for segment, forward in stop["legs"]]
        if stop["kind"] == "segment":
            legs.append((stop["ref"], bool(stop["forward"])))
    return legs + [(segment, bool(forward)) for segment, forward in doc["home"]]
