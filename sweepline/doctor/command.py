"""The command: all probes side by side, and what they found."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from config.rules_loader import load_rules
from config.settings import Settings, database_url
from dispatch.context import Context
from models.database import Database
from models.errors import Unavailable
from models.tables.flow import Heartbeat
from streams.views.last_fix import LAST_FIX
from sweepline.clock import WallClock
from sweepline.compose import all_recorders
from sweepline.doctor import broker, database, machine
from sweepline.doctor.finding import Finding, Probe, fault, run_probes
from sweepline.parts import open_driver

SERVICE_S = 10.0
"""How long a service may take to be looked at."""


def doctor_command(data: Path, as_json: bool) -> int:
    """Look at everything an installation needs; 0 when all is well, 1 when something wants attention."""
    findings = examine(data)
    if as_json:
        print(json.dumps([{"what": f.what, "ok": f.ok, "text": f.text} for f in findings], ensure_ascii=False))
    else:
        for found in findings:
            print(f"{'ok    ' if found.ok else 'LOOK  '}{found.what}: {found.text}")
    return 0 if all(found.ok for found in findings) else 1


def examine(data: Path) -> list[Finding]:
    """Every finding, in a fixed order."""
    settings, findings = machine.settings_of(data)
    probes: list[tuple[str, Probe, float]] = [
        ("directory", lambda: machine.directory(data), SERVICE_S),
        ("disk", lambda: machine.disk(data, settings), SERVICE_S),
        ("fonts", machine.fonts, SERVICE_S),
    ]
    if settings is not None and data.is_dir():
        probes += [
            ("database", lambda: _database(settings, data), SERVICE_S),
            ("broker", lambda: _broker(settings, data), SERVICE_S),
        ]
    probes.append(("libraries", machine.libraries, machine.LIBRARIES_S))
    return findings + run_probes(probes)


def _database(settings: Settings, data: Path) -> list[Finding]:
    if not settings.database_url and not (data / "sweepline.db").exists():
        return [fault("database", f"{data} has none; `sweepline city import --data {data}` makes it")]
    opened = Database(database_url(settings, data))
    try:
        findings = database.reachable(opened)
        if not findings[0].ok:
            return findings
        with opened.read() as session:
            database.limit(session, opened)
            findings += database.clocks(session, opened)
            for look in (database.city, database.outbox, database.audit, database.quarantine, database.alarms):
                findings += look(session)
            return findings + database.roles(session, settings)
    except Unavailable as error:
        return [database.unreachable(error, settings)]
    finally:
        opened.close()


def _broker(settings: Settings, data: Path) -> list[Finding]:
    context = Context(rules=load_rules(data / "sweepline.toml"), city="", zone="UTC")
    groups = [(recorder.group, recorder.topics) for recorder in all_recorders(context)]
    groups.append((LAST_FIX.group, (LAST_FIX.topic,)))
    if settings.broker != "sqlite":
        from streams.kafka_driver import KafkaDriver

        kafka = KafkaDriver(settings.broker.removeprefix("kafka://"), settings.topic_prefix)
        try:
            return broker.kafka(kafka, settings, groups)
        finally:
            kafka.close()
    if not (data / "log.db").exists():
        return [Finding("broker", True, "no embedded log yet")]
    log = open_driver(settings, data, WallClock())
    try:
        return broker.embedded(log, groups, _runs(settings, data))
    finally:
        log.close()


def _runs(settings: Settings, data: Path) -> bool:
    """Whether a process of `up` beats."""
    opened = Database(database_url(settings, data))
    try:
        with opened.read() as session:
            rows = session.exec(select(Heartbeat)).all()
        return any((datetime.now(UTC) - row.beat_at).total_seconds() < SERVICE_S for row in rows)
    except (Unavailable, SQLAlchemyError):
        return False  # the database is looked at by its own probe
    finally:
        opened.close()
