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
from sqlmodel import Session, create_engine

from models.ballast import DISK_FULL, Ballast
from models.errors import Unavailable

SQLITE_BUSY_MS = 10_000


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
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            if DISK_FULL in str(error):
                self._disk_full(error)
            raise Unavailable(f"database is away or busy: {_first_line(error)}") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Unavailable(f"database connection lost: {_first_line(error)}") from error
            raise

    def _disk_full(self, error: OperationalError) -> NoReturn:
        if self.ballast is not None:
            self.ballast.release()
        where = self.engine.url.database if self.is_sqlite else "the database server"
        raise Unavailable(f"{DISK_FULL} at {where}: nothing was changed, reading goes on; make room there") from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading only; rolled back at the end."""
        try:
            with Session(self.engine, expire_on_commit=False) as session:
                if self.is_sqlite:
                    session.connection(execution_options={"sqlite_deferred": True})
                yield session
        except OperationalError as error:
            raise Unavailable(f"database is away or busy: {_first_line(error)}") from error

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10)
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
