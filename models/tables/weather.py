"""Weather and the snow response: alerts, episodes, readings, responses and stages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from models.tables.base import json_field, time_field


class Alert(SQLModel, table=True):
    """One stored alert message. `state`: live, superseded, withdrawn, drill (Test, Exercise, Draft, System)."""

    id: str = Field(primary_key=True)
    """sender,identifier,sent."""
    sender: str
    identifier: str
    sent: datetime = time_field()
    received_at: datetime = time_field()
    status: str
    msg_type: str
    phenomenon: str
    severity: str
    effective: datetime | None = time_field(default=None)
    onset: datetime | None = time_field(default=None)
    expires: datetime | None = time_field(default=None)
    headline: str = ""
    ours: bool = False
    references: list[str] = json_field(default_factory=list)
    data: dict[str, Any] = json_field(default_factory=dict)
    episode: str | None = Field(default=None, index=True)
    state: str = "live"


class Episode(SQLModel, table=True):
    """One weather happening, spoken of by one or more alerts. `state`: live, withdrawn, over."""

    id: str = Field(primary_key=True)
    phenomenon: str
    severity: str
    onset: datetime = time_field()
    onset_assumed: bool = False
    expires: datetime | None = time_field(default=None)
    received_at: datetime = time_field()
    state: str = "live"


class Response(SQLModel, table=True):
    """What the city does about an episode. `rate` is the matrix row chosen, with its reason."""

    id: str = Field(primary_key=True)
    episode: str = Field(unique=True)
    state: str = "live"
    self_start: bool = False
    self_start_reason: str = ""
    rate: dict[str, Any] = json_field(default_factory=dict)


class Stage(SQLModel, table=True):
    """pretreat, plough, muster, mop_up. `state`: waiting, planned, running, done, closed."""

    id: str = Field(primary_key=True)
    response: str = Field(index=True)
    kind: str
    anchor: str
    due_at: datetime | None = time_field(default=None)
    state: str = "waiting"
    started_at: datetime | None = time_field(default=None)
    done_at: datetime | None = time_field(default=None)


class Reading(SQLModel, table=True):
    """A road-weather reading, unique by device and time."""

    device: str = Field(primary_key=True)
    observed_at: datetime = time_field(primary_key=True)
    received_at: datetime = time_field()
    air_c: float | None = None
    road_c: float | None = None
    precipitation_mm_h: float | None = None
    snow_depth_cm: float | None = None


class Forecast(SQLModel, table=True):
    """A forecast as issued."""

    provider: str = Field(primary_key=True)
    issued_at: datetime = time_field(primary_key=True)
    valid_from: datetime = time_field(primary_key=True)
    valid_to: datetime = time_field()
    received_at: datetime = time_field()
    air_c: float | None = None
    road_c: float | None = None
    snow_cm: float | None = None
    precipitation_mm: float | None = None
