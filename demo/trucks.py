"""Simulated trucks' GPS: fixes of a timeline as `vehicle.position` events.

A fix every 20 s while moving (on a clock of its own for each vehicle), at bends of more than 25 degrees and whenever
the tools change or the truck starts or stops; every 30 s while standing, rarer after ten minutes. Noise is a function
of seed, vehicle and time, so any cutting of time into intervals gives the same fixes.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from demo.spans import METRES_PER_DEGREE, Span, joined_straight, to_datetime, to_ms
from demo.timeline import Timeline
from dispatch.routes import RouteDoc
from dispatch.streets import Streets
from models.events.base import Event
from models.times import iso

MOVING_MS = 20_000
STANDING_MS = 30_000
LONG_STAND_MS = 600_000
"""After standing so long the device reports every RARE_MS only."""
RARE_MS = 300_000
NEAR_MS = 2_000
"""A fix by the clock this close to one with a reason is left out."""
NOISE_M = 3.0
"""Standard deviation a direction."""
MAX_SPEED_KMH = 120.0
SOURCE = "vehicles"


@dataclass(frozen=True)
class Truck:
    """A vehicle on a timeline with all instants it reports at. Cheap to ask for any interval."""

    vehicle: str
    seed: int
    timeline: Timeline
    instants: tuple[tuple[int, int], ...] = field(init=False, repr=False, compare=False)
    """(milliseconds, index of the span in force from then on), by time."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "instants", tuple(_instants(self.vehicle, self.timeline.spans)))

    def next_fix_at(self, after: datetime) -> datetime | None:
        """When it reports next, None when it is done."""
        i = bisect_right(self.instants, (to_ms(after), len(self.timeline.spans)))
        return to_datetime(self.instants[i][0]) if i < len(self.instants) else None

    def fixes(self, t0: datetime, t1: datetime) -> list[Event]:
        """Positions in (t0, t1], by time; each received when it was observed."""
        last = len(self.timeline.spans)
        first, end = (bisect_right(self.instants, (to_ms(t), last)) for t in (t0, t1))
        return [self._event(ms, self.timeline.spans[index]) for ms, index in self.instants[first:end]]

    def _event(self, ms: int, span: Span) -> Event:
        (lon, lat), heading = span.place_at(ms)
        east, north = _noise(self.seed, self.vehicle, ms)
        observed = to_datetime(ms)
        done = ms >= span.to_ms
        tools = "" if done else span.tools
        moving = span.moving and not done
        stamp = iso(observed)
        data: dict[str, Any] = {
            "vehicle": self.vehicle,
            "observed_at": stamp,
            "lon": round(lon + east / (METRES_PER_DEGREE * math.cos(math.radians(lat))), 7),
            "lat": round(lat + north / METRES_PER_DEGREE, 7),
            "speed_kmh": round(min(MAX_SPEED_KMH, span.speed_kmh), 1) if moving else 0.0,
            "heading_deg": round(heading, 1) % 360.0 if heading is not None else None,
            "tools": {
                "spreader": "s" in tools,
                "plough": "p" in tools,
                "lift": "l" in tools,
                "broom": "b" in tools,
            },
        }
        return Event(
            source=SOURCE,
            id=f"{self.vehicle}@{stamp}",
            type="vehicle.position",
            key=self.vehicle,
            occurred_at=observed,
            received_at=observed,
            data=data,
        )


def simulate(
    vehicle: str,
    service: str,
    history: Sequence[tuple[datetime, RouteDoc]],
    streets: Streets,
    t0: datetime,
    t1: datetime,
    seed: int,
    start_at: datetime | None = None,
    broken_at: datetime | None = None,
) -> list[Event]:
    """Positions in (t0, t1] of a vehicle told these documents. Keep a `Truck` instead where many intervals follow."""
    timeline = Timeline.from_history(history, streets, service, start_at, broken_at)
    return Truck(vehicle, seed, timeline).fixes(t0, t1)


def _instants(vehicle: str, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """When the truck reports, and out of which span."""
    phase = int.from_bytes(blake2b(vehicle.encode(), digest_size=4).digest(), "big") % MOVING_MS
    found: list[tuple[int, int]] = []
    for index, span in enumerate(spans):
        before = spans[index - 1] if index else None
        reasons = [] if before is not None and _goes_on(before, span) else [span.from_ms]
        if span.moving:
            reasons += [ms for ms in span.turns_ms() if span.from_ms < ms < span.to_ms]
            clock = range(span.from_ms + (phase - span.from_ms) % MOVING_MS, span.to_ms, MOVING_MS)
        else:
            soon = min(span.to_ms, span.from_ms + LONG_STAND_MS)
            reasons += list(range(span.from_ms + STANDING_MS, soon, STANDING_MS))
            clock = range(soon, span.to_ms, RARE_MS)
        found += [(ms, index) for ms in _merged(reasons, clock)]
        if index + 1 == len(spans) or spans[index + 1].from_ms > span.to_ms:
            found.append((span.to_ms, index))
    kept: dict[int, int] = {}
    for ms, index in found:
        kept[ms] = index
    return sorted(kept.items())


def _goes_on(before: Span, span: Span) -> bool:
    return before.tools == span.tools and joined_straight(before, span)


def _merged(reasons: list[int], clock: range) -> list[int]:
    """All reasons, and what the clock adds where no reason is near."""
    merged = set(reasons)
    ordered = sorted(merged)
    for ms in clock:
        i = bisect_right(ordered, ms)
        around = ordered[max(0, i - 1) : i + 1]
        if all(abs(ms - other) > NEAR_MS for other in around):
            merged.add(ms)
    return sorted(merged)


def _noise(seed: int, vehicle: str, ms: int) -> tuple[float, float]:
    """Two independent Gaussian metres (Box and Muller 1958) from a hash."""
    digest = blake2b(f"{seed}|{vehicle}|{ms}".encode(), digest_size=16).digest()
    u = (int.from_bytes(digest[:8], "big") + 1) / 2.0**64
    angle = 2 * math.pi * int.from_bytes(digest[8:], "big") / 2.0**64
    radius = NOISE_M * math.sqrt(max(0.0, -2.0 * math.log(u)))
    return radius * math.cos(angle), radius * math.sin(angle)
