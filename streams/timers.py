"""Timers that have come due become `timer.due` events. No other code waits for a time of day."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from models.database import Database
from models.events.base import Event, dump_event
from models.tables.flow import Outbox, Timer
from streams import metrics
from streams.locks import try_lock

FIRE_LIMIT = 500
"""Timers fired in one transaction; the rest follow in the next."""


def fire_due(database: Database, now: datetime) -> int:
    """Fire what is due, in order of (due_at, id), each once and with its own `due_at`; how many.

    One at a time: advisory lock on PostgreSQL; on SQLite the caller holds the runner lease. Raises Unavailable.
    """
    with database.read() as session:
        if not _due(session, now, limit=1):
            return 0
    with database.write() as session:
        if not try_lock(session, "timers"):
            return 0
        timers = _due(session, now, FIRE_LIMIT)
        for timer in timers:
            timer.state = "fired"
            session.add(Outbox(topic="timers", key=timer.key, value=dump_event(due_event(timer))))
    metrics.count("sweepline_timers_fired_total", len(timers))
    return len(timers)


def due_event(timer: Timer) -> Event:
    """The event of a timer: id `timer:<id>`, its instant is `due_at` however late it was found."""
    return Event(
        source="sweepline",
        id=f"timer:{timer.id}",
        type="timer.due",
        key=timer.key,
        occurred_at=timer.due_at,
        received_at=timer.due_at,
        data={"kind": timer.kind, "key": timer.key, "payload": timer.payload},
    )


def next_due(session: Session) -> datetime | None:
    """When the next pending timer is due."""
    return session.exec(select(func.min(Timer.due_at)).where(Timer.state == "pending")).one()


def _due(session: Session, now: datetime, limit: int) -> list[Timer]:
    due = select(Timer).where(Timer.state == "pending", col(Timer.due_at) <= now)
    return list(session.exec(due.order_by(col(Timer.due_at), col(Timer.id)).limit(limit).with_for_update()).all())
