"""How events move: stored events, inbox, outbox, timers, quarantine, audit, leases, alarms, projections, books."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from models.tables.base import json_field, time_field

BIG_ID = BigInteger().with_variant(Integer(), "sqlite")


def big_key() -> Any:
    """An autoincrementing 64-bit primary key."""
    return Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))


class StoredEvent(SQLModel, table=True):
    """An accepted alert, forecast, case report, resource status or command: its identity, content and receipt."""

    __tablename__ = "event"
    source: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    type: str = Field(index=True)
    key: str
    content_hash: str
    occurred_at: datetime = time_field()
    received_at: datetime = time_field(index=True)
    actor: str = ""
    data: dict[str, Any] = json_field(default_factory=dict)
    duplicates: int = 0


class Inbox(SQLModel, table=True):
    """One row for each event a recorder's group has applied or quarantined. `outcome`: applied, quarantined, trying.

    `attempts` is counted before a handler runs, so it survives the handler taking the process down with it.
    """

    group: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    at: datetime = time_field(index=True)
    outcome: str = "applied"
    attempts: int = 0
    content_hash: str = ""


class Outbox(SQLModel, table=True):
    """A message to be sent, written in the transaction that needs it."""

    __table_args__ = (
        Index("ix_outbox_unsent", "id", sqlite_where=text("sent_at IS NULL"), postgresql_where=text("sent_at IS NULL")),
    )
    id: int | None = big_key()
    topic: str
    key: str
    value: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sent_at: datetime | None = time_field(default=None)


class Books(SQLModel, table=True):
    """What a recorder's group has done with what it read: accepted = applied + quarantined."""

    group: str = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    applied: int = 0
    duplicates: int = 0
    quarantined: int = 0


class Timer(SQLModel, table=True):
    """Due once. `state`: pending, fired, cancelled."""

    __table_args__ = (Index("ix_timer_due", "state", "due_at"),)
    id: str = Field(primary_key=True)
    due_at: datetime = time_field()
    kind: str
    key: str
    payload: dict[str, Any] = json_field(default_factory=dict)
    state: str = "pending"


class Quarantine(SQLModel, table=True):
    """What could not be applied: raw bytes, reason, attempts. `state`: held, replayed, dropped."""

    __table_args__ = (UniqueConstraint("group", "topic", "source", "event_id", "raw_hash"),)
    id: str = Field(primary_key=True)
    group: str
    topic: str
    source: str = ""
    event_id: str = ""
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    raw_hash: str
    reason: str
    text: str = ""
    attempts: int = 1
    at: datetime = time_field(index=True)
    state: str = "held"


class AuditRow(SQLModel, table=True):
    """One change of state, written in its transaction; sealed into a hash chain afterwards, in commit order."""

    __tablename__ = "audit"
    __table_args__ = (
        Index(
            "ix_audit_alarms",
            "at",
            sqlite_where=text("action = 'alarm.opened'"),
            postgresql_where=text("action = 'alarm.opened'"),
        ),
    )
    id: int | None = big_key()
    at: datetime = time_field(index=True)
    actor: str
    action: str
    subject: str = Field(index=True)
    detail: dict[str, Any] = json_field(default_factory=dict)
    seal_no: int | None = Field(default=None, index=True, unique=True)
    seal: str = ""
    sealed_at: datetime | None = time_field(default=None)


class Lease(SQLModel, table=True):
    """Who holds a role. Taken over when the heartbeat is older than the role's limit; `generation` fences the old."""

    name: str = Field(primary_key=True)
    holder: str
    heartbeat_at: datetime = time_field()
    generation: int = 0


class Heartbeat(SQLModel, table=True):
    """A running process of a role. `progress_at`: when all of its loops last went well. `state`: working, waiting
    (for a service, `note` says which), stalled.
    """

    role: str = Field(primary_key=True)
    holder: str = Field(primary_key=True)
    since: datetime = time_field()
    beat_at: datetime = time_field()
    progress_at: datetime = time_field()
    state: str = "working"
    note: str = ""


class Alarm(SQLModel, table=True):
    """A condition somebody must know of. `state`: open, acknowledged, shelved (out of the list until `shelved_until`),
    closed. Raised again, it is to be acknowledged again; still on the shelf, it comes back onto it.
    """

    id: str = Field(primary_key=True)
    kind: str = Field(index=True)
    key: str
    priority: int = 2
    opened_at: datetime = time_field()
    closed_at: datetime | None = time_field(default=None)
    state: str = "open"
    detail: dict[str, Any] = json_field(default_factory=dict)
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = time_field(default=None)
    shelved_by: str = ""
    shelved_until: datetime | None = time_field(default=None)
    shelved_reason: str = ""


class Projection(SQLModel, table=True):
    """A view's state as a row, rebuildable. `position` orders the writes of one key: microseconds of its event."""

    key: str = Field(primary_key=True)
    kind: str = Field(index=True)
    position: int = Field(sa_column=Column(BigInteger, nullable=False))
    value: dict[str, Any] = json_field(default_factory=dict)


class Edition(SQLModel, table=True):
    """A report as it was made once and is given out ever after: `content` is the report's value, `kind` day, `key` its
    date.
    """

    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    made_at: datetime = time_field()
    content: dict[str, Any] = json_field(default_factory=dict)
    content_hash: str
