"""Resources over HTTP: what is in and out, which routes in force need it, and putting it out and back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from models.tables.flow import AuditRow
from models.tables.plans import PlanRequest, Route
from tests.console.conftest import Desk, SignIn

S02 = {"kind": "vehicle", "ref": "S-02"}
IN_FORCE = "C-20231218-D01-E@1"


def rows(client: Any) -> dict[str, dict[str, Any]]:
    return {f"{row['kind']}:{row['ref']}": row for row in client.get("/api/resources").json()}


def test_each_thing_says_which_routes_in_force_need_it(signed_in: SignIn) -> None:
    found = rows(signed_in("vera"))
    assert next(iter(found)) == "vehicle:S-02", "what is out comes first"
    assert (found["vehicle:S-02"]["status"], found["vehicle:S-00"]["status"]) == ("out", "in")
    (need,) = found["vehicle:S-02"]["needed"]
    assert (need["version"], need["vehicle"], need["stops_left"]) == (IN_FORCE, "S-02", 6)
    assert [need["version"] for need in found["facility:DEPOT-1"]["needed"]] == [IN_FORCE], "it ends there"
    assert found["vehicle:S-00"]["needed"] == [], "a proposed plan is not in force"
    assert not [key for key in found if key.startswith("street:")], "a street is listed once it is closed"


def test_put_in_and_out_it_is_audited_taken_over_and_holds_within_one_instant(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    assert client.post("/api/resources", json={**S02, "status": "back"}).status_code == 200
    assert rows(client)["vehicle:S-02"]["status"] == "in"
    assert client.post("/api/resources", json={**S02, "status": "out", "reason": "爆胎"}).status_code == 200
    out = rows(client)["vehicle:S-02"]
    assert (out["status"], out["reason"]) == ("out", "爆胎")
    with desk.database.read() as session:
        assert [r.without_vehicle for r in session.exec(select(PlanRequest))] == ["S-02"]
        audit = session.exec(select(AuditRow.action, AuditRow.actor).where(AuditRow.subject == "vehicle:S-02")).all()
    assert audit == [("resource.back", "dong"), ("resource.out", "dong")]


def test_a_closed_street_is_listed_with_the_routes_that_go_over_it(signed_in: SignIn, desk: Desk) -> None:
    with desk.database.read() as session:
        street = session.get_one(Route, f"{IN_FORCE}/1").doc["stops"][2]["ref"]
    client = signed_in("dong")
    body = {"kind": "street", "ref": street, "status": "out", "reason": "水管爆裂"}
    assert client.post("/api/resources", json=body).status_code == 200
    row = rows(client)[f"street:{street}"]
    assert (row["status"], row["reason"]) == ("out", "水管爆裂")
    assert [need["version"] for need in row["needed"]] == [IN_FORCE]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**S02, "status": "out", "reason": " "}, 400),
        ({**S02, "status": "gone", "reason": "x"}, 400),
        ({"kind": "vehicle", "ref": "nothing", "status": "out", "reason": "x"}, 404),
        ({"kind": "plan", "ref": "S-02", "status": "out", "reason": "x"}, 400),
        ({**S02, "status": "limited", "reason": "x" * 401}, 400),
    ],
)
def test_what_cannot_be_says_why(body: dict[str, str], status: int, signed_in: SignIn) -> None:
    client = signed_in("dong")
    before = rows(client)
    assert client.post("/api/resources", json=body).status_code == status
    assert rows(client) == before


def test_a_viewer_may_look_only(signed_in: SignIn) -> None:
    body = {**S02, "status": "out", "reason": "x"}
    assert signed_in("vera").post("/api/resources", json=body).status_code == 403
