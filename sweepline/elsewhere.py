"""Settling with the role streams in other processes: topics are let in one after the other, in the recorders' order.

A broker keeps the order of a key, not that of topics: at one instant a complaint may be read before or after the
position that closes its case, and both are right. A replay that is to end in one state fixes that order, as settling in
one process does; within a topic the workers share the partitions and run side by side.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from models.errors import Unavailable
from streams.driver import Consumer, Driver, Message, Partition, Record
from streams.recorder import Recorder

LOOK_S = 0.02
LIMIT_S = 120.0


class Gate:
    """A driver that holds what is published on some topics until they are let in."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.gated: set[str] = set()
        self._held: list[Message] = []

    def publish(self, messages: Sequence[Message]) -> None:
        """Hold what is on a gated topic, write the rest."""
        self._held += [message for message in messages if message.topic in self.gated]
        self.driver.publish([message for message in messages if message.topic not in self.gated])

    def let_in(self, topics: Sequence[str]) -> None:
        """Write what is held of these topics, in order."""
        self.driver.publish([message for message in self._held if message.topic in topics])
        self._held = [message for message in self._held if message.topic not in topics]

    def ensure_topics(self) -> None:
        """As the driver."""
        self.driver.ensure_topics()

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        """As the driver."""
        return self.driver.consumer(group, topics)

    def lag(self, group: str, topics: Sequence[str], only: Collection[Partition] | None = None) -> int:
        """As the driver; what is held is not yet there."""
        return self.driver.lag(group, topics, only)

    def identities(self) -> Mapping[str, str]:
        """As the driver."""
        return self.driver.identities()

    def ping(self) -> None:
        """As the driver."""
        self.driver.ping()

    def end_offsets(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """As the driver."""
        return self.driver.end_offsets(topics)

    def tail(
        self,
        topics: Sequence[str],
        callback: Callable[[Record], None],
        stop: threading.Event,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        """As the driver."""
        self.driver.tail(topics, callback, stop, turned)

    def close(self) -> None:
        """As the driver."""
        self.driver.close()


class Elsewhere:
    """Stands for a runner that other processes run: to read is to let its topics in and to wait until they have."""

    def __init__(self, recorder: Recorder, gate: Gate) -> None:
        self.recorder = recorder
        self._gate = gate
        gate.gated.update(recorder.topics)

    def run_once(self, timeout_s: float = 0.0) -> int:
        """How many messages the group had to read. Raises Unavailable when nobody does."""
        self._gate.let_in(self.recorder.topics)
        waiting = left = self._lag()
        until = time.monotonic() + LIMIT_S
        while left:
            if time.monotonic() > until:
                raise Unavailable(f"nobody reads for {self.recorder.group}: {left} messages wait")
            time.sleep(LOOK_S)
            left = self._lag()
        return waiting

    def _lag(self) -> int:
        return self._gate.lag(self.recorder.group, self.recorder.topics)
