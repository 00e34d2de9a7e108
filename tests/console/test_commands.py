"""Commands and events in: approval, the stop key, receipts as statuses, limits, sheets, headers, live hints."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from fastapi.testclient import TestClient

from console.accounts import COOKIE, close_session
from console.api import stream
from console.api.intake import LARGE_AT_ONCE, LARGE_BODY
from console.api.stream import _hints
from console.guards import BODY_LIMIT
from models.errors import Refused, Stale, Unavailable
from models.events.base import Receipt
from models.tables.plans import Sheet
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import NOW

WAIT_S = 60.0
VERSION = "S-20231218-D01-N@2"
COMPLAINT = {"kind": "ice", "lon": 119.44, "lat": 32.79, "text": "桥面结冰"}


def test_approving_hands_over_version_and_actor_and_shows_the_result(signed_in: SignIn, desk: Desk) -> None:
    answer = signed_in("anna").post(f"/api/plans/{VERSION}/approve")
    assert answer.status_code == 200
    assert answer.json()["version"]["state"] == "approved"
    assert answer.json()["version"]["approved_by"] == "anna"


def test_a_stale_version_is_a_conflict_with_the_difference(signed_in: SignIn, desk: Desk) -> None:
    desk.approve_error = Stale("stale_version", "overtaken by @2")
    answer = signed_in("anna").post("/api/plans/S-20231218-D01-N@1/approve")
    assert answer.status_code == 409
    body = answer.json()
    assert (body["code"], body["newest"], body["newest_state"]) == ("stale_version", VERSION, "proposed")
    told = [(row["who"], row["added"], row["dropped"], row["from_stop"]) for row in body["difference"]]
    assert told == [("S-00", 1, 0, 7), ("S-01", 3, 1, 1)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("unknown_plan", "not known"), 404),
        (Refused("infeasible", "failed its check"), 400),
        (Unavailable("database is away"), 503),
    ],
)
def test_refusals_are_problem_documents(signed_in: SignIn, desk: Desk, error: Exception, status: int) -> None:
    desk.approve_error = error
    answer = signed_in("anna").post(f"/api/plans/{VERSION}/approve")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= set(answer.json())


def test_a_fault_of_ours_keeps_its_words_to_the_log(desk: Desk, signed_in: SignIn) -> None:
    desk.approve_error = RuntimeError("secret internals")
    client = signed_in("anna")
    client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
    answer = client.post(f"/api/plans/{VERSION}/approve")
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_one_key_stops_and_releases_automatic_starts(signed_in: SignIn) -> None:
    client = signed_in("anna")
    assert client.post("/api/selfstart/stop").json()["self_start"]["stopped"] is True
    assert client.get("/api/status").json()["self_start"]["stopped"] is True
    assert client.post("/api/selfstart/release").json()["self_start"]["stopped"] is False


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["accepted"], 202),
        (["duplicate"], 200),
        (["quarantined"], 422),
        (["refused"], 400),
        (["accepted", "accepted"], 202),
        (["accepted", "quarantined"], 207),
    ],
)
def test_receipts_decide_the_status(signed_in: SignIn, desk: Desk, statuses: list[str], code: int) -> None:
    desk.receipts = [Receipt.model_validate({"status": status, "reason": "r"}) for status in statuses]
    answer = signed_in("dong").post("/api/events", content=b"{}\n")
    assert answer.status_code == code
    assert [receipt["status"] for receipt in answer.json()["receipts"]] == statuses


def test_alerts_are_handed_on_as_cap_unread(signed_in: SignIn, desk: Desk) -> None:
    body = '<?xml version="1.0"?><alert>暴雪</alert>'.encode()
    signed_in("dong").post("/api/alerts", content=body)
    assert desk.taken == [(body, "application/cap+xml", "dong")]


def test_telemetry_is_refused_for_now_when_the_broker_is_away(signed_in: SignIn, desk: Desk) -> None:
    desk.intake_error = Unavailable("the broker is away")
    answer = signed_in("dong").post("/api/events", content=b"{}")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


def test_a_flood_of_large_bodies_is_refused_unread_and_leaves_room_for_alerts(
    signed_in: SignIn, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = b"{}\n" * LARGE_BODY, b"<alert/>"
    going, gone_on = threading.Semaphore(0), threading.Event()

    def slow(body: bytes, *_: str) -> list[Receipt]:
        if body == large:
            going.release()
            assert gone_on.wait(WAIT_S)
        return desk.receipts

    monkeypatch.setattr(desk, "intake", slow)
    client = signed_in("dong")
    with ThreadPoolExecutor(LARGE_AT_ONCE) as senders:
        sent = [senders.submit(client.post, "/api/events", content=large) for _ in range(LARGE_AT_ONCE)]
        try:
            assert all(going.acquire(timeout=WAIT_S) for _ in sent)
            refused = client.post("/api/events", content=large)
            alert = client.post("/api/alerts", content=small)
        finally:
            gone_on.set()
        taken = [answer.result().status_code for answer in sent]
    assert (refused.status_code, alert.status_code) == (503, 202)
    assert int(refused.headers["retry-after"]) > 0
    assert taken == [202] * LARGE_AT_ONCE
    assert client.post("/api/events", content=large).status_code == 202


def test_a_complaint_carries_its_idempotency_key_as_identity(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    client.post("/api/complaints", json=COMPLAINT, headers={"Idempotency-Key": "k-1"})
    client.post("/api/complaints", json=COMPLAINT)
    with_key, without = (json.loads(body) for body, _, _ in desk.taken)
    assert (with_key["type"], with_key["id"], with_key["text"]) == ("complaint.received", "k-1", "桥面结冰")
    assert "id" not in without


@pytest.mark.parametrize("change", [{"kind": "aliens"}, {"lat": 95}, {"text": "x" * 4001}, {"surprise": 1}])
def test_a_bad_complaint_names_its_fault_and_is_not_handed_on(
    signed_in: SignIn, desk: Desk, change: dict[str, object]
) -> None:
    answer = signed_in("dong").post("/api/complaints", json={**COMPLAINT, **change})
    assert answer.status_code == 400
    assert answer.json()["faults"][0]["where"] == next(iter(change))
    assert desk.taken == []


@pytest.mark.parametrize("path", ["/api/alerts", "/api/events", "/api/complaints", "/api/session"])
def test_a_body_over_the_limit_is_too_large_declared_or_not(signed_in: SignIn, desk: Desk, path: str) -> None:
    client = signed_in("dong")
    body = b"x" * (BODY_LIMIT + 1)
    assert client.post(path, content=body).status_code == 413
    chunks = (body[i : i + 65536] for i in range(0, len(body), 65536))
    assert client.post(path, content=chunks).status_code == 413
    assert desk.taken == []


def test_a_body_at_the_limit_passes_and_an_empty_one_is_refused(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    assert client.post("/api/events", content=b"x" * BODY_LIMIT).status_code == 202
    assert client.post("/api/events", content=b" \n").status_code == 400
    assert len(desk.taken) == 1


def test_a_sheet_is_served_by_its_code_only(signed_in: SignIn, desk: Desk, tmp_path: Path) -> None:
    client = signed_in("vera")
    code = next(desk.sheets_dir.glob("*.pdf")).stem
    answer = client.get(f"/sheets/{code}.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    (tmp_path / "secret.pdf").write_text("secret")
    with desk.database.write() as session:
        for name, path in (("AAAAAAAA", "../secret.pdf"), ("BBBBBBBB", "gone.pdf")):
            session.add(Sheet(code=name, route_hash=name, route="r", plan="p", path=path, issued_at=NOW))
    for bad in ("AAAAAAAA", "BBBBBBBB", "CCCCCCCC", "..%2Fsecret", "OOOOOOOO"):
        assert client.get(f"/sheets/{bad}.pdf").status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/status", "/static/js/main.js", "/nowhere"])
def test_every_answer_forbids_foreign_content(open_client: TestClient, path: str) -> None:
    headers = open_client.get(path).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in headers["content-security-policy"]


def test_health_needs_no_sign_in(open_client: TestClient) -> None:
    assert open_client.get("/api/health").json()["status"] == "ok"


def stream_of(desk: Desk, token: str, act: Callable[[list[bytes]], bool]) -> list[bytes]:
    """What a page gets until `act`, told of all so far, says that it is enough, or the stream ends."""
    got: list[bytes] = []

    async def read() -> None:
        source = _hints(desk.deps(), token)
        async for message in source:
            got.append(message)
            if act(got):
                break
        await source.aclose()  # type: ignore[attr-defined]

    anyio.run(read)
    return got


def test_a_burst_of_hints_reaches_an_open_page_as_one_message(signed_in: SignIn, desk: Desk) -> None:
    def burst(got: list[bytes]) -> bool:
        for hint in ("plan:a", "vehicle:1", "vehicle:1") if len(got) == 1 else ():
            threading.Thread(target=desk.hub.publish, args=(hint,)).start()
        return len(got) == 2

    first, second = stream_of(desk, "", burst)
    assert first.startswith(b"retry:")
    assert sorted(json.loads(second.removeprefix(b"data: "))) == ["plan:a", "vehicle:1"]
    assert desk.hub.clients == 0


def test_places_do_not_wait_for_the_hints_that_are_gathered(signed_in: SignIn, desk: Desk) -> None:
    def move(got: list[bytes]) -> bool:
        if len(got) == 1:
            desk.hub.publish("plan:a")
            desk.hub.move({"S-1": b'["S-1"]', "S-2": b'["S-2"]'})
        return len(got) == 3

    _, second, third = stream_of(desk, "", move)
    assert second == b'event: moved\ndata: [["S-1"],["S-2"]]\n\n'
    assert third == b'data: ["plan:a"]\n\n'


def test_a_stream_ends_with_its_session_though_vehicles_never_stand_still(
    signed_in: SignIn, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("vera")
    token = client.cookies[COOKIE]
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.05)
    beats = []

    def move(got: list[bytes]) -> bool:
        desk.hub.move({"S-1": b'["S-1"]'})
        if got[-1].startswith(b":"):
            beats.append(got[-1])
            with desk.database.write() as session:
                close_session(session, token)
        return len(beats) > 1

    got = stream_of(desk, token, move)
    assert len(beats) == 1, "the next look at the session ended it"
    assert any(message.startswith(b"event: moved") for message in got)
    assert desk.hub.clients == 0


def test_a_change_is_taken_back_by_who_may_approve(signed_in: SignIn, desk: Desk) -> None:
    assert signed_in("dong").post(f"/api/plans/{VERSION}/undo").status_code == 403
    assert signed_in("anna").post(f"/api/plans/{VERSION}/undo").status_code == 202
    assert desk.undone == [("S-20231218-D01-N", "anna")]
    desk.approve_error = Stale("too_late", "approved more than 10 minutes ago")
    answer = signed_in("anna").post(f"/api/plans/{VERSION}/undo")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_late")
