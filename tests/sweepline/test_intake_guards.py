"""Bodies over the real intake: devices held to their limits, telemetry refused without a broker, alerts stored."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import func, select

from console.accounts import make_account
from console.hub import Hub
from models.errors import Unavailable
from models.tables.flow import Inbox, Outbox, StoredEvent
from models.tables.work import Position
from models.times import iso
from streams.driver import Message
from sweepline.compose import Options, System
from sweepline.live import console_of
from sweepline.lookout import Lookout
from sweepline.roles import start_roles
from tests.sweepline.conftest import cap_xml

PASSWORD = "a good password"
RULES = {"intake": {"device_burst": 3, "device_per_s": 0.0}}
WAIT_S = 60.0


@pytest.fixture
def system(city: Path) -> Iterator[System]:
    made = System(city, Options(rules=RULES))
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


def fixes(count: int, vehicle: str = "S-1") -> bytes:
    now = datetime.now(UTC)
    lines = [
        {
            "type": "vehicle.position",
            "vehicle": vehicle,
            "observed_at": iso(now - timedelta(seconds=20 * (count - n))),
            "lon": 119.45,
            "lat": 32.78,
        }
        for n in range(count)
    ]
    return "\n".join(map(json.dumps, lines)).encode()


def post(client: TestClient, body: bytes) -> tuple[int, list[str]]:
    answer = client.post("/api/events", content=body, headers={"content-type": "application/x-ndjson"})
    receipts = answer.json().get("receipts", [])
    return answer.status_code, [receipt["reason"] or receipt["status"] for receipt in receipts]


def test_a_device_over_its_limit_is_told_and_others_are_not_touched(client: TestClient, system: System) -> None:
    assert post(client, fixes(4)) == (207, ["accepted"] * 3 + ["too_often"])
    assert post(client, fixes(1)) == (429, ["too_often"])
    assert post(client, fixes(1, "S-2")) == (202, ["accepted"])
    system.settle(system.clock())
    with system.database.read() as session:
        assert session.exec(select(func.count()).select_from(Position)).one() == 4
    assert system.door.turned_away == {"too_often": 2}


def test_without_a_broker_telemetry_is_refused_and_an_alert_beside_it_is_in(
    client: TestClient, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_messages: Sequence[Message]) -> None:
        raise Unavailable("broker is away")

    monkeypatch.setattr(system.door, "_publish", away)
    complaint = {"type": "complaint.received", "id": "c1", "kind": "ice", "lon": 119.45, "lat": 32.78}
    answer = client.post("/api/events", content=fixes(1) + b"\n" + json.dumps(complaint).encode())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    alert = client.post("/api/alerts", content=cap_xml().encode())
    assert alert.status_code == 202
    with system.database.read() as session:
        assert {row.type for row in session.exec(select(StoredEvent))} == {"complaint.received", "alert.received"}
        assert session.exec(select(func.count()).select_from(Outbox)).one() == 2


def test_an_alert_overtakes_positions_that_do_not_get_on(city: Path) -> None:
    system = System(city)
    alert_is_in, stuck, stop = threading.Event(), threading.Event(), threading.Event()
    positions = next(runner for runner in system.runners if runner.recorder.group == "positions")
    process = positions.process

    def slow(records: Sequence[object]) -> None:
        stuck.set()
        assert alert_is_in.wait(WAIT_S), "the alert waits for the positions"
        process(records)  # type: ignore[arg-type]

    positions.process = slow  # type: ignore[method-assign,assignment]
    system.intake(fixes(1000), "application/x-ndjson", "")
    threads = start_roles(system, stop, ["streams", "relay"]).threads
    try:
        assert stuck.wait(WAIT_S)
        system.intake(cap_xml().encode(), "application/xml", "")
        for _ in range(int(WAIT_S / 0.05)):
            with system.database.read() as session:
                if session.exec(select(Inbox).where(Inbox.group == "weather", Inbox.outcome == "applied")).first():
                    break
            stop.wait(0.05)
        else:
            pytest.fail("the alert is not applied")
        assert system.driver.lag("positions", ("positions",)) == 1000
        alert_is_in.set()
        for _ in range(int(WAIT_S / 0.05)):
            if system.driver.lag("positions", ("positions",)) == 0:
                break
            stop.wait(0.05)
        assert system.driver.lag("positions", ("positions",)) == 0
    finally:
        alert_is_in.set()
        stop.set()
        for thread in threads:
            thread.join(WAIT_S)
        system.close()
