"""Reports over HTTP: which there are, each form, and who may have them."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from io import BytesIO

from fastapi.testclient import TestClient
from pypdf import PdfReader
from sqlmodel import select

from console.api import reports
from models.tables.flow import AuditRow
from models.tables.work import StationDay
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import HOSTILE


def test_a_viewer_gets_every_form(signed_in: SignIn) -> None:
    client = signed_in("vera")
    listed = client.get("/api/reports").json()
    assert [(storm["key"], storm["onset"]) for storm in listed["storms"]] == [("ep-1", "2023-12-18T14:00:00Z")]
    assert {"day": "2023-12-18", "closed_at": None, "can_close": False} in listed["days"]
    for which, name in (
        ("storm.pdf?key=ep-1", "storm-2023-12-18.pdf"),
        ("storm.xlsx?key=2023-12-18", "storm-2023-12-18.xlsx"),
        ("day.pdf?key=2023-12-18", "day-2023-12-18.pdf"),
        ("crews.pdf?key=2023-12-18", "crews-2023-12-18.pdf"),
        ("handover.pdf", "handover-20231218T2030.pdf"),
    ):
        answer = client.get(f"/api/reports/{which}")
        assert answer.status_code == 200, answer.text
        assert f'filename="{name}"' in answer.headers["content-disposition"]
        assert answer.content.startswith(b"%PDF" if name.endswith("pdf") else b"PK")
    streets = client.get("/api/reports/storm.geojson").json()
    assert streets["attribution"] == "© OpenStreetMap contributors"
    table = client.get("/api/reports/handover.csv?table=alarms").content.decode("utf-8-sig")
    assert [row["kind"] for row in csv.DictReader(io.StringIO(table))] == ["untold"]


def test_hostile_words_stay_words_on_paper_and_in_json(signed_in: SignIn) -> None:
    client = signed_in("vera")
    assert HOSTILE in json.loads(client.get("/api/reports/storm.json").content)["headline"]
    pages = PdfReader(BytesIO(client.get("/api/reports/storm.pdf").content)).pages
    assert "onerror=" in re.sub(r"[\s\u200b]+", "", "".join(page.extract_text() for page in pages))


def test_what_is_not_there_is_a_problem_document(signed_in: SignIn) -> None:
    client = signed_in("vera")
    for which, status, code in (
        ("storm.pdf?key=none", 404, "unknown_episode"),
        ("day.pdf?key=2001-01-01", 404, "unknown_day"),
        ("day.pdf?key=../etc", 400, "bad_date"),
        ("day.geojson?key=2023-12-18", 404, "unknown_form"),
        ("day.csv?key=2023-12-18&table=no", 404, "unknown_table"),
        ("year.pdf", 400, "bad_request"),
    ):
        answer = client.get(f"/api/reports/{which}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), which


def test_the_edition_of_a_day_that_is_over_is_asked_for(desk: Desk, signed_in: SignIn) -> None:
    with desk.database.write() as session:
        session.add(StationDay(station="ST-0", day=date(2023, 12, 12), state="missed", work_item="wi-old"))
    dispatcher, viewer = signed_in("dong"), signed_in("vera")
    over = {"day": "2023-12-12", "closed_at": None, "can_close": True}
    assert viewer.get("/api/reports/day.pdf?key=2023-12-12").status_code == 200
    assert over in viewer.get("/api/reports").json()["days"], "reading it makes no edition"
    assert viewer.post("/api/reports/day/edition", json={"day": "2023-12-12"}).status_code == 403
    for day, status, code in (
        ("2023-12-18", 409, "edition_comes"),
        ("2001-01-01", 404, "unknown_day"),
        ("last week", 400, "bad_request"),
    ):
        answer = dispatcher.post("/api/reports/day/edition", json={"day": day})
        assert (answer.status_code, answer.json()["code"]) == (status, code), day

    made = dispatcher.post("/api/reports/day/edition", json={"day": "2023-12-12"})
    assert made.json() == {"day": "2023-12-12", "closed_at": "2023-12-18T12:30:00Z", "can_close": False}
    assert made.json() in viewer.get("/api/reports").json()["days"]
    kept = viewer.get("/api/reports/day.json?key=2023-12-12").json()
    assert (kept["asked_by"], [line["missed"] for line in kept["stations"]]) == ("dong", [1])
    with desk.database.write() as session:
        row = session.get(StationDay, ("ST-0", date(2023, 12, 12)))
        assert row is not None
        row.state = "cleared"
    assert dispatcher.post("/api/reports/day/edition", json={"day": "2023-12-12"}).json() == made.json()
    assert viewer.get("/api/reports/day.json?key=2023-12-12").json() == kept
    with desk.database.read() as session:
        assert session.exec(select(AuditRow.actor).where(AuditRow.action == "day.closed")).all() == ["dong"]


def test_nobody_else_gets_them(open_client: TestClient) -> None:
    assert open_client.get("/api/reports").status_code == 401
    assert open_client.get("/api/reports/handover.pdf").status_code == 401


def test_too_many_at_once_are_told_to_wait(signed_in: SignIn, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    client = signed_in("vera")
    monkeypatch.setattr(reports, "WAIT_S", 0.01)
    assert all(reports.AT_ONCE.acquire() for _ in range(2))
    try:
        answer = client.get("/api/reports/handover.json")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    finally:
        reports.AT_ONCE.release(2)
    assert client.get("/api/reports/handover.json").status_code == 200
