"""Each rule of `db verify`: a row is changed behind the system's back, and the rule names it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from dispatch.desk import carry_out
from dispatch.photos import Picture
from models.database import Database
from models.tables.work import Case
from routing.codec import plan_from_json, plan_to_json
from routing.plan import Plan
from streams.views.rebuild import Difference
from sweepline.photos import Photos
from sweepline.verify import views
from tests.console.sample_city import CONTEXT
from tests.photos import camera_photo
from tests.sweepline.conftest import Command, newest

FIX = '{"type":"vehicle.position","vehicle":"S-1","observed_at":"2023-12-18T07:5%d:00Z","lon":119.45,"lat":32.78%d}'
LEVEL = '{"type":"station.level","station":"ST-1","observed_at":"2023-12-18T07:4%d:00Z","level_pct":%d}'
COMPLAINT = '{"type":"complaint.received","kind":"litter","lon":119.4543,"lat":32.7836,"text":"paper"}'
Break = Callable[[sqlite3.Connection, str], object]


@pytest.fixture
def lived(approved: Path, command: Command) -> Path:
    """A city with a plan approved, a case, positions and alerts: every rule has something to look at."""
    events = approved.parent / "events.jsonl"
    telemetry = [*(FIX % (n, n) for n in range(4)), *(LEVEL % (n, 20 + n) for n in range(3))]
    events.write_text("\n".join([COMPLAINT, *telemetry]))
    assert command("send", events, "--data", approved).code == 0
    return approved


def tampered(data: Path, change: Break) -> None:
    """Change rows with the guards taken away, as somebody with the file in hand could."""
    with closing(sqlite3.connect(data / "sweepline.db")) as database:
        guards = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DROP INDEX ix_one_active")
        change(database, newest(data))
        database.commit()


def sql(statement: str) -> Break:
    return lambda database, version: database.execute(statement.replace("VERSION", version))


def replanned(change: Callable[[Plan], Plan]) -> Break:
    """The stored plan of the version is another one; its row says what it said."""

    def act(database: sqlite3.Connection, version: str) -> None:
        stored = database.execute("SELECT plan FROM snapshot WHERE plan_version = ?", (version,)).fetchone()[0]
        plan = change(plan_from_json(json.loads(zlib.decompress(stored))))
        changed = zlib.compress(json.dumps(plan_to_json(plan)).encode())
        database.execute("UPDATE snapshot SET plan = ? WHERE plan_version = ?", (changed, version))

    return act


def reversed_routes(plan: Plan) -> Plan:
    return replace(plan, routes=tuple(replace(route, stops=route.stops[::-1]) for route in plan.routes))


def pinned_elsewhere(database: sqlite3.Connection, version: str) -> None:
    """A pin made before the version, on a work item that the version gives to another vehicle."""
    doc, vehicle = database.execute("SELECT doc, vehicle FROM route WHERE plan_version = ?", (version,)).fetchone()
    work = next(stop["work_item"] for stop in json.loads(doc)["stops"] if stop["work_item"])
    other = "S-2" if vehicle == "S-1" else "S-1"
    plan = version.partition("@")[0]
    database.execute("INSERT INTO pin VALUES ('p', ?, ?, 'vehicle', ?, 'ann', 0, NULL)", (plan, work, other))


BREAKS: dict[str, tuple[Break, str]] = {
    "1": (
        sql(
            "INSERT INTO quarantine SELECT 'q', \"group\", 'cases', source, event_id, x'00', 'h', 'bad', '', 1, at,"
            " 'held' FROM inbox WHERE \"group\" = 'cases' LIMIT 1"
        ),
        "is held by cases and was applied too",
    ),
    "2": (sql("DELETE FROM inbox WHERE \"group\" = 'cases'"), "neither applied nor quarantined by cases"),
    "3": (sql("UPDATE projection SET position = position - 120000000"), "vehicle:S-1 is shown at"),
    "3 not shown": (sql("DELETE FROM projection WHERE kind = 'vehicle'"), "but is not shown"),
    "4": (
        sql(
            "INSERT INTO assignment SELECT id || 'x', 'other', plan, vehicle, crew, driver, start_at, end_at"
            " FROM assignment"
        ),
        " and other",
    ),
    "5": (sql("UPDATE planversion SET state = 'active' WHERE plan LIKE 'S-20231218%'"), "active versions"),
    "6": (sql("DELETE FROM approval"), "was approved by nobody"),
    "6 a viewer": (
        sql("INSERT INTO account VALUES ('chief', 'viewer', 'x', 0)"),
        "was approved by chief, who is viewer",
    ),
    "7": (sql("UPDATE planversion SET cost = cost + 1 WHERE id = 'VERSION'"), "recomputed"),
    "8": (replanned(lambda plan: replace(plan, routes=plan.routes[1:])), "dropped at"),
    "8 work": (sql("UPDATE workitem SET state = 'done' WHERE service = 'salting'"), "is done, but not dated"),
    "9": (replanned(reversed_routes), "S-20231218"),
    "10": (sql("UPDATE case_file SET state = 'closed', closed_at = 1"), "its audit says reported"),
    "11": (sql("UPDATE stationday SET state = 'missed'"), "was missed without an alarm"),
    "12": (sql("UPDATE timer SET state = 'pending', due_at = 0 WHERE id LIKE 'fallback_age%'"), "has not fired"),
    "13 changes": (sql("DELETE FROM audit WHERE action = 'case.opened'"), "has no audit row case.opened"),
    "13 chain": (sql("UPDATE audit SET actor = 'bob' WHERE seal_no = 3"), "(seal 3) is not what was sealed"),
    "14": (
        sql("UPDATE outbox SET topic = 'cases', key = 'k', sent_at = CASE id WHEN 1 THEN NULL ELSE sent_at END"),
        "later ones of its key were sent",
    ),
    "15": (sql("UPDATE episode SET severity = 'Minor'"), "is not what its alerts say"),
    "16": (pinned_elsewhere, "is pinned to"),
    "17": (sql("UPDATE planversion SET created_at = 0 WHERE plan LIKE '%-F%'"), "and no alarm is open"),
}


def test_nothing_is_found_where_nothing_is_wrong(lived: Path, command: Command) -> None:
    found = command("db", "verify", "--data", lived, "--json")
    assert {name: faults for name, faults in found.json.items() if faults} == {}
    assert found.code == 0
    numbers = {name.split()[0] for name in found.json}
    assert numbers == {str(n) for n in range(1, 18)} | {"21", "22"}


@pytest.mark.parametrize("rule", BREAKS)
def test_a_broken_rule_is_named(rule: str, lived: Path, command: Command) -> None:
    change, says = BREAKS[rule]
    tampered(lived, change)
    found = command("db", "verify", "--data", lived)
    assert found.code == 1
    named = [line for line in found.out.splitlines() if line.startswith(f"FAULT {rule.split()[0]} ")]
    assert any(says in line for line in named), found.out


def test_a_bundle_left_behind_is_named(lived: Path, command: Command) -> None:
    shutil.rmtree(lived / "bundles")
    tampered(lived, sql("UPDATE approval SET at = at - 61000000"))
    found = command("db", "verify", "--data", lived)
    assert found.code == 1
    assert "is not in the bundle of D01" in next(
        line for line in found.out.splitlines() if line.startswith("FAULT 21 ")
    )


def photographed(data: Path) -> tuple[Picture, Photos]:
    """The case of the city has a photo, as the console takes it."""
    shelf = Photos(data / "photos")
    picture = shelf.keep(camera_photo())
    database = Database(f"sqlite:///{data / 'sweepline.db'}")
    with database.write() as session:
        number = session.exec(select(Case.number)).one()
    values = {"case": number, "report": "", "picture": asdict(picture)}
    carry_out(database, CONTEXT, datetime(2023, 12, 18, 8, tzinfo=UTC), "ann", "photo.add", values)
    database.close()
    return picture, shelf


DAMAGES: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "gone": (lambda full, small: full.unlink(), "cannot be read"),
    "cut off": (lambda full, small: full.write_bytes(full.read_bytes()[:-1]), "its row says"),
    "another": (lambda full, small: full.write_bytes(bytes(full.stat().st_size)), "not what was stored"),
    "small gone": (lambda full, small: small.unlink(), "-small.jpg is missing or empty"),
    "small empty": (lambda full, small: small.write_bytes(b""), "-small.jpg is missing or empty"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_photo_whose_files_are_not_whole_is_named_and_the_backup_says_so(
    damage: str, lived: Path, command: Command
) -> None:
    picture, shelf = photographed(lived)
    assert command("db", "verify", "--data", lived).code == 0
    change, says = DAMAGES[damage]
    change(shelf.path(picture.sha256, False), shelf.path(picture.sha256, True))
    found = command("db", "verify", "--data", lived)
    assert found.code == 1
    (line,) = [line for line in found.out.splitlines() if line.startswith("FAULT ")]
    assert line.startswith("FAULT 22 ") and says in line and picture.sha256 in line
    out = lived.parent / "backup"
    said = command("db", "backup", "--data", lived, out)
    assert said.code == 1 and (out / "manifest.json").is_file(), "everything else is in it"
    assert "photos missing or damaged: 1, of cases 321084-" in said.err


def test_a_photo_removed_long_ago_needs_no_file_and_files_of_none_are_named_when_they_are_old(
    lived: Path, command: Command
) -> None:
    picture, shelf = photographed(lived)
    stray = lived / "photos" / f"{'0' * 64}.jpg"
    stray.write_bytes(b"jpeg")
    assert command("db", "verify", "--data", lived).code == 0, "a command may be about to store its row"
    old = time.time() - timedelta(days=2).total_seconds()
    os.utime(stray, (old, old))
    found = command("db", "verify", "--data", lived, "--json").json
    assert [faults for faults in found.values() if faults] == [[f"photos/{stray.name} is of no photo"]]
    stray.unlink()
    tampered(lived, sql("UPDATE case_photo SET removed_at = 1"))
    shelf.path(picture.sha256, False).unlink()
    assert command("db", "verify", "--data", lived).code == 0, "housekeeping is about to forget it"


@pytest.mark.parametrize(
    ("shown", "in_flight", "named"),
    [
        ([1, 2], [True], []),
        ([1, 1, 1], [True, False], ["vehicle:S-1 is shown at t1, its rows say t9"]),
        ([1, 1, 2], [True, True], []),
        ([1, 1], [False], ["vehicle:S-1 is shown at t1, its rows say t9"]),
    ],
    ids=["moved on", "stands when all has come through", "moves on late", "stands"],
)
def test_beside_a_live_system_a_view_may_be_a_moment_behind(
    city: Path, monkeypatch: pytest.MonkeyPatch, shown: list[int], in_flight: list[bool], named: list[str]
) -> None:
    """`shown`: what the projection shows at each look, always behind its rows."""
    looks = iter(shown)
    flights = iter(in_flight)

    def look(_session: object, _since: object, _views: object) -> tuple[list[Difference], list[Difference]]:
        at = next(looks)
        return [], [Difference("vehicle:S-1", at, {"observed_at": f"t{at}"}, {"observed_at": "t9"})]

    monkeypatch.setattr(views, "held_against_rows", look)
    monkeypatch.setattr(views, "LOOK_S", 0.0)
    database = Database(f"sqlite:///{city / 'sweepline.db'}")
    found = list(views.views_agree(database, datetime.now(UTC), lambda: next(flights)))
    database.close()
    assert found == named
    assert next(looks, None) is None, "looked as often as needed"


def test_a_view_that_stands_still_for_a_minute_is_named_though_messages_are_on_their_way(
    city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Difference("vehicle:S-1", None, None, {"observed_at": "t9"})
    monkeypatch.setattr(views, "held_against_rows", lambda _session, _since, _views: ([], [stuck]))
    monkeypatch.setattr(views, "STANDS_S", 0.0)
    database = Database(f"sqlite:///{city / 'sweepline.db'}")
    found = list(views.views_agree(database, datetime.now(UTC), lambda: True))
    database.close()
    assert found == ["vehicle:S-1 has rows up to t9, but is not shown"]
