"""Which versions of an event are read: the newest as it is, older ones lifted, newer ones refused in clear words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.intake import parse_body
from models.errors import Permanent
from models.events import registry
from models.events.base import Event, Payload, dump_event
from models.events.registry import LIFTS, PAYLOADS, newest_version, payload_of
from streams.codec import decode

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


class Third(Payload):
    weight_kg: int
    scale: str


@pytest.fixture
def weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A type in its third version: first grams, then kilograms, then which scale."""
    lifts: dict[tuple[str, int], registry.Lift] = {
        ("load.weighed", 1): lambda data: {"weight_kg": data["weight_g"] // 1000},
        ("load.weighed", 2): lambda data: {**data, "scale": "unknown"},
    }
    monkeypatch.setattr(registry, "PAYLOADS", {**PAYLOADS, ("load.weighed", 3): Third})
    monkeypatch.setattr(registry, "LIFTS", lifts)


def event(version: int, data: dict[str, Any], type_: str = "load.weighed") -> Event:
    made = Event(
        source="s", id="1", type=type_, data_version=version, key="k", occurred_at=AT, received_at=AT, data=data
    )
    return decode(dump_event(made))


@pytest.mark.usefixtures("weighed")
@pytest.mark.parametrize(
    ("version", "data", "scale"),
    [
        (1, {"weight_g": 7000}, "unknown"),
        (2, {"weight_kg": 7}, "unknown"),
        (3, {"weight_kg": 7, "scale": "depot"}, "depot"),
    ],
)
def test_each_version_is_read_as_the_newest(version: int, data: dict[str, Any], scale: str) -> None:
    assert payload_of(event(version, data)) == Third(weight_kg=7, scale=scale)


@pytest.mark.usefixtures("weighed")
@pytest.mark.parametrize(
    ("version", "reason"), [(4, "newer_version"), (0, "older_version"), (-(10**18), "older_version")]
)
def test_other_versions_say_what_to_do(version: int, reason: str) -> None:
    with pytest.raises(Permanent) as caught:
        payload_of(event(version, {"weight_kg": 7, "scale": "depot"}))
    assert caught.value.reason == reason and "3" in caught.value.text


@pytest.mark.parametrize("type_", sorted({type_ for type_, _ in PAYLOADS}))
def test_a_newer_version_of_any_event_is_held_and_named(type_: str) -> None:
    newer = newest_version(type_) + 1
    line = {"specversion": "1.0", "type": type_, "dataversion": newer, "data": {}, "time": "2026-01-05T08:00:00Z"}
    for reason in (_refusal(event(newer, {}, type_)), parse_body(json.dumps(line).encode(), "", AT)[0].reason):  # type: ignore[union-attr]
        assert reason == "newer_version"


def _refusal(found: Event) -> str:
    with pytest.raises(Permanent) as caught:
        payload_of(found)
    return caught.value.reason


@given(st.sampled_from(sorted({type_ for type_, _ in PAYLOADS})), st.integers())
def test_no_version_is_read_that_is_not_known(type_: str, version: int) -> None:
    known = (type_, version) in PAYLOADS or (type_, version) in LIFTS
    with pytest.raises(Permanent) as caught:
        payload_of(event(version, {"no": "such"}, type_))
    assert (caught.value.reason == "bad_payload") == known


def test_every_lift_leads_to_the_newest_version() -> None:
    for type_, version in LIFTS:
        assert version < newest_version(type_)
        assert all((type_, step) in LIFTS for step in range(version, newest_version(type_)))
