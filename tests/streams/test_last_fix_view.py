"""The last good fix: laws of the step, and what is sent on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events.base import Event, load_event
from models.times import parse_time
from streams.views.last_fix import LAST_FIX, step
from streams.views.view import advance, read_event

NOON = datetime(2023, 12, 18, 12, tzinfo=UTC)


def fix(seconds: float, lon: float = 119.45, lat: float = 32.78, vehicle: str = "S-01", **more: Any) -> Event:
    at = NOON + timedelta(seconds=seconds)
    base: dict[str, Any] = {"vehicle": vehicle, "observed_at": at.isoformat(), "lon": lon, "lat": lat}
    return Event(
        source="gps",
        id=f"{vehicle}@{seconds}",
        type=more.pop("type", "vehicle.position"),
        key=more.pop("key", vehicle),
        occurred_at=at,
        received_at=more.pop("received_at", at),
        data={**base, **more},
    )


GOOD, _ = step(None, fix(0))


def test_a_good_fix_becomes_the_state() -> None:
    assert GOOD == {
        "vehicle": "S-01",
        "observed_at": "2023-12-18T12:00:00Z",
        "lon": 119.45,
        "lat": 32.78,
        "speed_kmh": 0.0,
        "heading_deg": None,
        "tools": "",
    }


@pytest.mark.parametrize(
    "event",
    [
        fix(10, 0, 0),
        fix(-1),
        fix(0, 119.4501),
        fix(301, received_at=NOON),
        fix(10, 119.46),
        fix(10, 91, 91),
        fix(10, key="S-02"),
        fix(10, observed_at="2023-12-18T12:00:10"),
        fix(10, type="station.level"),
        fix(10, surprise=1),
    ],
)
def test_what_is_not_good_changes_nothing(event: Event) -> None:
    assert step(GOOD, event) == (GOOD, ())


def test_the_limit_of_speed_is_150_km_h() -> None:
    metres_a_degree = 111_194.93
    north = 32.78 + 10 * 149.5 / 3.6 / metres_a_degree
    too_far = 32.78 + 10 * 150.5 / 3.6 / metres_a_degree
    assert step(GOOD, fix(10, lat=north))[0] != GOOD
    assert step(GOOD, fix(10, lat=too_far))[0] == GOOD


EVENTS = st.builds(
    fix,
    st.floats(-1000, 1000),
    st.sampled_from([0.0, 119.45, 119.4501, 119.46, 121.0]),
    st.sampled_from([0.0, 32.78, 32.79]),
    received_at=st.sampled_from([NOON, NOON + timedelta(seconds=500)]),
)


@given(st.lists(EVENTS, max_size=20))
def test_it_never_goes_back_in_time_and_repeats_change_nothing(events: list[Event]) -> None:
    state = None
    for event in events:
        after, _ = step(state, event)
        if state is not None and after is not None:
            assert parse_time(after["observed_at"]) >= parse_time(state["observed_at"])
        assert step(after, event)[0] == after
        state = after


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8), max_size=6))
def test_it_never_raises(data: dict[str, Any]) -> None:
    event = Event(
        source="x", id="1", type="vehicle.position", key="S-01", occurred_at=NOON, received_at=NOON, data=data
    )
    assert step(GOOD, event) == (GOOD, ())


def test_a_state_is_sent_at_most_once_a_second_of_event_time() -> None:
    kept, sent = None, []
    for seconds in (0, 0.5, 0.9, 1.0, 1.2, 1.9, 2.5, 9):
        kept, messages = advance(LAST_FIX, kept, fix(seconds))
        sent += [load_event(message.value) for message in messages]
    assert [(event.occurred_at - NOON).total_seconds() for event in sent] == [0, 1.0, 2.5, 9]
    assert kept is not None and kept["state"]["observed_at"] == "2023-12-18T12:00:09Z"
    assert {event.key for event in sent} == {"vehicle:S-01"}
    assert sent[-1].data["value"] == kept["state"]
    assert sent[-1].data["position"] == kept["emitted"]


def test_bytes_that_are_no_event_are_nothing_to_a_view() -> None:
    assert read_event(b"junk") is None
