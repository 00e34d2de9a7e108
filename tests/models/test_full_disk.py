"""A disk that fills up, for real: a small tmpfs. Needs the right to mount one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from models.ballast import LOW_WATER, Ballast
from models.database import Database
from models.errors import Unavailable
from models.migrate import upgrade
from models.tables.flow import Outbox
from streams.driver import Message
from streams.sqlite_log import SqliteLog
from tests.small_disk import fill, small_disk

MB = 1024 * 1024
NOON = datetime(2023, 12, 18, 12, tzinfo=UTC)
ROW = b"x" * 50_000


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 24) as place:
        yield place


def add(database: Database) -> None:
    with database.write() as session:
        session.add(Outbox(topic="cases", key="k", value=ROW))


def count(database: Database) -> int:
    with database.read() as session:
        return len(session.exec(select(Outbox.id)).all())


def add_until_full(database: Database) -> int:
    """Write until it is refused; how many were written."""
    for done in range(1000):
        try:
            add(database)
        except Unavailable as error:
            assert "disk is full at" in str(error) and "make room there" in str(error)
            return done
    raise AssertionError("the disk did not fill up")


def test_the_ballast_goes_and_comes_back(small: Path) -> None:
    ballast = Ballast(small / "ballast", 6 * MB)
    database = Database(f"sqlite:///{small / 'a.db'}", ballast)
    upgrade(database)
    ballast.keep()
    add(database)
    assert (small / "ballast").stat().st_blocks * 512 >= 6 * MB and not ballast.is_low()

    filler = fill(small, leave=LOW_WATER // 2)
    add(database)
    assert not (small / "ballast").exists() and ballast.is_low()
    written = 2 + add_until_full(database)
    assert written > 2 + 3 * MB // len(ROW), "the ballast's room is there for commands"
    for _ in range(3):
        with pytest.raises(Unavailable, match="disk is full"):
            add(database)
    assert count(database) == written, "reading goes on, and what was answered is there"

    filler.unlink()
    add(database)
    assert count(database) == written + 1
    assert not ballast.is_low() and (small / "ballast").exists()
    with database.read() as session:
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    database.close()


def test_a_single_large_write_that_fails_gives_the_ballast_up(small: Path) -> None:
    ballast = Ballast(small / "ballast", 6 * MB)
    database = Database(f"sqlite:///{small / 'a.db'}", ballast)
    upgrade(database)
    ballast.keep()
    fill(small, leave=LOW_WATER + MB // 4)
    with pytest.raises(Unavailable, match="disk is full"), database.write() as session:
        session.add(Outbox(topic="cases", key="k", value=b"x" * (LOW_WATER + MB)))
    assert count(database) == 0
    with database.write() as session:
        session.add(Outbox(topic="cases", key="k", value=b"x" * (LOW_WATER + MB)))
    assert count(database) == 1
    database.close()


def test_without_a_ballast_it_is_read_only_and_comes_back(small: Path) -> None:
    database = Database(f"sqlite:///{small / 'a.db'}")
    upgrade(database)
    filler = fill(small)
    written = add_until_full(database)
    with pytest.raises(Unavailable):
        add(database)
    assert count(database) == written
    filler.unlink()
    add(database)
    assert count(database) == written + 1
    database.close()


def test_the_log_takes_all_or_nothing_and_goes_on(small: Path) -> None:
    log = SqliteLog(small / "log.db", lambda: NOON)
    log.ensure_topics()
    filler = fill(small, leave=MB)
    taken = 0
    refused = 0
    for n in range(60):
        try:
            log.publish([Message("cases", b"k", ROW), Message("cases", b"k", str(n).encode())])
            taken += 1
        except Unavailable as error:
            assert "disk is full" in str(error)
            refused += 1
    assert taken and refused > 3
    filler.unlink()
    log.publish([Message("cases", b"k", ROW), Message("cases", b"k", b"last")])
    consumer = log.consumer("g", ("cases",))
    values = [record.value for _ in range(3) for record in consumer.poll(500, 0.0)]
    assert len(values) == 2 * (taken + 1) and values[-1] == b"last"
    assert values[::2] == [ROW] * (taken + 1)
    log.close()
