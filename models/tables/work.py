"""Work and what proves it done: work items, cases, stations' days, positions, passes, visits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.tables.base import json_field, time_field

UNDONE = ("open", "planned", "started")
"""States of work that is still to be done."""


class WorkItem(SQLModel, table=True):
    """One service at one segment, station or spot. `state`: open, planned, started, done, missed, cancelled.

    `place` is segment:ID, station:ID or spot:LON,LAT (five decimals); `node` is where point work is served.
    `quantity` is kilograms (salt or waste). `origin` is stage:ID, day:DATE or case:NUMBER.
    """

    id: str = Field(primary_key=True)
    service: str = Field(index=True)
    district: str = Field(index=True)
    place: str = Field(index=True)
    node: str = ""
    origin: str = Field(index=True)
    period: str = Field(index=True)
    priority: str = ""
    """bridge, main, secondary, lane, crossing, urgent, eligible, daily, case: the class whose deadline it has."""
    quantity_kg: int = 0
    service_s: int = 0
    passes: int = 1
    window_start: datetime | None = time_field(default=None)
    deadline: datetime | None = time_field(default=None)
    state: str = Field(default="open", index=True)
    created_at: datetime = time_field()
    done_at: datetime | None = time_field(default=None)
    passes_done: int = 0
    detail: dict[str, Any] = json_field(default_factory=dict)


class Case(SQLModel, table=True):
    """A complaint's life. `state`: reported, dispatched, in_progress, closed, cancelled, merged (into another one).

    `answer` is what the public is told, written with the closing. `priority`: urgent, normal, low; what being late with
    its work costs in a plan. Its deadline is another thing.
    """

    __tablename__ = "case_file"
    __table_args__ = (Index("ix_case_file_place", "kind", "lat"),)
    number: str = Field(primary_key=True)
    kind: str
    lon: float
    lat: float
    district: str = Field(index=True)
    segment: str = ""
    state: str = Field(default="reported", index=True)
    opened_at: datetime = time_field()
    deadline: datetime = time_field()
    closed_at: datetime | None = time_field(default=None)
    work_item: str | None = None
    answer: str = ""
    merged_into: str | None = None
    priority: str = "normal"


class Report(SQLModel, table=True):
    """One person's word about a case, with the place told; a duplicate is one more report of it."""

    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    at: datetime = time_field()
    channel: str
    text: str = ""
    contact: str = ""
    lon: float | None = None
    lat: float | None = None
    event: str = Field(default="", index=True)
    """`source:id` of the event that told it, by which its sender finds it again."""


class CasePhoto(SQLModel, table=True):
    """A photo of a case, with its `report` if it came with one: `photos/SHA256.jpg` and `SHA256-small.jpg` in the data
    folder.

    `sent_sha256` is of the bytes as they were sent, by which the same photo sent twice is known. A removed one is out
    of sight at once, and out of the folder a day later.
    """

    __tablename__ = "case_photo"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    report: str = ""
    sha256: str = Field(index=True)
    sent_sha256: str
    bytes: int
    width: int
    height: int
    at: datetime = time_field()
    by: str
    removed_at: datetime | None = time_field(default=None)
    removed_by: str = ""


class Level(SQLModel, table=True):
    """A station's level as reported, unique by station and time."""

    station: str = Field(primary_key=True)
    observed_at: datetime = time_field(primary_key=True)
    received_at: datetime = time_field()
    level_pct: float


class StationDay(SQLModel, table=True):
    """A station must be cleared once every local day. `state`: open, cleared, missed."""

    station: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    state: str = "open"
    work_item: str
    overflow_at: datetime | None = time_field(default=None)
    cleared_at: datetime | None = time_field(default=None)
    vehicle: str = ""


class Position(SQLModel, table=True):
    """One GPS fix, unique by vehicle and time. `tools` are the letters of the working tools (s p l b).

    On PostgreSQL partitioned by UTC day (models/migrations/partitions.py); kept as long as `position_days` says.
    """

    __table_args__ = {"postgresql_partition_by": "RANGE (observed_at)"}

    vehicle: str = Field(primary_key=True)
    observed_at: datetime = time_field(primary_key=True)
    received_at: datetime = time_field()
    lon: float
    lat: float
    speed_kmh: float
    heading_deg: float | None = None
    tools: str = ""


class Pass(SQLModel, table=True):
    """A segment driven from end to end or in part (`fraction`), with tools, as the track shows it."""

    id: str = Field(primary_key=True)
    segment: str = Field(index=True)
    forward: bool
    vehicle: str = Field(index=True)
    from_at: datetime = time_field()
    to_at: datetime = time_field(index=True)
    fraction: float
    tools: str


class Visit(SQLModel, table=True):
    """A station or spot served, by track, scan or tick."""

    id: str = Field(primary_key=True)
    work_item: str = Field(index=True)
    place: str
    vehicle: str
    at: datetime = time_field()
    kg: int = 0
    by: str = "track"


class MatchState(SQLModel, table=True):
    """Where the map matching of a vehicle's track stands."""

    vehicle: str = Field(primary_key=True)
    observed_at: datetime = time_field()
    value: dict[str, Any] = json_field(default_factory=dict)
