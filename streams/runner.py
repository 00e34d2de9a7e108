"""The runner: polls a driver for one recorder, applies each batch in one transaction, then commits the offsets.

Killed anywhere it loses nothing: what is not committed is delivered again, and the inbox knows what was applied.
Data never stops it. A handler that fails is counted before it runs again and given up after `MAX_ATTEMPTS`; since a
handler may take the whole process down, the first records of each partition after a start are counted beforehand too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from models.database import Database
from models.errors import Permanent, Unavailable
from streams import inbox, metrics
from streams.batch import Batch, HandlerFailed, Item, read
from streams.driver import Consumer, Driver, Partition, Record
from streams.pulse import Pulse, keep_on
from streams.recorder import Recorder

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
ATTEMPT_PAUSE_S = 0.05
POLL_S = 1.0


class Runner:
    """One recorder on one driver, used by one thread. `clock` only stamps bytes that cannot be decoded."""

    def __init__(
        self,
        database: Database,
        driver: Driver,
        recorder: Recorder,
        clock: Callable[[], datetime],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.recorder = recorder
        self.batches = 0
        """Batches whose offsets are committed: the watchdog's sign of progress."""
        self._database = database
        self._driver = driver
        self._clock = clock
        self._pause = pause
        self._consumer: Consumer | None = None
        self._pending: list[Record] = []
        self._uncommitted = False
        self._since_start: dict[Partition, int] = {}
        self._open: set[inbox.Identity] = set()
        """Attempts counted that have no result yet: a service going away in the middle does not use one up."""

    def run(self, stop: threading.Event, pulse: Pulse | None = None) -> None:
        """Until `stop`; a service that is away is tried again, in place."""
        try:
            keep_on(pulse or Pulse(self.recorder.group), stop, lambda: self.run_once(POLL_S))
        finally:
            self.close()

    def run_once(self, timeout_s: float = 0.0) -> int:
        """Read and apply one batch; how many records it had.

        Raises Unavailable when the database or the broker is away: the batch is kept and tried again by the next call.
        Raises Invariant from a handler.
        """
        if self._consumer is None:
            self._consumer = self._driver.consumer(self.recorder.group, self.recorder.topics)
        if self._uncommitted:
            self._commit(self._consumer)
        if not self._pending:
            self._pending = self._consumer.poll(self.recorder.batch_limit, timeout_s)
        count = len(self._pending)
        if count:
            began = time.perf_counter()
            self.process(self._pending)
            self._pending = []
            self._commit(self._consumer)
            metrics.observe("sweepline_batch_seconds", time.perf_counter() - began, (self.recorder.group,))
        return count

    def lag(self) -> int:
        """Messages that wait in this member's own partitions; those of another member are not its business.

        May be asked by another thread. Raises Unavailable.
        """
        consumer = self._consumer
        if consumer is None:
            return 0
        return self._driver.lag(self.recorder.group, self.recorder.topics, consumer.assigned())

    def close(self) -> None:
        """Leave the group; what is not committed will be delivered again."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self._pending = []
        self._since_start = {}
        self._uncommitted = False

    def process(self, records: Sequence[Record]) -> None:
        """Have these records applied or quarantined, committed in the database. Raises Unavailable, Invariant."""
        items = [read(self.recorder, record) for record in records]
        careful = self._is_start(records)
        if careful and self._tried_before(items):
            self._one_by_one(items)
        else:
            self._together(items, careful)
        self._open.clear()
        for record in records:
            place = (record.topic, record.partition)
            self._since_start[place] = self._since_start.get(place, 0) + 1

    def _commit(self, consumer: Consumer) -> None:
        self._uncommitted = True
        consumer.commit()
        self._uncommitted = False
        self.batches += 1

    def _batch(self, session: Session) -> Batch:
        return Batch(self.recorder, session, self._clock)

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        """A write transaction; a row another worker has just inserted too is a reason to try again."""
        try:
            with self._database.write() as session:
                yield session
        except IntegrityError as error:
            raise Unavailable("another worker has just written the same row") from error

    def _is_start(self, records: Sequence[Record]) -> bool:
        """Whether some of these are among the first of their partition since the start.

        A batch that took the process down lies within the first `batch_limit` records after the committed offset.
        """
        places = {(record.topic, record.partition) for record in records}
        return any(self._since_start.get(place, 0) < self.recorder.batch_limit for place in places)

    def _together(self, items: Sequence[Item], careful: bool) -> None:
        """All in one transaction, the normal way; one by one where a handler fails."""
        if careful:
            self._count(items)
        try:
            with self._transaction() as session:
                batch = self._batch(session)
                batch.apply(items)
                if careful:
                    self._forget_telemetry(session, items)
            batch.report()
        except HandlerFailed as failure:
            log.error("handler failed", group=self.recorder.group, event_id=_names(failure.items), error=str(failure))
            if len(failure.items) == 1:
                self._count(failure.items)
                self._open.difference_update(_identities(failure.items))
            self._one_by_one(items)

    def _one_by_one(self, items: Sequence[Item]) -> None:
        for item in items:
            fault = self._attempt(item)
            if fault is not None:
                with self._transaction() as session:
                    batch = self._batch(session)
                    batch.give_up(item, fault)
                    self._forget_telemetry(session, [item])
                batch.report()

    def _attempt(self, item: Item) -> Permanent | None:
        """Try one item until it is applied; the reason to give it up when its attempts are used up."""
        tried = sum(self._tried([item]).values())
        if tried >= MAX_ATTEMPTS:
            return Permanent("handler_failed", f"the process ended {tried} times while this was handled")
        while True:
            tried += 1
            self._count([item])
            try:
                with self._transaction() as session:
                    batch = self._batch(session)
                    batch.apply([item])
                    self._forget_telemetry(session, [item])
                batch.report()
                return None
            except HandlerFailed as failure:
                self._open.difference_update(_identities([item]))
                log.error(
                    "handler failed",
                    group=self.recorder.group,
                    event_id=_names([item]),
                    attempt=tried,
                    error=str(failure),
                )
                if tried >= MAX_ATTEMPTS:
                    return Permanent("handler_failed", f"after {tried} attempts: {failure}")
                self._pause(ATTEMPT_PAUSE_S * tried)

    def _count(self, items: Sequence[Item]) -> None:
        """Count an attempt for each item, unless one is open."""
        fresh = [
            (item.event, item.content)
            for item in items
            if item.event is not None and inbox.identity(item.event) not in self._open
        ]
        if fresh:
            with self._transaction() as session:
                inbox.count_attempt(session, self.recorder.group, fresh)
            self._open.update(inbox.identity(event) for event, _ in fresh)

    def _tried_before(self, items: Sequence[Item]) -> bool:
        """Whether an item was being handled when an earlier process ended."""
        return any(self._tried(items).values())

    def _tried(self, items: Sequence[Item]) -> dict[inbox.Identity, int]:
        """How many attempts at these came to an end."""
        events = [item.event for item in items if item.event is not None]
        with self._database.read() as session:
            counted = inbox.attempts(session, self.recorder.group, events)
        return {place: count - (place in self._open) for place, count in counted.items()}

    def _forget_telemetry(self, session: Session, items: Sequence[Item]) -> None:
        events = [item.event for item in items if item.telemetry and item.event is not None]
        inbox.forget(session, self.recorder.group, events)


def _names(items: Sequence[Item]) -> str:
    """The event's id for a log line; of a run of telemetry the first's and how many follow."""
    first = items[0]
    at = f"{first.record.partition}@{first.record.offset}"
    name = f"{first.event.source}:{first.event.id}" if first.event is not None else at
    return name if len(items) == 1 else f"{name} and {len(items) - 1} more"


def _identities(items: Sequence[Item]) -> set[inbox.Identity]:
    return {inbox.identity(item.event) for item in items if item.event is not None}
