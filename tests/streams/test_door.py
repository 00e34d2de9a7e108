"""The door for telemetry: what is turned away is counted, a broker that is away is not waited for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.params import IntakeParams
from models.errors import Unavailable
from models.events.base import Event
from models.events.registry import TELEMETRY, TOPIC_OF_TYPE
from streams.door import DEVICES, LOOK_S, SHUT_S, WAITING, Door
from streams.driver import Message

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
PARAMS = IntakeParams(device_burst=3, device_per_s=0.0, thin_backlog=10, thin_s=15.0)
MESSAGE = [Message("positions", b"V", b"{}")]


@dataclass
class Broker:
    """What a door publishes to, away when told."""

    away: bool = False
    tries: int = 0
    written: list[Message] = field(default_factory=list)

    def publish(self, messages: Sequence[Message]) -> None:
        self.tries += 1
        if self.away:
            raise Unavailable("broker is away")
        self.written.extend(messages)


@dataclass
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def event(type_: str, key: str, second: float = 0.0) -> Event:
    at = START + timedelta(seconds=second)
    return Event(source="s", id=f"{key}@{second}", type=type_, key=key, occurred_at=at, received_at=at, data={})


@given(st.lists(st.tuples(st.sampled_from(sorted(TOPIC_OF_TYPE)), st.sampled_from("ab")), max_size=60), st.booleans())
def test_only_telemetry_is_ever_turned_away_and_all_of_it_is_counted(sent: list[tuple[str, str]], load: bool) -> None:
    door = Door(Broker().publish, PARAMS, lambda: 100 if load else 0, Seconds())
    verdicts = door.verdicts([event(type_, key, n / 10) for n, (type_, key) in enumerate(sent)])
    assert all(type_ in TELEMETRY for (type_, _), verdict in zip(sent, verdicts, strict=True) if verdict)
    assert sum(door.turned_away.values()) == sum(map(bool, verdicts))
    if not load:
        assert "thinned" not in door.turned_away


def test_the_backlog_is_looked_at_now_and_then() -> None:
    clock, looks = Seconds(), []

    def backlog() -> int:
        looks.append(clock.now)
        return 100

    door = Door(Broker().publish, PARAMS, backlog, clock)
    for second in range(int(4 * LOOK_S)):
        clock.now = float(second)
        door.verdicts([event("vehicle.position", "V", 0.1 * second)])
    assert looks == [0.0, LOOK_S, 2 * LOOK_S, 3 * LOOK_S]
    assert door.turned_away["thinned"] > 0


def test_a_backlog_that_cannot_be_asked_thins_nothing() -> None:
    def backlog() -> int:
        raise Unavailable("broker is away")

    door = Door(Broker().publish, PARAMS, backlog, Seconds())
    assert door.verdicts([event("vehicle.position", "V", n) for n in range(3)]) == ["", "", ""]


def test_devices_remembered_are_bounded() -> None:
    door = Door(Broker().publish, PARAMS, None, Seconds())
    for n in range(4):
        verdict = door.verdicts([event("station.level", "first", n)])
    assert verdict == ["too_often"]
    door.verdicts([event("station.level", str(n)) for n in range(DEVICES)])
    assert door.verdicts([event("station.level", "first")]) == [""], "forgotten, and so forgiven"


def test_a_broker_that_is_away_is_tried_once_and_then_left_alone_for_a_while() -> None:
    clock, broker = Seconds(), Broker(away=True)
    door = Door(broker.publish, PARAMS, None, clock)
    for _ in range(5):
        with pytest.raises(Unavailable):
            door.publish(MESSAGE)
    assert broker.tries == 1
    clock.now = SHUT_S
    with pytest.raises(Unavailable):
        door.publish(MESSAGE)
    assert broker.tries == 2
    broker.away, clock.now = False, 2 * SHUT_S
    door.publish(MESSAGE)
    assert broker.written == MESSAGE


def test_a_broker_that_hangs_holds_up_a_few_callers_and_refuses_the_others() -> None:
    hangs, entered = threading.Event(), threading.Event()

    def publish(_messages: Sequence[Message]) -> None:
        entered.set()
        assert hangs.wait(60)
        raise Unavailable("broker is away")

    door = Door(publish, PARAMS, None, Seconds())
    refused: list[str] = []

    def call() -> None:
        try:
            door.publish(MESSAGE)
        except Unavailable as error:
            refused.append(str(error))

    held = [threading.Thread(target=call) for _ in range(WAITING)]
    for thread in held:
        thread.start()
    assert entered.wait(60)
    while sum(thread.is_alive() for thread in held) < WAITING or door._waiting._value:  # type: ignore[attr-defined]
        threading.Event().wait(0.01)
    call()
    assert len(refused) == 1 and "slow" in refused[0], "one more is refused while the others still wait"
    hangs.set()
    for thread in held:
        thread.join(60)
    assert len(refused) == WAITING + 1
