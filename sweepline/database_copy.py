"""A consistent copy of the database while others write, and back: SQLite by its backup API, PostgreSQL by pg_dump.

What was copied is measured in the very snapshot that was copied: rows of each table, and the state hash.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Table, create_engine, func, inspect, make_url, select, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, col

import models.tables  # noqa: F401
from dispatch.state_hash import state_hash
from models.errors import Refused, Unavailable
from models.tables.work import CasePhoto, Position

HASHED_POSITIONS = 2_000_000
"""With more positions than this the state is not hashed (all of its rows are sorted in memory): counts must do."""
TOOL_LIMIT_S = 4 * 3600
SQLITE_FILE, POSTGRES_FILE = "sweepline.db", "database.pgdump"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a database holds: rows by table, and its state hash ("" where there is too much to hash)."""

    rows: dict[str, int]
    state_hash: str


@dataclass(frozen=True, slots=True)
class SeenPhoto:
    """A photo that is seen, and what its file must be."""

    case: str
    sha256: str
    bytes: int


def seen_photos(url: str) -> list[SeenPhoto]:
    """The photos a database has; none where its schema is of before there were any."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if str(CasePhoto.__tablename__) not in inspect(connection).get_table_names():
                return []
            rows = select(col(CasePhoto.case), col(CasePhoto.sha256), col(CasePhoto.bytes))
            return [SeenPhoto(*row) for row in connection.execute(rows.where(col(CasePhoto.removed_at).is_(None)))]
    finally:
        engine.dispose()


def measure(connection: Connection) -> Measured:
    """Count and hash, in the transaction the connection is in."""
    there = set(inspect(connection).get_table_names())
    tables = [table for name, table in sorted(SQLModel.metadata.tables.items()) if name in there]
    rows = {table.name: _count(connection, table) for table in tables}
    small = rows.get(str(Position.__tablename__), 0) <= HASHED_POSITIONS
    return Measured(rows, state_hash(Session(bind=connection)) if small else "")


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def copy_sqlite(source: Path, target: Path) -> None:
    """By SQLite's online backup: one snapshot, without stopping writers; then checked. Raises Refused."""
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        answer = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if answer != "ok":
        raise Refused("bad_copy", f"{source}: {answer}")


def measure_sqlite(file: Path) -> Measured:
    """What a SQLite file holds."""
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.connect() as connection:
            return measure(connection)
    finally:
        engine.dispose()


def dump_postgres(url: str, target: Path) -> Measured:
    """pg_dump in custom format, of one exported snapshot that is measured as well. Raises Refused, Unavailable."""
    engine = create_engine(url, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            options = ("--format=custom", "--no-owner", "--no-privileges", "--no-comments")
            _run("pg_dump", url, *options, f"--snapshot={snapshot}", f"--file={target}")
            return measure(connection)
    except OperationalError as error:
        raise Unavailable(f"database is away or busy: {str(error).splitlines()[0]}") from error
    finally:
        engine.dispose()


def load_postgres(url: str, source: Path) -> Measured:
    """pg_restore in one transaction: all of it or nothing; then measured. Raises Refused, Unavailable."""
    _run("pg_restore", url, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(source))
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return measure(connection)
    finally:
        engine.dispose()


def refuse_filled(url: str) -> None:
    """Raises Refused where the PostgreSQL database has tables already, Unavailable when it is away."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if found := inspect(connection).get_table_names():
                shown = f"the database {engine.url.database} has {len(found)} tables already"
                raise Refused("not_empty", f"{shown}; restore into an empty one")
    except OperationalError as error:
        raise Unavailable(f"database is away or busy: {str(error).splitlines()[0]}") from error
    finally:
        engine.dispose()


def _run(tool: str, url: str, *arguments: str) -> None:
    """A program of PostgreSQL's; the address goes by its environment, so that no password is seen in a process list."""
    if shutil.which(tool) is None:
        raise Refused("no_tool", f"{tool} is not installed; install PostgreSQL's client programs (postgresql-client)")
    place = make_url(url)
    dbname = f"--dbname={place.database}" if tool == "pg_restore" else str(place.database)
    done = subprocess.run(
        [tool, "--no-password", *arguments, dbname],
        env=os.environ | _environment(place),
        capture_output=True,
        text=True,
        timeout=TOOL_LIMIT_S,
    )
    if done.returncode:
        raise Refused("bad_copy", f"{tool}: {done.stderr.strip().splitlines()[-1:] or ['failed']}")


def _environment(place: URL) -> dict[str, str]:
    options = place.query.get("options", "")
    named = {
        "PGHOST": place.host,
        "PGPORT": str(place.port or 5432),
        "PGUSER": place.username,
        "PGPASSWORD": str(place.password) if place.password else None,
        "PGOPTIONS": options if isinstance(options, str) else " ".join(options),
    }
    return {name: value for name, value in named.items() if value}
