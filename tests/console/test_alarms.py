"""Alarms over HTTP: the list, acknowledging, the shelf, and the measured load."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from dispatch.uow import UnitOfWork
from models.tables.flow import AuditRow, StoredEvent
from models.times import parse_time
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import NOW

UNTOLD = "untold:t1"


def test_acknowledging_names_who_and_is_a_command(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    (row,) = client.post("/api/alarms/acknowledge", json={"ids": [UNTOLD]}).json()
    assert (row["state"], row["acknowledged_by"]) == ("acknowledged", "dong")
    assert parse_time(row["acknowledged_at"]) == NOW
    assert client.get("/api/alarms").json() == [row]
    with desk.database.read() as session:
        assert [(e.type, e.actor) for e in session.exec(select(StoredEvent))] == [("command.alarm.acknowledge", "dong")]


def test_the_shelf_keeps_who_why_and_until_when(signed_in: SignIn) -> None:
    client = signed_in("dong")
    body = {"ids": [UNTOLD], "reason": "电台已告知", "minutes": 30}
    (row,) = client.post("/api/alarms/shelve", json=body).json()
    until = (NOW + timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
    assert (row["state"], row["shelved_by"], row["shelved_reason"], row["shelved_until"]) == (
        "shelved", "dong", "电台已告知", until)  # fmt: skip
    (row,) = client.post("/api/alarms/unshelve", json={"ids": [UNTOLD]}).json()
    assert (row["state"], row["shelved_until"]) == ("open", None)


def open_at(desk: Desk, kind: str, key: str, seconds_ago: float) -> None:
    with desk.database.write() as session:
        at = NOW - timedelta(seconds=seconds_ago)
        UnitOfWork(session, at, f"test:{kind}:{key}:{seconds_ago}", "system").open_alarm(kind, key)


def first_outs(client: TestClient) -> dict[str, int]:
    return {row["id"]: row["first_of"] for row in client.get("/api/alarms").json() if row["first_of"]}


def test_of_alarms_one_after_another_the_first_is_marked(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    for n, ago in enumerate((3000, 2940, 600, 480, 360, 239)):
        open_at(desk, "vehicle_silent", str(n), ago)
    # Two in a row are none; then three with two minutes between them, and one a second too late for them.
    assert first_outs(client) == {"vehicle_silent:2": 3}
    open_at(desk, "bundle_late", "D01", 230)
    open_at(desk, "bundle_late", "D02", 220)
    assert first_outs(client) == {"vehicle_silent:2": 3, "vehicle_silent:5": 3}


def test_when_the_first_is_over_no_other_takes_its_place(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    for n, ago in enumerate((600, 590, 580)):
        open_at(desk, "vehicle_silent", str(n), ago)
    with desk.database.write() as session:
        UnitOfWork(session, NOW - timedelta(seconds=300), "test:over", "system").close_alarm("vehicle_silent", "0")
    assert first_outs(client) == {}
    open_at(desk, "vehicle_silent", "0", 60)
    assert first_outs(client) == {}, "raised again it is another alarm"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("acknowledge", {"ids": []}, 400),
        ("acknowledge", {"ids": ["nothing:1"]}, 404),
        ("acknowledge", {"ids": ["closed:t2"]}, 409),
        ("acknowledge", {"ids": ["x" * 301]}, 400),
        ("shelve", {"ids": [UNTOLD], "reason": "", "minutes": 30}, 400),
        ("shelve", {"ids": [UNTOLD], "reason": " ", "minutes": 30}, 400),
        ("shelve", {"ids": [UNTOLD], "reason": "x", "minutes": 1440}, 400),
    ],
)
def test_what_cannot_be_says_why(signed_in: SignIn, path: str, body: dict[str, object], status: int) -> None:
    client = signed_in("dong")
    assert client.post(f"/api/alarms/{path}", json=body).status_code == status
    assert [row["state"] for row in client.get("/api/alarms").json()] == ["open"]


def test_a_viewer_may_look_only(signed_in: SignIn) -> None:
    client = signed_in("vera")
    assert client.post("/api/alarms/acknowledge", json={"ids": [UNTOLD]}).status_code == 403
    assert client.get("/api/alarms/load").status_code == 200


def test_the_load_counts_openings_in_steps_of_ten_minutes_back_from_now(signed_in: SignIn, desk: Desk) -> None:
    with desk.database.write() as session:
        session.add(AuditRow(at=NOW - timedelta(hours=12), actor="x", action="case.opened", subject="case:1"))
        for number, minutes in enumerate((0, 9, 10, 235, 241, 700, 1500)):
            uow = UnitOfWork(session, NOW - timedelta(minutes=minutes), f"test:{number}", "system")
            uow.open_alarm("low_salt", str(number))
        UnitOfWork(session, NOW, "test:x", "system").close_alarm("low_salt", "0")
    load = signed_in("vera").get("/api/alarms/load").json()
    assert load["steps"] == [1] + [0] * 21 + [1, 2], "a closing is no opening, and 241 minutes ago is not shown"
    assert load["most"] == 2
    assert load["hours"] == 12.0
    assert load["mean"] == pytest.approx(6 / 72, abs=0.005), "six within 24 hours, over the twelve there are records of"
