"""PostgreSQL: what the application's role may not do, and positions by the day."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from models import migrate
from models.database import Database
from models.errors import Refused
from models.tables.flow import AuditRow
from models.tables.work import Position
from streams.position_days import DAYS_AHEAD, keep_days
from streams.sealing import seal, verify

POSTGRES = os.environ.get("SWEEPLINE_TEST_POSTGRES", "")
NOON = datetime(2023, 12, 18, 12, tzinfo=UTC)
DAYS = 10
pytestmark = [pytest.mark.postgres, pytest.mark.skipif(not POSTGRES, reason="SWEEPLINE_TEST_POSTGRES is not set")]


@dataclass(frozen=True)
class Place:
    """A schema with an owner, and a role that is to work in it."""

    owner: Database
    role: str
    url: str

    def upgraded(self) -> Database:
        migrate.upgrade(self.owner, self.role)
        return Database(self.url)


@pytest.fixture
def place() -> Iterator[Place]:
    name = f"g{uuid.uuid4().hex[:12]}"
    admin = Database(POSTGRES)
    with admin.write() as session:
        session.execute(text(f'CREATE SCHEMA "{name}"'))
        session.execute(text(f'CREATE ROLE "{name}" LOGIN'))
    options = f"?options=-csearch_path%3D{name},public"
    owner = Database(POSTGRES + options)
    url = make_url(POSTGRES).set(username=name).render_as_string(hide_password=False) + options
    yield Place(owner, name, url)
    owner.close()
    with admin.write() as session:
        session.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
        session.execute(text(f'DROP ROLE "{name}"'))
    admin.close()


def audited(database: Database) -> None:
    with database.write() as session:
        session.add(AuditRow(at=NOON, actor="ann", action="case.opened", subject="case:1", detail={"n": 1}))


def test_the_application_adds_and_seals_audit_rows(place: Place) -> None:
    application = place.upgraded()
    audited(application)
    with application.write() as session:
        assert seal(session, NOON) == 1
    with application.read() as session:
        assert verify(session, NOON + timedelta(hours=1)) == []
    application.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'bob'",
        "UPDATE audit SET detail = '{}'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "ALTER TABLE audit DISABLE TRIGGER audit_append_only",
        "DROP TRIGGER audit_append_only ON audit",
        "DROP TABLE audit",
        "ALTER TABLE audit RENAME TO other",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "UPDATE alembic_version SET version_num = '0000'",
        "ALTER TABLE assignment DROP CONSTRAINT assignment_one_vehicle",
        "CREATE TABLE mine (id integer)",
    ],
)
def test_the_application_may_not(place: Place, statement: str) -> None:
    application = place.upgraded()
    audited(application)
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), application.write() as session:
        session.execute(text(statement))
    application.close()


def test_the_owner_is_stopped_by_the_trigger(place: Place) -> None:
    place.upgraded().close()
    audited(place.owner)
    for statement in ("UPDATE audit SET actor = 'bob'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(DBAPIError, match=r"append-only|never deleted"), place.owner.write() as session:
            session.execute(text(statement))


def test_the_application_cannot_migrate_and_says_what_to_do(place: Place) -> None:
    with place.owner.write() as session:
        session.execute(text(f'GRANT USAGE ON SCHEMA "{place.role}" TO "{place.role}"'))
    application = Database(place.url)
    with pytest.raises(Refused, match="sweepline db upgrade"):
        migrate.ensure(application)
    migrate.upgrade(place.owner, place.role)
    migrate.ensure(application)
    application.close()


def test_a_database_of_a_newer_version_is_refused(place: Place) -> None:
    place.upgraded().close()
    with place.owner.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match="schema 9999, newer than this version knows"):
        migrate.ensure(place.owner)


def fix(at: datetime, vehicle: str = "S-01") -> Position:
    return Position(vehicle=vehicle, observed_at=at, received_at=at, lon=119.4, lat=32.7, speed_kmh=20.0)


def days_of(database: Database) -> set[str]:
    """Partitions of the days, as YYYYMMDD."""
    found = text("SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
                 " WHERE inhparent = 'position'::regclass")  # fmt: skip
    with database.read() as session:
        names = set(session.execute(found).scalars())
    assert "position_rest" in names
    return {name.removeprefix("position_") for name in names} - {"rest"}


def kept(database: Database) -> list[datetime]:
    with database.read() as session:
        return sorted(session.exec(select(Position.observed_at)).all())


def in_rest(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(text("SELECT count(*) FROM position_rest")).scalar_one())


def test_days_are_made_ahead_and_dropped_when_they_are_over(place: Place) -> None:
    application = place.upgraded()
    times = [NOON - timedelta(days=n) for n in range(DAYS + 3)]
    with application.write() as session:
        session.add_all([fix(at) for at in times])
    assert in_rest(application) == len(times)
    with application.write() as session:
        assert keep_days(session, NOON, DAYS, limit=1) == DAYS_AHEAD + len(times) + 2
    expected = {f"{NOON + timedelta(days=n):%Y%m%d}" for n in range(-DAYS, DAYS_AHEAD + 1)}
    assert days_of(application) == expected
    assert in_rest(application) == 0
    assert kept(application) == sorted(times[: DAYS + 1])
    with application.write() as session:
        assert keep_days(session, NOON, DAYS, limit=1) == 0
    with application.write() as session:
        assert keep_days(session, NOON + timedelta(days=1), DAYS, limit=1) == 2
    assert days_of(application) == (expected - {"20231208"}) | {"20231226"}
    application.close()


def test_a_fix_lies_in_the_day_it_was_made(place: Place) -> None:
    application = place.upgraded()
    with application.write() as session:
        keep_days(session, NOON, DAYS, limit=1)
    midnight = datetime(2023, 12, 19, tzinfo=UTC)
    with application.write() as session:
        session.add_all([fix(midnight - timedelta(microseconds=1)), fix(midnight)])
    for day, count in (("20231218", 1), ("20231219", 1), ("20231220", 0)):
        with place.owner.read() as session:
            assert session.execute(text(f"SELECT count(*) FROM position_{day}")).scalar() == count
    with pytest.raises(DBAPIError, match="duplicate key"), application.write() as session:
        session.execute(text('INSERT INTO "position" SELECT * FROM "position"'))
    application.close()


def test_two_housekeepers_do_not_meet(place: Place) -> None:
    application = place.upgraded()
    with application.write() as first:
        assert keep_days(first, NOON, DAYS, limit=1) > 0
        with application.write() as second:
            assert keep_days(second, NOON, DAYS, limit=1) == 0
    application.close()


def test_the_command_upgrades_as_the_owner_and_gives_the_rights(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sweepline.cli import run

    monkeypatch.setenv("SWEEPLINE_DATABASE_URL", place.url)
    monkeypatch.setenv("SWEEPLINE_DATABASE_OWNER_URL", place.owner.url)
    assert run(["db", "upgrade", "--data", str(tmp_path)]) == 0
    assert run(["db", "upgrade", "--data", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("schema brought from nothing to ") and second.startswith("schema is up to date")
    application = Database(place.url)
    audited(application)
    with pytest.raises(DBAPIError, match="permission denied"), application.write() as session:
        session.execute(text("DELETE FROM audit"))
    application.close()
