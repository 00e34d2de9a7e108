"""Bytes become events or a reason, never another exception."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Permanent
from models.events.base import Event, dump_event
from streams.codec import MAX_IDENTITY_CHARS, check_time, decode, event_hash

NOON = datetime(2023, 12, 18, 12, tzinfo=UTC)
BODY: dict[str, Any] = {
    "source": "s",
    "id": "1",
    "type": "t",
    "dataversion": 1,
    "subject": "k",
    "time": "2023-12-18T12:00:00Z",
    "receivedat": "2023-12-18T12:00:00Z",
    "data": {},
}


def make(**more: Any) -> Event:
    base = {"source": "s", "id": "1", "type": "t", "key": "k", "occurred_at": NOON, "received_at": NOON, "data": {}}
    return Event(**{**base, **more})


JSON_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=30)
JSON_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | JSON_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(JSON_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_undecodable(raw: bytes) -> None:
    try:
        assert isinstance(decode(raw), Event)
    except Permanent as fault:
        assert fault.reason == "undecodable"


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(BODY, JSON_VALUE)))
def test_any_values_of_fields_are_an_event_or_undecodable(changes: dict[str, Any]) -> None:
    try:
        assert isinstance(decode(json.dumps({**BODY, **changes}).encode()), Event)
    except Permanent as fault:
        assert fault.reason == "undecodable"


@given(JSON_TEXT, JSON_TEXT, st.dictionaries(JSON_TEXT, JSON_VALUE, max_size=4))
def test_what_is_dumped_is_read_back(source: str, id_: str, data: dict[str, Any]) -> None:
    event = make(source=source, id=id_, data=data, actor="ann")
    assert decode(dump_event(event)) == event


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[" * 200_000,
        b'{"a":' * 50_000,
        b"\xff",
        json.dumps({**BODY, "time": "2023-12-18T12:00:00"}).encode(),
        json.dumps({**BODY, "time": "0001-01-01T00:00:00+14:00"}).encode(),
        json.dumps({**BODY, "dataversion": float("inf")}).encode(),
        json.dumps({**BODY, "data": {"x": float("nan")}}).encode(),
        json.dumps({**BODY, "data": {"x": "\0"}}).encode(),
        json.dumps({**BODY, "id": "\ud800"}).encode(),
        json.dumps({**BODY, "id": ""}).encode(),
        json.dumps({**BODY, "id": "x" * (MAX_IDENTITY_CHARS + 1)}).encode(),
        json.dumps({**BODY, "data": {"x": "y" * 300_000}}).encode(),
    ],
)
def test_hostile_bytes_are_undecodable(raw: bytes) -> None:
    with pytest.raises(Permanent) as caught:
        decode(raw)
    assert caught.value.reason == "undecodable"


def test_content_is_what_the_sender_said() -> None:
    assert event_hash(make()) == event_hash(make(received_at=NOON + timedelta(hours=1)))
    for change in ({"key": "other"}, {"data": {"a": 1}}, {"occurred_at": NOON + timedelta(seconds=1)}, {"actor": "x"}):
        assert event_hash(make()) != event_hash(make(**change))


def test_five_minutes_ahead_is_the_limit() -> None:
    check_time(make(occurred_at=NOON + timedelta(minutes=5)))
    with pytest.raises(Permanent, match="occurred at"):
        check_time(make(occurred_at=NOON + timedelta(minutes=5, microseconds=1)))
