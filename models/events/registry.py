"""Which payload model reads which event type, and on which topic it travels."""

from __future__ import annotations

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


def payload_of(event: Event) -> Payload:
    """The event's payload as its model. Raises Permanent (`unknown_type`, `bad_payload`)."""
    model = PAYLOADS.get((event.type, event.data_version))
    if model is None:
        raise Permanent("unknown_type", f"no reader for event type {event.type} version {event.data_version}")
    try:
        return model.model_validate(event.data)
    except ValueError as error:
        first = str(error).splitlines()
        raise Permanent("bad_payload", " ".join(line.strip() for line in first[1:3])) from error
