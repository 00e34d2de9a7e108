"""Many rows at once, for hot paths: what a row costs is the row, not a statement or a parameter each.

On PostgreSQL a batch travels as one JSON parameter and is one statement, whatever its size; on SQLite it is an
executemany. Rows hold values as the tables' columns take them; the same rows give the same table on both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Text, any_, bindparam, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, SQLModel

from models.database import is_postgres
from models.times import UtcDateTime, to_micros

Row = Mapping[str, Any]


def add_new(session: Session, table: type[SQLModel], rows: Sequence[Row], key: Sequence[str]) -> set[tuple[Any, ...]]:
    """Insert the rows whose `key` is not there yet; the keys of those. Of rows with one key the first is taken."""
    if not rows:
        return set()
    columns = table.__table__.columns  # type: ignore[attr-defined]
    if not is_postgres(session):
        insert = sqlite.insert(table.__table__).on_conflict_do_nothing(index_elements=list(key))  # type: ignore[attr-defined]
        got = session.connection().execute(insert.returning(*(columns[name] for name in key)), list(rows))
        return {tuple(row) for row in got}
    names = ", ".join(f'"{name}"' for name in key)
    query = f"{_insert(table, rows[0])} ON CONFLICT ({names}) DO NOTHING RETURNING {names}"
    readers = [columns[name].type.process_result_value if _is_time(columns[name]) else _same for name in key]
    got = session.connection().execute(text(query), {"rows": _packed(rows)})
    return {tuple(read(value, None) for read, value in zip(readers, row, strict=True)) for row in got}


def put(session: Session, table: type[SQLModel], rows: Sequence[Row], key: str, newer: str = "") -> int:
    """Insert rows, or write them over those of the same `key`; with `newer` only where that column grows by it.

    Keys must differ within the batch. Returns how many were written.
    """
    if not rows:
        return 0
    others = [name for name in rows[0] if name != key]
    if not is_postgres(session):
        insert = sqlite.insert(table.__table__)  # type: ignore[attr-defined]
        where = insert.excluded[newer] > table.__table__.columns[newer] if newer else None  # type: ignore[attr-defined]
        values = {name: insert.excluded[name] for name in others}
        put_ = insert.on_conflict_do_update(index_elements=[key], set_=values, where=where)
        return session.connection().execute(put_, list(rows)).rowcount
    name = table.__tablename__
    values_ = ", ".join(f'"{other}" = excluded."{other}"' for other in others)
    where_ = f' WHERE excluded."{newer}" > "{name}"."{newer}"' if newer else ""
    query = f'{_insert(table, rows[0])} ON CONFLICT ("{key}") DO UPDATE SET {values_}{where_}'
    return session.connection().execute(text(query), {"rows": _packed(rows)}).rowcount


def one_of(session: Session, column: Any, values: Collection[str]) -> ColumnElement[bool]:
    """Whether a text column is one of many values: one parameter on PostgreSQL, so that the statement is always one."""
    if not is_postgres(session):
        return column.in_(values)  # type: ignore[no-any-return]
    return column == any_(bindparam(None, list(values), type_=ARRAY(Text)))  # type: ignore[no-any-return]


def _insert(table: type[SQLModel], row: Row) -> str:
    """An INSERT of the rows of a JSON array, whose objects have the columns of `row`."""
    into, names = f'"{table.__tablename__}"', ", ".join(f'"{name}"' for name in row)
    sent = f"json_populate_recordset(NULL::{into}, CAST(:rows AS json))"
    return f"INSERT INTO {into} ({names}) SELECT {names} FROM {sent}"


def _packed(rows: Sequence[Row]) -> str:
    return orjson.dumps(list(rows), default=_stored, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _stored(value: Any) -> int:
    if isinstance(value, datetime):
        return to_micros(value)
    raise TypeError(f"no column holds a {type(value).__name__}")


def _is_time(column: Any) -> bool:
    return isinstance(column.type, UtcDateTime)


def _same(value: Any, _dialect: None) -> Any:
    return value
