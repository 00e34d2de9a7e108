"""Cases over HTTP: the list, one case with its reports and history, previews, and what a dispatcher does with them."""

from __future__ import annotations

import pytest
from sqlmodel import select

from models.tables.flow import StoredEvent
from models.tables.work import Case
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import HOSTILE

ICE, FULL = "321084-20231218-00001", "321084-20231218-00002"


def states(client: object) -> dict[str, str]:
    return {row["number"]: row["state"] for row in client.get("/api/cases").json()}  # type: ignore[attr-defined]


def test_one_case_has_its_reports_and_who_did_what(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    assert client.post("/api/cases/accept", json={"numbers": [FULL]}).status_code == 200
    closed = client.post("/api/cases/close", json={"numbers": [FULL], "answer": "已清运"}).json()
    assert [(row["state"], row["answer"]) for row in closed if row["number"] == FULL] == [("closed", "已清运")]
    found = client.get(f"/api/cases/{FULL}").json()
    assert [report["text"] for report in found["reports"]] == ["满了", "满了"]
    assert [(deed["action"], deed["actor"]) for deed in found["history"]][-2:] == [
        ("case.accepted", "dong"), ("case.closed", "dong")]  # fmt: skip
    assert found["history"][-1]["detail"] == {"was": "in_progress", "answer": "已清运"}
    with desk.database.read() as session:
        assert {row.type for row in session.exec(select(StoredEvent))} == {"command.case.accept", "command.case.close"}


def test_hostile_text_is_given_back_as_text(signed_in: SignIn) -> None:
    assert HOSTILE in signed_in("vera").get(f"/api/cases/{ICE}").json()["reports"][0]["text"]


def test_a_preview_says_which_could_be_moved_and_changes_nothing(signed_in: SignIn) -> None:
    client = signed_in("dong")
    client.post("/api/cases/cancel", json={"numbers": [ICE], "answer": "查无"})
    asked = {"act": "close", "numbers": [ICE, FULL]}
    assert client.post("/api/cases/preview", json=asked).json() == [
        {"number": ICE, "why": "over"}, {"number": FULL, "why": ""}]  # fmt: skip
    assert states(client) == {ICE: "cancelled", FULL: "reported"}
    merging = {"act": "merge", "numbers": [ICE, FULL], "into": FULL}
    assert [row["why"] for row in client.post("/api/cases/preview", json=merging).json()] == ["over", "itself"]


def test_a_priority_is_given_to_those_it_would_change(signed_in: SignIn) -> None:
    client = signed_in("dong")
    asked = {"numbers": [ICE, FULL], "priority": "urgent"}
    both = [{"number": ICE, "why": ""}, {"number": FULL, "why": ""}]
    assert client.post("/api/cases/preview", json={"act": "priority", **asked}).json() == both
    rows = client.post("/api/cases/priority", json=asked).json()
    assert {row["number"]: row["priority"] for row in rows} == {ICE: "urgent", FULL: "urgent"}
    assert [row["why"] for row in client.post("/api/cases/preview", json={"act": "priority", **asked}).json()] == [
        "same"
    ] * 2
    assert client.post("/api/cases/priority", json=asked).status_code == 409
    deeds = client.get(f"/api/cases/{ICE}").json()["history"]
    assert (deeds[-1]["action"], deeds[-1]["actor"]) == ("case.priority", "dong")
    assert signed_in("vera").post("/api/cases/priority", json=asked).status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("accept", {"numbers": []}, 400),
        ("accept", {"numbers": ["nothing"]}, 404),
        ("accept", {"numbers": [str(n) for n in range(201)]}, 400),
        ("close", {"numbers": [FULL], "answer": ""}, 400),
        ("close", {"numbers": [FULL], "answer": " "}, 400),
        ("close", {"numbers": [FULL], "answer": "x" * 1001}, 400),
        ("reopen", {"numbers": [FULL]}, 409),
        ("priority", {"numbers": [FULL], "priority": "highest"}, 400),
        ("priority", {"numbers": [FULL, "nothing"], "priority": "low"}, 404),
        ("merge", {"numbers": [ICE], "into": FULL}, 400),
        ("merge", {"numbers": [ICE], "into": "nothing"}, 404),
        ("split", {"report": "nothing"}, 404),
        ("split", {"report": "rep-1-0"}, 400),
        ("preview", {"act": "burn", "numbers": [ICE]}, 400),
        ("preview", {"act": "close", "numbers": ["nothing"]}, 404),
    ],
)
def test_what_cannot_be_says_why_and_changes_nothing(
    path: str, body: dict[str, object], status: int, signed_in: SignIn
) -> None:
    client = signed_in("dong")
    assert client.post(f"/api/cases/{path}", json=body).status_code == status
    assert states(client) == {ICE: "reported", FULL: "reported"}


def test_a_viewer_may_look_only(signed_in: SignIn) -> None:
    client = signed_in("vera")
    assert client.post("/api/cases/accept", json={"numbers": [FULL]}).status_code == 403
    assert client.get("/api/cases/nothing").status_code == 404


def test_a_split_report_is_a_case_and_merged_back_it_is_a_report(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    assert client.post("/api/cases/split", json={"report": "rep-2-1"}).status_code == 200
    (made,) = set(states(client)) - {ICE, FULL}
    assert client.post("/api/cases/merge", json={"into": FULL, "numbers": [made]}).status_code == 200
    assert len(client.get(f"/api/cases/{FULL}").json()["reports"]) == 2
    with desk.database.read() as session:
        assert session.get_one(Case, made).merged_into == FULL
