"""What any role writes becomes hints and places for the pages: each by its kind, places gathered, gaps said."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from console.hub import RESYNC, Hub
from models.errors import Unavailable
from models.events.base import Event, dump_event
from models.events.field import VehiclePosition
from streams.driver import Driver, Record
from streams.pulse import Pulse
from streams.views.last_fix import LAST_FIX
from streams.views.view import advance
from sweepline.following import FOLLOWED, MOVES_S, Following

NOW = datetime(2023, 12, 18, 9, tzinfo=UTC)


def record(topic: str, key: str, value: bytes) -> Record:
    return Record(topic, 0, 0, key.encode(), value, NOW.timestamp())


def state(key: str, type_: str, data: dict[str, Any] | None = None) -> Record:
    event = Event(source="s", id="1", type=type_, key=key, occurred_at=NOW, received_at=NOW, data=data or {})
    return record("state", key, dump_event(event))


def shown(vehicle: str, lon: float, second: int) -> Record:
    """What the view says of a fix."""
    at = NOW.replace(second=second)
    fix = VehiclePosition(
        vehicle=vehicle, observed_at=at, lon=lon, lat=32.78, speed_kmh=20.0, heading_deg=90.0, tools={"plough": True}
    )
    event = Event(
        source="gps",
        id=f"{vehicle}@{second}",
        type="vehicle.position",
        key=vehicle,
        occurred_at=at,
        received_at=at,
        data=fix.model_dump(mode="json"),
    )
    _, [message] = advance(LAST_FIX, None, event)
    return record("state", message.key.decode(), message.value)


def test_a_place_is_what_the_view_says_and_many_are_one_message() -> None:
    hub, seconds = Hub(), [100.0]
    following = Following(hub, lambda: seconds[0])
    with hub.subscribe() as page:
        for one in (shown("S-1", 119.45, 0), shown("S-2", 119.46, 1), shown("S-1", 119.47, 2)):
            following.hear(one)
        assert page.moved() == [], "not before they are handed on"
        following.hand_on()
        assert [json.loads(place) for place in page.moved()] == [
            ["S-1", 119.47, 32.78, "2023-12-18T09:00:02Z", 20.0, 90.0, "p"],
            ["S-2", 119.46, 32.78, "2023-12-18T09:00:01Z", 20.0, 90.0, "p"],
        ]
        following.hear(shown("S-2", 119.48, 3))
        following.hand_on()
        assert page.moved() == [], "some were just now"
        seconds[0] += MOVES_S
        following.hand_on()
        assert len(page.moved()) == 1
        assert page.drain() == [], "a place is no hint: nothing is read for it"


@pytest.mark.parametrize(
    ("heard", "hint"),
    [
        (state("alarm:untold:t1", "alarm.changed"), "alarm:untold:t1"),
        (state("case:7", "case.changed"), "case:7"),
        (state("vehicle:S-1", "resource.changed"), "resource:vehicle:S-1"),
        (state("alerts", "alert.stored"), "alert:alerts"),
        (state("station:ST-1", "state.changed", {"kind": "station", "key": "station:ST-1"}), "station:ST-1"),
        (record("work", "D01", b""), "work:D01"),
        (record("timers", "D01", b""), "clock:D01"),
        (record("commands", "shifts", b""), "shift:shifts"),
        (record("commands", "S-20231218-D01-N", b""), "plan:S-20231218-D01-N"),
    ],
)
def test_a_message_is_a_hint_of_what_it_is_about(heard: Record, hint: str) -> None:
    hub = Hub()
    with hub.subscribe() as page:
        Following(hub).hear(heard)
        assert page.drain() == [hint]


def test_what_cannot_be_read_is_passed_over() -> None:
    hub = Hub()
    following = Following(hub)
    with hub.subscribe() as page:
        for value in (b"junk", b"\xff", b'{"type": 1}'):
            following.hear(record("state", "vehicle:S-1", value))
        following.hear(state("vehicle:S-1", "state.changed", {"kind": "vehicle", "value": "none"}))
        following.hear(state("vehicle:S-1", "state.changed", {"kind": "vehicle", "value": {"lon": None}}))
        following.hear(state("vehicle:S-1", "state.changed", {"kind": "vehicle", "value": {"lon": 1, "lat": 2}}))
        following.hand_on()
        assert [json.loads(place) for place in page.moved()] == [["S-1", 1, 2, None, None, None, ""]]
        assert page.drain() == []


class Flaky:
    """A broker that goes away after each look."""

    def tail(
        self, topics: object, callback: Callable[[Record], None], _stop: object, turned: Callable[[], None]
    ) -> None:
        assert topics == FOLLOWED
        callback(record("work", "D01", b""))
        turned()
        raise Unavailable("broker is away")


def test_after_a_gap_pages_read_everything() -> None:
    hub = Hub()
    following = Following(hub)
    with hub.subscribe() as page:
        for expected in (["work:D01"], ["work:D01", RESYNC]):
            with pytest.raises(Unavailable):
                following.run(cast(Driver, Flaky()), threading.Event(), Pulse("hints"))
            assert page.drain() == expected
