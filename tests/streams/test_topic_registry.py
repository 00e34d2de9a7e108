"""The topic registry knows every type of event there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.events.registry import PAYLOADS, TOPIC_OF_TYPE
from streams.topics import CHANGELOGS, INBOX_DAYS, RETENTION_DAYS, TOPICS, topic_of
from streams.views.rebuild import VIEWS

ROOT = Path(__file__).parents[2]
EMIT = re.compile(r"""\.emit\(\s*f?"(?P<topic>[a-z]+)",.*?,\s*f?"(?P<type>[a-z_.{}]+)",""", re.DOTALL)


def test_every_readable_type_has_its_topic() -> None:
    for type_, _version in PAYLOADS:
        assert topic_of(type_) == TOPIC_OF_TYPE[type_]


def test_every_emitted_type_is_registered_on_its_topic() -> None:
    found = 0
    for path in sorted((ROOT / "dispatch").rglob("*.py")):
        for match in EMIT.finditer(path.read_text(encoding="utf-8")):
            found += 1
            assert topic_of(match["type"].split("{")[0] or match["type"]) == match["topic"], f"{path.name}: {match[0]}"
    assert found >= 10


def test_a_type_belongs_to_one_topic() -> None:
    types = [type_ for topic in TOPICS.values() for type_ in topic.event_types]
    assert len(types) == len(set(types))


def test_an_unknown_type_has_no_topic() -> None:
    with pytest.raises(KeyError):
        topic_of("nothing.known")


def test_the_inbox_remembers_longer_than_topics_keep() -> None:
    assert all(topic.retention_days <= RETENTION_DAYS < INBOX_DAYS for topic in TOPICS.values())


def test_the_registry_is_the_designs() -> None:
    assert sorted(TOPICS) == sorted(
        [
            "weather",
            "stations",
            "cases",
            "positions",
            "work",
            "resources",
            "commands",
            "timers",
            "planning",
            "plans",
            "state",
        ]
    )
    assert [topic.name for topic in TOPICS.values() if topic.compacted] == ["state"]


def test_every_view_has_its_changelog_among_the_topics_made() -> None:
    names = {f"{view.group}-{view.name}-changelog": view.topic for view in VIEWS}
    assert {topic.name for topic in CHANGELOGS} == set(names)
    for topic in CHANGELOGS:
        assert topic.compacted and topic.partitions == TOPICS[names[topic.name]].partitions
