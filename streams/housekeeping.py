"""What streams leave behind is removed once nothing can need it any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from models.database import Database
from models.tables.flow import Inbox, Outbox
from streams.position_days import keep_days
from streams.topics import INBOX_DAYS

OUTBOX_DAYS = 1
PRUNE_LIMIT = 5000
"""Rows of one table removed in one transaction: the rest follow in the next call."""


def prune(database: Database, now: datetime, position_days: int) -> int:
    """Remove inbox rows older than 8 days (topics keep 7), messages sent more than a day ago, positions older than
    `position_days`; how many rows (of positions on PostgreSQL: partitions).
    """
    with database.write() as session:
        gone = _prune_inbox(session, now - timedelta(days=INBOX_DAYS)) + _prune_outbox(
            session, now - timedelta(days=OUTBOX_DAYS)
        )
    with database.write() as session:
        return gone + keep_days(session, now, position_days, PRUNE_LIMIT)


def _prune_inbox(session: Session, before: datetime) -> int:
    """By age: all rows not younger than the `PRUNE_LIMIT`-th oldest, so that the delete stays short."""
    old = select(Inbox.at).where(col(Inbox.at) < before).order_by(col(Inbox.at)).limit(PRUNE_LIMIT)
    last = session.exec(select(func.max(old.subquery().c.at))).one()
    if last is None:
        return 0
    gone = session.execute(delete(Inbox).where(col(Inbox.at) <= last).returning(col(Inbox.event_id)))
    return len(gone.all())


def _prune_outbox(session: Session, before: datetime) -> int:
    old = select(Outbox.id).where(col(Outbox.sent_at) < before).order_by(col(Outbox.id)).limit(PRUNE_LIMIT)
    gone = session.execute(delete(Outbox).where(col(Outbox.id).in_(old)).returning(col(Outbox.id)))
    return len(gone.all())
