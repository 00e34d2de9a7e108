"""One member of a consumer group on Kafka, and the broker's errors as ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from models.errors import BrokerAway
from streams.driver import POLL_RECORDS, Partition, Record

log = structlog.get_logger(__name__)

CLOSE_S = 3.0
"""How long leaving a group may take: a process that is told to end does so within 10 s."""
OWED_S = 20.0
"""A client that still cannot commit after so long has lost its way: it may hold itself to be joining for ever."""
_MOVED = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


class KafkaGroupMember:
    """A consumer on kafka-python's client. `rejoin` gives another client of the same group.

    A topic that was deleted and made anew has new offsets: positions and commits of the old one would skip messages.
    """

    def __init__(self, client: Any, prefix: str, rejoin: Callable[[], Any] | None = None) -> None:
        self._client = client
        self._prefix = prefix
        self._rejoin = rejoin
        self._ids: dict[str, Any] = {}
        self._owed_since: float | None = None

    def poll(self, max_records: int = POLL_RECORDS, timeout_s: float = 1.0) -> list[Record]:
        """The next records of the partitions this member has now; [] also while the broker is away."""
        if self._renewed():
            self._join_anew("a topic was made anew")
        if self._owed_since is not None:
            self.commit()
            if self._owed_since is not None and time.monotonic() - self._owed_since > OWED_S:
                self._join_anew("offsets could not be committed for too long")
        with translated():
            polled = self._client.poll(timeout_ms=int(timeout_s * 1000), max_records=max_records)
        if self._renewed():  # heard of while it polled: these may be of the new topic, at the old one's offset
            return []
        return [
            Record(
                place.topic.removeprefix(self._prefix),
                place.partition,
                message.offset,
                message.key or b"",
                message.value or b"",
                message.timestamp / 1000,
            )
            for place, messages in polled.items()
            for message in messages
        ]

    def assigned(self) -> frozenset[Partition]:
        """What the group's coordinator has given this member."""
        return frozenset(
            (place.topic.removeprefix(self._prefix), place.partition) for place in self._client.assignment()
        )

    def commit(self) -> None:
        """Commit what was polled. Where a partition has moved to another member, that is delivered again there.

        The client keeps its position in a partition that is its own before and after the members changed, so what
        could not be committed meanwhile is never delivered again here: it is owed, and committed by the next poll.
        """
        if self._renewed():
            return
        with translated():
            try:
                self._client.commit()
                self._owed_since = None
            except _MOVED as error:
                if self._owed_since is None:
                    self._owed_since = time.monotonic()
                    log.info("offsets not committed while partitions move", error=type(error).__name__)

    def _renewed(self) -> bool:
        """Whether a topic is another than the one of that name this member began with, as far as it has heard."""
        cluster = self._client._client.cluster
        now = {name: cluster.topic_id(name) for name in self._client.subscription() or ()}
        known = {name: id_ for name, id_ in now.items() if id_ is not None}
        renewed = any(self._ids.get(name, id_) != id_ for name, id_ in known.items())
        self._ids = known | self._ids
        return renewed

    def _join_anew(self, reason: str) -> None:
        """Leave the group and join it with another client, where this member was made to be able to."""
        if self._rejoin is None:
            return
        log.warning("the group is joined anew", reason=reason)
        fresh = self._rejoin()
        self.close()
        self._client, self._ids, self._owed_since = fresh, {}, None

    def close(self) -> None:
        """Leave the group without committing; a broker that is away misses the member after its session."""
        try:
            self._client.close(autocommit=False, timeout_ms=int(CLOSE_S * 1000))
        except KafkaError as error:
            log.info("group not left", error=str(error))


@contextmanager
def translated() -> Iterator[None]:
    """Have whatever the broker's client raises be BrokerAway."""
    try:
        yield
    except KafkaError as error:
        raise BrokerAway(f"broker is away: {type(error).__name__}: {error}") from error
