"""Positions: stored once, matched to streets, and what they prove carried out. A batch costs a few statements.

Positions are idempotent by (vehicle, time) and neither inboxed nor audited. Everything derived here depends only on
the set of fixes of each vehicle, not on how they were cut into batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlmodel import Session, col, select

from dispatch.approval import route_in_force
from dispatch.execution import at_work, prove_passes, tools_letters, visit
from dispatch.routes import driven_legs
from dispatch.silence import heard
from dispatch.uow import UnitOfWork
from models.bulk import add_new, one_of, put
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
    known = set(uow.session.exec(select(Vehicle.id).where(one_of(uow.session, Vehicle.id, named))).all())
    good: list[tuple[VehiclePosition, datetime]] = []
    for index, (fix, received_at) in enumerate(positions):
        if fix.vehicle not in known:
            result.rejected.append((index, "unknown_vehicle", f"no vehicle {fix.vehicle} in this city"))
        elif fix.lon == 0 and fix.lat == 0:
            result.rejected.append((index, "no_fix", "position at 0,0"))
        else:
            good.append((fix, received_at))
    first = {(fix.vehicle, fix.observed_at): _row(fix, received_at) for fix, received_at in reversed(good)}
    new = add_new(uow.session, Position, list(first.values()), ("vehicle", "observed_at"))
    result.applied, result.duplicates = len(new), len(good) - len(new)
    fresh: dict[str, list[VehiclePosition]] = {}
    times: dict[str, list[tuple[datetime, datetime]]] = {}
    for fix, received_at in good:
        if (fix.vehicle, fix.observed_at) in new:
            new.remove((fix.vehicle, fix.observed_at))
            fresh.setdefault(fix.vehicle, []).append(fix)
            times.setdefault(fix.vehicle, []).append((fix.observed_at, received_at))
    if fresh:
        _follow(uow, fresh, network(uow.session))
        heard(uow, times)
    return result


def _row(fix: VehiclePosition, received_at: datetime) -> dict[str, Any]:
    return {
        "vehicle": fix.vehicle,
        "observed_at": fix.observed_at,
        "received_at": received_at,
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
            one_of(session, Assignment.vehicle, spans),
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
    rows = session.execute(
        select(col(MatchState.vehicle), col(MatchState.observed_at), col(MatchState.value)).where(
            one_of(session, MatchState.vehicle, fresh)
        )
    ).all()
    return {vehicle: (observed_at, _opened(value)) for vehicle, observed_at, value in rows}


def _opened(value: dict[str, Any]) -> dict[str, Any]:
    """A stored value with its track, which lies in it as text: read and written for every fix, looked into by none."""
    track = value["track"]
    return {**value, "track": orjson.loads(track) if isinstance(track, str) else track}


def _keep(
    session: Session,
    fresh: Fixes,
    states: Mapping[str, tuple[datetime, dict[str, Any]]],
    values: Mapping[str, dict[str, Any]],
) -> None:
    """Write where the matching of each vehicle stands now."""
    rows: list[dict[str, Any]] = []
    for vehicle, fixes in fresh.items():
        last = max(fix.observed_at for fix in fixes)
        if vehicle in states:
            last = max(last, states[vehicle][0])
        value = {**values[vehicle], "track": orjson.dumps(values[vehicle]["track"]).decode()}
        rows.append({"vehicle": vehicle, "observed_at": last, "value": value})
    put(session, MatchState, rows, "vehicle")
