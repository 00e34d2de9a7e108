"""Which payload model reads which event type, and on which topic it travels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.errors import Permanent
from models.events.base import Event, Payload
from models.events.field import ComplaintReceived, ResourceStatus, StationLevel, VehiclePosition
from models.events.weather import AlertReceived, ForecastReceived, ReadingReceived

PAYLOADS: dict[tuple[str, int], type[Payload]] = {
    ("alert.received", 1): AlertReceived,
    ("reading.received", 1): ReadingReceived,
    ("forecast.received", 1): ForecastReceived,
    ("station.level", 1): StationLevel,
    ("complaint.received", 1): ComplaintReceived,
    ("vehicle.position", 1): VehiclePosition,
    ("resource.status", 1): ResourceStatus,
}

TOPIC_OF_TYPE: dict[str, str] = {
    "alert.received": "weather",
    "reading.received": "weather",
    "forecast.received": "weather",
    "station.level": "stations",
    "complaint.received": "cases",
    "vehicle.position": "positions",
    "resource.status": "resources",
}

TELEMETRY = frozenset({"reading.received", "station.level", "vehicle.position"})
"""Straight to the broker, idempotent by (device, observed_at); all else is a row before it is a message."""


Lift = Callable[[dict[str, Any]], dict[str, Any]]
LIFTS: dict[tuple[str, int], Lift] = {}
"""(type, version) → what turns such a payload's fields into those of the next version. A changed event leaves the lift
of its old version here; none has changed so far."""


def newest_version(type_: str) -> int:
    """The version an event type is read in; 0 for one that is not known."""
    return max((version for name, version in PAYLOADS if name == type_), default=0)


def lifted(type_: str, version: int, data: dict[str, Any]) -> tuple[type[Payload], dict[str, Any]]:
    """The model that reads a payload, and its fields in that model's version: the newest, lifted one by one.

    Raises Permanent: `unknown_type`, `newer_version` (an update of this system reads it), `older_version`.
    """
    known = PAYLOADS.get((type_, version))
    if known is not None and (type_, version + 1) not in PAYLOADS:
        return known, data
    newest = newest_version(type_)
    if not newest:
        raise Permanent("unknown_type", f"no reader for event type {type_[:60]}")
    if version > newest:
        text = f"{type_} version {version} is newer than {newest}, the newest read here: update, then replay it"
        raise Permanent("newer_version", text)
    for old in range(version, newest):
        if (type_, old) not in LIFTS:
            raise Permanent("older_version", f"no reader for {type_} version {version}, {newest} is read")
        data = LIFTS[type_, old](data)
    return PAYLOADS[type_, newest], data


def payload_of(event: Event) -> Payload:
    """The event's payload as its newest model. Raises Permanent (see `lifted`, and `bad_payload`)."""
    model, data = lifted(event.type, event.data_version, event.data)
    try:
        return model.model_validate(data)
    except ValueError as error:
        first = str(error).splitlines()
        raise Permanent("bad_payload", " ".join(line.strip() for line in first[1:3])) from error
