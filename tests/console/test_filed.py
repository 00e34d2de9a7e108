"""What became of a complaint: its case, report and deadline, asked for by the key it was sent with."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from dispatch.accept import accept
from dispatch.intake import parse_body
from models.tables.work import Report
from tests.complaints import take_complaints
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import CONTEXT, NOW, STEP_DEG

LON, LAT = 119.43, 32.78
LITTER = {"kind": "litter", "lon": LON + STEP_DEG, "lat": LAT, "text": "纸屑", "channel": "inspector"}


@pytest.fixture
def taking(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose intake is the system's own."""
    monkeypatch.setattr(desk, "intake", lambda *sent: take_complaints(desk.database, *sent))
    return desk


def test_a_complaint_is_found_by_its_key_with_case_and_deadline(signed_in: SignIn, taking: Desk) -> None:
    client = signed_in("dong")
    for status in (202, 200):
        assert client.post("/api/complaints", json=LITTER, headers={"Idempotency-Key": "k1"}).status_code == status
    found = signed_in("vera").get("/api/complaints/k1", params={"channel": "inspector"}).json()
    with taking.database.read() as session:
        (report,) = session.exec(select(Report).where(Report.channel == "inspector")).all()
    due = NOW + timedelta(minutes=CONTEXT.rules.cases.kinds["litter"].deadline_min)
    assert (found["state"], found["report"], found["joined"], found["reason"]) == ("filed", report.id, False, "")
    assert found["case"] == report.case
    assert found["deadline"] == due.isoformat().replace("+00:00", "Z")
    assert client.get("/api/complaints/k1").status_code == 404, "another channel's"


def test_one_more_report_of_a_case_says_so(signed_in: SignIn, taking: Desk) -> None:
    client = signed_in("dong")
    with taking.database.write() as session:
        for report in session.exec(select(Report)):
            session.delete(report)
    client.post("/api/complaints", json=LITTER, headers={"Idempotency-Key": "k1"})
    with taking.database.write() as session:
        session.exec(select(Report)).one().at = NOW - timedelta(minutes=5)
    client.post("/api/complaints", json={**LITTER, "text": "还有"}, headers={"Idempotency-Key": "k2"})
    first, second = (client.get(f"/api/complaints/{key}?channel=inspector").json() for key in ("k1", "k2"))
    assert (first["joined"], second["joined"]) == (False, True)
    assert first["case"] == second["case"]


def test_one_that_is_not_read_yet_waits_and_one_outside_the_city_says_why(signed_in: SignIn, taking: Desk) -> None:
    client = signed_in("dong")
    far = {**LITTER, "lat": LAT + 1}
    client.post("/api/complaints", json=far, headers={"Idempotency-Key": "far"})
    answer = client.get("/api/complaints/far?channel=inspector").json()
    assert (answer["state"], answer["reason"], answer["case"]) == ("refused", "outside_city", "")
    line = b'{"type":"complaint.received","kind":"ice","lon":119.43,"lat":32.78,"id":"k3","channel":"inspector"}'
    accept(taking.database, lambda _messages: None, parse_body(line, "application/x-ndjson", NOW))
    assert client.get("/api/complaints/k3?channel=inspector").json()["state"] == "waiting"
    assert client.get("/api/complaints/nothing?channel=inspector").status_code == 404
