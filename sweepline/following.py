"""What any role writes, followed for the open pages: hints of what has changed, and where vehicles are now.

Everything is read from the broker, whichever process wrote it, so one process or many make no difference to a page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from console.hub import RESYNC, Hub
from console.places import packed
from streams.driver import Driver, Record
from streams.pulse import Pulse, keep_on
from streams.views.last_fix import LAST_FIX
from streams.views.view import read_event

KIND_OF_TOPIC = {
    "stations": "station",
    "cases": "case",
    "plans": "plan",
    "planning": "plan",
    "weather": "alert",
    "resources": "resource",
    "work": "work",
    "timers": "clock",
}
"""What a message on a topic is about, for pages that read it again."""
KIND_OF_COMMAND = {
    "alarms": "alarm",
    "cases": "case",
    "days": "clock",
    "photos": "case",
    "resources": "resource",
    "routes": "plan",
    "sheets": "sheet",
    "shifts": "shift",
    "self_start": "clock",
}
"""What a command is about, by its key; any other key is a plan's code (approving, undoing, pins, a new version)."""
FOLLOWED = (*sorted(KIND_OF_TOPIC), "commands", "state")
"""The topics that are followed. Not `positions`: what the view makes of them is on `state`."""
STATE_CHANGED = "state.changed"
MOVES_S = 0.2
"""Places are handed on at most this often: all that have come meanwhile are one message to each page."""


def hint_of(topic: str, key: str, type_: str = "") -> str:
    """The hint `kind:id` of a message. On `state` the key says what it is about, but of `*.changed` the type does."""
    if topic == "commands":
        return f"{KIND_OF_COMMAND.get(key, 'plan')}:{key}"
    if topic != "state":
        return f"{KIND_OF_TOPIC.get(topic, topic)}:{key}"
    kind = type_.partition(".")[0]
    return key if type_ in ("", STATE_CHANGED) or key.startswith(f"{kind}:") else f"{kind}:{key}"


class Following:
    """Hands on to the hub what is written from now on. Used by one thread; `clock` counts seconds."""

    def __init__(self, hub: Hub, clock: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._clock = clock
        self._moved: dict[str, bytes] = {}
        self._handed_at = 0.0
        self._gap = False

    def run(self, driver: Driver, stop: threading.Event, pulse: Pulse) -> None:
        """Until `stop`. Raises Unavailable; called again, it has pages read everything: some messages were missed."""

        def turned() -> None:
            pulse.turned()
            if self._gap:
                self._gap = False
                self._hub.publish(RESYNC)
            self.hand_on()

        try:
            driver.tail(FOLLOWED, self.hear, stop, turned)
        finally:
            self._gap = True

    def hear(self, record: Record) -> None:
        """One message. What cannot be read is the recorders' business."""
        key = record.key.decode(errors="replace")
        if record.topic != "state":
            self._hub.publish(hint_of(record.topic, key))
            return
        event = read_event(record.value)
        if event is None:
            return
        if event.type == STATE_CHANGED and event.data.get("kind") == LAST_FIX.kind:
            self._move(key.removeprefix(f"{LAST_FIX.kind}:"), event.data.get("value"))
        else:
            self._hub.publish(hint_of("state", key, event.type))

    def _move(self, vehicle: str, value: object) -> None:
        place = packed(vehicle, value) if isinstance(value, dict) else None
        if place is not None:
            self._moved[vehicle] = place

    def hand_on(self) -> None:
        """Hand on the places that have come, unless some were just now."""
        now = self._clock()
        if self._moved and now - self._handed_at >= MOVES_S:
            places, self._moved = self._moved, {}
            self._hub.move(places)
            self._handed_at = now


def follow(driver: Driver, hub: Hub, stop: threading.Event, pulse: Pulse) -> None:
    """Follow until `stop`; a broker that is away is tried again."""
    following = Following(hub)

    def once() -> int:
        following.run(driver, stop, pulse)
        return 0

    keep_on(pulse, stop, once)
