"""The database: engine, sessions, transactions. SQLite embedded, PostgreSQL in production.

SQLite: WAL, synchronous FULL, BEGIN IMMEDIATE, busy_timeout 10 s. One writer at a time is enforced by a lock a
process, so that threads queue here instead of inside SQLite. On a full disk writes are refused until there is room;
reading goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session, create_engine

from models.ballast import DISK_FULL, Ballast
from models.errors import ReadOnly, Unavailable

SQLITE_BUSY_MS = 10_000
CONNECT_S = 5
"""A PostgreSQL that does not answer for this long is away."""
READ_ONLY_STATES = frozenset({"25006", "53100"})
"""PostgreSQL: read_only_sql_transaction, disk_full."""
READ_ONLY_WORDS = ("attempt to write a readonly database", DISK_FULL)
"""SQLite's words for the same."""
OTHER_SCHEMA_STATES = frozenset({"42703", "42P01"})
"""PostgreSQL: undefined_column, undefined_table."""
OTHER_SCHEMA_WORDS = ("no such column", "no such table", "has no column named")
"""SQLite's words for the same."""


class Database:
    """One database of the installation."""

    def __init__(self, url: str, ballast: Ballast | None = None) -> None:
        self.url = url
        self.ballast = ballast
        self.is_sqlite = url.startswith("sqlite")
        self._write_lock = threading.RLock()
        self.engine = _engine(url)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: commits at the end, rolls back on any exception. Unavailable when the database is away."""
        if self.is_sqlite:
            with self._write_lock:
                if self.ballast is not None:
                    self.ballast.look()
                yield from self._transaction()
        else:
            yield from self._transaction()

    def _transaction(self) -> Iterator[Session]:
        try:
            with _translated(), Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except ReadOnly as error:
            if DISK_FULL in str(error):
                self._disk_full(error)
            raise

    def _disk_full(self, error: ReadOnly) -> NoReturn:
        if self.ballast is not None:
            self.ballast.release()
        where = self.engine.url.database if self.is_sqlite else "the database server"
        raise ReadOnly(f"{DISK_FULL} at {where}: nothing was changed, reading goes on; make room there") from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading only; rolled back at the end."""
        with _translated(), Session(self.engine, expire_on_commit=False) as session:
            if self.is_sqlite:
                session.connection(execution_options={"sqlite_deferred": True})
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        translated = _other_schema(error) or away(error)
        if translated is None:
            raise
        raise translated from error
    except PoolTimeout as error:
        raise Unavailable("database is away or busy: no connection has come free") from error


def away(error: DBAPIError) -> Unavailable | None:
    """What an error of the database driver says about the service; None where the statement is to blame."""
    text = str(error).splitlines()[0]
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate in READ_ONLY_STATES or any(words in text for words in READ_ONLY_WORDS):
        return ReadOnly(f"database takes no changes: {text}")
    if isinstance(error, OperationalError):
        return Unavailable(f"database is away or busy: {text}")
    if error.connection_invalidated:
        return Unavailable(f"database connection lost: {text}")
    return None


def _other_schema(error: DBAPIError) -> Unavailable | None:
    text = str(error).splitlines()[0]
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate in OTHER_SCHEMA_STATES or any(words in text for words in OTHER_SCHEMA_WORDS):
        return Unavailable(f"the database is of another schema than this version ({text}): run `sweepline db upgrade`")
    return None


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(
            url, pool_pre_ping=True, pool_size=5, max_overflow=10, connect_args={"connect_timeout": CONNECT_S}
        )
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": SQLITE_BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={SQLITE_BUSY_MS}", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        deferred = connection.get_execution_options().get("sqlite_deferred", False)
        connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")

    return engine


def is_postgres(session: Session) -> bool:
    """Whether the session's database is PostgreSQL, with its locks and its dialect; otherwise it is SQLite."""
    return session.get_bind().dialect.name == "postgresql"
