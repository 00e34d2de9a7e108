"""Which trucks are on the road and what they report: every vehicle drives the route it was told, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from demo.timeline import Timeline
from demo.trucks import Truck
from dispatch.fallback import PERIOD
from dispatch.routes import RouteDoc
from dispatch.streets import Streets
from models.events.base import Event
from models.tables.city import ResourceState
from models.tables.plans import Approval, Plan, PlanVersion, Route, Telling

STILL_OUT = timedelta(hours=2)
"""A plan is looked at this long after its planned end."""
ON_FOOT = "beats"


@dataclass(frozen=True, slots=True)
class _History:
    """What a vehicle has been told for one plan: (from when, route hash), the routes' ids, start."""

    told: tuple[tuple[datetime, str], ...]
    routes: tuple[str, ...]
    start_at: datetime
    service: str


class FleetTracks:
    """Fixes of all simulated trucks by interval. Timelines are kept until what a truck was told changes."""

    def __init__(self, seed: int, streets: Streets) -> None:
        self._seed = seed
        self._streets = streets
        self._docs: dict[str, RouteDoc] = {}
        self._trucks: dict[tuple[str, str], tuple[tuple[object, ...], Truck]] = {}

    def fixes(self, session: Session, t0: datetime, t1: datetime) -> list[Event]:
        """Positions in (t0, t1] by time and vehicle. Depends on what was approved and told before t1 only."""
        broken = {
            row.ref: row.since
            for row in session.exec(
                select(ResourceState).where(
                    ResourceState.kind == "vehicle", ResourceState.status == "out", ResourceState.since < t1
                )
            ).all()
        }
        found: list[Event] = []
        for (plan, vehicle), history in sorted(self._histories(session, t0, t1).items()):
            broken_at = broken.get(vehicle)
            mark = (history.told, broken_at)
            kept = self._trucks.get((plan, vehicle))
            if kept is None or kept[0] != mark:
                told = [
                    (at, self._doc(session, route)) for (at, _), route in zip(history.told, history.routes, strict=True)
                ]
                timeline = Timeline.from_history(told, self._streets, history.service, history.start_at, broken_at)
                kept = (mark, Truck(vehicle, self._seed, timeline))
                self._trucks[(plan, vehicle)] = kept
            found += kept[1].fixes(t0, t1)
        return sorted(found, key=lambda event: (event.occurred_at, event.key))

    def _histories(self, session: Session, t0: datetime, t1: datetime) -> dict[tuple[str, str], _History]:
        rows = session.execute(
            sa.select(
                col(Route.id),
                col(Route.vehicle),
                col(Route.route_hash),
                col(Route.start_at),
                col(Plan.code),
                col(Plan.service),
                col(Approval.at),
            )
            .select_from(Route)
            .join(PlanVersion, col(PlanVersion.id) == col(Route.plan_version))
            .join(Plan, col(Plan.code) == col(PlanVersion.plan))
            .join(Approval, col(Approval.plan_version) == col(PlanVersion.id))
            .where(
                col(Approval.at) < t1,
                col(Plan.start_at) <= t1,
                col(Plan.end_at) >= t0 - STILL_OUT,
                col(Plan.service) != ON_FOOT,
                col(Plan.period) != PERIOD,
            )
            .order_by(col(PlanVersion.version))
        ).all()
        told_at = dict(session.exec(select(Telling.route, Telling.told_at)).all())
        found: dict[tuple[str, str], list[tuple[datetime, str, str]]] = {}
        first: dict[tuple[str, str], tuple[datetime, str]] = {}
        for route, vehicle, route_hash, start_at, plan, service, approved_at in rows:
            at = told_at.get(route, approved_at)
            entries = found.setdefault((plan, vehicle), [])
            changed = not entries or entries[-1][2] != route_hash
            if at is not None and at < t1 and changed:
                entries.append((at, route, route_hash))
                first.setdefault((plan, vehicle), (max(start_at, at), service))
        return {
            key: _History(
                told=tuple((at, route_hash) for at, _, route_hash in entries),
                routes=tuple(route for _, route, _ in entries),
                start_at=first[key][0],
                service=first[key][1],
            )
            for key, entries in found.items()
            if entries
        }

    def _doc(self, session: Session, route: str) -> RouteDoc:
        """A route's document; routes are immutable, so it is read once."""
        if route not in self._docs:
            self._docs[route] = dict(session.exec(select(Route.doc).where(Route.id == route)).one())
        return self._docs[route]
