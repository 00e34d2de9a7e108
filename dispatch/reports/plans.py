"""Plans and routes of a report: what was approved, what was planned of it, what the passes show was driven."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from dispatch.reports.values import PlanLine, RouteLine
from models.tables.city import Crew, Segment, Vehicle
from models.tables.plans import Approval, Assignment, Plan, PlanVersion, Route
from models.tables.work import Pass
from models.times import from_micros, to_micros

Approved = tuple[PlanVersion, Approval]
_LONG: tuple[Any, ...] = (PlanVersion.verdict, PlanVersion.attempts, PlanVersion.notes)
"""Columns of a version no report needs."""


def approved_versions(session: Session, plans: Sequence[Plan]) -> dict[str, list[Approved]]:
    """Each plan's approved versions, oldest first; a plan nobody approved has none."""
    found: dict[str, list[Approved]] = {plan.code: [] for plan in plans}
    rows = session.exec(
        select(PlanVersion, Approval)
        .join(Approval, col(Approval.plan_version) == col(PlanVersion.id))
        .where(col(PlanVersion.plan).in_(list(found)))
        .order_by(col(PlanVersion.plan), col(PlanVersion.version))
        .options(*(defer(column) for column in _LONG))
    ).all()
    for version, approval in rows:
        found[version.plan].append((version, approval))
    return found


def counted_version(plan: Plan, approved: Sequence[Approved]) -> str:
    """The id of the version a report counts: the last approved one, the newest where none was approved."""
    return approved[-1][0].id if approved else f"{plan.code}@{plan.latest}"


def routes_of(session: Session, versions: Sequence[str]) -> list[Route]:
    """The routes of some versions without their documents, in order."""
    query = select(Route).where(col(Route.plan_version).in_(versions)).order_by(Route.id)
    return list(session.exec(query.options(defer(Route.doc, raiseload=True))).all())  # type: ignore[arg-type]


def plan_lines(session: Session, plans: Sequence[Plan], routes: Sequence[RouteLine]) -> tuple[PlanLine, ...]:
    """Each plan by its last approved version, or by its newest where none was approved; by service, then code.

    `routes` are theirs, for what was driven.
    """
    approved = approved_versions(session, plans)
    counted: dict[str, list[int]] = defaultdict(list)
    chosen = [counted_version(plan, approved[plan.code]) for plan in plans]
    for route in routes_of(session, chosen):
        counted[route.plan_version].append(route.stops)
    lines = []
    for plan in sorted(plans, key=lambda plan: (plan.service, plan.code)):
        rows = approved[plan.code]
        version = session.get(PlanVersion, counted_version(plan, rows))
        if version is None:
            continue
        approval = rows[-1][1] if rows else None
        stops_ = counted.get(version.id, [])
        lines.append(
            PlanLine(
                code=plan.code,
                service=plan.service,
                district=plan.district,
                version=version.version,
                versions=plan.latest,
                state=version.state,
                approved_by=approval.actor if approval is not None else "",
                approved_at=approval.at if approval is not None else None,
                feasible=version.feasible,
                routes=len(stops_),
                stops=sum(stops_),
                unserved=len(version.unserved),
                distance_m=version.distance_m,
                driven_m=sum(route.driven_m for route in routes if route.plan == plan.code),
                salt_kg=version.salt_kg,
                waste_kg=version.waste_kg,
            )
        )
    return tuple(lines)


def route_lines(session: Session, plans: Sequence[Plan], until: datetime) -> tuple[RouteLine, ...]:
    """Every route that was approved and is its vehicle's last in its plan, with what was driven of it up to `until`."""
    services = {plan.code: plan.service for plan in plans}
    last: dict[tuple[str, str], tuple[Route, str, bool]] = {}
    for code, rows in approved_versions(session, plans).items():
        newest = rows[-1][0].id if rows else ""
        order = {version.id: n for n, (version, _) in enumerate(rows)}
        for route in sorted(routes_of(session, list(order)), key=lambda r: (order[r.plan_version], r.seq)):
            last[code, route.vehicle or route.crew] = (route, code, route.plan_version == newest)
    crews = {crew.id: crew.name for crew in session.exec(select(Crew)).all()}
    plates = {row.id: row.plate for row in session.exec(select(Vehicle)).all()}
    since = min([route.start_at for route, _, _ in last.values()], default=until)
    driven = Driven(session, {route.vehicle for route, _, _ in last.values() if route.vehicle}, since, until)
    starts = _starts(session, driven.vehicles)
    lines = []
    for route, code, in_force in last.values():
        later = [at for at in starts[route.vehicle] if at > route.start_at]
        metres, first, end = driven.between(route.vehicle, route.start_at, min([*later, until]))
        lines.append(
            RouteLine(
                plan=code,
                service=services[code],
                vehicle=route.vehicle,
                plate=plates.get(route.vehicle, ""),
                crew=crews.get(route.crew, route.crew),
                in_force=in_force,
                planned_start=route.start_at,
                planned_end=route.end_at,
                driven_start=first,
                driven_end=end,
                planned_m=route.distance_m,
                driven_m=round(metres),
                stops=route.stops,
            )
        )
    return tuple(sorted(lines, key=lambda line: (line.planned_start, line.plan, line.vehicle, line.crew)))


def _starts(session: Session, vehicles: Sequence[str]) -> dict[str, list[datetime]]:
    """When each vehicle's bound routes begin, of whatever plan: what is driven from then on belongs to that one."""
    starts: dict[str, list[datetime]] = defaultdict(list)
    bound = select(Assignment.vehicle, Assignment.start_at).where(col(Assignment.vehicle).in_(vehicles))
    for vehicle, at in session.exec(bound).all():
        starts[vehicle].append(at)
    return starts


class Driven:
    """The passes of some vehicles between two instants, to be summed over parts of that time.

    Instants are kept as the microseconds they are stored as: a storm has tens of thousands of passes.
    """

    def __init__(self, session: Session, vehicles: set[str], since: datetime, until: datetime) -> None:
        self.vehicles = sorted(vehicles)
        begin, end = (sa.type_coerce(column, sa.BigInteger) for column in (col(Pass.from_at), col(Pass.to_at)))
        rows = session.execute(
            sa.select(col(Pass.vehicle), begin, end, col(Pass.fraction) * col(Segment.length_m))
            .join(Segment, col(Segment.id) == col(Pass.segment))
            .where(col(Pass.vehicle).in_(self.vehicles), col(Pass.to_at) >= since, col(Pass.from_at) < until)
            .order_by(col(Pass.vehicle), col(Pass.from_at), col(Pass.id))
        ).all()
        self._rows: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
        for vehicle, from_at, to_at, metres in rows:
            self._rows[vehicle].append((from_at, to_at, metres))

    def between(self, vehicle: str, start: datetime, end: datetime) -> tuple[float, datetime | None, datetime | None]:
        """(metres, first instant, last instant) of the passes begun from `start` on and before `end`."""
        rows = self._rows.get(vehicle, [])
        first, last = (bisect_left(rows, to_micros(at), key=itemgetter(0)) for at in (start, end))
        part = rows[first:last]
        if not part:
            return 0.0, None, None
        # A truck that stands at its depot is on one pass until it leaves for its next route.
        ended = max((row[1] for row in part if row[1] <= to_micros(end)), default=part[-1][0])
        return sum(row[2] for row in part), from_micros(part[0][0]), from_micros(ended)
