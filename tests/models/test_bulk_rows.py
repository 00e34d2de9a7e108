"""Rows in bulk do the same on both databases: what is there stays, what is newer is written over, times keep."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel, select

from models.bulk import add_new, one_of, put
from models.database import Database
from models.tables.flow import Projection
from models.tables.work import Pass, Position

POSTGRES = os.environ.get("SWEEPLINE_TEST_POSTGRES", "")
NOON = datetime(2023, 12, 18, 12, 0, 0, 123456, tzinfo=UTC)
TABLES = [Pass.__table__, Projection.__table__, Position.__table__]  # type: ignore[attr-defined]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'sweepline.db'}")
        SQLModel.metadata.create_all(made.engine, TABLES)
        yield made
        made.close()
        return
    if not POSTGRES:
        pytest.skip("SWEEPLINE_TEST_POSTGRES is not set")
    name = f"b{uuid.uuid4().hex[:12]}"
    admin = Database(POSTGRES)
    with admin.write() as session:
        session.execute(text(f'CREATE SCHEMA "{name}"'))
    made = Database(f"{POSTGRES}?options=-csearch_path%3D{name}")
    SQLModel.metadata.create_all(made.engine, TABLES)
    yield made
    made.close()
    with admin.write() as session:
        session.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
    admin.close()


def a_pass(id_: str, segment: str = "s") -> dict[str, Any]:
    return {
        "id": id_,
        "segment": segment,
        "forward": True,
        "vehicle": "Mülltonne 'A'; --",
        "from_at": NOON,
        "to_at": NOON + timedelta(microseconds=1),
        "fraction": 0.1 + 0.2,
        "tools": "",
    }


def test_only_what_is_not_there_is_added_and_named(database: Database) -> None:
    with database.write() as session:
        assert add_new(session, Pass, [a_pass("1"), a_pass("2")], ("id",)) == {("1",), ("2",)}
        assert add_new(session, Pass, [a_pass("2", "other"), a_pass("3")], ("id",)) == {("3",)}
        assert add_new(session, Pass, [], ("id",)) == set()
    with database.read() as session:
        rows = session.exec(select(Pass).order_by(Pass.id)).all()
    assert [(row.id, row.segment) for row in rows] == [("1", "s"), ("2", "s"), ("3", "s")]
    first = rows[0].model_dump()
    assert first == a_pass("1")


def test_a_key_of_a_time_comes_back_as_that_time(database: Database) -> None:
    places = {"received_at": NOON, "lon": 0.1, "lat": 0.2, "speed_kmh": 0.3, "heading_deg": None, "tools": ""}
    rows = [{"vehicle": "a", "observed_at": NOON, **places}]
    with database.write() as session:
        if not database.is_sqlite:
            session.execute(text("CREATE TABLE every_day PARTITION OF position DEFAULT"))
        assert add_new(session, Position, rows, ("vehicle", "observed_at")) == {("a", NOON)}
        assert add_new(session, Position, rows, ("vehicle", "observed_at")) == set()


def test_rows_are_written_over_or_only_by_newer_ones(database: Database) -> None:
    def row(key: str, position: int, value: object) -> dict[str, Any]:
        return {"key": key, "kind": "k", "position": position, "value": {"v": value}}

    with database.write() as session:
        assert put(session, Projection, [row("a", 5, None), row("b", 5, "ü\\n")], "key", newer="position") == 2
        assert put(session, Projection, [row("a", 5, 1), row("b", 6, [2, 0.1])], "key", newer="position") == 1
        assert put(session, Projection, [], "key") == 0
    with database.read() as session:
        kept = {r.key: (r.position, r.value) for r in session.exec(select(Projection)).all()}
    assert kept == {"a": (5, {"v": None}), "b": (6, {"v": [2, 0.1]})}
    with database.write() as session:
        assert put(session, Projection, [row("b", 1, 0)], "key") == 1
    with database.read() as session:
        last = session.exec(select(Projection.position).where(one_of(session, Projection.key, ["b", "none"]))).all()
    assert last == [1]
