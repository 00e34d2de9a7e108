"""Functions behind `db verify`, `doctor` and `schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import func, text
from sqlmodel import col, select

from config.settings import load_settings
from models.errors import SweeplineError
from models.events.registry import PAYLOADS
from models.tables.flow import Alarm, Outbox, Quarantine
from sweepline.compose import System
from sweepline.running import open_system


def doctor_command(data: Path, as_json: bool) -> int:
    """Settings, database, broker, queues, alarms; 0 when all is well, 1 when something wants attention."""
    findings: list[tuple[str, bool, str]] = []

    def look(name: str, probe: Any) -> None:
        try:
            findings.append((name, *probe()))
        except (SweeplineError, OSError) as error:
            findings.append((name, False, " ".join(str(error).split())))

    settings = load_settings(data)
    look("settings", lambda: (True, f"broker {settings.broker}"))
    system = open_system(data)
    try:
        look("database", lambda: _database_answers(system))
        look("topics", lambda: _topics(system))
        look("queues", lambda: _queues(system))
    finally:
        system.close()
    if as_json:
        print(json.dumps([{"what": w, "ok": ok, "text": t} for w, ok, t in findings], ensure_ascii=False))
    else:
        for what, ok, words in findings:
            print(f"{'ok    ' if ok else 'LOOK  '}{what}: {words}")
    return 0 if all(ok for _, ok, _ in findings) else 1


def _database_answers(system: System) -> tuple[bool, str]:
    with system.database.read() as session:
        session.connection().execute(text("SELECT 1"))
    return True, system.database.url.split("@")[-1]


def _topics(system: System) -> tuple[bool, str]:
    from streams.topics import TOPICS

    offsets = system.driver.end_offsets(sorted(TOPICS))
    missing = [n for n, t in TOPICS.items() if sum(1 for topic, _ in offsets if topic == n) != t.partitions]
    return not missing, "all there" if not missing else f"partitions differ: {', '.join(missing)}"


def _queues(system: System) -> tuple[bool, str]:
    with system.database.read() as session:
        unsent = session.exec(select(func.count()).select_from(Outbox).where(col(Outbox.sent_at).is_(None))).one()
        held = session.exec(select(func.count()).select_from(Quarantine).where(Quarantine.state == "held")).one()
        alarms = session.exec(select(func.count()).select_from(Alarm).where(Alarm.state == "open")).one()
    return not alarms, f"{unsent} unsent, {held} in quarantine, {alarms} open alarms"


def schema_command() -> int:
    """JSON Schemas of every event type and version."""
    schemas = {f"{type_}/{version}": model.model_json_schema() for (type_, version), model in sorted(PAYLOADS.items())}
    print(json.dumps(schemas, ensure_ascii=False, indent=1))
    return 0
