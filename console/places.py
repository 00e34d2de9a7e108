"""A vehicle's new place as it is sent to open pages: one JSON array, made once for all of them."""

from __future__ import annotations

from typing import Any

import orjson

from console.read.field import fix_of


def packed(vehicle: str, value: dict[str, Any]) -> bytes | None:
    """`[id, lon, lat, observed_at, speed_kmh, heading_deg, tools]` of what the view says; None without a fix."""
    fix = fix_of(value)
    return orjson.dumps([vehicle, *fix.values()], option=orjson.OPT_UTC_Z) if fix else None
