"""One hash over everything that is true: the same log, seed and budget must give it on every database and broker.

Left out: editions, which are read from rows that are in; projections, which are views of positions (those are in) and
may after a kill show a key's last second only with its next event; what depends on the machine's speed (wall
seconds), on deliveries (attempts, duplicates, leases, offsets) and on the order in which independent rows happened to
be written (serial keys of outbox and audit).
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session, SQLModel

from models.times import iso

TABLES: dict[str, frozenset[str]] = {
    "alert": frozenset(),
    "episode": frozenset(),
    "response": frozenset(),
    "stage": frozenset(),
    "reading": frozenset(),
    "forecast": frozenset(),
    "workitem": frozenset(),
    "case_file": frozenset(),
    "report": frozenset(),
    "case_photo": frozenset(),
    "level": frozenset(),
    "stationday": frozenset(),
    "position": frozenset(),
    "pass": frozenset(),
    "visit": frozenset(),
    "plan": frozenset(),
    "planversion": frozenset({"attempts", "first_plan_s", "best_plan_s", "cause"}),
    "planrequest": frozenset({"holder", "lease_until", "generation", "attempts", "cause"}),
    "route": frozenset(),
    "assignment": frozenset(),
    "pin": frozenset(),
    "approval": frozenset(),
    "sheet": frozenset({"path"}),
    "telling": frozenset(),
    "timer": frozenset(),
    "alarm": frozenset(),
    "resourcestate": frozenset(),
}
"""Table → columns left out."""


def state_hash(session: Session) -> str:
    """SHA-256 over the rows of `TABLES`, each as canonical JSON, sorted."""
    total = hashlib.sha256()
    for name, digest in table_hashes(session).items():
        total.update(f"{name}={digest}\n".encode())
    return total.hexdigest()


def table_hashes(session: Session) -> dict[str, str]:
    """The hash of each table: tells where two states differ."""
    return {name: _table_hash(session, SQLModel.metadata.tables[name], TABLES[name]) for name in sorted(TABLES)}


def _table_hash(session: Session, table: Table, left_out: frozenset[str]) -> str:
    columns = [column for column in table.columns if column.name not in left_out]
    lines = []
    for row in session.execute(select(*columns)):
        values = {column.name: _plain(value) for column, value in zip(columns, row, strict=True)}
        lines.append(json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    digest = hashlib.sha256()
    for line in sorted(lines):
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value + 0.0  # SQLite keeps no sign of a zero
    return value
