"""Daily clearance: every station once a local day; levels choose who comes first; an overflow is served early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, insert
from sqlmodel import Session, col, select

from dispatch.cases import running_plan
from dispatch.context import Context
from dispatch.decide.levels import select_stations
from dispatch.planning import PlanFor, find_or_make_plan, request_plan
from dispatch.reports.day import closes_at, timer_of
from dispatch.uow import UnitOfWork
from models.errors import Permanent
from models.events.base import Event
from models.events.field import StationLevel
from models.events.registry import payload_of
from models.tables.city import District, Station
from models.tables.work import Level, StationDay, WorkItem
from models.times import at_local, iso


def clock(text: str) -> time:
    """HH:MM to a time."""
    hour, minute = map(int, text.split(":"))
    return time(hour, minute)


def open_day(uow: UnitOfWork, context: Context, day: date) -> None:
    """Owe every station of the city one clearance on this day, and set the day's timers. Idempotent."""
    if uow.session.exec(select(StationDay).where(StationDay.day == day)).first() is not None:
        return
    start = at_local(day, time(0, 0), context.zone)
    end = at_local(day + timedelta(days=1), time(0, 0), context.zone)
    for station in uow.session.exec(select(Station).order_by(Station.id)).all():
        item = WorkItem(
            id=uow.new_id("work", station.id, day),
            service="collection",
            district=station.district,
            place=f"station:{station.id}",
            node=station.node,
            origin=f"day:{day.isoformat()}",
            period=f"day:{day.isoformat()}",
            priority="daily",
            quantity_kg=0,
            service_s=station.service_s,
            window_start=start,
            deadline=end,
            created_at=uow.now,
        )
        uow.session.add(item)
        uow.session.add(StationDay(station=station.id, day=day, work_item=item.id))
    uow.session.flush()
    for letter, (planned, _, ends) in sorted(context.rules.collection.runs.items()):
        if at_local(day, clock(ends), context.zone) <= uow.now:
            continue
        at = at_local(day, clock(planned), context.zone)
        uow.set_timer(f"collection:{day}:{letter}", at, "collection.run", "stations", day=day.isoformat(), run=letter)
    uow.set_timer(f"day_end:{day}", end, "day.end", "stations", day=day.isoformat())
    uow.set_timer(timer_of(day), closes_at(day, context.zone), "day.close", "stations", day=day.isoformat())
    uow.audit("day.opened", f"day:{day.isoformat()}")


def plan_run(uow: UnitOfWork, context: Context, day: date, letter: str) -> None:
    """Choose the stations of one run by level and ask for a plan a district."""
    params = context.rules.collection
    _, starts, ends = params.runs[letter]
    start, end = at_local(day, clock(starts), context.zone), at_local(day, clock(ends), context.zone)
    if uow.now >= end:
        return
    start = max(start, uow.now)
    last_run = letter == max(params.runs)
    levels = levels_now(uow.session, uow.now)
    stations = {s.id: s for s in uow.session.exec(select(Station)).all()}
    rows = uow.session.exec(
        select(WorkItem).where(WorkItem.origin == f"day:{day.isoformat()}", WorkItem.state == "open")
    ).all()
    by_station = {row.place.partition(":")[2]: row for row in rows}
    chosen = select_stations({sid: levels.get(sid) for sid in sorted(by_station)}, last_run, params)
    districts: set[str] = set()
    for station_id, (priority, level) in chosen.items():
        item = by_station[station_id]
        item.priority = priority
        item.quantity_kg = max(1, round(stations[station_id].kg_full * min(level, 120.0) / 100))
        item.deadline = start + timedelta(hours=2) if priority == "urgent" else end
        item.detail = {"level_pct": round(level), "run": letter}
        districts.add(item.district)
    uow.session.flush()
    for district in uow.session.exec(select(District).order_by(District.code)).all():
        if district.code not in districts:
            continue
        wanted = PlanFor(
            district.code,
            "collection",
            f"day:{day.isoformat()}:{letter}",
            day,
            letter,
            start,
            end,
            f"day:{day.isoformat()}",
        )
        plan = find_or_make_plan(uow, wanted)
        request_plan(
            uow, context, plan, f"run.{letter}", work_items=tuple(_chosen_of(chosen, by_station, district.code))
        )


def _chosen_of(chosen: dict[str, tuple[str, float]], items: dict[str, WorkItem], district: str) -> list[str]:
    return [items[sid].id for sid in sorted(chosen) if items[sid].district == district]


def levels_now(session: Session, now: datetime) -> dict[str, float]:
    """The newest level of every station that reported up to now; an emptied station counts from its visit on."""
    newest = (
        select(Level.station, func.max(Level.observed_at).label("at"))
        .where(Level.observed_at <= now)
        .group_by(Level.station)
        .subquery()
    )
    rows = session.exec(
        select(Level).join(newest, (newest.c.station == Level.station) & (newest.c.at == Level.observed_at))
    ).all()
    return {row.station: row.level_pct for row in rows}


@dataclass(slots=True)
class Recorded:
    """What one batch of levels led to. `rejected`: (event, reason, text)."""

    applied: int = 0
    duplicates: int = 0
    rejected: list[tuple[Event, str, str]] = field(default_factory=list)


def record_levels(context: Context, units: Sequence[tuple[UnitOfWork, Event]]) -> Recorded:
    """Store a batch of levels, each with its own unit of work in one session.

    An overflow not served yet that day goes into a running route at once.
    """
    result = Recorded()
    fresh: list[tuple[UnitOfWork, StationLevel]] = []
    for uow, event in units:
        try:
            payload = payload_of(event)
            assert isinstance(payload, StationLevel)
            fresh.append((uow, payload))
        except Permanent as error:
            result.rejected.append((event, error.reason, error.text))
    if not fresh:
        return result
    session = fresh[0][0].session
    known = set(session.exec(select(Station.id)).all())
    seen = _stored(session, [payload for _, payload in fresh])
    rows: list[dict[str, Any]] = []
    events = {id(uow): event for uow, event in units}
    for uow, payload in fresh:
        if payload.station not in known:
            text = f"no station {payload.station} in this city"
            result.rejected.append((events[id(uow)], "unknown_station", text))
        elif (payload.station, payload.observed_at) in seen:
            result.duplicates += 1
        else:
            seen.add((payload.station, payload.observed_at))
            result.applied += 1
            rows.append({**payload.model_dump(), "received_at": uow.now})
            if payload.level_pct >= context.rules.collection.overflow_pct:
                _overflow(uow, context, payload)
    if rows:
        session.execute(insert(Level), rows)
    return result


def _stored(session: Session, levels: Sequence[StationLevel]) -> set[tuple[str, datetime]]:
    times = [level.observed_at for level in levels]
    rows = session.exec(
        select(Level.station, Level.observed_at).where(
            col(Level.station).in_({level.station for level in levels}),
            Level.observed_at >= min(times),
            Level.observed_at <= max(times),
        )
    ).all()
    return set(rows)


def _overflow(uow: UnitOfWork, context: Context, payload: StationLevel) -> None:
    station = uow.session.get(Station, payload.station)
    assert station is not None
    day_row = uow.session.exec(
        select(StationDay)
        .where(StationDay.station == station.id, StationDay.state == "open")
        .order_by(col(StationDay.day).desc())
    ).first()
    if day_row is None or day_row.overflow_at is not None:
        return
    day_row.overflow_at = payload.observed_at
    item = uow.session.get(WorkItem, day_row.work_item)
    if item is None or item.state not in ("open", "planned"):
        return
    uow.audit("station.overflow", f"station:{station.id}", level_pct=payload.level_pct, at=iso(payload.observed_at))
    plan = running_plan(uow.session, station.district, "collection", uow.now)
    item.priority = "urgent"
    item.deadline = uow.now + timedelta(minutes=context.rules.collection.horizon_min)
    item.quantity_kg = max(item.quantity_kg, round(station.kg_full * payload.level_pct / 100))
    if plan is not None:
        request_plan(uow, context, plan, f"overflow:{station.id}", mode="insert", work_items=(item.id,))
