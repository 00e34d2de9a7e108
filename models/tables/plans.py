"""Plans: requests, versions, routes, assignments, pins, approvals, sheets, tellings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from models.tables.base import json_field, time_field


class PlanRequest(SQLModel, table=True):
    """A plan to be made. `phase`: greedy, improve, insert, replan, done, failed; acted on when `next_at` has come.

    `mode`: full (plan the period anew); of a running plan insert (put `work_items` into its routes), replan (plan anew
    what is not started) or undo (put it back as it was in the version before).
    """

    __table_args__ = (Index("ix_plan_request_open", "phase", "next_at"),)
    id: str = Field(primary_key=True)
    district: str
    service: str
    period: str
    plan: str
    reason: str
    mode: str = "full"
    work_items: list[str] = json_field(default_factory=list)
    without_vehicle: str = ""
    requested_at: datetime = time_field()
    next_at: datetime = time_field()
    phase: str = "greedy"
    holder: str = ""
    lease_until: datetime | None = time_field(default=None)
    generation: int = 0
    attempts: int = 0
    note: str = ""
    cause: str = ""
    """The event, timer or command it came of (`source:id`)."""


class Plan(SQLModel, table=True):
    """Unique (district, service, period). `code` is what people call it, as S-20231218-D01-N."""

    __table_args__ = (UniqueConstraint("district", "service", "period"),)
    code: str = Field(primary_key=True)
    district: str
    service: str
    period: str
    day: date
    shift: str
    start_at: datetime = time_field()
    end_at: datetime = time_field()
    latest: int = 0
    origin: str = ""
    """stage:ID or day:DATE."""


class PlanVersion(SQLModel, table=True):
    """Immutable but for its state. `state`: draft, proposed, approved, active, superseded, closed."""

    __table_args__ = (
        UniqueConstraint("plan", "version"),
        Index(
            "ix_one_active",
            "plan",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )
    id: str = Field(primary_key=True)
    """PLAN@VERSION."""
    plan: str = Field(index=True)
    version: int
    state: str = Field(default="proposed", index=True)
    created_at: datetime = time_field()
    based_on: int | None = None
    reason: str = ""
    engine: str
    seed: int
    iterations: int
    snapshot_hash: str
    feasible: bool
    verdict: dict[str, Any] = json_field(default_factory=dict)
    cost: int
    tasks: int
    unserved: list[dict[str, str]] = json_field(default_factory=list)
    distance_m: int
    duration_s: int
    salt_kg: int = 0
    waste_kg: int = 0
    notes: list[dict[str, Any]] = json_field(default_factory=list)
    """What the order says besides: onset assumed, spread row chosen and why. Each {code, ...values}."""
    attempts: list[dict[str, Any]] = json_field(default_factory=list)
    added_s: int = 0
    moved_stops: int = 0
    cause: str = ""
    """The event, timer or command it came of (`source:id`)."""
    first_plan_s: float | None = None
    best_plan_s: float | None = None
    """Wall seconds: outside the state hash."""


class Snapshot(SQLModel, table=True):
    """The Problem and Plan of a version as canonical compressed JSON, from which its verdict can be recomputed."""

    plan_version: str = Field(primary_key=True)
    problem: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    plan: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Route(SQLModel, table=True):
    """One vehicle's (or crew's) work in a version. `doc` is the route document (see dispatch/routes.py)."""

    id: str = Field(primary_key=True)
    """PLAN@VERSION/SEQ."""
    plan_version: str = Field(index=True)
    seq: int
    vehicle: str = Field(index=True)
    crew: str = ""
    driver: str = ""
    start_at: datetime = time_field()
    end_at: datetime = time_field()
    distance_m: int
    duration_s: int
    salt_kg: int = 0
    waste_kg: int = 0
    stops: int = 0
    route_hash: str = Field(index=True)
    doc: dict[str, Any] = json_field(default_factory=dict)


class Assignment(SQLModel, table=True):
    """A vehicle, crew and driver bound to a route for a time range; no vehicle or driver is in two at once.

    Kept from overlapping by EXCLUDE on PostgreSQL and by triggers on SQLite (see models/migrations).
    """

    id: str = Field(primary_key=True)
    route: str
    plan: str = Field(index=True)
    vehicle: str = Field(index=True)
    crew: str = ""
    driver: str = ""
    start_at: datetime = time_field()
    end_at: datetime = time_field()


class Pin(SQLModel, table=True):
    """A dispatcher's wish on a work item: `vehicle` it must go to, or `excluded`. Holds until removed."""

    id: str = Field(primary_key=True)
    plan: str = Field(index=True)
    work_item: str
    kind: str
    vehicle: str = ""
    actor: str
    at: datetime = time_field()
    removed_at: datetime | None = time_field(default=None)


class Approval(SQLModel, table=True):
    """Who approved which version, when. `actor` is a person or `policy:NAME`."""

    plan_version: str = Field(primary_key=True)
    actor: str
    at: datetime = time_field()
    reason: str = ""


class Sheet(SQLModel, table=True):
    """The paper of one route hash. `state`: issued, superseded, handed_back."""

    code: str = Field(primary_key=True)
    route_hash: str = Field(index=True)
    route: str
    plan: str = Field(index=True)
    vehicle: str = ""
    path: str = ""
    pages: int = 0
    issued_at: datetime = time_field()
    state: str = "issued"


class Bundle(SQLModel, table=True):
    """What a district's bundle held when it was last written: the ids of its versions."""

    district: str = Field(primary_key=True)
    versions: list[str] = json_field(default_factory=list)
    written_at: datetime = time_field()


class Telling(SQLModel, table=True):
    """A change of a route after its sheet went out. `told_at` None: not yet told, the old sheet still rules."""

    id: str = Field(primary_key=True)
    plan: str = Field(index=True)
    route: str
    vehicle: str
    change: dict[str, Any] = json_field(default_factory=dict)
    opened_at: datetime = time_field()
    told_by: str = ""
    how: str = ""
    told_at: datetime | None = time_field(default=None)
