"""`doctor` on set-ups broken for real: each is named in a line of its own, with what to do; exit 1, no traceback."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.config import Config
from sqlalchemy import make_url, text

from models import migrate
from models.database import Database
from models.times import to_micros
from tests.small_disk import small_disk
from tests.sweepline.conftest import Command

ROOT = Path(__file__).resolve().parents[2]
KAFKA = os.environ.get("SWEEPLINE_TEST_KAFKA", "")
POSTGRES = os.environ.get("SWEEPLINE_TEST_POSTGRES", "")
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
WHOLE = ("typst", "ortools", "pyvrp", "numba")

Patch = pytest.MonkeyPatch
Break = Callable[[Path, Patch], object]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: Patch) -> None:
    """Only one library is loaded, but it is; `test_what_cannot_be_loaded` has them all."""
    monkeypatch.setattr("sweepline.doctor.machine.LIBRARIES", {"typst": "no sheets can be typeset"})


def sql(statement: str, *values: object) -> Break:
    def act(data: Path, _patch: Patch) -> None:
        with closing(sqlite3.connect(data / "sweepline.db")) as database:
            for part in statement.split(";"):
                database.execute(part, values if "?" in part else ())
            database.commit()

    return act


def toml(line: str) -> Break:
    return lambda data, _patch: (data / "sweepline.toml").write_text(line)


def env(name: str, value: str) -> Break:
    return lambda _data, patch: patch.setenv(name, value)


def held(data: Path, _patch: Patch) -> None:
    bad = data.parent / "bad.jsonl"
    bad.write_text("{not json\n")
    from sweepline.cli import run

    assert run(["send", str(bad), "--data", str(data)]) == 0


def later_version(data: Path, patch: Patch) -> None:
    """A version with one more migration than the database has had."""
    folder = data.parent / "later"
    folder.mkdir()
    head = migrate.newest()
    (folder / "later.py").write_text(f"revision, down_revision = 'later', '{head}'\ndef upgrade(): pass\n")
    ordinary = migrate.make_config

    def longer() -> Config:
        config = ordinary()
        own = f"{config.get_main_option('script_location')}/versions"
        config.set_main_option("version_locations", os.pathsep.join((own, str(folder))))
        return config

    patch.setattr(migrate, "make_config", longer)


AHEAD = to_micros(datetime.now(UTC) + timedelta(hours=1))
STALE = to_micros(datetime.now(UTC) - timedelta(hours=1))
BEAT = "INSERT INTO heartbeat (role, holder, since, beat_at, progress_at, state, note) VALUES"
LATER = "UPDATE setting SET value = '{\"at\": \"2023-12-18T09:00:00Z\"}' WHERE key = 'clock'"
AUDIT = "INSERT INTO audit (at, actor, action, subject, detail, seal) VALUES (1, 'x', 'x', 'x', '{}', '')"

BREAKS: dict[str, tuple[Break, str, str]] = {
    "unknown setting": (toml("colour = 1\n"), "settings", "colour: no such setting"),
    "bad setting": (env("SWEEPLINE_PORT", "x"), "settings", "SWEEPLINE_PORT"),
    "not TOML": (toml("port = \n"), "settings", "not TOML"),
    "unknown rule": (toml("[rules.snow]\ncolour = 1\n"), "settings", "colour: no such rule"),
    "no directory": (lambda data, _: shutil.rmtree(data), "directory", "`sweepline city import"),
    "no database": (lambda data, _: (data / "sweepline.db").unlink(), "database", "`sweepline city import"),
    "bad database": (lambda data, _: (data / "sweepline.db").write_bytes(b"x" * 9000), "database", "not a database"),
    "schema ahead": (sql("UPDATE alembic_version SET version_num = 'z9'"), "schema", "install the newer version"),
    "schema behind": (later_version, "schema", "this version needs later: run `sweepline db upgrade`"),
    "schema empty": (sql("DELETE FROM alembic_version"), "database", "run `sweepline db upgrade`"),
    "table lost": (sql("DROP TABLE heartbeat"), "schema", "lacks the tables heartbeat; restore a backup"),
    "no city": (sql("DELETE FROM city"), "city", "`sweepline city import`"),
    "no fallback": (sql("DELETE FROM planversion"), "fallback", "start the planner"),
    "old fallback": (sql("UPDATE planversion SET created_at = 0"), "fallback", "is of 1970-01-01"),
    "audit unsealed": (sql(AUDIT), "audit", "1 rows are not sealed, the first of 1970-01-01"),
    "outbox stuck": (sql(f"UPDATE outbox SET sent_at = NULL; {LATER}"), "outbox", "start `sweepline worker relay`"),
    "quarantine": (held, "quarantine", "1 held (1 not_json); see `sweepline quarantine list`"),
    "alarm": (
        sql("INSERT INTO alarm (id, kind, key, priority, opened_at, state, detail, acknowledged_by, shelved_by,"
            " shelved_reason) VALUES ('u:1', 'untold', '1', 1, 0, 'open', '{}', '', '', '')"),
        "alarms",
        "1 open (1 untold)",
    ),
    "no heartbeat": (
        sql(f"{BEAT} ('streams', 'h:1', ?1, ?1, ?1, 'working', '')", STALE),
        "roles",
        "streams: no heartbeat within 20 s, the last beat was at",
    ),
    "role hangs": (
        sql(f"{BEAT} ('planner', 'h:1', ?1, ?1, ?1, 'stalled', 'hangs')", to_micros(datetime.now(UTC))),
        "roles",
        "planner: no heartbeat",
    ),
    "clock of another": (sql(f"{BEAT} ('streams', 'h:1', ?1, ?1, ?1, 'working', '')", AHEAD), "clock", "set both by"),
    "broker down": (env("SWEEPLINE_BROKER", "kafka://127.0.0.1:1"), "broker", "is not reachable"),
    "database down": (env("SWEEPLINE_DATABASE_URL", "postgresql+psycopg://s:pw@127.0.0.1:1/x"), "database", "is not"),
}  # fmt: skip


def line_of(said: object, what: str, words: str) -> str:
    out = getattr(said, "out", "")
    lines = [line for line in out.splitlines() if line.startswith(f"LOOK  {what}: ") and words in line]
    assert lines, out
    return lines[0]


def test_all_is_well(storm: Path, command: Command) -> None:
    said = command("doctor", "--data", storm)
    assert (said.code, said.err) == (0, "")
    assert all(line.startswith("ok ") for line in said.out.splitlines())


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_is_named(name: str, storm: Path, command: Command, monkeypatch: Patch) -> None:
    change, what, words = BREAKS[name]
    change(storm, monkeypatch)
    said = command("doctor", "--data", storm)
    line_of(said, what, words)
    assert (said.code, said.err) == (1, "")
    assert "pw" not in said.out, "no password is shown"
    as_json = command("doctor", "--data", storm, "--json")
    assert as_json.code == 1
    assert any(row["what"] == what and not row["ok"] and words in row["text"] for row in as_json.json)


def test_a_disk_that_is_nearly_full_and_one_that_takes_nothing(
    storm_template: Path, tmp_path: Path, command: Command
) -> None:
    with small_disk(tmp_path / "disk", 48) as place:
        data = Path(shutil.copytree(storm_template, place / "data"))
        line_of(command("doctor", "--data", data), "disk", "nearly full; make room")
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        line_of(command("doctor", "--data", data), "directory", "cannot be written")


def test_what_cannot_be_loaded(storm: Path, tmp_path: Path) -> None:
    """Packages that are there, but broken: found before the real ones."""
    for name in WHOLE:
        (tmp_path / "broken" / name).mkdir(parents=True)
        (tmp_path / "broken" / name / "__init__.py").write_text(f"raise ImportError('{name}.so: wrong ELF class')\n")
    (tmp_path / "broken" / "justmytype_intl_cjk").mkdir()
    (tmp_path / "broken" / "justmytype_intl_cjk" / "__init__.py").write_text("")
    said = subprocess.run(
        [sys.executable, "-m", "sweepline.cli", "doctor", "--data", str(storm)],
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'broken'}{os.pathsep}{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert said.returncode == 1, said.stdout + said.stderr
    named = [line for line in said.stdout.splitlines() if line.startswith("LOOK  ")]
    assert len(named) == 5 and named[0].startswith("LOOK  fonts: ") and "install justmytype-intl-cjk" in named[0]
    for line, name in zip(named[1:], WHOLE, strict=True):
        assert line.startswith(f"LOOK  libraries: {name} does not load (ImportError {name}.so: wrong ELF class)")


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that takes connections and never says anything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_services_that_hang_do_not_hang_the_doctor(
    storm: Path, command: Command, monkeypatch: Patch, silent: str
) -> None:
    monkeypatch.setenv("SWEEPLINE_DATABASE_URL", f"postgresql+psycopg://sweepline@{silent}/x")
    monkeypatch.setenv("SWEEPLINE_BROKER", f"kafka://{silent}")
    said = command("doctor", "--data", storm)
    assert (said.code, said.err) == (1, "")
    line_of(said, "database", "timeout")
    line_of(said, "broker", "no answer within 10 s")
    assert "ok    fonts" in said.out


@pytest.fixture
def broker(monkeypatch: Patch) -> Iterator[str]:
    """A prefix on the real broker, its topics as registered."""
    if not KAFKA:
        pytest.skip("SWEEPLINE_TEST_KAFKA is not set")
    from kafka import KafkaAdminClient

    from streams.kafka_driver import KafkaDriver

    prefix = f"d{uuid.uuid4().hex[:12]}."
    monkeypatch.setenv("SWEEPLINE_BROKER", f"kafka://{KAFKA}")
    monkeypatch.setenv("SWEEPLINE_TOPIC_PREFIX", prefix)
    driver = KafkaDriver(KAFKA, prefix)
    driver.ensure_topics()
    driver.close()
    yield prefix
    admin = KafkaAdminClient(bootstrap_servers=KAFKA)
    admin.delete_topics([topic for topic in admin.list_topics() if topic.startswith(prefix)])
    admin.close()


@pytest.mark.kafka
def test_topics_that_are_not_as_registered(storm: Path, command: Command, broker: str) -> None:
    from kafka import KafkaAdminClient
    from kafka.admin import ConfigResource, ConfigResourceType

    def alter(topic: str, **configs: str) -> ConfigResource:
        named = {key.replace("_", "."): value for key, value in configs.items()}
        return ConfigResource(ConfigResourceType.TOPIC, broker + topic, configs=named)

    assert command("doctor", "--data", storm).code == 0
    admin = KafkaAdminClient(bootstrap_servers=KAFKA)
    admin.alter_configs([alter("weather", retention_ms="60000"), alter("state", cleanup_policy="delete")])
    admin.create_partitions({f"{broker}stations": 6})
    admin.delete_topics([f"{broker}plans"])
    admin.close()
    said = command("doctor", "--data", storm)
    assert (said.code, said.err) == (1, "")
    line_of(said, "topics", f"{broker}weather has retention.ms=60000, not 604800000")
    line_of(said, "topics", f"{broker}state has cleanup.policy=delete, not compact")
    line_of(said, "topics", f"{broker}stations has 6 partitions, not 4")
    line_of(said, "topics", f"{broker}plans is missing")


@pytest.mark.kafka
def test_groups_without_a_reader_and_groups_that_fall_behind(
    storm: Path, command: Command, broker: str, monkeypatch: Patch
) -> None:
    from streams.driver import Message
    from streams.kafka_driver import KafkaDriver

    driver = KafkaDriver(KAFKA, broker)
    driver.publish([Message("cases", b"k", b"x"), *[Message("stations", b"k", b"x")] * 3])
    idle = driver.consumer("stations", ("stations",))
    while not idle.poll(1, 1.0):
        pass
    monkeypatch.setattr("sweepline.doctor.broker.LAG_LIMIT", 2)
    said = command("doctor", "--data", storm)
    idle.close()
    driver.close()
    assert (said.code, said.err) == (1, "")
    line_of(said, "groups", "cases: 1 messages wait and nobody reads them; start `sweepline worker streams`")
    line_of(said, "groups", "stations: 3 messages wait, +0 in 2 s: add workers")


@pytest.fixture
def server(monkeypatch: Patch) -> Iterator[Database]:
    """An upgraded schema on the real server, and the settings that name it."""
    if not POSTGRES:
        pytest.skip("SWEEPLINE_TEST_POSTGRES is not set")
    name = f"d{uuid.uuid4().hex[:12]}"
    admin = Database(POSTGRES)
    with admin.write() as session:
        session.execute(text(f'CREATE SCHEMA "{name}"'))
    url = f"{POSTGRES}?options=-csearch_path%3D{name},public"
    monkeypatch.setenv("SWEEPLINE_DATABASE_URL", url)
    made = Database(url)
    migrate.upgrade(made)
    yield made
    made.close()
    with admin.write() as session:
        session.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
    admin.close()


@pytest.mark.postgres
def test_a_server_whose_processes_and_database_are_missing(
    storm: Path, command: Command, monkeypatch: Patch, server: Database
) -> None:
    said = command("doctor", "--data", storm)
    line_of(said, "city", "there is none")
    for role in ("streams", "views", "planner", "relay", "printer", "console"):
        words = f"{role}: no heartbeat within 20 s, no process has been seen; start `sweepline worker {role}`"
        line_of(said, "roles", words)
    assert said.code == 1
    monkeypatch.setenv("SWEEPLINE_DATABASE_URL", make_url(POSTGRES).set(database="none").render_as_string(False))
    line_of(command("doctor", "--data", storm), "database", 'database "none" does not exist')


@pytest.mark.postgres
@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed")
def test_a_clock_that_is_off(storm: Path, server: Database) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "sweepline.cli", "doctor", "--data", str(storm)],
        env={**os.environ, "LD_PRELOAD": str(FAKETIME), "FAKETIME": "+90s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert said.returncode == 1, said.stdout + said.stderr
    (line,) = [line for line in said.stdout.splitlines() if line.startswith("LOOK  clock: ")]
    assert "s off this machine's; set both by NTP" in line
