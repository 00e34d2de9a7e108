"""Reports over HTTP: which there are, each form, and who may have them."""

from __future__ import annotations

import csv
import io
import json
import re
from io import BytesIO

from fastapi.testclient import TestClient
from pypdf import PdfReader

from console.api import reports
from tests.console.conftest import SignIn
from tests.console.sample_city import HOSTILE


def test_a_viewer_gets_every_form(signed_in: SignIn) -> None:
    client = signed_in("vera")
    listed = client.get("/api/reports").json()
    assert [(storm["key"], storm["onset"]) for storm in listed["storms"]] == [("ep-1", "2023-12-18T14:00:00Z")]
    assert {"day": "2023-12-18", "closed_at": None} in listed["days"]
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
