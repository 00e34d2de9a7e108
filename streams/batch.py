"""One batch of records inside one transaction: decode, claim, handle, quarantine, count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from dispatch import books
from dispatch.books import Tally
from models.database import away
from models.errors import Invariant, Permanent, Refused, Unavailable
from models.events.base import Event
from models.tracing import span
from streams import inbox, metrics, quarantine
from streams.codec import check_time, decode, event_hash
from streams.driver import Record
from streams.inbox import Claim
from streams.recorder import Recorder, unit_of

log = structlog.get_logger(__name__)

NOT_TRANSIENT = ("no such table", "no such column", "syntax error", "too many sql variables")
"""SQLite reports faults of a statement as OperationalError too; these are not cured by trying again."""


class HandlerFailed(Exception):
    """A handler raised what is neither a verdict on the event nor a service being away. `items` were at hand."""

    def __init__(self, items: Sequence[Item], error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.items = items


@dataclass(slots=True)
class Item:
    """One record of a batch, decoded. `fault`: why it goes to quarantine without being handled."""

    record: Record
    event: Event | None = None
    content: str = ""
    fault: Permanent | None = None
    telemetry: bool = False


def read(recorder: Recorder, record: Record) -> Item:
    """Decode a record; what is wrong with it is its `fault`."""
    item = Item(record)
    try:
        item.event = decode(record.value)
        item.telemetry = recorder.takes_batches_of(item.event)
        if not item.telemetry:
            item.content = event_hash(item.event)
        check_time(item.event)
    except Permanent as fault:
        item.fault = fault
    return item


class Batch:
    """Applies items in order within one session. `now` stamps bytes that have no `received_at` of their own."""

    def __init__(self, recorder: Recorder, session: Session, now: Callable[[], datetime]) -> None:
        self._recorder = recorder
        self._session = session
        self._now = now
        self._tallies: dict[str, Tally] = {}
        self._last: Event | None = None

    def apply(self, items: Sequence[Item]) -> None:
        """Everything of these items but the commit. Raises HandlerFailed, Unavailable, Invariant."""
        self._last = next((item.event for item in reversed(items) if item.event is not None), None)
        inboxed = [item for item in items if item.event is not None and not item.telemetry]
        hashed = [(item.event, item.content) for item in inboxed if item.event is not None]
        claims = dict(zip(map(id, inboxed), inbox.claim(self._session, self._recorder.group, hashed), strict=True))
        for (telemetry, topic), run in groupby(items, lambda item: (item.telemetry, item.record.topic)):
            if telemetry:
                self._run(topic, list(run))
            else:
                for item in run:
                    self._single(item, claims.get(id(item)))
        books.add(self._session, self._recorder.group, self._tallies)

    def hold(self, item: Item, fault: Permanent) -> None:
        """Quarantine an item, and count it."""
        at = item.event.received_at if item.event else self._now()
        group, record = self._recorder.group, item.record
        news = quarantine.hold(self._session, group, record.topic, record.value, item.event, fault, at)
        tally = self._tally(record.topic)
        if not news:
            tally.duplicates += 1
            return
        tally.quarantined += 1
        name = f"{item.event.source}:{item.event.id}" if item.event else f"{record.partition}@{record.offset}"
        log.warning("quarantined", group=group, topic=record.topic, event_id=name, reason=fault.reason)

    def give_up(self, item: Item, fault: Permanent) -> None:
        """Quarantine an item that has used up its attempts."""
        if item.event is not None and not item.telemetry:
            inbox.claim(self._session, self._recorder.group, [(item.event, item.content)])
            inbox.quarantined(self._session, self._recorder.group, item.event)
        self.hold(item, fault)
        books.add(self._session, self._recorder.group, self._tallies)

    def report(self) -> None:
        """Count what was committed; for after the transaction."""
        group = self._recorder.group
        for topic, tally in self._tallies.items():
            for outcome, number in (
                ("applied", tally.applied),
                ("duplicate", tally.duplicates),
                ("quarantined", tally.quarantined),
            ):
                if number:
                    metrics.count("sweepline_events_total", number, (group, topic, outcome))
        if self._last is not None:
            delay_s = (self._now() - self._last.received_at).total_seconds()
            metrics.observe("sweepline_event_delay_seconds", max(0.0, delay_s), (group,))

    def _tally(self, topic: str) -> Tally:
        return self._tallies.setdefault(topic, Tally())

    def _single(self, item: Item, claim: Claim | None) -> None:
        event = item.event
        if claim is Claim.DUPLICATE:
            self._tally(item.record.topic).duplicates += 1
            return
        if claim is Claim.CONFLICT:
            text = "an event of this source and id, but with other content, was dealt with before"
            self.hold(item, Permanent("identity_conflict", text))
            return
        fault = item.fault
        if fault is None and event is not None:
            fault = self._handle(item, event)
        if fault is None:
            self._tally(item.record.topic).applied += 1
            return
        if event is not None:
            inbox.quarantined(self._session, self._recorder.group, event)
        self.hold(item, fault)

    def _handle(self, item: Item, event: Event) -> Permanent | None:
        """Run the handler in a savepoint; the verdict where the event can never be applied."""
        try:
            cause = f"{event.source}:{event.id}"
            with span("record", cause, group=self._recorder.group, type=event.type), self._session.begin_nested():
                self._recorder.handle(unit_of(self._session, event, self._recorder.group), event)
        except Permanent as fault:
            return fault
        except Refused as refusal:
            return Permanent(refusal.code, refusal.text)
        except (Unavailable, Invariant):
            raise
        except Exception as error:
            raise_transient(error)
            raise HandlerFailed([item], error) from error
        return None

    def _run(self, topic: str, run: list[Item]) -> None:
        """A run of telemetry of one topic."""
        good = [item for item in run if item.fault is None]
        for item in run:
            if item.fault is not None:
                self.hold(item, item.fault)
        events = [item.event for item in good if item.event is not None]
        handle = self._recorder.handle_batch
        if not events or handle is None:
            return
        try:
            with self._session.begin_nested():
                outcome = handle(unit_of(self._session, events[-1], self._recorder.group), events)
        except (Unavailable, Invariant):
            raise
        except Exception as error:
            raise_transient(error)
            raise HandlerFailed(good, error) from error
        tally = self._tally(topic)
        tally.applied += outcome.applied
        tally.duplicates += outcome.duplicates
        by_event = {id(item.event): item for item in good}
        for event, reason, text in outcome.quarantined:
            self.hold(by_event[id(event)], Permanent(reason, text))


def raise_transient(error: Exception) -> None:
    """Raise Unavailable if the error means that the database is away or busy; return if it means something else."""
    if not isinstance(error, DBAPIError) or any(word in str(error).lower() for word in NOT_TRANSIENT):
        return
    translated = away(error)
    if translated is not None:
        raise translated from error
