"""`sweepline health`: do the roles make progress? It reads their heartbeats and loads nothing else."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from pathlib import Path

from config.settings import database_url, load_settings
from models.database import Database
from models.errors import Refused
from models.tables.flow import Heartbeat
from models.times import iso
from streams.heart import is_well, list_beats

ROLES = ("streams", "views", "planner", "relay", "printer", "console")


def health_command(data: Path, role: str, as_json: bool) -> int:
    """Every role, or this machine's process of one. 0 well (waiting for a service is), 1 not. Raises Unavailable."""
    if role and role not in ROLES:
        raise Refused("usage", f"health --role {role}: roles are {', '.join(ROLES)}")
    database = Database(database_url(load_settings(data), data))
    try:
        with database.read() as session:
            rows = list_beats(session, role)
    finally:
        database.close()
    now = datetime.now(UTC)
    if role:
        rows = [row for row in rows if row.holder.partition(":")[0] == socket.gethostname()]
    well = [row for row in rows if is_well(row, now)]
    missing = [name for name in ([role] if role else ROLES) if name not in {row.role for row in well}]
    if as_json:
        print(json.dumps({"well": not missing, "missing": missing, "heartbeats": [_doc(row, now) for row in rows]}))
    else:
        for row in rows:
            print(_line(row, now))
        for name in missing:
            print(f"LOOK  {name}: no process makes progress")
    return 1 if missing else 0


def _doc(row: Heartbeat, now: datetime) -> dict[str, object]:
    times = {name: iso(getattr(row, name)) for name in ("since", "beat_at", "progress_at")}
    return {
        "role": row.role,
        "holder": row.holder,
        "state": row.state,
        "note": row.note,
        "well": is_well(row, now),
        **times,
    }


def _line(row: Heartbeat, now: datetime) -> str:
    mark = "ok    " if is_well(row, now) else "LOOK  "
    note = f" ({row.note})" if row.note else ""
    return f"{mark}{row.role} {row.holder}: {row.state}{note}, progress {iso(row.progress_at)}, since {iso(row.since)}"
