"""The one registry of topics: name, key, partitions, retention, event types.

The key is the unit of order: all messages of one key are read in the order they were written. Retention is shorter
than the inbox's memory (`INBOX_DAYS`), so that nothing still readable can be applied a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.events.registry import TOPIC_OF_TYPE

PARTITIONS = 4
RETENTION_DAYS = 7
INBOX_DAYS = 8


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `key` says in words what its key is; `compacted` topics keep the last message of each key.

    `gathered`: so much comes on it that a reader rather waits a moment for more than takes each message by itself.
    """

    name: str
    key: str
    event_types: tuple[str, ...]
    partitions: int = PARTITIONS
    retention_days: int = RETENTION_DAYS
    compacted: bool = False
    gathered: bool = False


def _events(topic: str, *emitted: str) -> tuple[str, ...]:
    """What comes in from outside on a topic (by the event registry), and what the product itself emits there."""
    return tuple(sorted(type_ for type_, name in TOPIC_OF_TYPE.items() if name == topic)) + emitted


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic("weather", "alert, reading device or forecast provider", _events("weather")),
        Topic("stations", "station", _events("stations")),
        Topic("cases", "case, or the place of a complaint", _events("cases")),
        Topic("positions", "vehicle", _events("positions"), gathered=True),
        Topic("work", "place of the work", _events("work", "work.done")),
        Topic("resources", "kind:ref", _events("resources")),
        Topic("commands", "what the command is about", _events("commands", "command.*")),
        Topic("timers", "what the timer is about", _events("timers", "timer.due")),
        Topic("planning", "district", _events("planning", "plan.requested")),
        Topic(
            "plans",
            "plan",
            _events(
                "plans", "plan.proposed", "plan.approved", "plan.active", "plan.closed", "route.told", "sheet.issued"
            ),
        ),
        Topic(
            "state",
            "kind:id",
            _events("state", "state.changed", "alert.stored", "case.changed", "resource.changed", "alarm.changed"),
            compacted=True,
            gathered=True,
        ),
    )
}


CHANGELOGS: tuple[Topic, ...] = tuple(
    Topic(f"view-{view}-{view}-changelog", key, (), compacted=True)
    for view, key in (("last_fix", "vehicle"), ("filling", "station"))
)
"""Where views keep their Tables, named as Faust does. Made with the topics: a view that comes to its first event before
its changelog is known drops that event and commits nothing any more."""


def topic_of(event_type: str) -> str:
    """The topic an event type travels on (`command.*` stands for every command). Raises KeyError for other types."""
    family = event_type.split(".", 1)[0] + ".*"
    for topic in TOPICS.values():
        if event_type in topic.event_types or family in topic.event_types:
            return topic.name
    raise KeyError(event_type)
