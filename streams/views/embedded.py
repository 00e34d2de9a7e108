"""The embedded driver of views: a dictionary, a consumer, and the topic `state`.

At start the dictionary is read back from the Projection rows, which lag behind it by at most the last second of each
key; offsets are committed only after what follows from them is published.
"""

from __future__ import annotations

import threading

from sqlmodel import select

from models.database import Database
from models.tables.flow import Projection
from streams import metrics
from streams.driver import Consumer, Driver, Message
from streams.pulse import Pulse, keep_on
from streams.views.view import Kept, State, View, advance, read_event

POLL_S = 1.0


class EmbeddedView:
    """One view on any driver, used by one thread."""

    def __init__(self, view: View, driver: Driver, database: Database) -> None:
        self.view = view
        self.name = view.name
        self._driver = driver
        self._database = database
        self._consumer: Consumer | None = None
        self._kept: dict[str, Kept] = {}
        self._outgoing: list[Message] = []
        self._uncommitted = False

    def run(self, stop: threading.Event, pulse: Pulse | None = None) -> None:
        """Until `stop`; a service that is away is tried again."""
        try:
            keep_on(pulse or Pulse(self.name), stop, lambda: self.run_once(POLL_S))
        finally:
            self.close()

    def run_once(self, timeout_s: float = 0.0) -> int:
        """Read and step one batch; how many records. Raises Unavailable: what it owes is sent by the next call."""
        if self._consumer is None:
            self._kept = self._restored()
            self._consumer = self._driver.consumer(self.view.group, (self.view.topic,))
        self._settle(self._consumer)
        records = self._consumer.poll(timeout_s=timeout_s)
        for record in records:
            event = read_event(record.value)
            if event is None:
                continue
            metrics.count("sweepline_view_events_total", labels=(self.name,))
            kept, messages = advance(self.view, self._kept.get(event.key), event)
            if kept is not None:
                self._kept[event.key] = kept
            self._outgoing.extend(messages)
        self._uncommitted = self._uncommitted or bool(records)
        self._settle(self._consumer)
        return len(records)

    def behind(self) -> bool:
        """Whether there is something the view has not dealt with."""
        return bool(self._outgoing) or self._driver.lag(self.view.group, (self.view.topic,)) > 0

    def states(self) -> dict[str, State]:
        """The state of every key."""
        return {key: kept["state"] for key, kept in self._kept.items()}

    def close(self) -> None:
        """Leave the group."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self._outgoing = []
        self._uncommitted = False

    def _settle(self, consumer: Consumer) -> None:
        """Publish what is owed, then commit."""
        if self._outgoing:
            self._driver.publish(self._outgoing)
            self._outgoing = []
        if self._uncommitted:
            consumer.commit()
            self._uncommitted = False

    def _restored(self) -> dict[str, Kept]:
        prefix = f"{self.view.kind}:"
        with self._database.read() as session:
            rows = session.exec(select(Projection).where(Projection.kind == self.view.kind)).all()
        return {row.key.removeprefix(prefix): {"state": row.value, "emitted": row.position} for row in rows}
