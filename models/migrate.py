"""Bring a database to the newest schema. The whole step is one transaction: killed in it, nothing has changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from models.database import Database
from models.errors import Refused, Unavailable
from models.grants import grant

_LOCK = 0x5357_4D47
"""Advisory lock of PostgreSQL: two processes do not upgrade at once. SQLite's write lock does that by itself."""
LOCK_WAIT = "60s"
"""How long an upgrade waits for another one, or for a table that is in use."""
_NOT_ALLOWED = "42501"


def ensure(database: Database) -> None:
    """Have the schema at this version's: what every process does at its start. Raises as `upgrade`."""
    if current(database) != newest():
        upgrade(database)


def upgrade(database: Database, role: str = "") -> str | None:
    """Apply every migration that is missing, and give `role` its rights where another role owns the tables.

    Returns the revision it found. One process upgrades at a time; the next one finds the work done.
    Raises Unavailable when the database is away, Refused when it is of a newer version or may not be changed by us.
    """
    try:
        with _translated(), database.engine.begin() as connection:
            if not database.is_sqlite:
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            found = MigrationContext.configure(connection).get_current_revision()
            config = make_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if role:
                grant(connection, role)
            return found
    except CommandError as error:
        raise Refused(
            "schema_ahead",
            f"the database is at schema {current(database)}, newer than this version knows ({newest()}); update it",
        ) from error
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != _NOT_ALLOWED:
            raise
        raise Refused(
            "schema_behind",
            f"the database is at schema {current(database)}, {newest()} is needed, and this role may not change it; "
            "run `sweepline db upgrade` with database_owner_url set",
        ) from error


def current(database: Database) -> str | None:
    """The revision a database is at; None before the first upgrade. Raises Unavailable."""
    with _translated(), database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Unavailable(f"database is away or busy: {str(error).splitlines()[0]}") from error


def newest() -> str | None:
    """The revision this version of the product needs."""
    return ScriptDirectory.from_config(make_config()).get_current_head()


def is_known(revision: str) -> bool:
    """Whether this version of the product has a migration to that revision: one it does not know is of a newer one."""
    known = ScriptDirectory.from_config(make_config()).walk_revisions()
    return revision in {script.revision for script in known}


def make_config() -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
