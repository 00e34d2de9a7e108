"""`db upgrade` killed at any point leaves the old schema or the new, and run again it completes; one at a time."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from models.migrate import newest

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = os.environ.get("SWEEPLINE_TEST_POSTGRES", "")
SEED = 20231218
KILLS = int(os.environ.get("SWEEPLINE_TEST_UPGRADE_KILLS", "2"))
"""Killed at the first point, at the last two (before and after the commit), and at this many seeded ones between."""

FIRST_LATER = '''
"""Vehicles get a colour; what is there is filled in."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "later1", "{head}"


def upgrade():
    op.add_column("account", sa.Column("colour", sa.String(), nullable=True))
    op.execute("UPDATE account SET colour = 'orange'")
    op.create_table("paint", sa.Column("name", sa.String(), primary_key=True), sa.Column("tins", sa.Integer()))
    op.execute("INSERT INTO paint SELECT name, 3 FROM account")
'''
SECOND_LATER = '''
"""Names move."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "later2", "later1"


def upgrade():
    op.rename_table("paint", "stock")
    op.create_index("ix_stock_tins", "stock", ["tins"])
    op.execute("UPDATE stock SET tins = tins + 1")
    op.execute("DELETE FROM account WHERE name = 'bob'")
'''

SQLITE_SCHEMA = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
POSTGRES_SCHEMA = """
SELECT 'column', table_name, column_name || data_type FROM information_schema.columns WHERE table_schema = :here
UNION ALL SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = :here
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname FROM pg_constraint
    WHERE connamespace = CAST(:here AS regnamespace)
UNION ALL SELECT 'function', proname, prosrc FROM pg_proc WHERE pronamespace = CAST(:here AS regnamespace)
UNION ALL SELECT 'trigger', event_object_table, trigger_name FROM information_schema.triggers
    WHERE trigger_schema = :here
ORDER BY 1, 2, 3"""


@dataclass(frozen=True)
class Place:
    """A database for a child to upgrade, and what it looks like."""

    folder: Path
    url: str
    name: str

    def start(self, point: int = 0, versions: Path | str = "", *cut: str) -> subprocess.Popen[str]:
        env = {key: value for key, value in os.environ.items() if not key.startswith("SWEEPLINE_")}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.models.upgrade_child", str(self.folder), str(point), str(versions), *cut],
            cwd=ROOT,
            env=env | {"SWEEPLINE_DATABASE_URL": self.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, point: int = 0, versions: Path | str = "", *cut: str) -> tuple[int, str]:
        child = self.start(point, versions, *cut)
        out, _ = child.communicate(timeout=120)
        return child.returncode, out

    def looks(self) -> list[tuple[object, ...]]:
        """Schema and the rows that matter."""
        engine = create_engine(self.url)
        sqlite = self.url.startswith("sqlite")
        with engine.connect() as connection:
            schema = connection.execute(
                text(SQLITE_SCHEMA if sqlite else POSTGRES_SCHEMA), {} if sqlite else {"here": self.name}
            ).all()
            tables = {row[1] for row in schema}
            rows = [
                ("row", table, *row)
                for table in ("alembic_version", "account", "paint", "stock")
                if table in tables
                for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all()
            ]
        engine.dispose()
        return [*map(tuple, schema), *rows]

    def execute(self, statement: str) -> None:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()


def make_place(kind: str, folder: Path) -> Iterator[Place]:
    name = f"k{uuid.uuid4().hex[:12]}"
    folder.mkdir()
    if kind == "sqlite":
        yield Place(folder, f"sqlite:///{folder / 'sweepline.db'}", name)
        return
    if not POSTGRES:
        pytest.skip("SWEEPLINE_TEST_POSTGRES is not set")
    Place(folder, POSTGRES, name).execute(f'CREATE SCHEMA "{name}"')
    yield Place(folder, f"{POSTGRES}?options=-csearch_path%3D{name},public", name)
    Place(folder, POSTGRES, name).execute(f'DROP SCHEMA "{name}" CASCADE')


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from make_place(request.param, tmp_path / "data")


@pytest.fixture
def twin(place: Place, tmp_path: Path) -> Iterator[Place]:
    """A second database of the same kind, upgraded without trouble."""
    yield from make_place("sqlite" if place.url.startswith("sqlite") else "postgres", tmp_path / "twin")


@pytest.fixture
def later(tmp_path: Path) -> Path:
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "later1.py").write_text(FIRST_LATER.format(head=newest()))
    (folder / "later2.py").write_text(SECOND_LATER)
    return folder


def killed_everywhere(place: Place, twin: Place, versions: Path | str) -> None:
    """Kill at seeded points; the schema is the old one until the commit, the new one after it."""
    code, out = twin.run(0, versions)
    assert code == 0, out
    last = int(out.split("points ")[1])
    old, new = place.looks(), twin.looks()
    strip = [(row[0], *(str(v).replace(twin.name, place.name) for v in row[1:])) for row in new]
    between = random.Random(SEED).sample(range(2, last - 1), KILLS)
    for point in (1, *sorted(between), last - 1):
        assert place.run(point, versions)[0] == -9
        assert place.looks() == old, f"killed at point {point} of {last}"
    assert place.run(last, versions)[0] == -9
    assert [tuple(map(str, row)) for row in place.looks()] == [tuple(map(str, row)) for row in strip]
    code, out = place.run(0, versions)
    assert code == 0 and "up to date" in out


def test_killed_while_the_first_schema_is_made(place: Place, twin: Place) -> None:
    killed_everywhere(place, twin, "")


def test_killed_while_a_schema_with_rows_is_changed(place: Place, twin: Place, later: Path) -> None:
    for each in (place, twin):
        assert each.run()[0] == 0
        each.execute("INSERT INTO account VALUES ('ann', 'admin', 'x', 1), ('bob', 'viewer', 'x', 2)")
    killed_everywhere(place, twin, later)
    rows = [row for row in place.looks() if row[0] == "row"]
    assert [row[2:] for row in rows] == [("later2",), ("ann", "admin", "x", 1, "orange"), ("ann", 4), ("bob", 4)]


def test_the_server_cuts_the_connection(place: Place, later: Path) -> None:
    if place.url.startswith("sqlite"):
        pytest.skip("SQLite has no server")
    assert place.run()[0] == 0
    old = place.looks()
    code, out = place.run(11, later, "cut")
    assert code == 75 and len(out.splitlines()) == 2 and "try again later" in out, out
    assert place.looks() == old
    assert place.run(0, later)[0] == 0
    assert ("row", "alembic_version", "later2") in place.looks()


def test_of_four_at_once_one_upgrades(place: Place) -> None:
    children = [place.start() for _ in range(4)]
    said = [child.communicate(timeout=120)[0] for child in children]
    assert [child.returncode for child in children] == [0] * 4, said
    assert sum("brought from nothing" in out for out in said) == 1
    assert sum("up to date" in out for out in said) == 3


def test_a_waiting_upgrade_gives_up_in_words(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one that never ends: busy, exit 75, nothing changed."""
    from models import database as database_module
    from models import migrate
    from models.database import Database
    from models.errors import Unavailable

    monkeypatch.setattr(migrate, "LOCK_WAIT", "300ms")
    monkeypatch.setattr(database_module, "SQLITE_BUSY_MS", 300)
    holder, other = Database(place.url), Database(place.url)
    with holder.engine.begin() as connection:
        if not holder.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migrate._LOCK})
        with pytest.raises(Unavailable, match="busy"):
            migrate.upgrade(other)
    migrate.upgrade(other)
    holder.close()
    other.close()
