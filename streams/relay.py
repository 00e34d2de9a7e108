"""The relay: carries outbox rows to the broker, at least once, in order of each key, and seals the audit.

It looks for `sent_at IS NULL` every time and keeps no high-water id: a row that is committed late would be skipped.
Killed between sending and marking, it sends again; receivers' inboxes know those.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import func, update
from sqlmodel import Session, col, select

from models.database import Database
from models.errors import Unavailable
from models.tables.flow import AuditRow, Outbox
from streams import metrics
from streams.driver import Driver, Message
from streams.leases import Keeper
from streams.locks import try_lock
from streams.pulse import Pulse, keep_on
from streams.refill import Refill
from streams.sealing import seal

log = structlog.get_logger(__name__)

RELAY_LIMIT = 500
"""Messages of one round."""
IDLE_S = 0.25


class Relay:
    """Sends the outbox. One at a time: by an advisory lock on PostgreSQL, by `lease` elsewhere.

    `lease` may be None where the caller holds the data directory's runner lease. `clock` gives `sent_at`. `on_sent` is
    told topic and key of each message after it is marked as sent.
    """

    def __init__(
        self,
        database: Database,
        driver: Driver,
        clock: Callable[[], datetime],
        on_sent: Callable[[str, str], None] | None = None,
        lease: Keeper | None = None,
    ) -> None:
        self._database = database
        self._driver = driver
        self._clock = clock
        self._on_sent = on_sent
        self._lease = lease
        self._refill = Refill(driver.identities)

    def run(self, stop: threading.Event, pulse: Pulse | None = None) -> None:
        """Until `stop`; pauses when there is nothing to send, backs off when a service is away."""
        try:
            keep_on(pulse or Pulse("relay"), stop, self.run_once, IDLE_S)
        finally:
            self._release()

    def run_once(self) -> int:
        """Send one round and seal; how many messages were sent (0 also where another relay is at work).

        Raises Unavailable when database or broker is away: nothing is marked that was not sent.
        """
        if self._lease is not None and not self._lease.held():
            return 0
        sent = self._send_locked() if not self._database.is_sqlite else self._send()
        if self._on_sent is not None:
            for topic, key in sent:
                self._on_sent(topic, key)
        for topic, _ in sent:
            metrics.count("sweepline_messages_sent_total", labels=(topic,))
        self.seal()
        return len(sent)

    def seal(self) -> int:
        """Seal committed audit rows; how many."""
        with self._database.read() as session:
            if not _unsealed(session):
                return 0
        with self._database.write() as session:
            return seal(session, self._clock()) if try_lock(session, "relay") else 0

    def backlog(self) -> int:
        """Messages that wait to be sent."""
        with self._database.read() as session:
            return session.exec(select(func.count()).select_from(Outbox).where(col(Outbox.sent_at).is_(None))).one()

    def _send(self) -> list[tuple[str, str]]:
        """SQLite: the broker is written outside any transaction, so that writers of the database go on meanwhile."""
        with self._database.read() as session:
            rows = _waiting(session)
        if rows:
            self._driver.publish(_messages(rows))
            with self._database.write() as session:
                _mark(session, rows, self._clock())
        return [(row.topic, row.key) for row in rows]

    def _send_locked(self) -> list[tuple[str, str]]:
        """PostgreSQL: one transaction holds the advisory lock over reading, sending and marking."""
        with self._database.write() as session:
            if not try_lock(session, "relay"):
                return []
            rows = _waiting(session)
            if self._refill.look(session, bool(rows)):
                rows = _waiting(session)
            if rows:
                self._driver.publish(_messages(rows))
                _mark(session, rows, self._clock())
        return [(row.topic, row.key) for row in rows]

    def _release(self) -> None:
        if self._lease is not None:
            try:
                self._lease.release()
            except Unavailable as error:
                log.warning("lease not released, it will run out", error=str(error))


def _waiting(session: Session) -> Sequence[Outbox]:
    unsent = select(Outbox).where(col(Outbox.sent_at).is_(None))
    return session.exec(unsent.order_by(col(Outbox.id)).limit(RELAY_LIMIT)).all()


def _messages(rows: Sequence[Outbox]) -> list[Message]:
    return [Message(row.topic, row.key.encode(), row.value) for row in rows]


def _mark(session: Session, rows: Sequence[Outbox], now: datetime) -> None:
    session.execute(update(Outbox).where(col(Outbox.id).in_([row.id for row in rows])).values(sent_at=now))


def _unsealed(session: Session) -> bool:
    return session.exec(select(AuditRow.id).where(col(AuditRow.seal_no).is_(None)).limit(1)).first() is not None
