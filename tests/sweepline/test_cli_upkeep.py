"""`quarantine`, `db`, `doctor`, `schema`, `user`, usage errors, and the real process: codes and one-line errors."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import select

from models.database import Database
from models.events.registry import PAYLOADS
from models.tables.flow import Outbox
from tests.sweepline.conftest import CLOCK, Command

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN = '{"type":"station.level","station":"NO","observed_at":"2023-12-18T08:00:00Z","level_pct":40}'


@pytest.fixture
def held(city: Path, command: Command) -> Path:
    """The city with one message held by its recorder and one bad line held at the door."""
    file = city.parent / "bad.jsonl"
    file.write_text(f"{UNKNOWN}\n{{not json\n")
    assert command("send", file, "--data", city, "--clock", CLOCK).code == 0
    return city


def test_held_messages_are_listed_shown_replayed_and_dropped(held: Path, command: Command) -> None:
    rows = {row["reason"]: row for row in command("quarantine", "list", "--data", held, "--json").json["quarantine"]}
    assert set(rows) == {"unknown_station", "not_json"}
    listed = command("quarantine", "list", "--data", held).out
    assert all(row["id"] in listed for row in rows.values())
    unknown, broken = rows["unknown_station"]["id"], rows["not_json"]["id"]
    assert "{not json" in command("quarantine", "show", "--data", held, broken).out

    refused = command("quarantine", "replay", "--data", held, broken, "--as", "chief")
    assert refused.code == 2 and "correct it and send it anew, or drop it" in refused.err
    replayed = command("quarantine", "replay", "--data", held, unknown, "--as", "chief")
    assert replayed.code == 0
    again = command("quarantine", "list", "--data", held, "--json").json["quarantine"]
    assert {row["id"]: row["attempts"] for row in again} == {unknown: 2, broken: 1}

    assert command("quarantine", "drop", "--data", held, broken, "--as", "chief").code == 0
    assert command("quarantine", "drop", "--data", held, broken).code == 2
    assert command("quarantine", "show", "--data", held, "nosuch").code == 2
    assert command("quarantine", "drop", "--data", held, unknown).code == 0
    assert command("quarantine", "list", "--data", held).out == "nothing is held\n"
    database = Database(f"sqlite:///{held / 'sweepline.db'}")
    with database.read() as session:
        assert session.exec(select(Outbox).where(Outbox.topic == "")).all() == []
    database.close()


def test_an_account_is_added_from_standard_input(
    storm: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word, role, code in (("long-enough-1", "approver", 0), ("short", "approver", 2), ("long-enough-1", "king", 2)):
        monkeypatch.setattr("sys.stdin", io.StringIO(word + "\n"))
        said = command("user", "add", "--data", storm, "anna", "--role", role)
        assert said.code == code
        assert len((said.out + said.err).splitlines()) == 1


def test_schemas_of_every_event(command: Command) -> None:
    assert set(command("schema").json) == {f"{type_}/{version}" for type_, version in PAYLOADS}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nope",), "No such command 'nope'; see `sweepline --help`"),
        (("plan", "list"), "Missing option '--data'; see `sweepline plan list --help`"),
        (("plan", "show", "--data", "x", "P", "--colour"), "--colour"),
        (("up", "--data", "x", "--port", "many"), "--port"),
        (("worker", "cook"), "worker cook: roles are"),
        (("city", "show", "--data", "nosuchfolder"), "city import"),
        (("plan", "list", "--data", "nosuchfolder"), "no Sweepline data here"),
        (("check", "pyproject.toml", "pyproject.toml"), "pyproject.toml"),
        (("solve", "nosuchfile.dat"), "nosuchfile.dat"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(arguments: tuple[str, ...], says: str, command: Command) -> None:
    said = command(*arguments)
    assert (said.code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert line.startswith("sweepline: ") and says in line
    assert not Path("nosuchfolder").exists()


def test_what_nobody_foresaw_is_exit_70(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweepline.schemas.schema_command", lambda: 1 // 0)
    said = command("schema")
    assert said.code == 70
    assert said.err.splitlines()[-1] == "sweepline: internal: ZeroDivisionError: integer division or modulo by zero"


def test_a_group_without_a_command_shows_its_help(command: Command) -> None:
    said = command("plan")
    assert said.code == 2
    assert "approve" in said.out + said.err


def test_a_truncated_extract_and_a_text_file_import_nothing(tmp_path: Path, command: Command) -> None:
    from tests.routing.osm_files import cross_nodes, write_pbf

    whole = write_pbf(tmp_path / "town.osm.pbf", cross_nodes(), {100: ([1, 2, 3], {"highway": "primary"})})
    cut, words, data = tmp_path / "cut.osm.pbf", tmp_path / "words.txt", tmp_path / "data"
    cut.write_bytes(whole.read_bytes()[:-20])
    words.write_text("hello")
    for file in (cut, words, tmp_path / "none.osm.pbf"):
        said = command("city", "import", file, "--data", data)
        assert said.code == 2
        (line,) = said.err.splitlines()
        assert file.name in line
        assert not data.exists()


def process(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sweepline.cli", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "SWEEPLINE_SOLVER_PROCESSES": "0", "SWEEPLINE_SOLVER_ITERATIONS": "20000"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_process_itself_speaks_in_codes(storm: Path) -> None:
    listed = process("plan", "list", "--data", storm, "--json")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert json.loads(listed.stdout)["plans"]
    stale = process("plan", "approve", "S-20231218-D01-N@1", "--data", storm)
    assert (stale.returncode, len(stale.stderr.splitlines())) == (1, 1)
    usage = process("plan", "approve", "--data", storm)
    assert (usage.returncode, len(usage.stderr.splitlines())) == (2, 1)
