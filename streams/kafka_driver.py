"""The production driver: Apache Kafka by kafka-python, one consumer a group member, offsets committed by hand.

acks=all and an idempotent producer: what `publish` returned for is on the broker, in order of each key. Topics and
groups may carry a prefix, so that several installations (or tests) share a broker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
)

from models.errors import BrokerAway
from streams.driver import Message, Partition, Record
from streams.kafka_member import KafkaGroupMember, translated
from streams.kafka_topics import MAX_MESSAGE_BYTES, create_missing, drift
from streams.topics import TOPICS

log = structlog.get_logger(__name__)

REQUEST_S = 10.0
DELIVERY_S = 20.0
"""How long `publish` may take before the broker counts as away."""
SESSION_S = 10.0
"""A member that has died is missed after this; its partitions then go to the others."""
METADATA_S = 30.0
"""How soon a consumer notices that a topic has got more partitions."""
GATHER_MS = 400
GATHER_BYTES = 128 * 1024
"""On topics that are gathered a reader waits for so much, and no longer than this: a batch of many costs little more
than a batch of few."""
METADATA_TRIES = 50
COORDINATOR_TRIES = 25
COORDINATOR_PAUSE_S = 0.2


class KafkaDriver:
    """A broker at `bootstrap` (host:port, several with commas). Safe to use from several threads.

    `gather`: have readers of gathered topics wait for more. Not where the clock is simulated: it would stand meanwhile.
    """

    def __init__(self, bootstrap: str, prefix: str = "", session_s: float = SESSION_S, gather: bool = False) -> None:
        self._bootstrap = bootstrap.removeprefix("kafka://").split(",")
        self._prefix = prefix
        self._session_s = session_s
        self._gather = gather
        self._lock = threading.RLock()
        self._ensured = False
        self._producer: Any = None
        self._admin: Any = None

    def ensure_topics(self) -> None:
        """Create the registered topics that do not exist, with their partitions and retention; asked once.

        Done by itself before the first message is written or read, so that a process starts while the broker is away.
        """
        with self._lock:
            if not self._ensured:
                with self._asking() as admin:
                    create_missing(admin, self._prefix)
                self._ensured = True

    def publish(self, messages: Sequence[Message]) -> None:
        """Send in order, return when all are acknowledged. Raises BrokerAway: then some may be written."""
        if not messages:
            return
        with self._lock:
            self.ensure_topics()
            try:
                producer = self._open_producer()
                sent = [producer.send(self._name(m.topic), value=m.value, key=m.key) for m in messages]
                producer.flush(timeout=DELIVERY_S)
                for future in sent:
                    future.get(timeout=REQUEST_S)
            except KafkaError as error:
                self._drop_producer()
                self._ensured = False
                raise BrokerAway(f"broker is away: {type(error).__name__}: {error}") from error

    def consumer(self, group: str, topics: Sequence[str]) -> KafkaGroupMember:
        """A member of the group; the broker shares the partitions among the members."""
        return KafkaGroupMember(self._join(group, topics), self._prefix, lambda: self._join(group, topics))

    def _join(self, group: str, topics: Sequence[str]) -> Any:
        self.ensure_topics()
        gathering = self._gather and all(TOPICS[topic].gathered for topic in topics)
        with translated():
            client = KafkaConsumer(
                bootstrap_servers=self._bootstrap,
                group_id=self._prefix + group,
                fetch_min_bytes=GATHER_BYTES if gathering else 1,
                fetch_max_wait_ms=GATHER_MS if gathering else 500,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                session_timeout_ms=int(self._session_s * 1000),
                heartbeat_interval_ms=int(self._session_s * 200),
                request_timeout_ms=int(max(REQUEST_S, self._session_s + 1) * 1000),
                reconnect_backoff_max_ms=1000,
                metadata_max_age_ms=int(METADATA_S * 1000),
                bootstrap_timeout_ms=int(REQUEST_S * 1000),
            )
            names = [self._name(topic) for topic in topics]
            _know(client, names)
            client.subscribe(names)
        return client

    def lag(self, group: str, topics: Sequence[str], only: Collection[Partition] | None = None) -> int:
        """Messages not yet committed by the group."""
        if only is not None and not only:
            return 0
        with self._lock, self._asking() as admin:
            places = self._places(admin, topics)
            if only is not None:
                places = [
                    place for place in places if (place.topic.removeprefix(self._prefix), place.partition) in only
                ]
            ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
            starts = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
            done = _committed(admin, self._prefix + group, places)
        return sum(
            max(0, ends[place].offset - max(starts[place].offset, done[place].offset if place in done else -1))
            for place in places
        )

    def ping(self) -> None:
        """Ask for the names of the topics."""
        with self._lock, self._asking() as admin:
            admin.list_topics()

    def identities(self) -> Mapping[str, str]:
        """The broker's own id of each topic: another one when a topic was made anew. A lost one is made here."""
        with self._lock, self._asking() as admin:
            create_missing(admin, self._prefix)
            there = set(admin.list_topics())
            names = [self._name(topic) for topic in TOPICS if self._name(topic) in there]
            found = admin.describe_topics(names) if names else []
        return {topic["name"].removeprefix(self._prefix): str(topic["topic_id"]) for topic in found}

    def drift(self) -> list[str]:
        """What of the registered topics is missing or set otherwise, in words. Raises BrokerAway."""
        with self._lock, self._asking() as admin:
            return drift(admin, self._prefix)

    def members(self, groups: Sequence[str]) -> dict[str, int]:
        """How many consumers each group has now. Raises BrokerAway."""
        with self._lock, self._asking() as admin:
            described = admin.describe_groups([self._prefix + group for group in groups])
        return {group: len(described[self._prefix + group]["members"]) for group in groups}

    def end_offsets(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """The next offset of each partition."""
        with self._lock, self._asking() as admin:
            places = self._places(admin, topics)
            ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        return {(place.topic.removeprefix(self._prefix), place.partition): ends[place].offset for place in places}

    def tail(
        self,
        topics: Sequence[str],
        callback: Callable[[Record], None],
        stop: threading.Event,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        """Call back with every message written from now on until `stop`."""
        self.ensure_topics()
        with translated():
            client = KafkaConsumer(
                bootstrap_servers=self._bootstrap,
                group_id=None,
                reconnect_backoff_max_ms=1000,
                auto_offset_reset="latest",
                bootstrap_timeout_ms=int(REQUEST_S * 1000),
            )
            reader = KafkaGroupMember(client, self._prefix)
            try:
                ends = self.end_offsets(topics)
                client.assign([TopicPartition(self._name(topic), part) for topic, part in ends])
                for (topic, part), offset in ends.items():
                    client.seek(TopicPartition(self._name(topic), part), offset)
                while not stop.is_set():
                    for record in reader.poll(timeout_s=0.25):
                        callback(record)
                    turned()
            finally:
                reader.close()

    def close(self) -> None:
        """Close producer and admin client; consumers close themselves."""
        with self._lock:
            self._drop_producer()
            self._drop_admin()

    def _name(self, topic: str) -> str:
        return self._prefix + TOPICS[topic].name

    def _places(self, admin: Any, topics: Sequence[str]) -> list[Any]:
        """All partitions of these topics as the broker has them."""
        found = admin.describe_topics([self._name(topic) for topic in topics])
        return [
            TopicPartition(topic["name"], part["partition_index"]) for topic in found for part in topic["partitions"]
        ]

    def _open_producer(self) -> Any:
        if self._producer is None:
            self._producer = KafkaProducer(
                bootstrap_servers=self._bootstrap,
                acks="all",
                enable_idempotence=True,
                linger_ms=2,
                max_block_ms=int(REQUEST_S * 1000),
                request_timeout_ms=int(REQUEST_S * 1000),
                delivery_timeout_ms=int(DELIVERY_S * 1000),
                max_request_size=MAX_MESSAGE_BYTES,
                reconnect_backoff_max_ms=1000,
                bootstrap_timeout_ms=int(REQUEST_S * 1000),
                allow_auto_create_topics=False,
            )
        return self._producer

    def _drop_producer(self) -> None:
        """Forget a producer and what waits in it; the caller sends all of that again."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            try:
                producer.close(timeout=0)
            except KafkaError as error:
                log.info("producer closed", error=str(error))

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """The admin client; dropped when the broker is away, so that the next question connects anew."""
        with translated():
            try:
                if self._admin is None:
                    self._admin = KafkaAdminClient(
                        bootstrap_servers=self._bootstrap,
                        request_timeout_ms=int(REQUEST_S * 1000),
                        bootstrap_timeout_ms=int(REQUEST_S * 1000),
                        reconnect_backoff_max_ms=1000,
                    )
                yield self._admin
            except KafkaError:
                self._drop_admin()
                raise

    def _drop_admin(self) -> None:
        if self._admin is not None:
            admin, self._admin = self._admin, None
            admin.close()


def _know(client: Any, names: list[str]) -> None:
    """Have the client know the partitions before it joins: one that joins without gets none, and keeps none."""
    for _ in range(METADATA_TRIES):
        if all(client.partitions_for_topic(name) for name in names):
            return
        time.sleep(COORDINATOR_PAUSE_S)
    client.close(autocommit=False)
    raise BrokerAway(f"broker does not know all of the topics {', '.join(names)} yet")


def _committed(admin: Any, group: str, places: list[Any]) -> dict[Any, Any]:
    """Offsets by partition. A broker that has just started takes a moment to know who coordinates a group."""
    for _ in range(COORDINATOR_TRIES - 1):
        try:
            return dict(admin.list_group_offsets({group: places}).get(group, {}))
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
            time.sleep(COORDINATOR_PAUSE_S)
    return dict(admin.list_group_offsets({group: places}).get(group, {}))
