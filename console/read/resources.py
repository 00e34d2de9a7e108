"""Vehicles, crews, facilities and closed streets: in or out of service, and which routes in force need them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from console.read.base import Out
from console.read.work import LIVE_STATES
from dispatch.resources import calls_ahead, goes_over
from models.tables.city import Crew, Facility, ResourceState, Segment, Vehicle
from models.tables.plans import Plan, PlanVersion, Route
from models.times import parse_time


class NeedOut(Out):
    """A route in force that needs a resource, and how many of its stops are still ahead."""

    route: str
    version: str
    vehicle: str
    start_at: datetime
    end_at: datetime
    stops_left: int


class ResourceOut(Out):
    """A resource. `status`: in, limited or out, with its `reason`. Streets are listed only while not in.

    `needed`: the routes in force, not yet over, that it drives, works, calls at or goes over.
    """

    kind: str
    ref: str
    name: str
    name_en: str
    district: str
    status: str
    since: datetime | None
    until: datetime | None
    reason: str
    needed: list[NeedOut]


def read_resources(session: Session, now: datetime) -> list[ResourceOut]:
    """Everything that can be out, what is not in service first, then by kind and id."""
    states = {row.key: row for row in session.exec(select(ResourceState).where(ResourceState.status != "back"))}
    routes = session.exec(
        select(Route)
        .join(PlanVersion, col(PlanVersion.id) == col(Route.plan_version))
        .join(Plan, col(Plan.code) == col(PlanVersion.plan))
        .where(col(PlanVersion.state).in_(LIVE_STATES), Plan.end_at > now, Route.end_at > now)
        .order_by(col(Route.plan_version), col(Route.seq))
    ).all()
    rows = [_resource(states, kind, row, routes, now) for kind, row in _things(session, states)]
    return sorted(rows, key=lambda row: (row.status == "in", row.kind, row.ref))


def _things(session: Session, states: dict[str, ResourceState]) -> Iterator[tuple[str, Any]]:
    for kind, table in (("vehicle", Vehicle), ("crew", Crew), ("facility", Facility)):
        for row in session.exec(select(table)):
            yield kind, row
    shut = [row.ref for row in states.values() if row.kind == "street"]
    for segment in session.exec(select(Segment).where(col(Segment.id).in_(shut))):
        yield "street", segment


def _resource(
    states: dict[str, ResourceState], kind: str, row: Any, routes: Sequence[Route], now: datetime
) -> ResourceOut:
    state = states.get(f"{kind}:{row.id}")
    name = row.plate if kind == "vehicle" else row.name
    return ResourceOut(
        kind=kind,
        ref=row.id,
        name=name,
        name_en=name if kind == "vehicle" else row.name_en,
        district=row.district,
        status=state.status if state is not None else "in",
        since=state.since if state is not None else None,
        until=state.until if state is not None else None,
        reason=state.reason if state is not None else "",
        needed=[_need(route, now) for route in routes if _needs(route, kind, row.id, now)],
    )


def _needs(route: Route, kind: str, ref: str, now: datetime) -> bool:
    if kind == "vehicle":
        return route.vehicle == ref
    if kind == "crew":
        return route.crew == ref
    if kind == "street":
        return goes_over(route, ref, now)
    end = route.doc["end"] or route.doc["start"]
    return bool(end["ref"] == ref) or calls_ahead(route, ref, now)


def _need(route: Route, now: datetime) -> NeedOut:
    return NeedOut(
        route=route.id,
        version=route.plan_version,
        vehicle=route.vehicle or route.crew,
        start_at=route.start_at,
        end_at=route.end_at,
        stops_left=sum(1 for stop in route.doc["stops"] if parse_time(stop["arrive"]) > now),
    )
