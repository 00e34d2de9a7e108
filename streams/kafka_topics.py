"""The registered topics on a Kafka broker."""

from __future__ import annotations

from typing import Any

import structlog
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from streams.topics import CHANGELOGS, TOPICS, Topic

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 1024 * 1024
_DAY_MS = 24 * 3600 * 1000


def create_missing(admin: Any, prefix: str, partitions: int = 0) -> None:
    """Create the topics that do not exist, with their partitions (or so many) and retention. Raises KafkaError."""
    there = set(admin.list_topics())
    more = {"num_partitions": partitions} if partitions else {}
    registered = (*TOPICS.values(), *CHANGELOGS)
    missing = {prefix + t.name: _options(t) | more for t in registered if prefix + t.name not in there}
    try:
        if missing:
            admin.create_topics(missing, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        log.info("another process has just created the topics")


def drift(admin: Any, prefix: str) -> list[str]:
    """What of the registered topics is not as registered, each in words with what to do. Raises KafkaError."""
    there = set(admin.list_topics())
    names = {prefix + topic.name: topic for topic in TOPICS.values()}
    found = [f"{name} is missing; a worker that starts makes it" for name in names if name not in there]
    present = [name for name in names if name in there]
    if not present:
        return found
    partitions = {entry["name"]: len(entry["partitions"]) for entry in admin.describe_topics(present)}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in present]
    configs = next(iter(admin.describe_configs(asked, config_filter="all").values()))
    for name in present:
        topic = names[name]
        if partitions[name] != topic.partitions:
            text = f"{name} has {partitions[name]} partitions, not {topic.partitions}: keys lose their order"
            found.append(f"{text}; stop the workers, delete it and start them again, the outbox fills it")
        wanted = {"cleanup.policy": "delete"} | _options(topic)["configs"]
        for key, value in wanted.items():
            is_ = str(configs[name][key]["value"])
            if is_ != value:
                found.append(f"{name} has {key}={is_}, not {value}; set it with kafka-configs --alter")
    return found


def _options(topic: Topic) -> dict[str, Any]:
    """Partitions and settings a topic is created with; copies are the broker's default."""
    configs = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    if topic.compacted:
        configs["cleanup.policy"] = "compact"
    else:
        configs["retention.ms"] = str(topic.retention_days * _DAY_MS)
    return {"num_partitions": topic.partitions, "configs": configs}
