"""`send` and `replay`: a receipt for each event, refusals in one line, nothing half-stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from models.database import Database
from models.tables.flow import Outbox, Quarantine, StoredEvent
from models.tables.plans import Approval
from models.tables.weather import Alert, Response
from models.tables.work import Case, Level
from tests.sweepline.conftest import CLOCK, Command, cap_xml

COMPLAINT = '{"type":"complaint.received","kind":"litter","lon":119.4521,"lat":32.7818,"text":"x"}'


def rows(data: Path, table: type[SQLModel]) -> list:
    database = Database(f"sqlite:///{data / 'sweepline.db'}")
    with database.read() as session:
        found = list(session.exec(select(table)).all())
    database.close()
    return found


def level(station: str, at: str, pct: float) -> str:
    return f'{{"type":"station.level","station":"{station}","observed_at":"{at}","level_pct":{pct}}}'


def test_an_alert_is_stored_once_and_its_repetition_names_the_first_receipt(storm: Path, command: Command) -> None:
    again = storm.parent / "again.xml"
    again.write_text(cap_xml())
    later = command("send", again, "--data", storm, "--clock", "2023-12-18T09:00Z")
    assert later.code == 0
    assert "duplicate" in later.out and "first received 2023-12-18T08:00:00Z" in later.out
    assert "duplicate: 1" in later.out
    assert len(rows(storm, Alert)) == len(rows(storm, Response)) == 1
    document = command("send", again, "--data", storm, "--json").json
    assert document["counts"] == {"duplicate": 1}
    assert document["receipts"][0]["received_at"].startswith("2023-12-18T08:00:00")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("words.txt", "hello world\n", "neither CAP XML, event JSON lines nor CSV"),
        ("cut.xml", "<alert>", "not well-formed XML"),
        ("dtd.xml", cap_xml(head='<!DOCTYPE a [<!ENTITY x "y">]>'), "DTD"),
        ("three.xml", cap_xml(area="<polygon>32.7,119.4 32.8,119.4 32.7,119.4</polygon>"), "3 points"),
        ("zone.xml", cap_xml(sent="2023-12-18T16:00:00"), "with a zone"),
        ("big.xml", cap_xml(tail=f"<!--{'x' * 263_000}-->"), "the limit is 256 kB"),
    ],
)
def test_a_file_refused_is_one_line_and_stores_nothing(
    name: str, text: str, says: str, city: Path, command: Command
) -> None:
    file = city.parent / name
    file.write_text(text)
    said = command("send", file, "--data", city, "--clock", CLOCK, "--no-wait")
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith("sweepline: ") and says in line and name in line
    assert said.out == "refused: 1\n"
    assert rows(city, StoredEvent) == rows(city, Quarantine) == rows(city, Outbox) == []
    assert command("send", city.parent / "none.xml", "--data", city).code == 2


def test_a_refused_file_does_not_hold_up_the_others(city: Path, command: Command) -> None:
    bad, good = city.parent / "bad.xml", city.parent / "good.jsonl"
    bad.write_text("<alert>")
    good.write_text(COMPLAINT + "\n")
    said = command("send", bad, good, "--data", city, "--clock", CLOCK)
    assert said.code == 2
    assert "accepted: 1  refused: 1" in said.out
    assert [case.kind for case in rows(city, Case)] == ["litter"]


def test_lines_are_taken_one_by_one_and_bad_ones_are_held_with_exit_0(city: Path, command: Command) -> None:
    file, table = city.parent / "events.jsonl", city.parent / "levels.csv"
    at = "2023-12-18T08:00:00Z"
    file.write_text(
        "\n".join([level("ST-1", at, 300), level("ST-2", at, 40), level("NO", at, 40), COMPLAINT, "not json"])
    )
    table.write_text("station,observed_at,level_pct\nST-3,2023-12-18T08:00:00Z,50\nST-4,bad,50\n")
    said = command("send", file, table, "--data", city, "--clock", CLOCK)
    assert (said.code, said.err) == (0, "")
    assert "accepted: 3  quarantined: 4" in said.out
    assert "line 1: line 1" not in said.out
    assert "sweepline quarantine list" in said.out
    assert sorted(row.reason for row in rows(city, Quarantine)) == [
        "bad_payload",
        "bad_time",
        "not_json",
        "unknown_station",
    ]
    assert sorted(row.station for row in rows(city, Level)) == ["ST-2", "ST-3"]

    # a complaint is known by its content and minute, a level by its time, a bad line by its bytes
    again = command("send", file, "--data", city, "--json").json
    assert again["counts"] == {"quarantined": 3, "accepted": 1, "duplicate": 1}
    later = command("send", file, "--data", city, "--clock", "2023-12-18T08:30Z", "--json").json
    assert later["counts"] == {"quarantined": 3, "accepted": 2}
    assert len([row for row in rows(city, Quarantine) if row.group == "intake"]) == 3


def test_send_wants_one_destination_a_directory_and_a_zone(city: Path, command: Command) -> None:
    file = city.parent / "events.jsonl"
    file.write_text(COMPLAINT)
    for arguments, says in (
        ((), "either --data DIR or --url URL"),
        (("--data", city.parent / "nothing"), "no Sweepline data here"),
        (("--data", city, "--clock", "2023-12-18T08:00"), "time without zone"),
        (("--data", city, "--clock", "noon"), "--clock noon"),
    ):
        said = command("send", file, *arguments)
        assert said.code == 2
        assert len(said.err.splitlines()) == 1 and says in said.err
    assert not (city.parent / "nothing").exists()
    away = command("send", file, "--url", "http://127.0.0.1:9")
    assert away.code == 75 and "try again later" in away.err


def test_a_replayed_storm_makes_plans_and_never_starts_one(city: Path, command: Command) -> None:
    (city / "sweepline.toml").write_text("[rules.planning]\nimprove_seconds = 0.3\n[rules.snow]\nself_start_min = 1\n")
    recorded = city.parent / "recorded.jsonl"
    alert = (
        '{"type":"alert.received","sender":"met","identifier":"A1","sent":"2023-12-18T16:00:00+08:00",'
        '"status":"Actual","msg_type":"Alert","event":"暴雪","phenomenon":"snow","severity":"Moderate","certainty":"Likely",'
        '"urgency":"Expected","onset":"2023-12-18T22:00:00+08:00","expires":"2023-12-20T08:00:00+08:00",'
        '"areas":[{"description":"x","geocodes":["GB/T2260=321084"]}]}'
    )
    later = level("ST-1", "2023-12-18T10:00:00Z", 40)
    recorded.write_text("\n".join([later, alert, COMPLAINT]))
    said = command("replay", recorded, "--data", city, "--json")
    assert said.code == 0, said.err
    assert said.json["counts"] == {"accepted": 2, "quarantined": 1}, said.out
    (response,) = rows(city, Response)
    assert (response.self_start, response.self_start_reason) == (False, "replay")
    assert rows(city, Approval) == []
    empty = city.parent / "empty.jsonl"
    empty.write_text("{}\n")
    assert command("replay", empty, "--data", city).code == 2
