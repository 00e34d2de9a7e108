"""View `last_fix`: a vehicle's last good position. Shown as state `vehicle:ID`; it never goes back in time."""

from __future__ import annotations

from dispatch.execution import tools_letters
from dispatch.places import distance_m
from models.errors import Permanent
from models.events.base import Event
from models.events.field import VehiclePosition
from models.events.registry import payload_of
from models.times import FUTURE_LIMIT, iso, parse_time, to_micros
from streams.driver import Message
from streams.views.view import State, View

MAX_SPEED_KMH = 150.0
"""A fix that could only be reached faster than this from the last good one is a jump, not a drive."""


def step(state: State | None, event: Event) -> tuple[State | None, tuple[Message, ...]]:
    """The newer good fix. Not good: at 0,0, from the future, a jump, or of another vehicle than its key says."""
    try:
        fix = payload_of(event)
    except Permanent:
        return state, ()
    if not isinstance(fix, VehiclePosition) or not _is_good(state, event, fix):
        return state, ()
    return {
        "vehicle": fix.vehicle,
        "observed_at": iso(fix.observed_at),
        "lon": fix.lon,
        "lat": fix.lat,
        "speed_kmh": fix.speed_kmh,
        "heading_deg": fix.heading_deg,
        "tools": tools_letters(fix),
    }, ()


def _is_good(state: State | None, event: Event, fix: VehiclePosition) -> bool:
    if fix.observed_at.tzinfo is None or fix.vehicle != event.key or (fix.lon == 0 and fix.lat == 0):
        return False
    if fix.observed_at > event.received_at + FUTURE_LIMIT:
        return False
    if state is None:
        return True
    elapsed_s = (fix.observed_at - parse_time(state["observed_at"])).total_seconds()
    if elapsed_s <= 0:
        return False
    return distance_m(state["lon"], state["lat"], fix.lon, fix.lat) / elapsed_s * 3.6 <= MAX_SPEED_KMH


def position(state: State) -> int:
    """Microseconds of the fix."""
    return to_micros(parse_time(state["observed_at"]))


LAST_FIX = View("last_fix", "positions", "vehicle", step, position)
