"""Positions leave when their days are over: partitions made ahead and dropped on PostgreSQL, rows removed on SQLite.

A position is kept far longer than its message can be delivered again (topics keep 7 days); what it proved (passes,
visits, work done) stays.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session, col, delete, select

from models.database import is_postgres
from models.tables.work import MatchState, Position
from streams.locks import try_lock

DAYS_AHEAD = 7
"""Partitions there are beyond today: housekeeping may fail for a week before fixes go to the rest."""
STRAY_DAYS = 30
"""Days of late fixes that get their partition in one call."""
LOCK_WAIT = "5s"
"""How long a change of the partitions waits for readers; else it is tried again at the next housekeeping."""


def keep_days(session: Session, now: datetime, days: int, limit: int) -> int:
    """Make the coming days' partitions and remove positions older than `days`; how many changes (at most `limit` rows).

    One process at a time; 0 also where another is at it.
    """
    before = now - timedelta(days=days)
    if is_postgres(session):
        return _partitions(session, now, before)
    return _rows(session, before, limit)


def _partitions(session: Session, now: datetime, before: datetime) -> int:
    if not try_lock(session, "position_days"):
        return 0
    session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
    today = now.astimezone(UTC).date()
    wanted = {today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)}
    strays = text(
        "SELECT DISTINCT DATE '1970-01-01' + (observed_at / 86400000000)::integer FROM position_rest LIMIT :limit"
    )
    wanted |= set(session.execute(strays, {"limit": STRAY_DAYS}).scalars())
    add = text("SELECT position_add_day(:day)")
    made = sum(bool(session.execute(add, {"day": day}).scalar()) for day in sorted(wanted))
    last_kept = before.astimezone(UTC).date()
    return made + int(session.execute(text("SELECT position_drop_days(:day)"), {"day": last_kept}).scalar_one())


def _rows(session: Session, before: datetime, limit: int) -> int:
    """By vehicle, so that the primary key finds them; every vehicle that has positions has a match state."""
    gone = 0
    for vehicle in session.exec(select(MatchState.vehicle)).all():
        old = (
            select(Position.observed_at)
            .where(Position.vehicle == vehicle, Position.observed_at < before)
            .order_by(col(Position.observed_at))
            .limit(limit - gone)
        )
        last = list(session.exec(old).all())[-1:]
        if last:
            done = delete(Position).where(col(Position.vehicle) == vehicle, col(Position.observed_at) <= last[0])
            gone += len(session.execute(done.returning(col(Position.observed_at))).all())
        if gone >= limit:
            break
    return gone
