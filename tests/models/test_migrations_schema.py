"""The migrated schema is what the tables say, on both databases; and the database keeps its own rules."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel, select

from models import migrate
from models.database import Database
from models.errors import Unavailable
from models.migrations.compare import SETTINGS
from models.migrations.generate import TARGET, render
from models.tables.flow import Alarm, AuditRow
from models.tables.plans import Assignment

POSTGRES = os.environ.get("SWEEPLINE_TEST_POSTGRES", "")
NOON = datetime(2023, 12, 18, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'sweepline.db'}")
        yield made
        made.close()
        return
    if not POSTGRES:
        pytest.skip("SWEEPLINE_TEST_POSTGRES is not set")
    name = f"m{uuid.uuid4().hex[:12]}"
    admin = Database(POSTGRES)
    with admin.write() as session:
        session.execute(text(f'CREATE SCHEMA "{name}"'))
    made = Database(f"{POSTGRES}?options=-csearch_path%3D{name},public")
    yield made
    made.close()
    with admin.write() as session:
        session.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
    admin.close()


def differences(database: Database) -> list[Any]:
    options = {name: value for name, value in SETTINGS.items() if name != "target_metadata"}
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, SQLModel.metadata))


def test_the_migrated_schema_is_what_the_tables_say(database: Database) -> None:
    migrate.upgrade(database)
    assert differences(database) == []
    assert migrate.current(database) == migrate.newest()


def test_comparing_finds_a_missing_column(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.execute(text("ALTER TABLE vehicle DROP COLUMN plate"))
    assert [difference[0] for difference in differences(database)] == ["add_column"]


def test_the_initial_migration_is_as_generated() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "run: python -m models.migrations.generate"


def test_upgrading_again_changes_nothing(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.execute(text("INSERT INTO city (code, name, name_en, zone, attribution, network_hash, dropped, fleet)"
                             " VALUES ('1', 'n', '', 'UTC', '', '', '{}', '')"))  # fmt: skip
    migrate.upgrade(database)
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM city")).scalar() == 1


def test_an_upgrade_killed_half_way_has_done_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.migrations import guards

    def killed() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(guards, "create", killed)
        migrate.upgrade(database)
    assert inspect(database.engine).get_table_names() == []
    migrate.upgrade(database)
    assert differences(database) == []


@pytest.mark.parametrize("change", ["ALTER TABLE alarm DROP COLUMN priority", "DROP TABLE alarm"])
def test_a_database_of_another_schema_says_what_to_do(database: Database, change: str) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.execute(text(change))
    with pytest.raises(Unavailable, match=r"another schema .* run `sweepline db upgrade`"), database.read() as session:
        session.exec(select(Alarm)).all()


def assignment(id_: str, start_h: float, end_h: float, **more: str) -> Assignment:
    return Assignment(
        id=id_,
        route="r",
        plan="P",
        start_at=NOON + timedelta(hours=start_h),
        end_at=NOON + timedelta(hours=end_h),
        **{"vehicle": "S-01", **more},
    )


@pytest.mark.parametrize(
    ("other", "allowed"),
    [
        (assignment("b", 2, 4), True),
        (assignment("b", -2, 0), True),
        (assignment("b", 1.9, 4), False),
        (assignment("b", -1, 0.1), False),
        (assignment("b", 0.5, 1), False),
        (assignment("b", -1, 9), False),
        (assignment("b", 0, 2, vehicle="S-02"), True),
        (assignment("b", 0, 2, vehicle="S-02", driver="Li"), False),
        (assignment("b", 2, 4, vehicle="S-02", driver="Li"), True),
        (assignment("b", 0, 2, vehicle="", driver=""), True),
    ],
)
def test_a_vehicle_and_a_driver_are_each_in_one_assignment(
    database: Database, other: Assignment, allowed: bool
) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.add(assignment("a", 0, 2, driver="Li"))
        session.add(assignment("nobody", 0, 2, vehicle=""))
    copy = Assignment(**other.model_dump())
    if allowed:
        with database.write() as session:
            session.add(copy)
        return
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(copy)


def test_an_assignment_may_not_be_moved_onto_another(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.add(assignment("a", 0, 2))
        session.add(assignment("b", 2, 4))
    with database.write() as session:
        session.get_one(Assignment, "b").end_at = NOON + timedelta(hours=5)
    with pytest.raises(IntegrityError), database.write() as session:
        session.get_one(Assignment, "b").start_at = NOON + timedelta(hours=1)


def test_the_audit_cannot_be_emptied(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.add(AuditRow(at=NOON, actor="ann", action="case.opened", subject="case:1"))
    statement = "DELETE FROM audit" if database.is_sqlite else "TRUNCATE audit"
    with pytest.raises(DBAPIError, match="never deleted"), database.write() as session:
        session.execute(text(statement))
