"""What of a device's telemetry is let into the log: a limit for each device, and fewer positions under load. Pure.

Only telemetry is ever asked about here; alerts, complaints and commands are rows before they are messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dispatch.params import IntakeParams
from models.events.base import Event

Verdict = Literal["", "too_often", "thinned"]
"""Why an event is not let in; "": it is."""


@dataclass(frozen=True, slots=True)
class Device:
    """What is remembered of one device: what it may still send at an instant, and its last position let in."""

    may_send: float
    at: datetime
    kept_at: datetime | None = None
    tools: tuple[str, ...] = ()


def admit(device: Device | None, event: Event, under_load: bool, params: IntakeParams) -> tuple[Device, Verdict]:
    """Whether an event is let in, and the device after it.

    A device may send `device_burst` at once (what it kept while it was out of reach) and `device_per_s` all the time,
    by our clock. Under load a position is thinned when one within `thin_s` of it was let in and no tool has changed
    since: enough for the track and for every stop to be seen.
    """
    at = event.received_at
    before = device or Device(params.device_burst, at)
    since_s = max(0.0, (at - before.at).total_seconds())
    may_send = min(float(params.device_burst), before.may_send + since_s * params.device_per_s)
    latest = max(at, before.at)
    if may_send < 1.0:
        return Device(may_send, latest, before.kept_at, before.tools), "too_often"
    if event.type != "vehicle.position":
        return Device(may_send - 1.0, latest), ""
    tools = tuple(sorted(name for name, on in dict(event.data.get("tools") or {}).items() if on))
    near = before.kept_at is not None and abs((event.occurred_at - before.kept_at).total_seconds()) < params.thin_s
    if under_load and near and tools == before.tools:
        return Device(may_send - 1.0, latest, before.kept_at, before.tools), "thinned"
    return Device(may_send - 1.0, latest, event.occurred_at, tools), ""
