"""Segments of routes put together: what a stop, a leg or a visit does to times (timed/layout.py has their meaning)."""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.layout import BIG
from routing.engines.ruin.timed.layout import (
    CLOSES,
    OPENS,
    STAY,
    TO,
    TO_S,
)
from routing.jit import leaf

NEVER = BIG


@leaf
def price_of(mode: Any, kind: Any, k: int, m: int) -> int:
    """Cost of serving in mode m with a vehicle of kind k."""
    if kind[k].odd == 0:
        return int(mode[m].service)
    return int((mode[m].service * kind[k].percent + 99) // 100)


@leaf
def seconds_of(mode: Any, kind: Any, k: int, m: int) -> int:
    """Seconds of serving in mode m with a vehicle of kind k."""
    if kind[k].odd == 0:
        return int(mode[m].seconds)
    return int((mode[m].seconds * kind[k].percent + 99) // 100)


@leaf
def extend(end: int, span: int, last: int, leg: int, opens: int, closes: int, stay: int) -> tuple[int, int, int]:
    """A segment (end, span, last) driven `leg` seconds further to a stop it reaches in time."""
    ahead = span + leg
    wait = max(0, opens - ahead - last)
    return max(end + leg, opens) + stay, ahead + stay + wait, min(last, closes - ahead)


@leaf
def prepend(latest: int, onward: int, since: int, leg: int, opens: int, closes: int, stay: int) -> tuple[int, int, int]:
    """A stop before a segment (latest, onward, since) that begins `leg` seconds after it: (latest, onward, since)."""
    ahead = stay + leg
    wait = max(0, since - ahead - closes)
    return min(closes, latest - ahead), ahead + onward + wait, max(opens, since - ahead) - wait


@leaf
def by_facility(
    reach: Any,
    depart: Any,
    k: int,
    base: int,
    m: int,
    f: int,
    end: int,
    cost: int,
    latest: int,
    onward: int,
    since: int,
) -> tuple[int, int, int, int, int]:
    """From the end of mode m to facility f and on by (cost, latest, onward, since) from the end of the visit: (cost,
    when the visit ends, latest, onward, since of the arrival); NEVER where it cannot be reached in time."""
    arrive = end + reach[base + m, f, TO_S]
    done = max(arrive, depart[k, f, OPENS]) + depart[k, f, STAY]
    if cost >= NEVER or arrive > depart[k, f, CLOSES] or done > latest:
        return NEVER, 0, 0, 0, 0
    late, more, soon = prepend(latest, onward, since, 0, depart[k, f, OPENS], depart[k, f, CLOSES], depart[k, f, STAY])
    return int(reach[base + m, f, TO] + cost), int(done), late, more, soon
