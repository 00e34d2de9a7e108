"""What a view is: a pure function over the state of one key and an event; and how a state is shown to others.

`step` is total: it never raises, and what it does not understand leaves the state as it is. Whatever driver runs it,
`advance` is the only code around it, so both drivers give the same states and the same messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from models.errors import Permanent
from models.events.base import Event, dump_event
from models.times import from_micros
from streams.codec import decode
from streams.driver import Message

State = dict[str, Any]
Kept = dict[str, Any]
"""What a driver keeps for each key: {"state": State, "emitted": position last emitted}."""

EMIT_EVERY = timedelta(seconds=1)
"""The state of one key is emitted at most this often, in event time."""


@dataclass(frozen=True, slots=True)
class View:
    """`step(state or None, event) -> (state or None, messages)`; `position` orders the states of a key (microseconds).

    `kind` names what the keys are: the state of key K is shown as `kind:K` on the topic `state`.
    """

    name: str
    topic: str
    kind: str
    step: Callable[[State | None, Event], tuple[State | None, tuple[Message, ...]]]
    position: Callable[[State], int]

    @property
    def group(self) -> str:
        """The consumer group the view reads with."""
        return f"view-{self.name}"


def read_event(value: bytes) -> Event | None:
    """The event in some bytes; None where there is none, which is the recorders' business to quarantine."""
    try:
        return decode(value)
    except Permanent:
        return None


def advance(view: View, kept: Kept | None, event: Event) -> tuple[Kept | None, tuple[Message, ...]]:
    """One step of a view with what it sends on: the messages of the step and, when it is time, the new state."""
    before = kept["state"] if kept else None
    state, messages = view.step(before, event)
    if state is None or state == before:
        return kept, messages
    position = view.position(state)
    emitted = kept["emitted"] if kept else None
    if emitted is not None and position - emitted < EMIT_EVERY // timedelta(microseconds=1):
        return {"state": state, "emitted": emitted}, messages
    return {"state": state, "emitted": position}, (*messages, state_message(view, event, state, position))


def state_message(view: View, event: Event, state: State, position: int) -> Message:
    """The state of one key as an event on the topic `state`; the same state gives the same message."""
    key = f"{view.kind}:{event.key}"
    shown = Event(
        source=f"view:{view.name}",
        id=f"{key}:{position}",
        type="state.changed",
        key=key,
        occurred_at=from_micros(position),
        received_at=event.received_at,
        data={"kind": view.kind, "key": key, "position": position, "value": state},
    )
    return Message("state", key.encode(), dump_event(shown))
