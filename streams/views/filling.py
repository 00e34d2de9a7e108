"""View `filling`: a station's cleaned level, how fast it fills and when it will be full. Shown as `station:ID`.

Levels come from sensors that jitter, jump and are emptied under. A level that jumps is believed when the next one
confirms it; a fall by EMPTIED_PCT is an emptying; smaller falls are jitter. The rate is a mean of the rises, each
weighted by how long it took, forgotten by half in HALF_LIFE_H.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from models.errors import Permanent
from models.events.base import Event
from models.events.field import StationLevel
from models.events.registry import payload_of
from models.times import FUTURE_LIMIT, iso, parse_time, to_micros
from streams.driver import Message
from streams.views.view import State, View

EMPTIED_PCT = 15.0
JUMP_PCT = 40.0
JUMP_WITHIN_H = 1.0
"""A rise by JUMP_PCT within so long is a jump: rubbish does not come so fast, or somebody stood before the sensor."""
CONFIRMED_PCT = 15.0
"""The next level this near to a jump confirms it."""
HALF_LIFE_H = 72.0
FULL_PCT = 100.0
FAR_H = 14 * 24.0
"""A station that would be full later than this has no time to full."""
MIN_RISE_PCT_H = 0.01


def step(state: State | None, event: Event) -> tuple[State | None, tuple[Message, ...]]:
    """The state after a newer level; an older one, one from the future or of another station changes nothing."""
    try:
        level = payload_of(event)
    except Permanent:
        return state, ()
    if not isinstance(level, StationLevel) or level.station != event.key or level.observed_at.tzinfo is None:
        return state, ()
    if level.observed_at > event.received_at + FUTURE_LIMIT:
        return state, ()
    if state is None:
        return _shown(level.station, level.observed_at, level.level_pct, 0.0, 0.0, None, None), ()
    hours = (level.observed_at - parse_time(state["observed_at"])).total_seconds() / 3600
    return (state if hours <= 0 else _after(state, level, hours)), ()


def _after(state: State, level: StationLevel, hours: float) -> State:
    rise = level.level_pct - state["level_pct"]
    suspect, emptied_at = state["suspect_pct"], state["emptied_at"]
    confirmed = suspect is not None and abs(level.level_pct - suspect) <= CONFIRMED_PCT
    if rise > JUMP_PCT and hours < JUMP_WITHIN_H and not confirmed:
        return {**state, "observed_at": iso(level.observed_at), "suspect_pct": round(level.level_pct, 2)}
    rate, weighed_h = state["rate_pct_h"], state["weighed_h"]
    if rise <= -EMPTIED_PCT:
        emptied_at, cleaned = iso(level.observed_at), level.level_pct
    else:
        cleaned = level.level_pct if rise >= 0 else state["level_pct"] + rise / 2
        kept_h = weighed_h * 0.5 ** (hours / HALF_LIFE_H)
        rate = (rate * kept_h + max(0.0, cleaned - state["level_pct"])) / (kept_h + hours)
        weighed_h = kept_h + hours
    return _shown(level.station, level.observed_at, cleaned, rate, weighed_h, None, emptied_at)


def _shown(
    station: str,
    at: datetime,
    level_pct: float,
    rate_pct_h: float,
    weighed_h: float,
    suspect_pct: float | None,
    emptied_at: str | None,
) -> State:
    left = FULL_PCT - level_pct
    full_at = None
    if left <= 0:
        full_at = iso(at)
    elif rate_pct_h >= MIN_RISE_PCT_H and left / rate_pct_h <= FAR_H:
        full_at = iso(at + timedelta(seconds=round(left / rate_pct_h * 3600)))
    return {
        "station": station,
        "observed_at": iso(at),
        "level_pct": round(level_pct, 2),
        "rate_pct_h": round(rate_pct_h, 4),
        "weighed_h": round(weighed_h, 4),
        "suspect_pct": suspect_pct,
        "emptied_at": emptied_at,
        "full_at": full_at,
    }


def position(state: State) -> int:
    """Microseconds of the newest level."""
    return to_micros(parse_time(state["observed_at"]))


FILLING = View("filling", "stations", "station", step, position)
