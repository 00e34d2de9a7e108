"""Vehicles that fall silent on a route: an alarm, raised and closed by itself.

One timer a city looks, at the next instant at which a vehicle could have been silent for too long: with all of them
reporting, that is once in `silent_min` minutes. A vehicle never heard of has no tracker and is left alone, and so is
one known to be out of service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from dispatch.context import Context
from dispatch.uow import UnitOfWork
from models.tables.city import ResourceState, Vehicle
from models.tables.flow import Alarm
from models.tables.plans import Assignment
from models.tables.work import MatchState
from models.times import iso

SILENT = "vehicle_silent"


@dataclass(frozen=True, slots=True)
class OnRoute:
    """A vehicle bound to a route that is not over. `heard_at`: its newest fix, None where it never sent one."""

    vehicle: str
    plan: str
    start_at: datetime
    end_at: datetime
    heard_at: datetime | None
    is_out: bool

    def silent_from(self, limit: timedelta) -> datetime:
        """When its silence is an alarm."""
        return max(self.start_at, self.heard_at or self.start_at) + limit


def silent(rows: Iterable[OnRoute], now: datetime, limit: timedelta) -> dict[str, OnRoute]:
    """Who is on a route now and has been silent for too long, by vehicle."""
    return {
        row.vehicle: row
        for row in rows
        if row.start_at <= now < row.end_at
        and row.heard_at is not None
        and not row.is_out
        and row.silent_from(limit) <= now
    }


def next_look(rows: Iterable[OnRoute], now: datetime, limit: timedelta) -> datetime | None:
    """The first instant after now at which the answer can be another; None when no route is left."""
    looks = []
    for row in rows:
        if row.end_at > now:
            due = row.silent_from(limit)
            looks.append(due if due > now else min(row.end_at, now + limit))
    return min(looks, default=None)


def watch(uow: UnitOfWork, context: Context) -> None:
    """Set the timer of the next look."""
    limit = timedelta(minutes=context.rules.planning.silent_min)
    due = next_look(_on_routes(uow.session, uow.now), uow.now, limit)
    if due is not None:
        uow.set_timer(f"silence:{iso(due)}", due, "vehicles.look", "vehicles")


def look(uow: UnitOfWork, context: Context) -> None:
    """Raise an alarm for each vehicle silent too long; close those of vehicles no longer on a route, or out."""
    limit = timedelta(minutes=context.rules.planning.silent_min)
    found = silent(_on_routes(uow.session, uow.now), uow.now, limit)
    for vehicle, row in sorted(found.items()):
        assert row.heard_at is not None
        uow.open_alarm(SILENT, vehicle, vehicle=vehicle, plan=row.plan, heard_at=iso(row.heard_at))
    for alarm in _open_alarms(uow.session):
        if alarm.key not in found:
            uow.close_alarm(SILENT, alarm.key)
    watch(uow, context)


def heard(uow: UnitOfWork, fixes: Mapping[str, list[tuple[datetime, datetime]]]) -> None:
    """Close the alarm of a vehicle that sends again: `fixes` are (observed_at, received_at) by vehicle, as they came.

    A fix from before the alarm, sent late, does not say where it is now. The instant is that fix's own, so that it does
    not matter how fixes were cut into batches.
    """
    for alarm in _open_alarms(uow.session):
        for observed_at, received_at in fixes.get(alarm.key, ()):
            if observed_at >= alarm.opened_at:
                cause = f"position:{alarm.key}@{iso(observed_at)}"
                UnitOfWork(uow.session, received_at, cause, uow.actor).close_alarm(SILENT, alarm.key)
                break


def _open_alarms(session: Session) -> list[Alarm]:
    rows = session.exec(select(Alarm).where(Alarm.kind == SILENT, Alarm.state != "closed").order_by(Alarm.id))
    return list(rows.all())


def _on_routes(session: Session, now: datetime) -> list[OnRoute]:
    rows = session.execute(
        sa.select(
            col(Assignment.vehicle),
            col(Assignment.plan),
            col(Assignment.start_at),
            col(Assignment.end_at),
            col(MatchState.observed_at),
        )
        .join(Vehicle, col(Vehicle.id) == col(Assignment.vehicle))
        .outerjoin(MatchState, col(MatchState.vehicle) == col(Assignment.vehicle))
        .where(col(Assignment.end_at) > now)
        .order_by(col(Assignment.start_at), col(Assignment.id))
    ).all()
    out = set(
        session.exec(
            select(ResourceState.ref).where(ResourceState.kind == "vehicle", ResourceState.status == "out")
        ).all()
    )
    return [
        OnRoute(vehicle, plan, start_at, end_at, heard_at, vehicle in out)
        for vehicle, plan, start_at, end_at, heard_at in rows
    ]
