"""Pins over the API: set, seen with who and when, taken back, refused in a line; a version asked for around them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from models.tables.flow import AuditRow, StoredEvent
from models.tables.plans import PlanRequest, PlanVersion, Route
from models.tables.work import WorkItem
from models.times import iso, parse_time
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import NOW, store_work

PLAN = "S-20231218-D01-N"
PINS = f"/api/plans/{PLAN}/pins"


def work_on(session: Session, route: str) -> list[str]:
    return [stop["work_item"] for stop in session.get_one(Route, route).doc["stops"]]


@pytest.fixture
def first(desk: Desk) -> str:
    """A work item that S-00 serves in version 2."""
    store_work(desk.database, f"{PLAN}@2")
    with desk.database.read() as session:
        return work_on(session, f"{PLAN}@2/1")[0]


def test_a_pin_is_shown_with_who_and_when_and_can_be_taken_back(signed_in: SignIn, desk: Desk, first: str) -> None:
    client = signed_in("dong")
    before = client.get(PINS).json()
    assert (before["pins"], before["started"]) == ([], {})
    assert [(row["id"], row["out"]) for row in before["takers"]] == [("S-00", False), ("S-01", False), ("S-02", True)]
    (pin,) = client.post(PINS, json={"work_item": first, "vehicle": "S-01"}).json()["pins"]
    assert (pin["kind"], pin["vehicle"], pin["actor"], pin["at"]) == ("vehicle", "S-01", "dong", iso(NOW))
    assert pin["place"] == f"segment:{first.removeprefix('wi-')}"
    assert signed_in("vera").get(PINS).json()["pins"] == [pin]
    (left_out,) = client.post(PINS, json={"work_item": first, "exclude": True}).json()["pins"]
    assert (left_out["kind"], left_out["vehicle"]) == ("excluded", "")
    assert client.post(PINS, json={"work_item": first, "remove": True}).json()["pins"] == []
    # The same wish again at the same instant of a clock that stands still is a pin again.
    (again,) = client.post(PINS, json={"work_item": first, "vehicle": "S-01"}).json()["pins"]
    assert again["vehicle"] == "S-01"
    with desk.database.read() as session:
        actions = [row.action for row in session.exec(select(AuditRow).where(AuditRow.actor == "dong")).all()]
        assert session.exec(select(StoredEvent).where(StoredEvent.type == "command.plan.pin")).first() is not None
    assert actions == ["pin.set", "pin.removed", "pin.set", "pin.removed", "pin.set"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"work_item": "wi-nowhere", "vehicle": "S-01"}, 404, "no work item wi-nowhere"),
        ({"vehicle": "S-77"}, 400, "choose S-00, S-01, S-02"),
        ({"vehicle": "S-02"}, 400, "S-02 is out of service"),
        ({"vehicle": "S-01", "exclude": True}, 400, "a pin is one of"),
        ({}, 400, "a pin is one of"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    signed_in: SignIn, first: str, body: dict[str, object], status: int, says: str
) -> None:
    answer = signed_in("dong").post(PINS, json={"work_item": first, **body})
    assert (answer.status_code, says in answer.json()["detail"]) == (status, True)
    assert signed_in("vera").get(PINS).json()["pins"] == []


def test_a_started_stop_and_work_that_is_over_cannot_be_moved(signed_in: SignIn, desk: Desk, first: str) -> None:
    with desk.database.write() as session:
        session.get_one(PlanVersion, f"{PLAN}@2").state = "active"
        route = session.get_one(Route, f"{PLAN}@2/1")
        shifted = timedelta(minutes=30)  # the truck left ten minutes ago and is at its fifth street or so
        stops = [
            {**stop, **{key: iso(parse_time(stop[key]) - shifted) for key in ("arrive", "start", "depart")}}
            for stop in route.doc["stops"]
        ]
        route.doc, route.start_at = {**route.doc, "stops": stops}, route.start_at - shifted
        last = session.get_one(WorkItem, work_on(session, f"{PLAN}@2/2")[-1])
        last.state, over = "done", last.id
    client = signed_in("dong")
    started = client.get(PINS).json()["started"]
    assert started[first] == "S-00" and set(started.values()) == {"S-00"}
    answer = client.post(PINS, json={"work_item": first, "vehicle": "S-01"})
    assert (answer.status_code, answer.json()["code"]) == (409, "started")
    assert answer.json()["detail"] == f"S-00 has set out for {first}: a started stop stays where it is"
    assert client.post(PINS, json={"work_item": over, "exclude": True}).json()["code"] == "work_over"


def test_a_new_version_is_asked_for_with_its_reason(signed_in: SignIn, desk: Desk, first: str) -> None:
    client = signed_in("dong")
    ask = f"/api/plans/{PLAN}/replan"
    one = client.post(ask, json={"reason": " 东街 \n封路 "})
    client.post(PINS, json={"work_item": first, "vehicle": "S-01"})
    two = client.post(ask, json={"reason": "东街 封路"})
    assert (one.status_code, two.status_code) == (202, 202)
    with desk.database.read() as session:
        found = {row.id: row for row in session.exec(select(PlanRequest)).all()}
    assert len(found) == 2, "asked for again around other pins, it is another request"
    row = found[two.json()["request"]]
    assert (row.plan, row.reason, row.mode, row.phase) == (PLAN, "asked:dong: 东街 封路", "full", "greedy")
    assert client.post("/api/plans/NOPE/replan", json={}).status_code == 404
    assert client.post(ask, json={"reason": "x" * 201}).status_code == 400
    assert signed_in("vera").get("/api/plans/NOPE/pins").status_code == 404
