"""Functions behind `db verify`, `doctor` and `schema`."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from config.settings import load_settings
from models.errors import SweeplineError
from models.events.registry import PAYLOADS
from models.tables.flow import Alarm, Outbox, Quarantine
from models.tables.plans import Approval, Assignment, PlanVersion
from models.tables.work import StationDay, WorkItem
from streams import sealing
from streams.planner import stored_verdict
from sweepline.compose import System
from sweepline.running import open_system

NAMES = 5
"""Names shown of a long list of faults."""


def verify_command(data: Path, as_json: bool) -> int:
    """Check what may never break; 0 when nothing is found, 1 otherwise."""
    system = open_system(data)
    try:
        with system.database.read() as session:
            found = verify(session, system)
    finally:
        system.close()
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for name, faults in found.items():
            shown = "; ".join(faults[:NAMES]) + (f" and {len(faults) - NAMES} more" if len(faults) > NAMES else "")
            print(f"{'ok    ' if not faults else 'FAULT '}{name}{': ' + shown if faults else ''}")
    return 1 if any(found.values()) else 0


def verify(session: Session, system: System) -> dict[str, list[str]]:
    """Rule → faults found on the stored rows."""
    return {
        "no vehicle or driver in two assignments": _overlaps(session),
        "at most one active version a plan": _active_twice(session),
        "active versions were approved": _unapproved(session),
        "stored verdicts recompute": _verdicts(session),
        "stations cleared or alarmed": _stations(session),
        "done work has its instant": _undated(session),
        "audit chain": sealing.verify(session, system.clock()),
    }


def _overlaps(session: Session) -> list[str]:
    rows = session.exec(select(Assignment).order_by(Assignment.vehicle, col(Assignment.start_at))).all()
    faults = []
    for key in ("vehicle", "driver"):
        ordered = sorted((r for r in rows if getattr(r, key)), key=lambda r: (getattr(r, key), r.start_at))
        for a, b in pairwise(ordered):
            if getattr(a, key) == getattr(b, key) and b.start_at < a.end_at:
                faults.append(f"{getattr(a, key)} in {a.route} and {b.route}")
    return faults


def _active_twice(session: Session) -> list[str]:
    rows = session.exec(
        select(PlanVersion.plan, func.count()).where(PlanVersion.state == "active").group_by(PlanVersion.plan)
    ).all()
    return [plan for plan, count in rows if count > 1]


def _unapproved(session: Session) -> list[str]:
    approved = set(session.exec(select(Approval.plan_version)).all())
    rows = session.exec(select(PlanVersion.id).where(col(PlanVersion.state).in_(("approved", "active")))).all()
    return [id_ for id_ in rows if id_ not in approved]


def _verdicts(session: Session) -> list[str]:
    faults = []
    for id_ in session.exec(select(PlanVersion.id).order_by(PlanVersion.id)).all():
        pair = stored_verdict(session, id_)
        if pair is not None and pair[0] != pair[1]:
            faults.append(f"{id_}: stored {pair[0]}, recomputed {pair[1]}")
    return faults


def _stations(session: Session) -> list[str]:
    alarmed = {row.key for row in session.exec(select(Alarm).where(Alarm.kind == "station_missed")).all()}
    rows = session.exec(select(StationDay).where(StationDay.state == "missed")).all()
    return [f"{r.station}:{r.day}" for r in rows if f"{r.station}:{r.day.isoformat()}" not in alarmed]


def _undated(session: Session) -> list[str]:
    rows = session.exec(select(WorkItem.id).where(WorkItem.state == "done", col(WorkItem.done_at).is_(None))).all()
    return list(rows)


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
