"""The call list and the sheets over HTTP, from an approved change on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from models.tables.flow import AuditRow, Timer
from models.tables.plans import Route, Sheet, Telling
from models.times import parse_time
from printouts.bundle import slip_name
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import NOW, approve_change, put_station_on_route

PLAN = "S-20231218-D01-N"


@pytest.fixture
def client(signed_in: SignIn, desk: Desk) -> TestClient:
    approve_change(desk.database, desk.sheets_dir)
    return signed_in("dong")


def test_an_approved_change_is_on_the_call_list_with_driver_phone_and_deadline(client: TestClient) -> None:
    first, second = sorted(client.get("/api/tellings").json(), key=lambda row: row["seq"])
    assert (first["vehicle"], first["plate"], first["driver"], first["phone"]) == (
        "S-00", "苏K·10000", "张伟", "139 0000 0001")  # fmt: skip
    assert (second["driver"], second["phone"]) == ("李娜", "")
    assert (first["version"], first["seq"], first["version_state"]) == (f"{PLAN}@2", 1, "approved")
    assert (first["change"]["added"], first["change"]["dropped"], first["change"]["from_stop"]) == (1, 0, 7)
    assert parse_time(first["due_at"]) == NOW + timedelta(minutes=6), "ten minutes after it was approved"
    assert first["sheet"] != first["old_sheet"]
    assert first["told_at"] is None


def test_a_tick_says_who_when_and_how_and_stops_the_alarm(client: TestClient, desk: Desk) -> None:
    id_ = client.get("/api/tellings").json()[0]["id"]
    rows = client.post(f"/api/tellings/{id_}/told", json={"how": "radio"}).json()
    row = next(row for row in rows if row["id"] == id_)
    assert (row["told_by"], row["how"], parse_time(row["told_at"])) == ("dong", "radio", NOW)
    assert rows[-1] == row, "those not told come first"
    with desk.database.read() as session:
        assert session.get_one(Timer, f"untold:{id_}").state == "cancelled"
        audit = session.exec(select(AuditRow).where(AuditRow.action == "route.told")).one()
        assert (audit.actor, audit.detail["how"]) == ("dong", "radio")
    client.post(f"/api/tellings/{id_}/told", json={"how": "phone"})
    with desk.database.read() as session:
        assert session.get_one(Telling, id_).how == "radio", "the first tick stands"


@pytest.mark.parametrize(("id_", "how", "status"), [("nobody", "radio", 404), ("nobody", "pigeon", 400)])
def test_what_cannot_be_told_says_why(client: TestClient, id_: str, how: str, status: int) -> None:
    assert client.post(f"/api/tellings/{id_}/told", json={"how": how}).status_code == status


def test_the_slip_is_served_once_it_is_printed(client: TestClient, desk: Desk) -> None:
    row = client.get("/api/tellings").json()[0]
    path = f"/api/tellings/{row['id']}/slip.pdf"
    assert client.get(path).status_code == 404
    with desk.database.read() as session:
        route = session.get_one(Route, f"{row['version']}/{row['seq']}")
    (desk.sheets_dir / slip_name(route)).write_bytes(b"%PDF-1.7 slip")
    answer = client.get(path)
    assert (answer.content, answer.headers["content-type"]) == (b"%PDF-1.7 slip", "application/pdf")
    assert client.get("/api/tellings/nobody/slip.pdf").status_code == 404


def test_a_sheet_is_handed_back_once_with_who_entered_it(client: TestClient, desk: Desk) -> None:
    code = next(row["code"] for row in client.get("/api/sheets").json() if row["version"] == f"{PLAN}@1")
    rows = client.post(f"/api/sheets/{code.lower()}/back", json={"undone": [2]}).json()
    row = next(row for row in rows if row["code"] == code)
    assert (row["state"], row["handed_back_by"], parse_time(row["handed_back_at"])) == ("handed_back", "dong", NOW)
    assert client.post(f"/api/sheets/{code}/back", json={}).status_code == 409
    assert client.post("/api/sheets/NOSUCHES/back", json={}).status_code == 404
    assert client.post(f"/api/sheets/{code}/back", json={"undone": [0]}).status_code == 400
    with desk.database.read() as session:
        detail = session.exec(select(AuditRow.detail).where(AuditRow.action == "sheet.handed_back")).one()
        assert detail["undone"] == [2]


def test_sheets_that_are_out_stay_listed_and_old_ones_that_are_not_leave(client: TestClient, desk: Desk) -> None:
    old = NOW - timedelta(hours=30)
    with desk.database.write() as session:
        rows = session.exec(select(Sheet).order_by(Sheet.code)).all()
        rows[0].issued_at = rows[1].issued_at = old
        rows[1].state = "superseded"
        out, gone = rows[0].code, rows[1].code
    codes = [row["code"] for row in client.get("/api/sheets").json()]
    assert out in codes
    assert gone not in codes


def test_a_viewer_may_read_the_list_only(client: TestClient, signed_in: SignIn) -> None:
    viewer = signed_in("vera")
    id_ = viewer.get("/api/tellings").json()[0]["id"]
    assert viewer.post(f"/api/tellings/{id_}/told", json={"how": "radio"}).status_code == 403
    assert viewer.post("/api/sheets/AAAAAAAA/back", json={}).status_code == 403


def test_a_scanned_stop_is_shown_ticked_once_and_its_station_cleared(signed_in: SignIn, desk: Desk) -> None:
    code = put_station_on_route(desk.database)
    client = signed_in("dong")
    path = f"/api/sheets/{code}/stops/1"
    found = client.get(path).json()
    assert (found["name"], found["state"], found["ticks"], found["sheet_state"]) == (
        "2号投放点", "planned", True, "issued")  # fmt: skip
    ticked = client.post(f"{path}/tick").json()
    assert (ticked["state"], ticked["ticks"]) == ("done", False)
    station = next(row for row in client.get("/api/stations").json()["stations"] if row["id"] == "ST-1")
    assert (station["day_state"], parse_time(station["cleared_at"])) == ("cleared", NOW)
    again = client.post(f"{path}/tick")
    assert (again.status_code, again.json()["code"]) == (409, "stop_done")
    street = client.post(f"/api/sheets/{code}/stops/2/tick")
    assert (street.status_code, street.json()["code"]) == (400, "not_ticked")
    assert client.get(f"/api/sheets/{code}/stops/2").json()["ticks"] is False
    with desk.database.read() as session:
        audit = session.exec(select(AuditRow).where(AuditRow.action == "sheet.ticked")).one()
        assert (audit.actor, audit.subject, audit.detail) == ("dong", f"sheet:{code}", {"stop": 1})


@pytest.mark.parametrize(
    ("code", "stop", "status"), [("NOSUCH22", 1, 404), ("", 999, 404), ("", 0, 400), ("", 2001, 400)]
)
def test_a_scan_of_nothing_says_so(signed_in: SignIn, desk: Desk, code: str, stop: int, status: int) -> None:
    known = put_station_on_route(desk.database)
    client = signed_in("dong")
    path = f"/api/sheets/{code or known}/stops/{stop}"
    assert client.get(path).status_code == status
    assert client.post(f"{path}/tick").status_code == status


def test_a_viewer_ticks_nothing(signed_in: SignIn, desk: Desk) -> None:
    code = put_station_on_route(desk.database)
    client = signed_in("vera")
    assert client.get(f"/api/sheets/{code}/stops/1").status_code == 200
    assert client.post(f"/api/sheets/{code}/stops/1/tick").status_code == 403
