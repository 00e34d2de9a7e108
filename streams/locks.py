"""One at a time: advisory locks of PostgreSQL, held for a transaction and gone with its connection."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

from models.database import is_postgres

_NAMESPACE = 0x5357
"""First half of the two-part lock number, so that other programs on the server are not met by chance."""


def try_lock(session: Session, name: str) -> bool:
    """Lock a name for this transaction; False where another transaction has it. Always True on SQLite.

    Each schema has locks of its own: two installations may share a database.
    On SQLite a data directory has one runner (its lease), and its write transactions exclude each other anyway.
    """
    if not is_postgres(session):
        return True
    statement = text("SELECT pg_try_advisory_xact_lock(:space, hashtext(current_schema() || '.' || :name))")
    return bool(session.execute(statement, {"space": _NAMESPACE, "name": name}).scalar())
