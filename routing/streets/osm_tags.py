"""What the tags of an OpenStreetMap way say about a street. Pure text to numbers; unknown text means the default."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

MAIN = ("motorway", "trunk", "primary")
SECONDARY = ("secondary", "tertiary")
LANE = ("residential", "unclassified", "living_street", "road")
CLASS_OF: dict[str, str] = {
    **dict.fromkeys((*MAIN, *(f"{kind}_link" for kind in MAIN)), "main"),
    **dict.fromkeys((*SECONDARY, *(f"{kind}_link" for kind in SECONDARY)), "secondary"),
    **dict.fromkeys(LANE, "lane"),
}
"""Values of `highway` that are kept, and our class of street."""
LANE_WIDTH_M = 3.5
STEEP_PCT = 4.0
"""A slope this steep is treated as a ramp."""
MAX_LANES, MAX_WIDTH_M, MAX_SLOPE_PCT = 12, 60.0, 35.0
"""Tags beyond these are typing errors and count as missing."""
DEFAULT_KMH = {"motorway": 100, "trunk": 80, "living_street": 20, "main": 60, "secondary": 50, "lane": 40, "link": 40}
FOOT_M, INCH_M, MILE_KM = 0.3048, 0.0254, 1.609344
_NUMBER = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([a-z/'\"]*)")
_FEET = re.compile(r"^\s*(\d+(?:\.\d+)?)'\s*(?:(\d+(?:\.\d+)?)\")?\s*$")
YES = frozenset({"yes", "true", "1"})


def drop_reason(tags: Mapping[str, str]) -> str:
    """Why a way with a `highway` tag is not a street a truck serves; empty when it is one."""
    highway = tags.get("highway", "")
    if highway in ("service", "track"):
        return highway
    if highway in ("proposed", "construction", "abandoned", "razed"):
        return "not_built"
    if highway not in CLASS_OF:
        return "not_drivable"
    if tags.get("area") in YES:
        return "area"
    access = tags.get("motor_vehicle") or tags.get("vehicle") or tags.get("access") or ""
    return "private" if access in ("no", "private") else ""


def one_way(tags: Mapping[str, str]) -> int:
    """0 both ways, 1 along the way, -1 against it."""
    value = tags.get("oneway", "").lower()
    if value in YES:
        return 1
    if value in ("-1", "reverse"):
        return -1
    if value in ("no", "false", "0", "reversible", "alternating"):
        return 0
    implied = tags.get("junction") in ("roundabout", "circular") or tags.get("highway", "").startswith("motorway")
    return 1 if implied else 0


def lanes(tags: Mapping[str, str], direction: int) -> int:
    """The tagged number of lanes, else two (one-way: two on main roads, one elsewhere and on links)."""
    found = _NUMBER.match(tags.get("lanes", ""))
    if found and 1 <= float(found[1]) <= MAX_LANES:
        return max(1, int(float(found[1])))
    highway = tags["highway"]
    if direction and (highway.endswith("_link") or CLASS_OF[highway] != "main"):
        return 1
    return 2


def width_m(tags: Mapping[str, str], lane_count: int) -> float:
    """The tagged width in metres (feet understood), else lanes of 3.5 m."""
    text = tags.get("width", "")
    feet = _FEET.match(text)
    if feet:
        metres = float(feet[1]) * FOOT_M + float(feet[2] or 0) * INCH_M
    else:
        found = _NUMBER.match(text)
        metres = float(found[1]) * (FOOT_M if found[2] in ("ft", "feet") else 1.0) if found else 0.0
    return round(metres, 1) if 2.0 <= metres <= MAX_WIDTH_M else round(lane_count * LANE_WIDTH_M, 1)


def speed_kmh(tags: Mapping[str, str]) -> int:
    """The signed speed in km/h (mph understood), else a default by kind of street."""
    found = _NUMBER.match(tags.get("maxspeed", ""))
    if found:
        kmh = float(found[1]) * (MILE_KM if found[2] == "mph" else 1.0)
        if 5 <= kmh <= 140:
            return round(kmh)
    highway = tags["highway"]
    if highway.endswith("_link"):
        return DEFAULT_KMH["link"]
    return DEFAULT_KMH.get(highway) or DEFAULT_KMH[CLASS_OF[highway]]


def slope_pct(tags: Mapping[str, str]) -> float | None:
    """Slope along the way in percent, negative downhill; None when untagged or without a number (`up`, `down`)."""
    text = tags.get("incline", "").strip()
    found = re.match(r"^([+-]?\d+(?:\.\d+)?)\s*(%|°)$", text)
    if not found:
        return None
    value = float(found[1]) if found[2] == "%" else 100 * math.tan(math.radians(float(found[1])))
    return round(value, 1) if abs(value) <= MAX_SLOPE_PCT else None


def is_ramp(tags: Mapping[str, str]) -> bool:
    """A link between roads, or a steep street."""
    slope = slope_pct(tags)
    return tags["highway"].endswith("_link") or (slope is not None and abs(slope) >= STEEP_PCT)


def is_bridge(tags: Mapping[str, str]) -> bool:
    """On a bridge of any kind."""
    return tags.get("bridge", "no") != "no"


def layer(tags: Mapping[str, str]) -> int:
    """The tagged layer, -5 to 5."""
    text = tags.get("layer", "0")
    return int(text) if re.fullmatch(r"[+-]?[0-5]", text) else 0


def names(tags: Mapping[str, str]) -> tuple[str, str]:
    """(name as signed, else the road's number; English name)."""
    name = tags.get("name") or tags.get("name:zh") or tags.get("ref") or ""
    english = tags.get("name:en") or (name if name.isascii() else "")
    return name, english
