"""Weather: alerts (CAP 1.2), readings and forecasts. Degrees Celsius, millimetres of water, centimetres of snow."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from models.events.base import Payload


class AlertReference(Payload):
    """A CAP reference `sender,identifier,sent`."""

    sender: str
    identifier: str
    sent: datetime


class AlertArea(Payload):
    """One area of an alert. `geocodes` are `valueName=value`; polygons are rings of (lon, lat)."""

    description: str = ""
    geocodes: tuple[str, ...] = ()
    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()


class AlertReceived(Payload):
    """`alert.received` v1: one alert message, its languages folded (first info block of each fact wins)."""

    sender: str
    identifier: str
    sent: datetime
    status: Literal["Actual", "Exercise", "System", "Test", "Draft"]
    msg_type: Literal["Alert", "Update", "Cancel", "Ack", "Error"]
    references: tuple[AlertReference, ...] = ()
    event: str
    event_codes: tuple[str, ...] = ()
    phenomenon: Literal["snow", "ice", "freezing_rain", "frost", "other"]
    urgency: str = "Unknown"
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] = "Unknown"
    certainty: str = "Unknown"
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    headline: str = ""
    description: str = ""
    areas: tuple[AlertArea, ...] = ()


class ReadingReceived(Payload):
    """`reading.received` v1: one road-weather station's reading."""

    device: str = Field(min_length=1, max_length=80)
    observed_at: datetime
    air_c: float | None = Field(None, ge=-60, le=60)
    road_c: float | None = Field(None, ge=-60, le=80)
    precipitation_mm_h: float | None = Field(None, ge=0, le=300)
    snow_depth_cm: float | None = Field(None, ge=0, le=500)


class ForecastReceived(Payload):
    """`forecast.received` v1: what is expected over [valid_from, valid_to)."""

    provider: str = Field(min_length=1, max_length=80)
    issued_at: datetime
    valid_from: datetime
    valid_to: datetime
    air_c: float | None = Field(None, ge=-60, le=60)
    road_c: float | None = Field(None, ge=-60, le=80)
    snow_cm: float | None = Field(None, ge=0, le=500)
    precipitation_mm: float | None = Field(None, ge=0, le=1000)
