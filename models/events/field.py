"""What comes from the field: station levels, complaints, positions with tool state, resource status."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from models.events.base import Payload

CASE_KINDS = ("overflow", "litter", "debris", "ice", "snow", "oily", "other")
"""Kinds of complaint, each mapped to a service by config rules."""


class StationLevel(Payload):
    """`station.level` v1: fill level in percent of the station's containers."""

    station: str = Field(min_length=1, max_length=80)
    observed_at: datetime
    level_pct: float = Field(ge=0, le=120)


class ComplaintReceived(Payload):
    """`complaint.received` v1. Text is free, capped, never trusted."""

    kind: Literal["overflow", "litter", "debris", "ice", "snow", "oily", "other"]
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    text: str = Field("", max_length=4000)
    channel: str = Field("12345", max_length=40)
    contact: str = Field("", max_length=200)


class ToolState(Payload):
    """Which tools were working at the fix."""

    spreader: bool = False
    plough: bool = False
    lift: bool = False
    broom: bool = False


class VehiclePosition(Payload):
    """`vehicle.position` v1: one GPS fix, WGS84, with tool state."""

    vehicle: str = Field(min_length=1, max_length=80)
    observed_at: datetime
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    speed_kmh: float = Field(0.0, ge=0, le=250)
    heading_deg: float | None = Field(None, ge=0, lt=360)
    tools: ToolState = ToolState()


class ResourceStatus(Payload):
    """`resource.status` v1: a vehicle, crew, facility or street is out, limited or back."""

    kind: Literal["vehicle", "crew", "facility", "street"]
    ref: str = Field(min_length=1, max_length=80)
    status: Literal["out", "limited", "back"]
    since: datetime
    until: datetime | None = None
    reason: str = Field("", max_length=400)
