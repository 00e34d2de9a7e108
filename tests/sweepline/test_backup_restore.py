"""Backups: complete, checked, restored into an empty place only."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from dispatch.state_hash import state_hash
from models.database import Database
from models.tables.flow import Lease, Outbox
from models.tables.plans import Sheet
from tests.sweepline.conftest import Command


def hash_of(data: Path) -> str:
    database = Database(f"sqlite:///{data / 'sweepline.db'}")
    with database.read() as session:
        found = state_hash(session)
    database.close()
    return found


def test_a_backup_has_everything_and_is_restored_elsewhere(approved: Path, command: Command) -> None:
    (approved / "photos").mkdir()
    (approved / "photos" / "case.jpg").write_bytes(b"jpeg")
    (approved / "sheets" / ".half.pdf.new").write_bytes(b"half")
    bundles = approved / "bundles"
    shutil.rmtree(next(bundles.glob(".D01-*")))
    (bundles / "D01").rename(bundles / ".D01-now")  # copying the fixture followed the link
    (bundles / "D01").symlink_to(".D01-now")
    shutil.copytree(bundles / ".D01-now", bundles / ".D01-old")
    out, place = approved.parent / "backup", approved.parent / "elsewhere"
    said = command("db", "backup", "--data", approved, out)
    assert said.code == 0 and hash_of(approved) in said.out
    manifest = json.loads((out / "manifest.json").read_text())
    named = set(manifest["files"])
    assert {"sweepline.db", "log.db", "sweepline.toml", "photos/case.jpg"} <= named
    assert not [name for name in named if name.endswith(".new")]
    assert manifest["rows"]["approval"] == 1 and manifest["links"] == {"bundles/D01": ".D01-now"}
    assert [name for name in named if ".D01-now/manifest.json" in name] and not [n for n in named if ".D01-old" in n]

    restored = command("db", "restore", "--data", place, out)
    assert restored.code == 0 and hash_of(approved) in restored.out
    assert hash_of(place) == hash_of(approved)
    assert (place / "photos" / "case.jpg").read_bytes() == b"jpeg"
    assert (place / "sweepline.toml").read_text() == (approved / "sweepline.toml").read_text()
    database = Database(f"sqlite:///{place / 'sweepline.db'}")
    with database.read() as session:
        paths = [Path(row.path) for row in session.exec(select(Sheet)).all()]
        assert paths and all(path.parent == place / "sheets" and path.is_file() for path in paths)
        assert {row.holder for row in session.exec(select(Lease)).all()} <= {""}
        assert all(row.sent_at is None for row in session.exec(select(Outbox)).all())
    database.close()
    shutil.rmtree(approved)
    assert command("print-last", "--data", place, "--out", place.parent / "paper").code == 0
    assert command("db", "verify", "--data", place).code == 0
    assert command("plan", "make", "S-20231218-D01-N", "--data", place).code == 0, "it goes on from there"


def test_what_a_running_transaction_has_not_committed_is_not_in_it(storm: Path, command: Command) -> None:
    before = hash_of(storm)
    writer = sqlite3.connect(storm / "sweepline.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM planversion")
    out = storm.parent / "backup"
    assert command("db", "backup", "--data", storm, out).code == 0
    assert json.loads((out / "manifest.json").read_text())["state_hash"] == before
    writer.execute("ROLLBACK")
    writer.close()


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))


def edit(out: Path, change: Callable[[dict[str, object]], None]) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    change(manifest)
    (out / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("damage", "code", "says"),
    [
        (lambda out: flip(out / "sweepline.db"), 2, "sweepline.db: is missing or not what was backed up"),
        (lambda out: (out / "log.db").unlink(), 2, "log.db: is missing or not what was backed up"),
        (lambda out: (out / "manifest.json").unlink(), 2, "is no backup"),
        (lambda out: (out / "manifest.json").write_text("{}"), 2, "manifest.json"),
        (lambda out: edit(out, lambda m: m.update(format=9)), 2, "is of format 9"),
        (lambda out: edit(out, lambda m: m["links"].update({"../x": "y"})), 2, "outside of it"),
        (lambda out: edit(out, lambda m: m.update(database="postgresql")), 2, "the settings name sqlite"),
        (lambda out: edit(out, lambda m: m.update(state_hash="0" * 64)), 1, "is not what was backed up"),
        (lambda out: edit(out, lambda m: m["rows"].update(route=99)), 1, "is not what was backed up"),
    ],
)
def test_a_damaged_backup_is_not_restored(
    storm: Path, command: Command, damage: Callable[[Path], None], code: int, says: str
) -> None:
    out, place = storm.parent / "backup", storm.parent / "elsewhere"
    assert command("db", "backup", "--data", storm, out).code == 0
    damage(out)
    said = command("db", "restore", "--data", place, out)
    assert said.code == code, said
    assert says in said.err + said.out and len((said.err + said.out).splitlines()) == 1
    assert not place.exists()


def test_only_into_an_empty_place_with_settings_at_most(storm: Path, command: Command) -> None:
    out, place = storm.parent / "backup", storm.parent / "elsewhere"
    assert command("db", "backup", "--data", storm, out).code == 0
    before = hash_of(storm)
    said = command("db", "restore", "--data", storm, out)
    assert said.code == 2 and "restore into an empty folder" in said.err and hash_of(storm) == before
    place.mkdir()
    (place / "sweepline.toml").write_text("port = 8031\n")
    assert command("db", "restore", "--data", place, out).code == 0
    assert (place / "sweepline.toml").read_text() == "port = 8031\n"


def test_backup_says_what_is_wrong(storm: Path, command: Command) -> None:
    out = storm.parent / "backup"
    for data, target, says in (
        (storm, storm, "is there already"),
        (storm, storm.parent / "none" / "backup", "is no folder"),
        (storm.parent / "none", out, "no database there"),
    ):
        said = command("db", "backup", "--data", data, target)
        assert said.code == 2 and says in said.err and len(said.err.splitlines()) == 1
    assert not out.exists() and not list(storm.parent.glob("*.new"))
