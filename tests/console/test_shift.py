"""The shift over HTTP: notes, the log from what was done, and taking over what was read, and nothing else."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader
from sqlmodel import Session, select

from dispatch.alarms import acknowledge
from dispatch.reports.handover import handover
from dispatch.shifts import NOTE_LIMIT, hash_of, list_matters, take_over
from dispatch.uow import UnitOfWork
from models.errors import Refused, Stale
from models.tables.flow import AuditRow
from models.tables.people import LogNote, Takeover
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import HOSTILE, NOW

UNTOLD = "alarm:untold:t1"


def tokens(client: TestClient) -> list[str]:
    return [matter["token"] for matter in client.get("/api/shift").json()["matters"]]


def names(matters: list[dict[str, Any]]) -> list[str]:
    return [f"{matter['kind']}:{matter['key']}" for matter in matters]


def take(client: TestClient, seen: list[str] | None = None) -> Any:
    return client.post("/api/shift/takeover", json={"seen": tokens(client) if seen is None else seen})


def test_what_is_open_is_listed_with_its_lines(signed_in: SignIn) -> None:
    found = signed_in("vera").get("/api/shift").json()
    assert (found["no"], found["held_by"], found["takeovers"], found["notes"]) == (0, "", [], [])
    assert names(found["matters"]) == [
        UNTOLD,
        "waiting:S-20231218-D01-N@2",
        "case:321084-20231218-00002",
        "case:321084-20231218-00001",
        "out:vehicle:S-02",
        "running:C-20231218-D01-E@1",
    ]
    assert found["matters"][4]["line"]["reason"] == "液压故障"


def test_the_one_who_comes_takes_over_and_the_log_begins_anew(desk: Desk, signed_in: SignIn) -> None:
    first = take(signed_in("dong")).json()
    assert (first["no"], first["held_by"]) == (1, "dong")
    signed_in("dong").post("/api/shift/notes", json={"text": "盐库 3 号门卡住"})
    second = take(signed_in("anna")).json()
    assert (second["no"], second["held_by"], second["since"]) == (2, "anna", "2023-12-18T12:30:00Z")
    (newest, oldest) = second["takeovers"]
    assert (newest["given_by"], newest["taken_by"], newest["open"]) == ("dong", "anna", 7), "the note is read too"
    assert (oldest["given_by"], oldest["taken_by"], oldest["open"]) == ("", "dong", 6)
    with desk.database.read() as session:
        row = session.get_one(Takeover, 2)
        assert len(row.open) == 7 and any(token.startswith("note:") for token in row.open)
        rows = session.exec(select(AuditRow).where(AuditRow.action == "shift.taken_over")).all()
        assert [(row.actor, row.detail["given_by"]) for row in rows] == [("dong", ""), ("anna", "dong")]


def test_nobody_takes_over_what_he_has_not_seen(desk: Desk, signed_in: SignIn) -> None:
    client = signed_in("anna")
    seen = tokens(client)
    with desk.database.write() as session:
        uow = UnitOfWork(session, NOW, "test", "dong")
        acknowledge(uow, ["untold:t1"])
        uow.open_alarm("vehicle_silent", "S-01", 2, vehicle="S-01")
    put = {"kind": "vehicle", "ref": "S-02", "status": "back"}
    assert signed_in("dong").post("/api/resources", json=put).status_code == 200
    answer = take(client, seen)
    assert (answer.status_code, answer.json()["code"]) == (409, "open_changed")
    changes = answer.json()["changes"]
    assert names(changes["new"]) == ["alarm:vehicle_silent:S-01"]
    assert [(m["key"], m["line"]["state"]) for m in changes["changed"]] == [("untold:t1", "acknowledged")]
    assert changes["gone"] == ["out:vehicle:S-02"]
    with desk.database.read() as session:
        assert session.exec(select(Takeover)).all() == []
    assert take(client).status_code == 200


def test_whoever_has_the_shift_cannot_take_it_from_himself(signed_in: SignIn) -> None:
    client = signed_in("dong")
    assert take(client).status_code == 200
    assert (take(client).status_code, take(client).json()["code"]) == (400, "own_shift")


def test_of_two_who_read_the_same_the_second_is_told_what_the_first_changed(desk: Desk) -> None:
    def now(actor: str, seen: str) -> None:
        with desk.database.write() as session:
            take_over(UnitOfWork(session, NOW, f"test:{actor}", actor), seen)

    with desk.database.read() as session:
        read = hash_of(matter.token for matter in list_matters(handover(session, NOW)))
    now("dong", read)
    with pytest.raises(Refused, match="own account"):
        now("dong", read)
    with pytest.raises(Stale):
        now("anna", "another hash")


def test_a_note_is_struck_through_with_a_reason_and_stays(desk: Desk, signed_in: SignIn) -> None:
    client = signed_in("dong")
    for text in ("桥面再看一次", HOSTILE, HOSTILE):
        assert client.post("/api/shift/notes", json={"text": text}).status_code == 200
    notes = client.get("/api/shift").json()["notes"]
    assert sorted(note["text"] for note in notes) == sorted([HOSTILE, HOSTILE, "桥面再看一次"])
    gone = next(note for note in notes if note["text"] == HOSTILE)
    path = f"/api/shift/notes/{gone['id']}/strike"
    assert client.post(path, json={"reason": " "}).json()["code"] == "no_reason"
    assert client.post(path, json={"reason": "写错了"}).status_code == 200
    again = signed_in("anna").post(path, json={"reason": "写错了"})
    assert (again.status_code, again.json()["code"]) == (409, "note_struck")
    assert client.post("/api/shift/notes/none/strike", json={"reason": "x"}).status_code == 404
    found = client.get("/api/shift").json()
    assert len([m for m in found["matters"] if m["kind"] == "note"]) == 2, "a struck note is not handed on"
    struck = next(note for note in found["notes"] if note["id"] == gone["id"])
    assert (struck["text"], struck["struck_by"], struck["struck_reason"]) == (HOSTILE, "dong", "写错了")
    with desk.database.read() as session:
        assert len(session.exec(select(LogNote)).all()) == 3
        rows = session.exec(select(AuditRow.action).where(AuditRow.subject == f"note:{gone['id']}")).all()
        assert sorted(rows) == ["note.struck", "note.written"]


@pytest.mark.parametrize("text", ["", "   ", "x" * (NOTE_LIMIT + 1)])
def test_an_empty_or_endless_note_is_refused(signed_in: SignIn, text: str) -> None:
    assert signed_in("dong").post("/api/shift/notes", json={"text": text}).status_code == 400


def _deed(session: Session, actor: str, action: str, subject: str, minutes: int) -> None:
    at = NOW - timedelta(minutes=minutes)
    session.add(AuditRow(at=at, actor=actor, action=action, subject=subject, detail={}))


def test_the_log_is_what_was_done_since_the_takeover(desk: Desk, signed_in: SignIn) -> None:
    with desk.database.write() as session:
        session.add(Takeover(no=1, at=NOW - timedelta(hours=10), taken_by="anna", open=[], open_hash="a"))
        session.add(
            Takeover(no=2, at=NOW - timedelta(hours=2), given_by="anna", taken_by="dong", open=[], open_hash="b")
        )
        _deed(session, "anna", "plan.approved", "plan:S-20231218-D01-N@1", 180)
        _deed(session, "system:timers", "alarm.opened", "alarm:untold:t1", 12)
        _deed(session, "system:work", "work.done", "work:wi-1", 11)
        _deed(session, "dong", "alarm.acknowledged", "alarm:untold:t1", 10)
        _deed(session, "policy:self_start", "plan.approved", "plan:P-1@1", 9)
    client = signed_in("vera")
    log = client.get("/api/shift/log").json()
    assert (log["no"], log["since"], log["until"], log["held_by"]) == (2, "2023-12-18T10:30:00Z", None, "dong")
    assert [deed["action"] for deed in log["deeds"]] == ["plan.approved", "alarm.acknowledged", "alarm.opened"]
    people = client.get("/api/shift/log?people=true").json()["deeds"]
    assert [(deed["actor"], deed["action"]) for deed in people] == [("dong", "alarm.acknowledged")]
    before = client.get("/api/shift/log?no=1").json()
    assert (before["until"], before["held_by"]) == ("2023-12-18T10:30:00Z", "anna")
    assert [deed["subject"] for deed in before["deeds"]] == ["plan:S-20231218-D01-N@1"]
    first = client.get("/api/shift/log?no=0").json()
    assert (first["deeds"], first["since"], first["until"]) == ([], "2023-12-17T14:30:00Z", "2023-12-18T02:30:00Z")
    assert client.get("/api/shift/log?no=7").json()["code"] == "unknown_shift"


def test_viewers_read_and_nobody_else_does(signed_in: SignIn, open_client: TestClient) -> None:
    client = signed_in("vera")
    for path, body in (
        ("/api/shift/notes", {"text": "x"}),
        ("/api/shift/notes/n/strike", {"reason": "x"}),
        ("/api/shift/takeover", {"seen": []}),
    ):
        assert client.post(path, json=body).status_code == 403
        assert open_client.post(path, json=body).status_code == 401
    assert open_client.get("/api/shift").status_code == open_client.get("/api/shift/log").status_code == 401


def test_the_sheet_says_the_notes_and_who_took_over(signed_in: SignIn) -> None:
    take(signed_in("dong"))
    client = signed_in("dong")
    client.post("/api/shift/notes", json={"text": "1号盐仓只剩 8 吨"})
    client.post("/api/shift/notes", json={"text": "=SUM(1)"})
    pages = PdfReader(BytesIO(client.get("/api/reports/handover.pdf").content)).pages
    text = re.sub(r"[\s\u200b\xa0\u202f]+", "", "".join(page.extract_text() for page in pages))
    assert "1号盐仓只剩8吨" in text
    assert re.search(r"1\d\d-\d\d\d\d:\d\d—dong6", text), "number, time, from nobody, by dong, six matters"
    table = client.get("/api/reports/handover.csv?table=notes").content.decode("utf-8-sig")
    assert {row["text"] for row in csv.DictReader(io.StringIO(table))} == {"1号盐仓只剩 8 吨", "'=SUM(1)"}
    taken = client.get("/api/reports/handover.csv?table=takeovers").content.decode("utf-8-sig")
    assert [(row["taken_by"], row["open"]) for row in csv.DictReader(io.StringIO(taken))] == [("dong", "6")]
