"""Rules of cases, stations and alerts: 10, 11, 15."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from dispatch.decide.alerts import fold_alerts
from dispatch.decide.cases import OVER, replayed
from dispatch.weather import FOLD_DAYS, fact_of
from models.tables.flow import Alarm, AuditRow
from models.tables.weather import Alert, Episode
from models.tables.work import Case, StationDay


def cases_legal(session: Session) -> Iterator[str]:
    """10: a case's audit rows are legal moves that lead to the state it has; a merged one names the other."""
    deeds: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    query = select(AuditRow).where(col(AuditRow.action).startswith("case.")).order_by(col(AuditRow.id))
    for row in session.exec(query):
        deeds.setdefault(row.subject.removeprefix("case:"), []).append((row.action, row.detail))
    cases = {case.number: case for case in session.exec(select(Case).order_by(Case.number))}
    for case in cases.values():
        told = replayed(deeds.get(case.number, []))
        if told != case.state:
            yield f"case {case.number} is {case.state}, its audit says {told or 'no legal life'}"
        elif (case.state in OVER) != (case.closed_at is not None):
            yield f"case {case.number} is {case.state}, closed at {case.closed_at}"
        elif case.closed_at is not None and case.closed_at < case.opened_at:
            yield f"case {case.number} was closed before it was opened"
        elif (case.state == "merged") != (case.merged_into in cases):
            yield f"case {case.number} is {case.state}, merged into {case.merged_into}"


def stations_cleared(session: Session) -> Iterator[str]:
    """11: a station's day is cleared at an instant, or missed with an alarm."""
    alarmed = set(session.exec(select(Alarm.key).where(Alarm.kind == "station_missed")).all())
    for row in session.exec(select(StationDay).where(col(StationDay.state) != "open")).all():
        name = f"{row.station}:{row.day.isoformat()}"
        if row.state == "missed" and name not in alarmed:
            yield f"{name} was missed without an alarm"
        if row.state == "cleared" and row.cleared_at is None:
            yield f"{name} is cleared, at no time"


def alerts_fold(session: Session) -> Iterator[str]:
    """15: the stored alerts, in another order and told twice, make the episodes that are stored."""
    rows = session.exec(select(Alert).where(Alert.state != "drill")).all()
    if not rows:
        return
    oldest = max(row.sent for row in rows) - timedelta(days=FOLD_DAYS)
    facts = [fact_of(row) for row in rows if row.sent > oldest]
    random.Random(len(facts)).shuffle(facts)
    for said in fold_alerts(facts):
        row = session.get(Episode, said.id)
        if row is None:
            yield f"episode {said.id} is missing"
            continue
        stored = (row.phenomenon, row.severity, row.onset, row.expires, row.state)
        if stored != (said.phenomenon, said.severity, said.onset, said.expires, said.state):
            yield f"episode {said.id} is not what its alerts say"
