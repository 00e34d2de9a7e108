"""A device that sends too much becomes an alarm on the console, and the alarm ends when the device has calmed down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from console.accounts import make_account
from console.hub import Hub
from dispatch.floods import QUIET
from models.errors import Unavailable
from models.times import iso
from sweepline.compose import Options, System
from sweepline.floods import FloodWatch
from sweepline.live import console_of
from sweepline.lookout import Lookout

PASSWORD = "a good password"
START = datetime(2026, 1, 5, 8, tzinfo=UTC)


class Clock:
    """An instant that a test moves."""

    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def system(city: Path) -> Iterator[System]:
    made = System(city, Options(rules={"intake": {"device_burst": 3, "device_per_s": 0.0}}))
    with made.database.write() as session:
        make_account(session, "gate", "dispatcher", PASSWORD, made.clock())
    yield made
    made.close()


@pytest.fixture
def client(system: System) -> Iterator[TestClient]:
    lookout = Lookout(system.database, system.driver, lambda: None)
    with TestClient(console_of(system, Hub(), lookout)) as opened:
        signed = opened.post("/api/session", json={"name": "gate", "password": PASSWORD})
        opened.headers["X-CSRF-Token"] = signed.json()["csrf"]
        yield opened


def send(client: TestClient, vehicle: str, count: int, first: int = 0) -> None:
    began = datetime.now(UTC) - timedelta(minutes=30)
    lines = [
        {
            "type": "vehicle.position",
            "vehicle": vehicle,
            "observed_at": iso(began + timedelta(seconds=first + n)),
            "lon": 119.45,
            "lat": 32.78,
        }
        for n in range(count)
    ]
    client.post("/api/events", content="\n".join(map(json.dumps, lines)).encode())


def floods(client: TestClient) -> list[tuple[str, dict[str, Any]]]:
    alarms = client.get("/api/alarms").json()
    return [(alarm["key"], alarm["detail"]) for alarm in alarms if alarm["kind"] == "device_floods"]


def test_a_device_that_floods_is_an_alarm_until_it_has_been_quiet(client: TestClient, system: System) -> None:
    clock = Clock()
    watch = FloodWatch(system.database, system.door, clock)
    send(client, "S-1", 3)
    watch.look()
    assert floods(client) == [], "it may send so many"
    send(client, "S-1", 5, first=3)
    watch.look()
    assert floods(client) == [("S-1", {"device": "S-1", "turned_away": 5})]
    clock.now += QUIET / 2
    send(client, "S-1", 1, first=8)
    watch.look()
    clock.now += QUIET / 2
    watch.look()
    assert [key for key, _ in floods(client)] == ["S-1"], "turned away again meanwhile"
    clock.now += QUIET / 2
    watch.look()
    assert floods(client) == []


def test_a_console_started_anew_closes_what_no_longer_floods(client: TestClient, system: System) -> None:
    clock = Clock()
    send(client, "S-1", 4)
    FloodWatch(system.database, system.door, clock).look()
    after = FloodWatch(system.database, system.door, clock)
    after.look()
    assert len(floods(client)) == 1, "it cannot know yet"
    clock.now += QUIET
    after.look()
    assert floods(client) == []


def test_what_was_counted_waits_for_a_database_that_is_away(
    client: TestClient, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def away() -> Iterator[Session]:
        raise Unavailable("database is away")
        yield

    watch = FloodWatch(system.database, system.door, Clock())
    send(client, "S-1", 5)
    with monkeypatch.context() as patch:
        patch.setattr(system.database, "read", away)
        with pytest.raises(Unavailable):
            watch.look()
    watch.look()
    assert floods(client) == [("S-1", {"device": "S-1", "turned_away": 2})]
