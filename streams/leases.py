"""Leases: who holds a role, as a row with a heartbeat. A holder that comes back too late is fenced by its generation.

`now` is the machine's clock, never a simulated one: a lease is about processes, not about the city.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.database import Database
from models.tables.flow import Lease

TTL_S = 15.0
"""A lease whose heartbeat is older than this may be taken over."""


def acquire(database: Database, name: str, holder: str, now: datetime, ttl_s: float = TTL_S) -> int | None:
    """Take a lease that is free, released or overdue; its new generation, or None where another holds it.

    A holder that asks for its own lease gets it anew, with a new generation.
    """
    try:
        with database.write() as session:
            row = session.exec(select(Lease).where(Lease.name == name).with_for_update()).first()
            if row is None:
                session.add(Lease(name=name, holder=holder, heartbeat_at=now, generation=1))
                session.flush()
                return 1
            if row.holder not in ("", holder) and now - row.heartbeat_at < timedelta(seconds=ttl_s):
                return None
            row.holder, row.heartbeat_at, row.generation = holder, now, row.generation + 1
            return row.generation
    except IntegrityError:
        return None


def heartbeat(database: Database, name: str, holder: str, generation: int, now: datetime) -> bool:
    """Keep a lease; False where it was lost to another."""
    with database.write() as session:
        return _change(session, name, (holder, generation), {"heartbeat_at": now})


def release(database: Database, name: str, holder: str, generation: int) -> bool:
    """Give a lease up; False where it was lost before. The generation goes on counting."""
    with database.write() as session:
        return _change(session, name, (holder, generation), {"holder": ""})


def holds(session: Session, name: str, generation: int) -> bool:
    """Whether a generation is still the latest. Asked inside the transaction that must be fenced; locks the row."""
    row = session.exec(select(Lease).where(Lease.name == name).with_for_update()).first()
    return row is not None and row.generation == generation and row.holder != ""


def find_holder(session: Session, name: str, now: datetime, ttl_s: float = TTL_S) -> str | None:
    """Who holds a lease now."""
    row = session.get(Lease, name)
    if row is None or row.holder == "" or now - row.heartbeat_at >= timedelta(seconds=ttl_s):
        return None
    return row.holder


def _change(session: Session, name: str, mine: tuple[str, int], values: dict[str, object]) -> bool:
    where = (col(Lease.name) == name, col(Lease.holder) == mine[0], col(Lease.generation) == mine[1])
    changed = session.execute(update(Lease).where(*where).values(values).returning(col(Lease.name)))
    return changed.first() is not None


class Keeper:
    """Holds one lease for a process, as long as it can: asks for it, and beats before it runs out."""

    def __init__(
        self, database: Database, name: str, holder: str, clock: Callable[[], datetime], ttl_s: float = TTL_S
    ) -> None:
        self._database = database
        self._name = name
        self._holder = holder
        self._clock = clock
        self._ttl_s = ttl_s
        self._beat_at: datetime | None = None
        self.generation: int | None = None

    def held(self) -> bool:
        """Whether this process holds the lease, asking for it where it does not. Raises Unavailable."""
        now = self._clock()
        if self.generation is None:
            self.generation = acquire(self._database, self._name, self._holder, now, self._ttl_s)
            self._beat_at = now
        elif self._beat_at is None or now - self._beat_at >= timedelta(seconds=self._ttl_s / 3):
            if not heartbeat(self._database, self._name, self._holder, self.generation, now):
                self.generation = None
            self._beat_at = now
        return self.generation is not None

    def release(self) -> None:
        """Give the lease up if it is held."""
        if self.generation is not None:
            release(self._database, self._name, self._holder, self.generation)
            self.generation = None
