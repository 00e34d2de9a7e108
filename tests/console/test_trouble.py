"""Health, and what the console still answers while the database is away: what it last knew, to those it knew."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient

from dispatch.decide.trouble import ALL_AWAY, BROKER_AWAY, assess
from models.errors import ReadOnly, Unavailable
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import NOW


def lose_the_database(desk: Desk) -> None:
    desk.condition = assess(desk.condition, frozenset({ALL_AWAY}), NOW + timedelta(seconds=10))
    desk.database.close()


def test_health_tells_the_degree_since_when_and_how_to_print(desk: Desk, open_client: TestClient) -> None:
    answer = open_client.get("/api/health")
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in ("status", "degree", "troubles")} == {
        "status": "ok",
        "degree": "well",
        "troubles": [],
    }
    desk.condition = assess(desk.condition, frozenset({BROKER_AWAY}), NOW + timedelta(minutes=4))
    body = open_client.get("/api/health").json()
    assert (body["status"], body["degree"], body["since"]) == ("trouble", "broker_away", "2023-12-18T12:34:00Z")
    assert body["troubles"] == [{"degree": "broker_away", "since": "2023-12-18T12:34:00Z"}]
    assert body["print_last"] == "sweepline print-last --data here"
    lose_the_database(desk)
    assert open_client.get("/api/health").status_code == 503


def test_what_was_read_before_is_read_again_with_its_age(desk: Desk, signed_in: SignIn) -> None:
    client = signed_in("vera")
    before = client.get("/api/plans")
    assert "x-as-of" not in before.headers
    lose_the_database(desk)
    desk.wall_s = 60
    after = client.get("/api/plans")
    assert (after.status_code, after.json()) == (200, before.json())
    assert after.headers["x-as-of"] == "2023-12-18T12:30:00Z"
    csrf = client.headers["X-CSRF-Token"]
    assert client.get("/api/session").json() == {"name": "vera", "role": "viewer", "csrf": csrf}


def test_what_was_never_read_and_every_change_is_refused_with_the_way_to_print(desk: Desk, signed_in: SignIn) -> None:
    client = signed_in("anna")
    client.get("/api/plans")
    lose_the_database(desk)
    for answer in (client.get("/api/cases"), client.post("/api/plans/S-20231218-D01-N@2/approve")):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "sweepline print-last --data here" in answer.json()["detail"]


def test_nothing_is_told_to_strangers_nor_after_signing_out_nor_when_the_session_has_ended(
    desk: Desk, signed_in: SignIn
) -> None:
    known, left = signed_in("vera"), signed_in("dong")
    for client in (known, left):
        client.get("/api/plans")
    cookie = dict(left.cookies)
    assert left.delete("/api/session").status_code == 204
    lose_the_database(desk)
    assert TestClient(known.app).get("/api/plans").status_code == 503
    assert TestClient(known.app, cookies=cookie).get("/api/plans").status_code == 503
    desk.wall_s = 12 * 3600
    assert known.get("/api/plans").status_code == 503


def test_telemetry_without_a_broker_and_a_command_without_writing_come_back_later(
    desk: Desk, signed_in: SignIn
) -> None:
    client = signed_in("anna")
    desk.intake_error = Unavailable("broker is away")
    answer = client.post("/api/events", content=b'{"type": "vehicle.position"}')
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    desk.approve_error = ReadOnly("database takes no changes")
    answer = client.post("/api/plans/S-20231218-D01-N@2/approve")
    assert (answer.status_code, answer.json()["detail"]) == (503, "database takes no changes")
