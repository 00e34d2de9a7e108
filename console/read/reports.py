"""Which reports there are: storms that were responded to, and days, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from dispatch.fallback import PERIOD
from dispatch.reports.day import KIND, edition_comes
from models.tables.flow import Edition
from models.tables.plans import Plan
from models.tables.weather import Episode, Response
from models.tables.work import StationDay

SHOWN = 60
"""Storms, and days, that are listed; older ones are asked for by their date."""


class StormOut(Out):
    """A storm that can be reported. `key` names it to /api/reports/storm."""

    key: str
    phenomenon: str
    severity: str
    onset: datetime
    state: str


class DayOut(Out):
    """A date that can be reported. `closed_at`: when its edition was made; None: not final.

    `can_close`: it is over without an edition, which can be asked for.
    """

    day: date
    closed_at: datetime | None
    can_close: bool


class ReportsOut(Out):
    """What can be had from /api/reports."""

    storms: list[StormOut]
    days: list[DayOut]


def read_reports(session: Session, now: datetime) -> ReportsOut:
    """The newest of each kind."""
    storms = session.exec(
        select(Episode)
        .join(Response, col(Response.episode) == col(Episode.id))
        .order_by(col(Episode.onset).desc(), col(Episode.id))
        .limit(SHOWN)
    ).all()
    owed = session.execute(sa.select(col(StationDay.day)).distinct()).scalars()
    planned = session.execute(sa.select(col(Plan.day)).where(col(Plan.period) != PERIOD).distinct()).scalars()
    days = sorted({*owed, *planned}, reverse=True)[:SHOWN]
    made = _made(session, days)
    return ReportsOut(
        storms=[
            StormOut(key=row.id, phenomenon=row.phenomenon, severity=row.severity, onset=row.onset, state=row.state)
            for row in storms
        ],
        days=[_day(session, day, made.get(day.isoformat()), now) for day in days],
    )


def read_day(session: Session, day: date, now: datetime) -> DayOut:
    """One date and its edition."""
    return _day(session, day, _made(session, [day]).get(day.isoformat()), now)


def _day(session: Session, day: date, closed_at: datetime | None, now: datetime) -> DayOut:
    return DayOut(day=day, closed_at=closed_at, can_close=closed_at is None and not edition_comes(session, day, now))


def _made(session: Session, days: Sequence[date]) -> dict[str, datetime]:
    """When editions were made, by date; their contents, which are long, are not read."""
    keys = [day.isoformat() for day in days]
    made = select(Edition.key, Edition.made_at).where(Edition.kind == KIND, col(Edition.key).in_(keys))
    return dict(session.exec(made).all())
