"""Positions: stored once, matched to streets, and what they prove carried out. A batch costs a few statements.

Positions are idempotent by (vehicle, time) and neither inboxed nor audited. Everything derived here depends only on
the set of fixes of each vehicle, not on how they were cut into batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from dispatch.approval import route_in_force
from dispatch.execution import at_work, prove_passes, tools_letters, visit
from dispatch.routes import driven_legs
from dispatch.uow import UnitOfWork
from models.events.field import VehiclePosition
from models.tables.city import Vehicle
from models.tables.plans import Assignment, Route
from models.tables.work import MatchState, Position
from models.times import from_micros, to_micros
from routing.matching import Fix, step
from routing.streets.match_network import MatchNetwork
from routing.streets.match_track import Passage

LATE_WORK = timedelta(hours=2)
"""A vehicle is still judged by its route this long after the planned end."""

Fixes = Mapping[str, list[VehiclePosition]]
"""The new fixes of each vehicle, in the order they came."""


@dataclass(slots=True)
class Tracked:
    """What one batch of positions led to."""

    applied: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    """(index in the batch, reason, text)."""


def record_positions(
    uow: UnitOfWork,
    positions: list[tuple[VehiclePosition, datetime]],
    network: Callable[[Session], MatchNetwork],
) -> Tracked:
    """Store a batch of (position, received_at) and carry out what the tracks prove."""
    result = Tracked()
    named = {fix.vehicle for fix, _ in positions}
    known = set(uow.session.exec(select(Vehicle.id).where(col(Vehicle.id).in_(named))).all())
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
        _follow(uow, fresh, network(uow.session))
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


def _follow(uow: UnitOfWork, fresh: Fixes, network: MatchNetwork) -> None:
    """Match the vehicles' new fixes to streets and to the stops of the routes they were told."""
    states = _states(uow.session, fresh)
    routes = told_routes(uow.session, fresh)
    driven: list[tuple[str, Passage]] = []
    values: dict[str, dict[str, Any]] = {}
    for vehicle in sorted(fresh):
        before: dict[str, Any] = states[vehicle][1] if vehicle in states else {"track": None, "busy_until": 0}
        hints = frozenset(segment for route in routes.get(vehicle, ()) for segment, _ in driven_legs(route.doc))
        fixes = [
            Fix(f.observed_at, f.lon, f.lat, "".join(sorted(tools_letters(f))), f.speed_kmh) for f in fresh[vehicle]
        ]
        track, passages = step(before["track"], fixes, network, hints)
        driven += [(vehicle, passage) for passage in passages]
        values[vehicle] = {"track": track, "busy_until": before["busy_until"]}
    if driven:
        prove_passes(uow, driven)
    for vehicle in sorted(routes):
        busy_until = from_micros(values[vehicle]["busy_until"])
        for fix in fresh[vehicle]:
            if at_work(fix) and fix.observed_at >= busy_until:
                busy_until = visit(uow, vehicle, fix, routes[vehicle]) or busy_until
        values[vehicle]["busy_until"] = to_micros(busy_until)
    _keep(uow.session, fresh, states, values)


def told_routes(session: Session, fresh: Fixes) -> dict[str, list[Route]]:
    """The routes each vehicle is judged by over its fixes; vehicles without one are left out."""
    spans = {vehicle: (fixes[0].observed_at, fixes[-1].observed_at) for vehicle, fixes in fresh.items()}
    bound = session.exec(
        select(Assignment.vehicle, Assignment.plan, Assignment.start_at, Assignment.end_at)
        .where(
            col(Assignment.vehicle).in_(spans),
            Assignment.end_at >= min(first for first, _ in spans.values()) - LATE_WORK,
            Assignment.start_at <= max(last for _, last in spans.values()),
        )
        .order_by(col(Assignment.start_at))
    ).all()
    found: dict[str, list[Route]] = {}
    for vehicle, plan, start_at, end_at in bound:
        first, last = spans[vehicle]
        if end_at < first - LATE_WORK or start_at > last:
            continue
        route = route_in_force(session, plan, vehicle, last)
        if route is not None:
            found.setdefault(vehicle, []).append(route)
    return found


def _states(session: Session, fresh: Fixes) -> dict[str, tuple[datetime, dict[str, Any]]]:
    rows = session.exec(
        select(MatchState.vehicle, MatchState.observed_at, MatchState.value).where(col(MatchState.vehicle).in_(fresh))
    ).all()
    return {vehicle: (observed_at, dict(value)) for vehicle, observed_at, value in rows}


def _keep(
    session: Session,
    fresh: Fixes,
    states: Mapping[str, tuple[datetime, dict[str, Any]]],
    values: Mapping[str, dict[str, Any]],
) -> None:
    """Write where the matching of each vehicle stands now."""
    new: list[dict[str, Any]] = []
    known: list[dict[str, Any]] = []
    for vehicle, fixes in fresh.items():
        last = max(fix.observed_at for fix in fixes)
        if vehicle in states:
            last = max(last, states[vehicle][0])
        row = {"vehicle": vehicle, "observed_at": last, "value": values[vehicle]}
        (known if vehicle in states else new).append(row)
    if new:
        session.execute(insert(MatchState), new)
    if known:
        session.execute(update(MatchState), known)
