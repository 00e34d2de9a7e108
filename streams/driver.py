"""What moves bytes: the seam between streams and a broker.

A driver knows topics, keys and bytes; it never looks into a message. Two exist: `SqliteLog` (one file, no server) and
`KafkaDriver`. Both keep the order of a key, deliver at least once, and lose nothing that `publish` returned for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

POLL_RECORDS = 500
"""The most records one poll returns unless told otherwise."""

Partition = tuple[str, int]
"""(topic, partition)."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be written: key and value are bytes, the key decides the partition and so the order."""

    topic: str
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """What was read. `timestamp` is the log's, seconds since 1970 (for people; nothing is decided by it)."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    timestamp: float


class Consumer(Protocol):
    """One member of a consumer group. Used by one thread at a time."""

    def poll(self, max_records: int = POLL_RECORDS, timeout_s: float = 1.0) -> list[Record]:
        """The next records in order of each partition; waits up to `timeout_s`, then []. Raises Unavailable."""
        ...

    def assigned(self) -> frozenset[Partition]:
        """The partitions this member reads now. May be asked by another thread."""
        ...

    def commit(self) -> None:
        """The group has done with everything polled so far. Raises Unavailable; then it is delivered again."""
        ...

    def close(self) -> None:
        """Leave the group without committing."""
        ...


class Driver(Protocol):
    """A log of messages."""

    def ensure_topics(self) -> None:
        """Create the registered topics that do not exist. Raises Unavailable."""
        ...

    def publish(self, messages: Sequence[Message]) -> None:
        """Write in the given order; durable when it returns. Raises Unavailable: then some may be written."""
        ...

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        """A consumer that goes on where its group committed last, at first from the beginning."""
        ...

    def lag(self, group: str, topics: Sequence[str], only: Collection[Partition] | None = None) -> int:
        """Messages the group has not yet committed; 0: all is read and committed. `only` of these partitions.

        Raises Unavailable.
        """
        ...

    def ping(self) -> None:
        """Have the broker answer something small. Raises Unavailable."""
        ...

    def identities(self) -> Mapping[str, str]:
        """What tells each topic that is there from another of its name, made after it was lost. Raises Unavailable."""
        ...

    def end_offsets(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """The offset the next message of each partition will get. Raises Unavailable."""
        ...

    def tail(
        self,
        topics: Sequence[str],
        callback: Callable[[Record], None],
        stop: threading.Event,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        """Call back with every message written from now on, without a group, until `stop`. For live push only.

        `turned` is told at each look, whether there was something or not. Raises Unavailable.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...
