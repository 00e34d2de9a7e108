"""Use cases of the `weather` topic: alerts, readings, forecasts."""

from __future__ import annotations

from datetime import timedelta

from shapely.geometry import Polygon
from sqlmodel import Session, select

from dispatch.context import Context
from dispatch.decide.alerts import AlertFact, EpisodeFact, fold_alerts
from dispatch.levels import level_changed
from dispatch.response import depth_reported, episode_changed
from dispatch.uow import UnitOfWork
from models.events.base import Event
from models.events.registry import payload_of
from models.events.weather import AlertReceived, ForecastReceived, ReadingReceived
from models.tables.city import AlertAreaConfig
from models.tables.weather import Alert, Episode, Forecast, Reading, Response

FOLD_DAYS = 30
"""Alerts older than this before the newest no longer take part in the fold."""


def alert_id(sender: str, identifier: str, sent_iso: str) -> str:
    """CAP identity: sender,identifier,sent."""
    return f"{sender},{identifier},{sent_iso}"


def record_alert(uow: UnitOfWork, context: Context, event: Event) -> None:
    """Store the alert and carry out what the fold over all alerts now says."""
    payload = payload_of(event)
    assert isinstance(payload, AlertReceived)
    id_ = alert_id(payload.sender, payload.identifier, payload.sent.isoformat())
    if uow.session.get(Alert, id_) is not None:
        return
    drill = payload.status != "Actual"
    uow.session.add(
        Alert(
            id=id_,
            sender=payload.sender,
            identifier=payload.identifier,
            sent=payload.sent,
            received_at=event.received_at,
            status=payload.status,
            msg_type=payload.msg_type,
            phenomenon=payload.phenomenon,
            severity=payload.severity,
            effective=payload.effective,
            onset=payload.onset,
            expires=payload.expires,
            headline=payload.headline,
            ours=concerns_us(uow.session, payload),
            references=[alert_id(r.sender, r.identifier, r.sent.isoformat()) for r in payload.references],
            data=payload.model_dump(mode="json", include={"event", "description", "urgency", "certainty"}),
            state="drill" if drill else "live",
        )
    )
    uow.session.flush()
    uow.audit("alert.stored", f"alert:{id_}", msg_type=payload.msg_type, status=payload.status)
    if not drill:
        _apply_fold(uow, context)
    uow.emit("state", "alerts", "alert.stored", {"alert": id_}, id_)


def concerns_us(session: Session, payload: AlertReceived) -> bool:
    """True when a geocode (bare or `name=value`) is ours or a polygon touches one of our areas."""
    ours = session.exec(select(AlertAreaConfig)).all()
    codes = {code for area in ours for code in area.geocodes}
    for area in payload.areas:
        for code in area.geocodes:
            if code in codes or code.split("=", 1)[-1] in codes:
                return True
    shapes = [Polygon(area.polygon) for area in ours if len(area.polygon) >= 4]
    rings = [Polygon(ring) for area in payload.areas for ring in area.polygons]
    return any(ring.is_valid and ring.intersects(shape) for ring in rings for shape in shapes)


def _apply_fold(uow: UnitOfWork, context: Context) -> None:
    rows = uow.session.exec(select(Alert).where(Alert.state != "drill")).all()
    latest = max(row.sent for row in rows)
    facts = [fact_of(row) for row in rows if row.sent > latest - timedelta(days=FOLD_DAYS)]
    by_id = {row.id: row for row in rows}
    for episode in fold_alerts(facts):
        for member in episode.alerts:
            by_id[member].episode = episode.id
            by_id[member].state = (
                "live" if member in episode.live or by_id[member].msg_type == "Cancel" else "superseded"
            )
        if episode.state == "withdrawn":
            for member in episode.alerts:
                if by_id[member].msg_type != "Cancel":
                    by_id[member].state = "withdrawn"
        _store_episode(uow, context, episode, by_id)


def fact_of(row: Alert) -> AlertFact:
    """What the fold needs of a stored alert."""
    return AlertFact(
        id=row.id,
        sender_identifier=f"{row.sender},{row.identifier}",
        sent=row.sent,
        received_at=row.received_at,
        status=row.status,
        msg_type=row.msg_type,
        phenomenon=row.phenomenon,
        severity=row.severity,
        effective=row.effective,
        onset=row.onset,
        expires=row.expires,
        ours=row.ours,
        references=tuple(row.references),
    )


def _store_episode(uow: UnitOfWork, context: Context, fact: EpisodeFact, alerts: dict[str, Alert]) -> None:
    members = set(fact.alerts)
    same = [row for row in uow.session.exec(select(Episode)).all() if row.id == fact.id or row.id in members]
    for old in same:
        if old.id != fact.id:
            _rename(uow, old.id, fact.id)
            uow.session.delete(old)
    uow.session.flush()
    row = uow.session.get(Episode, fact.id)
    if row is None:
        row = Episode(
            id=fact.id,
            phenomenon=fact.phenomenon,
            severity=fact.severity,
            onset=fact.onset,
            received_at=fact.received_at,
        )
        uow.session.add(row)
    before, level = (row.onset, row.state), (row.phenomenon, row.severity)
    row.phenomenon, row.severity, row.onset = fact.phenomenon, fact.severity, fact.onset
    row.onset_assumed, row.expires, row.state = bool(fact.onset_assumed), fact.expires, fact.state
    row.received_at = fact.received_at
    uow.session.flush()
    head = alerts[fact.live[-1]] if fact.live else None
    episode_changed(uow, context, row, fact, head, moved=before != (row.onset, row.state))
    if level != (row.phenomenon, row.severity):
        level_changed(uow, context, row)


def _rename(uow: UnitOfWork, old: str, new: str) -> None:
    """An earlier alert of the chain has come: the episode goes by its name now."""
    response = uow.session.exec(select(Response).where(Response.episode == old)).first()
    if response is None:
        return
    taken = uow.session.exec(select(Response).where(Response.episode == new)).first()
    if taken is None:
        response.episode = new
    else:
        response.state = "closed"


def record_reading(uow: UnitOfWork, context: Context, event: Event) -> bool:
    """Store a reading; True when new. A snow depth may start the ploughs."""
    payload = payload_of(event)
    assert isinstance(payload, ReadingReceived)
    if uow.session.get(Reading, (payload.device, payload.observed_at)) is not None:
        return False
    uow.session.add(
        Reading(
            device=payload.device,
            observed_at=payload.observed_at,
            received_at=event.received_at,
            air_c=payload.air_c,
            road_c=payload.road_c,
            precipitation_mm_h=payload.precipitation_mm_h,
            snow_depth_cm=payload.snow_depth_cm,
        )
    )
    uow.session.flush()
    if payload.snow_depth_cm is not None:
        depth_reported(uow, context, payload.snow_depth_cm, payload.observed_at)
    return True


def record_forecast(uow: UnitOfWork, event: Event) -> None:
    """Store a forecast as issued; a repeated one changes nothing."""
    payload = payload_of(event)
    assert isinstance(payload, ForecastReceived)
    if uow.session.get(Forecast, (payload.provider, payload.issued_at, payload.valid_from)) is None:
        uow.session.add(Forecast(received_at=event.received_at, **payload.model_dump()))
