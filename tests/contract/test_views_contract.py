"""A view gives the same states and the same messages under every driver, and its projection holds the newest state."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.events.base import Event, load_event
from models.tables.flow import Projection
from streams.recorders.projections import projections
from streams.runner import Runner
from streams.views.embedded import EmbeddedView
from streams.views.last_fix import LAST_FIX
from streams.views.view import advance
from streams.watchdog import Watchdog
from tests.contract.line import DRAIN_S, KAFKA, START, Line

STREET_LON, STREET_LAT = 119.45, 32.78


def fix(n: int, seconds: float, vehicle: str = "S-01", lon: float = STREET_LON, **more: Any) -> Event:
    at = START + timedelta(seconds=seconds)
    data = {"vehicle": vehicle, "observed_at": at.isoformat(), "lon": lon, "lat": STREET_LAT, "speed_kmh": 20.0}
    data |= more.pop("data", {})
    received: datetime = more.pop("received_at", at)
    return Event(
        source="gps",
        id=f"{vehicle}@{n}",
        type="vehicle.position",
        key=vehicle,
        occurred_at=at,
        received_at=received,
        data=data,
    )


def drive() -> list[Event]:
    """Two trucks, and everything a fix can have wrong with it."""
    events = []
    for n in range(40):
        for vehicle in ("S-01", "S-02"):
            events.append(fix(n, n * 0.4, vehicle, STREET_LON + n * 1e-5))
    events.append(fix(100, 20, lon=STREET_LON + 1))
    events.append(fix(101, 30, data={"lon": 0, "lat": 0}))
    events.append(fix(102, 4))
    events.append(fix(103, 3600, received_at=START))
    events.append(fix(104, 31, data={"lat": 99}))
    events.append(fix(105, 40, lon=STREET_LON + 5e-4, data={"tools": {"spreader": True}}))
    return events


def expected() -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    """By the pure function alone."""
    kept: dict[str, Any] = {}
    sent = []
    for event in drive():
        kept[event.key], messages = advance(LAST_FIX, kept.get(event.key), event)
        sent += [(message.key.decode(), message.value) for message in messages]
    return {key: value["state"] for key, value in kept.items()}, sent


@contextmanager
def tailed(line: Line) -> Iterator[list[tuple[str, bytes]]]:
    """What is written to `state` meanwhile."""
    seen: list[tuple[str, bytes]] = []
    stop = threading.Event()
    driver = line.driver()
    before = dict(line.drivers[0].end_offsets(["state"]))
    thread = threading.Thread(
        target=driver.tail, args=(["state"], lambda r: seen.append((r.key.decode(), r.value)), stop)
    )
    thread.start()
    try:
        yield seen
        wanted = sum(line.drivers[0].end_offsets(["state"]).values()) - sum(before.values())
        wait_for(lambda: len(seen) >= wanted)
    finally:
        stop.set()
        thread.join()


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + DRAIN_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def by_key(messages: list[tuple[str, bytes]]) -> dict[str, list[bytes]]:
    return {key: [value for other, value in messages if other == key] for key, _ in messages}


def project(line: Line) -> dict[str, Any]:
    line.drain(Runner(line.database, line.drivers[0], projections(), line.clock))
    return {row.key.removeprefix("vehicle:"): row.value for row in line.rows(Projection)}


def run_view(line: Line, driver: str) -> None:
    """The view over what is published, to its end."""
    if driver == "embedded":
        view = EmbeddedView(LAST_FIX, line.drivers[0], line.database)
        while view.behind():
            view.run_once(0.2)
        view.close()
        return
    from streams.views.faust_app import FaustView

    faust = FaustView(LAST_FIX, line.drivers[0], KAFKA, f"{line.name}.")
    faust.run_once()
    wait_for(lambda: not faust.behind())
    faust.close()


@pytest.mark.parametrize("driver", ["embedded", "faust"])
def test_states_and_messages_are_those_of_the_function(line: Line, driver: str) -> None:
    if driver == "faust" and line.broker != "kafka":
        pytest.skip("Faust needs Kafka")
    states, messages = expected()
    events = drive()
    with tailed(line) as seen:
        line.publish(*events[:50], b"no event", *events[50:], topic="positions")
        run_view(line, driver)
    assert by_key(seen) == by_key(messages)
    last = {key: load_event(values[-1]).data["value"] for key, values in by_key(messages).items()}
    assert {f"vehicle:{key}": value for key, value in project(line).items()} == last
    assert project(line)["S-01"] == states["S-01"]


@pytest.mark.parametrize("driver", ["embedded", "faust"])
def test_a_restarted_view_goes_on_with_its_state(line: Line, driver: str) -> None:
    if driver == "faust" and line.broker != "kafka":
        pytest.skip("Faust needs Kafka")
    events = [fix(n, n * 10, lon=STREET_LON + n * 1e-4) for n in range(10)]
    line.publish(*events[:5], topic="positions")
    run_view(line, driver)
    before = project(line)
    jump = fix(50, 45, lon=STREET_LON + 1)
    old = fix(51, 2, lon=STREET_LON)
    line.publish(jump, old, topic="positions")
    run_view(line, driver)
    assert project(line) == before
    line.publish(*events[5:], topic="positions")
    run_view(line, driver)
    assert project(line)["S-01"]["observed_at"] == "2023-12-18T08:01:30Z"


def test_a_view_whose_changelog_is_gone_commits_nothing_and_is_ended(line: Line) -> None:
    """A broker that was emptied: Faust goes on reading, but never again commits. Only its watchdog notices."""
    if line.broker != "kafka":
        pytest.skip("Faust needs Kafka")
    from kafka import KafkaAdminClient

    from streams.pulse import Pulse
    from streams.views.faust_app import FaustView

    view = FaustView(LAST_FIX, line.drivers[0], KAFKA, f"{line.name}.")
    seconds, ended, stop = [0.0], list[int](), threading.Event()
    dog = Watchdog("view", view.lag, view.progress, lambda: seconds[0], ended.append)
    thread = threading.Thread(target=view.run, args=(stop, Pulse("view")), daemon=True)
    thread.start()
    line.publish(*[fix(n, n * 10, lon=STREET_LON + n * 1e-4) for n in range(5)], topic="positions")
    wait_for(lambda: not view.behind())
    for seconds[0] in (10.0, 50.0):
        assert dog.check(), "nothing waits"
    admin = KafkaAdminClient(bootstrap_servers=KAFKA)
    admin.delete_topics([f"{line.name}.view-last_fix-last_fix-changelog"])
    admin.close()
    time.sleep(1)
    line.publish(*[fix(n, n * 10, lon=STREET_LON + n * 1e-4) for n in range(5, 10)], topic="positions")
    wait_for(lambda: view.lag() > 0)
    for seconds[0] in (60.0, 89.0):
        assert dog.check(), "not for 30 s yet"
    time.sleep(5)
    seconds[0] = 91.0
    assert not dog.check() and ended == [70]
    line.driver().ensure_topics()  # with its changelog back it can stop
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_a_view_that_was_given_no_partition_is_watched_too(line: Line) -> None:
    """A broker that is just starting may leave the only member of a group without anything to read."""
    if line.broker != "kafka":
        pytest.skip("Faust needs Kafka")
    from streams.views.faust_app import FaustView, Signs

    class Assignor:
        def assigned_actives(self) -> set[object]:
            return set()

    view = FaustView(LAST_FIX, line.drivers[0], KAFKA, f"{line.name}.")
    view._made(Signs(Assignor(), None, None))
    line.publish(*[fix(n, n * 10) for n in range(3)], topic="positions")
    assert view.lag() == 3


def test_states_arriving_in_any_order_leave_the_newest(line: Line) -> None:
    _, messages = expected()
    for _key, value in reversed(messages):
        line.publish(value, topic="state")
    newest = {key: load_event(values[-1]).data["value"] for key, values in by_key(messages).items()}
    assert {f"vehicle:{key}": value for key, value in project(line).items()} == newest
