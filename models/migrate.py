"""Bring a database to the newest schema. The whole step is one transaction: killed in it, nothing has changed."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from models.database import Database
from models.errors import Unavailable

_LOCK = 0x5357_4D47
"""Advisory lock of PostgreSQL: two processes do not upgrade at once. SQLite's write lock does that by itself."""


def upgrade(database: Database) -> None:
    """Apply every migration that is missing. Raises Unavailable when the database is away."""
    try:
        with database.engine.begin() as connection:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            config = make_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        raise Unavailable(f"database is away or busy: {str(error).splitlines()[0]}") from error


def current(database: Database) -> str | None:
    """The revision a database is at; None before the first upgrade."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision this version of the product needs."""
    return ScriptDirectory.from_config(make_config()).get_current_head()


def make_config() -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
