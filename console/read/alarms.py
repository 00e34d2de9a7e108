"""Alarms not closed, and how many have been opened lately."""

from __future__ import annotations

from collections.abc import Sequence
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


FIRST_OUT_FROM = 3
"""Alarms that come one after another are a burst from so many on."""
BURST_GAP = timedelta(minutes=2)
"""An alarm that comes later than this after the one before begins another burst."""


class AlarmOut(Out):
    """An alarm not closed. `detail` has what its kind knows. `state`: open, acknowledged, shelved.

    `first_of`: it came first in a burst of so many, and may be what the others follow from; 0 for all others.
    """

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
    first_of: int = 0


class AlarmLoadOut(Out):
    """How many alarms were opened. `steps`: each ten minutes of the last four hours, the newest last, ending now.

    `mean`: a ten minutes' average over the last `hours` hours, 24 or as long as there are records; `most`: of any.
    """

    steps: list[int]
    mean: float
    most: int
    hours: float


def read_alarms(session: Session, now: datetime) -> list[AlarmOut]:
    """Alarms not closed, the most urgent first, then the oldest."""
    rows = session.exec(
        select(Alarm)
        .where(Alarm.state != "closed")
        .order_by(col(Alarm.priority), col(Alarm.opened_at), col(Alarm.id))
        .limit(ALARM_LIMIT)
    ).all()
    openings: list[tuple[str, datetime]] = []
    if rows:
        # A burst is known by its openings: its first alarm may be over by now, and then no other takes its place.
        found = sa.select(col(AuditRow.subject), col(AuditRow.at)).where(
            col(AuditRow.action) == OPENED, col(AuditRow.at) > now - MEASURED
        )
        openings = [
            (subject, at) for subject, at in session.execute(found.order_by(col(AuditRow.at), col(AuditRow.id)))
        ]
    firsts = first_outs(openings)
    return [
        AlarmOut.model_validate(row, from_attributes=True).model_copy(
            update={"first_of": firsts.get((f"alarm:{row.id}", row.opened_at), 0)}
        )
        for row in rows
    ]


def first_outs(openings: Sequence[tuple[str, datetime]]) -> dict[tuple[str, datetime], int]:
    """The first opening of each burst with the burst's size (EEMUA 191: first-out); `openings` oldest first."""
    bursts: list[list[tuple[str, datetime]]] = []
    for opening in openings:
        if not bursts or opening[1] - bursts[-1][-1][1] > BURST_GAP:
            bursts.append([])
        bursts[-1].append(opening)
    return {burst[0]: len(burst) for burst in bursts if len(burst) >= FIRST_OUT_FROM}


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
