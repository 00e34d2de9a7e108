"""Snow decisions: which rate, which streets, when each stage is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from dispatch.params import SnowParams, SpreadRow
from models.times import at_local, local_date

RESPONDS_TO = frozenset({"snow", "ice", "freezing_rain", "frost"})
"""Phenomena that make a response."""
NEEDS_PLOUGHS = frozenset({"snow"})


@dataclass(frozen=True, slots=True)
class RateChoice:
    """A row of the matrix and why: `notes` are codes that the order prints."""

    code: str
    g_m2: int
    passes: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is known of the weather at the decision: road temperature now, snow forecast over the episode."""

    road_c: float | None
    air_c: float | None
    snow_cm: float | None


def choose_rate(phenomenon: str, conditions: Conditions, params: SnowParams) -> RateChoice:
    """The row for the warned phenomenon: one that needs the road temperature where we have it, else one that does not.

    Raises KeyError never: a phenomenon without a row falls back to the snow rows.
    """
    rows = [row for row in params.spread if row.phenomenon == phenomenon]
    if not rows:
        rows = [row for row in params.spread if row.phenomenon == "snow"]
    notes: list[str] = []
    if conditions.road_c is not None:
        fitting = [row for row in rows if row.needs_road and _road_fits(row, conditions.road_c)]
        if fitting:
            return RateChoice(fitting[0].code, fitting[0].g_m2, fitting[0].passes, ())
    else:
        notes.append("road_temperature_unknown")
    light = conditions.snow_cm is not None and conditions.snow_cm < params.light_snow_below_cm
    if conditions.snow_cm is None and phenomenon == "snow":
        notes.append("snow_depth_unknown")
    free = [row for row in rows if not row.needs_road and row.light in (None, light)]
    row = (free or rows)[0]
    return RateChoice(row.code, row.g_m2, row.passes, tuple(notes))


def _road_fits(row: SpreadRow, road_c: float) -> bool:
    if row.road_at_most is not None and road_c > row.road_at_most:
        return False
    return not (row.road_above is not None and road_c <= row.road_above)


def priority_of(road_class: str, bridge: bool, ramp: bool) -> str:
    """The class of a street: bridge (and ramp), main, secondary or lane."""
    return "bridge" if bridge or ramp else road_class


def sides(width_m: float, one_way: int, params: SnowParams) -> int:
    """How many spreading runs one treatment of a street takes: two (once each way) when one cannot reach across."""
    return 2 if one_way == 0 and width_m > params.spread_width_m else 1


def salt_kg(length_m: float, width_m: float, g_m2: int) -> int:
    """Salt for one treatment of a street over its full width, at least one kilogram."""
    return max(1, round(length_m * width_m * g_m2 / 1000))


def muster_at(onset: datetime, zone: str, params: SnowParams) -> datetime:
    """The first muster clock at or after onset, on the city's clock."""
    hour, minute = map(int, params.muster_clock.split(":"))
    day = local_date(onset, zone)
    first = at_local(day, time(hour, minute), zone)
    return first if first >= onset else at_local(day + timedelta(days=1), time(hour, minute), zone)


def may_self_start(
    status: str, sent: datetime, received_at: datetime, expires: datetime | None, stopped: bool, params: SnowParams
) -> str:
    """Empty when a response may start by itself, else the reason why not (a code)."""
    if params.self_start_min <= 0:
        return "self_start_off"
    if status != "Actual":
        return "not_actual"
    if stopped:
        return "stopped_by_key"
    if expires is not None and expires <= received_at:
        return "expired"
    if received_at - sent > timedelta(minutes=params.alert_late_min):
        return "received_late"
    return ""
