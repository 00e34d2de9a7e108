"""Alerts with what the city does about them, and the state of the system itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from dispatch.stages import in_order
from models.tables.city import Setting
from models.tables.flow import Quarantine, Timer
from models.tables.weather import Alert, Episode, Reading, Response, Stage

SELF_START_STOP = "self_start_stopped"
"""The setting the stop key writes; dispatch reads it before anything starts by itself."""

EPISODES_SHOWN = timedelta(hours=48)
EPISODE_LIMIT = 50
READING_SHOWN = timedelta(hours=3)


class AlertOut(Out):
    """One alert message. `headline` is as written by its sender: text, never markup."""

    id: str
    sender: str
    sent: datetime
    received_at: datetime
    status: str
    msg_type: str
    phenomenon: str
    severity: str
    headline: str
    onset: datetime | None
    expires: datetime | None
    ours: bool
    state: str


class StageOut(Out):
    """A stage of a response: pretreat, plough, muster, mop_up."""

    id: str
    kind: str
    anchor: str
    state: str
    due_at: datetime | None
    started_at: datetime | None
    done_at: datetime | None


class ResponseOut(Out):
    """What the city does: `rate` {row, g_m2, passes, notes}; stages in the order of their kinds."""

    id: str
    state: str
    self_start: bool
    self_start_reason: str
    rate: dict[str, Any]
    stages: list[StageOut]


class EpisodeOut(Out):
    """One weather happening with its alerts, newest first."""

    id: str
    phenomenon: str
    severity: str
    onset: datetime
    onset_assumed: bool
    expires: datetime | None
    state: str
    alerts: list[AlertOut]
    response: ResponseOut | None


class AlertsOut(Out):
    """Episodes, and alerts that belong to none (drills, other areas)."""

    episodes: list[EpisodeOut]
    others: list[AlertOut]


class SelfStartOut(Out):
    """`stopped`: nothing starts by itself. `armed`: plans that will, the first at `next_at`."""

    stopped: bool
    armed: int
    next_at: datetime | None


class ReadingOut(Out):
    """The newest reading of a road-weather station."""

    device: str
    observed_at: datetime
    air_c: float | None
    road_c: float | None
    snow_depth_cm: float | None


class StatusOut(Out):
    """The system now: its clock, automatic starts, what is held in quarantine, the newest weather reading."""

    now: datetime
    simulated: bool
    self_start: SelfStartOut
    quarantined: int
    reading: ReadingOut | None


def read_alerts(session: Session, now: datetime) -> AlertsOut:
    """Live episodes and those of the last EPISODES_SHOWN, the soonest onset of the live ones first."""
    since = now - EPISODES_SHOWN
    episodes = session.exec(
        select(Episode)
        .where((col(Episode.state) == "live") | (col(Episode.received_at) > since))
        .order_by(col(Episode.onset).desc())
        .limit(EPISODE_LIMIT)
    ).all()
    ids = [row.id for row in episodes]
    alerts: dict[str, list[AlertOut]] = {}
    for row in session.exec(
        select(Alert).where(col(Alert.episode).in_(ids)).order_by(col(Alert.sent).desc(), Alert.id)
    ).all():
        alerts.setdefault(row.episode or "", []).append(_alert(row))
    others = session.exec(
        select(Alert)
        .where(col(Alert.episode).is_(None), col(Alert.received_at) > since)
        .order_by(col(Alert.sent).desc(), Alert.id)
        .limit(EPISODE_LIMIT)
    ).all()
    responses = {row.episode: row for row in session.exec(select(Response).where(col(Response.episode).in_(ids)))}
    stages: dict[str, list[Stage]] = {}
    for stage in session.exec(
        select(Stage).where(col(Stage.response).in_([row.id for row in responses.values()]))
    ).all():
        stages.setdefault(stage.response, []).append(stage)
    return AlertsOut(
        episodes=[_episode(row, alerts.get(row.id, []), responses.get(row.id), stages) for row in episodes],
        others=[_alert(row) for row in others],
    )


def _alert(row: Alert) -> AlertOut:
    return AlertOut(
        id=row.id,
        sender=row.sender,
        sent=row.sent,
        received_at=row.received_at,
        status=row.status,
        msg_type=row.msg_type,
        phenomenon=row.phenomenon,
        severity=row.severity,
        headline=row.headline,
        onset=row.onset,
        expires=row.expires,
        ours=row.ours,
        state=row.state,
    )


def _episode(
    row: Episode, alerts: list[AlertOut], response: Response | None, stages: dict[str, list[Stage]]
) -> EpisodeOut:
    return EpisodeOut(
        id=row.id,
        phenomenon=row.phenomenon,
        severity=row.severity,
        onset=row.onset,
        onset_assumed=row.onset_assumed,
        expires=row.expires,
        state=row.state,
        alerts=alerts,
        response=None if response is None else _response(response, stages.get(response.id, [])),
    )


def _response(row: Response, stages: list[Stage]) -> ResponseOut:
    return ResponseOut(
        id=row.id,
        state=row.state,
        self_start=row.self_start,
        self_start_reason=row.self_start_reason,
        rate=row.rate,
        stages=[
            StageOut(
                id=stage.id,
                kind=stage.kind,
                anchor=stage.anchor,
                state=stage.state,
                due_at=stage.due_at,
                started_at=stage.started_at,
                done_at=stage.done_at,
            )
            for stage in in_order(stages)
        ],
    )


def read_status(session: Session, now: datetime, simulated: bool) -> StatusOut:
    """The state of the system."""
    stop = session.get(Setting, SELF_START_STOP)
    pending = (col(Timer.kind) == "plan.self_start") & (col(Timer.state) == "pending")
    armed, next_at = session.execute(sa.select(sa.func.count(), sa.func.min(Timer.due_at)).where(pending)).one()
    held = session.execute(
        sa.select(sa.func.count()).select_from(Quarantine).where(col(Quarantine.state) == "held")
    ).scalar_one()
    reading = session.exec(
        select(Reading)
        .where(col(Reading.observed_at) > now - READING_SHOWN)
        .order_by(col(Reading.observed_at).desc(), Reading.device)
        .limit(1)
    ).first()
    return StatusOut(
        now=now,
        simulated=simulated,
        self_start=SelfStartOut(
            stopped=stop is not None and bool(stop.value.get("on", False)), armed=armed, next_at=next_at
        ),
        quarantined=held,
        reading=None
        if reading is None
        else ReadingOut(
            device=reading.device,
            observed_at=reading.observed_at,
            air_c=reading.air_c,
            road_c=reading.road_c,
            snow_depth_cm=reading.snow_depth_cm,
        ),
    )
