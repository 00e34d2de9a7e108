"""Inserts that know what to do about a row that is there already, in the dialect of the session's database."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from models.database import is_postgres

Upsert = Any
"""SQLite's and PostgreSQL's Insert have the same `on_conflict_*` and `excluded`, but no common base class."""


def insert_into(session: Session, table: type[SQLModel]) -> Upsert:
    """An INSERT with `on_conflict_do_nothing`, `on_conflict_do_update` and `excluded`."""
    return postgresql.insert(table) if is_postgres(session) else sqlite.insert(table)
