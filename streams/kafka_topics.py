"""The registered topics on a Kafka broker."""

from __future__ import annotations

from typing import Any

import structlog
from kafka.errors import TopicAlreadyExistsError

from streams.topics import TOPICS, Topic

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 1024 * 1024
_DAY_MS = 24 * 3600 * 1000


def create_missing(admin: Any, prefix: str) -> None:
    """Create the topics that do not exist, with their partitions and retention. Raises KafkaError."""
    there = set(admin.list_topics())
    missing = {prefix + t.name: _options(t) for t in TOPICS.values() if prefix + t.name not in there}
    try:
        if missing:
            admin.create_topics(missing, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        log.info("another process has just created the topics")


def _options(topic: Topic) -> dict[str, Any]:
    """Partitions and settings a topic is created with; copies are the broker's default."""
    configs = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    if topic.compacted:
        configs["cleanup.policy"] = "compact"
    else:
        configs["retention.ms"] = str(topic.retention_days * _DAY_MS)
    return {"num_partitions": topic.partitions, "configs": configs}
