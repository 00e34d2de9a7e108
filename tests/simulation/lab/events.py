"""What the small city's devices and people say: bodies as they come over HTTP, and where their effect must show."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.intake.lines import event_of
from models.events.base import Event, dump_event
from models.ids import content_hash
from models.times import iso, parse_time, to_micros
from tests.simulation.lab.ledger import Entry
from tests.small_city import place

STEP_DEG = 0.000005
"""Half a metre between two fixes of a vehicle: a drive, whatever the pace."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
KINDS = ("overflow", "litter", "debris", "ice")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said: its body, the event it becomes when received now, and its mark in the ledger."""

    mark: str
    body: dict[str, Any]
    event: Event

    def entry(self, what: str) -> Entry:
        event = self.event
        return Entry(what, self.mark, event.type, event.source, event.id, event.key, place_of(self))

    @property
    def raw(self) -> bytes:
        return dump_event(self.event)


def place_of(said: Said) -> str:
    """Where the effect of something said must be found, see `balance.effects`."""
    event = said.event
    device = {"vehicle.position": "vehicle", "station.level": "station", "reading.received": "device"}.get(event.type)
    if device is not None:
        return f"{event.type}/{event.data[device]}@{to_micros(parse_time(event.data['observed_at']))}"
    return f"{event.type}/{event.source}:{event.id}"


def raw_entry(what: str, mark: str, topic: str, raw: bytes) -> Entry:
    """Bytes that are no event: they must be in quarantine under their hash."""
    digest = content_hash(raw)
    return Entry(what, mark, f"bytes on {topic}", "", "", topic, f"raw/{digest}", digest)


class Speaker:
    """Makes things to say. `name` keeps the marks of two speakers apart; times of a device never repeat."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._serial = itertools.count(1)
        self._last: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def mark(self) -> str:
        return f"{self._name}-{next(self._serial)}"

    def _now(self, device: str) -> datetime:
        """A time of its own for what a device says, later than all it said before."""
        with self._lock:
            at = max(datetime.now(UTC), self._last.get(device, LONG_AGO) + timedelta(milliseconds=1))
            self._last[device] = at
            return at

    def said(self, body: dict[str, Any], claimed: datetime | None = None) -> Said:
        """`claimed`: when it is said to have been, if that is ahead of the clock."""
        now = datetime.now(UTC)
        event = event_of(dict(body), max(now, claimed or now)).model_copy(update={"received_at": now})
        return Said(self.mark(), body, event)

    def position(self, vehicle: str, at: datetime | None = None, **more: Any) -> Said:
        at = at or self._now(vehicle)
        lon, lat = place(1, 1)
        lon += STEP_DEG * (int(at.timestamp()) % 400)
        body = {"type": "vehicle.position", "vehicle": vehicle, "observed_at": iso(at), "lon": lon, "lat": lat}
        return self.said({**body, "speed_kmh": 20.0, **more}, at)

    def level(self, station: str, pct: float, at: datetime | None = None) -> Said:
        at = at or self._now(station)
        return self.said({"type": "station.level", "station": station, "observed_at": iso(at), "level_pct": pct})

    def reading(self, device: str, at: datetime | None = None) -> Said:
        at = at or self._now(device)
        return self.said({"type": "reading.received", "device": device, "observed_at": iso(at), "air_c": -2.0})

    def complaint(self, number: int, **more: Any) -> Said:
        """Its text is its mark, so that the report it becomes can be told from all others."""
        mark = self.mark()
        lon, lat = place(number % 5, number // 5 % 5)
        body = {"type": "complaint.received", "id": mark, "kind": KINDS[number % len(KINDS)], "lon": lon, "lat": lat}
        body = {**body, "text": mark, "channel": "lab", **more}
        return Said(mark, body, event_of(dict(body), datetime.now(UTC)))

    def status(self, crew: str, status: str) -> Said:
        since = self._now(crew)
        body = {"type": "resource.status", "kind": "crew", "ref": crew, "status": status, "since": iso(since)}
        return self.said(body)

    def drill(self) -> Said:
        """An alert of an exercise: stored and folded into the alerts, but no crew moves for it."""
        mark = self.mark()
        now = self._now("drill")
        body = {"type": "alert.received", "sender": "lab", "identifier": mark, "sent": iso(now), "status": "Exercise"}
        body = {**body, "msg_type": "Alert", "event": "snow", "phenomenon": "snow"}
        return Said(mark, body, event_of(dict(body), datetime.now(UTC)))
