"""Alarms not closed, and how many have been opened lately."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from models.tables.flow import Alarm, AuditRow

ALARM_LIMIT = 1000
STEP = timedelta(minutes=10)
STEPS_SHOWN = 24
MEASURED = timedelta(hours=24)
OPENED: sa.ColumnElement[str] = sa.literal_column("'alarm.opened'")
"""Written out, so that the database sees that its partial index fits."""


class AlarmOut(Out):
    """An alarm not closed. `detail` has what its kind knows. `state`: open, acknowledged, shelved."""

    id: str
    kind: str
    key: str
    priority: int
    opened_at: datetime
    state: str
    detail: dict[str, Any]
    acknowledged_by: str
    acknowledged_at: datetime | None
    shelved_by: str
    shelved_until: datetime | None
    shelved_reason: str


class AlarmLoadOut(Out):
    """How many alarms were opened. `steps`: each ten minutes of the last four hours, the newest last, ending now.

    `mean`: a ten minutes' average over the last `hours` hours, 24 or as long as there are records; `most`: of any.
    """

    steps: list[int]
    mean: float
    most: int
    hours: float


def read_alarms(session: Session) -> list[AlarmOut]:
    """Alarms not closed, the most urgent first, then the oldest."""
    rows = session.exec(
        select(Alarm)
        .where(Alarm.state != "closed")
        .order_by(col(Alarm.priority), col(Alarm.opened_at), col(Alarm.id))
        .limit(ALARM_LIMIT)
    ).all()
    return [AlarmOut.model_validate(row, from_attributes=True) for row in rows]


def read_alarm_load(session: Session, now: datetime) -> AlarmLoadOut:
    """The load of alarms by the audit's rows, measured as EEMUA 191 does."""
    begun = session.execute(sa.select(sa.func.min(AuditRow.at)).where(col(AuditRow.id) == sa.select(
        sa.func.min(AuditRow.id)).scalar_subquery())).scalar_one()  # fmt: skip
    since = max(now - MEASURED, begun) if begun is not None else now
    times = session.execute(
        sa.select(col(AuditRow.at)).where(
            col(AuditRow.action) == OPENED, col(AuditRow.at) > now - MEASURED, col(AuditRow.at) <= now
        )
    ).scalars()
    counts = [0] * int(MEASURED / STEP)
    for at in times:
        counts[-1 - int((now - at) / STEP)] += 1
    measured = max(now - since, STEP)
    return AlarmLoadOut(
        steps=counts[-STEPS_SHOWN:],
        mean=round(sum(counts) / (measured / STEP), 2),
        most=max(counts),
        hours=round(measured / timedelta(hours=1), 1),
    )
