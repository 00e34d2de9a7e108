"""Hints: each once, in order, never blocking the publisher, lost ones replaced by a resync."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.hub import CLIENT_LIMIT, QUEUE_LIMIT, RESYNC, Hub, HubFull

HINTS = st.lists(st.sampled_from([f"vehicle:{n}" for n in range(6)] + ["plan:a"]), max_size=40)


@given(HINTS)
def test_a_client_gets_each_waiting_hint_once_in_order_of_its_first(hints: list[str]) -> None:
    hub = Hub()
    with hub.subscribe() as client:
        for hint in hints:
            hub.publish(hint)
        assert client.drain() == list(dict.fromkeys(hints))
        assert client.drain() == []


def test_a_slow_client_gets_one_resync_and_then_goes_on() -> None:
    hub = Hub()
    with hub.subscribe() as client:
        for number in range(QUEUE_LIMIT + 50):
            hub.publish(f"vehicle:{number}")
        assert client.drain() == [RESYNC]
        hub.publish("plan:a")
        assert client.drain() == ["plan:a"]


def test_a_listener_is_woken_for_what_came_before_it_and_after() -> None:
    hub, woken = Hub(), []
    with hub.subscribe() as client:
        hub.publish("plan:a")
        client.on_hint(lambda: woken.append(1))
        assert woken == [1]
        hub.publish("plan:b")
        assert woken == [1, 1]
        client.on_hint(None)
        hub.publish("plan:c")
        assert woken == [1, 1]


def test_clients_are_limited_and_leave() -> None:
    hub = Hub()
    contexts = [hub.subscribe() for _ in range(CLIENT_LIMIT)]
    for context in contexts:
        context.__enter__()
    with pytest.raises(HubFull), hub.subscribe():
        raise AssertionError("not reached")
    for context in contexts:
        context.__exit__(None, None, None)
    assert hub.clients == 0


def test_of_a_vehicle_that_has_moved_a_client_gets_the_newest_place_and_a_slow_one_no_more() -> None:
    hub, woken = Hub(), []
    with hub.subscribe() as client:
        hub.move({"S-1": b"old", "S-2": b"other"})
        client.on_hint(lambda: woken.append(1))
        assert woken == [1] and not client.hinted
        hub.move({"S-1": b"new"})
        assert woken == [1, 1]
        assert sorted(client.moved()) == [b"new", b"other"]
        assert client.moved() == [] and client.drain() == []
        for number in range(QUEUE_LIMIT + 50):
            hub.move({"S-1": str(number).encode()})
        assert client.moved() == [str(QUEUE_LIMIT + 49).encode()]
        assert client.drain() == [], "hints have a limit, places one a vehicle"
