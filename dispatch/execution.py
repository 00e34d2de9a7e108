"""What crews did, from tracks and ticks: passes over streets, visits to stations and spots, work proven done.

Positions are idempotent by (vehicle, time) and neither inboxed nor audited. Everything derived here depends only on
the set of fixes of each vehicle, not on how they were cut into batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from dispatch.approval import route_in_force
from dispatch.cases import work_done
from dispatch.places import distance_m
from dispatch.routes import driven_legs
from dispatch.uow import UnitOfWork
from models.events.field import VehiclePosition
from models.ids import derive_id
from models.tables.city import Vehicle
from models.tables.plans import Assignment, Route
from models.tables.work import MatchState, Pass, Position, StationDay, Visit, WorkItem
from models.times import from_micros, iso, parse_time, to_micros
from routing.matching import Fix, step
from routing.streets.match_network import MatchNetwork
from routing.streets.match_track import Passage

TRAVERSED = 0.5
"""A pass counts when at least this part of the street was driven."""
VISIT_RADIUS_M = 35.0
"""A truck at work this near to where a stop of its told route is served visits it."""
STANDING_KMH = 3.0
TOOL_OF_SERVICE = {"salting": "s", "ploughing": "p"}
LATE_WORK = timedelta(hours=2)
"""A vehicle is still judged by its route this long after the planned end."""


@dataclass(slots=True)
class Tracked:
    """What one batch of positions led to."""

    applied: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    """(index in the batch, reason, text)."""


def tools_letters(payload: VehiclePosition) -> str:
    """Working tools as letters: s spreader, p plough, l lift, b broom."""
    flags = payload.tools
    pairs = (("s", flags.spreader), ("p", flags.plough), ("l", flags.lift), ("b", flags.broom))
    return "".join(letter for letter, on in pairs if on)


def record_positions(
    uow: UnitOfWork,
    positions: list[tuple[VehiclePosition, datetime]],
    network: Callable[[Session], MatchNetwork],
) -> Tracked:
    """Store a batch of (position, received_at) and carry out what the tracks prove."""
    result = Tracked()
    known = set(uow.session.exec(select(Vehicle.id)).all())
    fresh: dict[str, list[VehiclePosition]] = {}
    seen = _stored(uow.session, positions)
    rows: list[dict[str, Any]] = []
    for index, (fix, received_at) in enumerate(positions):
        if fix.vehicle not in known:
            result.rejected.append((index, "unknown_vehicle", f"no vehicle {fix.vehicle} in this city"))
        elif fix.lon == 0 and fix.lat == 0:
            result.rejected.append((index, "no_fix", "position at 0,0"))
        elif (fix.vehicle, fix.observed_at) in seen:
            result.duplicates += 1
        else:
            seen.add((fix.vehicle, fix.observed_at))
            result.applied += 1
            fresh.setdefault(fix.vehicle, []).append(fix)
            rows.append({**_row(fix), "received_at": received_at})
    if rows:
        uow.session.execute(insert(Position), rows)
    for vehicle in sorted(fresh):
        _follow(uow, vehicle, fresh[vehicle], network)
    return result


def _stored(session: Session, positions: list[tuple[VehiclePosition, datetime]]) -> set[tuple[str, datetime]]:
    if not positions:
        return set()
    times = [fix.observed_at for fix, _ in positions]
    rows = session.exec(
        select(Position.vehicle, Position.observed_at).where(
            col(Position.vehicle).in_({fix.vehicle for fix, _ in positions}),
            Position.observed_at >= min(times),
            Position.observed_at <= max(times),
        )
    ).all()
    return set(rows)


def _row(fix: VehiclePosition) -> dict[str, Any]:
    return {
        "vehicle": fix.vehicle,
        "observed_at": fix.observed_at,
        "lon": fix.lon,
        "lat": fix.lat,
        "speed_kmh": fix.speed_kmh,
        "heading_deg": fix.heading_deg,
        "tools": tools_letters(fix),
    }


def _follow(
    uow: UnitOfWork,
    vehicle: str,
    fixes: list[VehiclePosition],
    network: Callable[[Session], MatchNetwork],
) -> None:
    """Match a vehicle's new fixes to streets and to the stops of the route it was told."""
    stored = uow.session.get(MatchState, vehicle)
    routes = told_routes(uow.session, vehicle, fixes[0].observed_at, fixes[-1].observed_at)
    hints = frozenset(segment for route in routes for segment, _ in driven_legs(route.doc))
    state, passages = step(
        stored.value["track"] if stored is not None else None,
        [Fix(f.observed_at, f.lon, f.lat, "".join(sorted(tools_letters(f))), f.speed_kmh) for f in fixes],
        network(uow.session),
        hints,
    )
    for passage in passages:
        _store_pass(uow, vehicle, passage)
    busy_until = from_micros(stored.value["busy_until"] if stored is not None else 0)
    for fix in fixes:
        if _at_work(fix) and fix.observed_at >= busy_until:
            busy_until = _visit(uow, vehicle, fix, routes) or busy_until
    last = max(fix.observed_at for fix in fixes)
    value = {"track": state, "busy_until": to_micros(busy_until)}
    if stored is None:
        uow.session.add(MatchState(vehicle=vehicle, observed_at=last, value=value))
    else:
        stored.value, stored.observed_at = value, max(stored.observed_at, last)


def told_routes(session: Session, vehicle: str, first: datetime, last: datetime) -> list[Route]:
    """The routes a vehicle is judged by over a stretch of time."""
    bound = session.exec(
        select(Assignment)
        .where(Assignment.vehicle == vehicle, Assignment.end_at >= first - LATE_WORK, Assignment.start_at <= last)
        .order_by(col(Assignment.start_at))
    ).all()
    found = [route_in_force(session, row.plan, vehicle, last) for row in bound]
    return [route for route in found if route is not None]


def _store_pass(uow: UnitOfWork, vehicle: str, passage: Passage) -> None:
    id_ = derive_id(passage.from_at, "pass", vehicle, passage.segment, passage.forward, passage.to_at)
    if uow.session.get(Pass, id_) is not None:
        return
    uow.session.add(
        Pass(
            id=id_,
            segment=passage.segment,
            forward=passage.forward,
            vehicle=vehicle,
            from_at=passage.from_at,
            to_at=passage.to_at,
            fraction=round(passage.fraction, 3),
            tools=passage.tools,
        )
    )
    uow.session.flush()
    if passage.fraction >= TRAVERSED:
        for service, tool in TOOL_OF_SERVICE.items():
            if tool in passage.tools:
                _count_runs(uow, passage.segment, service, tool)


def _count_runs(uow: UnitOfWork, segment: str, service: str, tool: str) -> None:
    """Recount the runs over a street since its work was asked for; the n-th one's end is when it was done."""
    items = uow.session.exec(
        select(WorkItem).where(WorkItem.place == f"segment:{segment}", WorkItem.service == service)
    ).all()
    if not items:
        return
    passes = uow.session.exec(select(Pass).where(Pass.segment == segment, Pass.fraction >= TRAVERSED)).all()
    ends = sorted(row.to_at for row in passes if tool in row.tools)
    for item in items:
        if item.state in ("cancelled", "missed"):
            continue
        mine = [at for at in ends if at >= item.created_at]
        item.passes_done = min(len(mine), item.passes)
        if item.passes_done == item.passes:
            _done(uow, item, mine[item.passes - 1])
        elif mine and item.state in ("open", "planned"):
            item.state = "started"


def _done(uow: UnitOfWork, item: WorkItem, at: datetime) -> None:
    """Work proven done at an instant. Told again with an earlier instant, it keeps the earlier."""
    if item.state == "done":
        item.done_at = min(item.done_at or at, at)
        return
    item.state, item.done_at, item.passes_done = "done", at, item.passes
    uow.audit("work.done", f"work:{item.id}", place=item.place, at=iso(at))
    data = {"work_item": item.id, "origin": item.origin, "period": item.period, "place": item.place, "at": iso(at)}
    uow.emit("work", item.place, "work.done", data, item.id)


def _at_work(fix: VehiclePosition) -> bool:
    """A lift at work, or a truck that stands with another tool on: it is serving a point."""
    return fix.tools.lift or (fix.speed_kmh < STANDING_KMH and bool(tools_letters(fix)))


def _visit(uow: UnitOfWork, vehicle: str, fix: VehiclePosition, routes: list[Route]) -> datetime | None:
    """Serve the first open stop of the told routes the truck stands at; how long it is busy there, or None."""
    for route in routes:
        for stop in route.doc["stops"]:
            if stop["kind"] not in ("station", "spot") or not stop["work_item"]:
                continue
            if distance_m(fix.lon, fix.lat, *stop["at"]) > VISIT_RADIUS_M:
                continue
            item = uow.session.get(WorkItem, stop["work_item"])
            if item is not None and item.state in ("open", "planned", "started"):
                serve(uow, item, vehicle, fix.observed_at, int(stop["quantity_kg"]), "track")
                return fix.observed_at + (parse_time(stop["depart"]) - parse_time(stop["start"]))
    return None


def serve(uow: UnitOfWork, item: WorkItem, vehicle: str, at: datetime, kg: int, by: str) -> None:
    """A visit fulfils point work: the station is cleared, the case closes."""
    visit = derive_id(at, "visit", item.id)
    uow.session.add(Visit(id=visit, work_item=item.id, place=item.place, vehicle=vehicle, at=at, kg=kg, by=by))
    _done(uow, item, at)
    if item.origin.startswith("day:"):
        row = uow.session.exec(select(StationDay).where(StationDay.work_item == item.id)).first()
        if row is not None and row.state == "open":
            row.state, row.cleared_at, row.vehicle = "cleared", at, vehicle
            uow.audit("station.cleared", item.place, vehicle=vehicle, at=iso(at))
    elif item.origin.startswith("case:"):
        work_done(uow, item.origin.partition(":")[2], at)
