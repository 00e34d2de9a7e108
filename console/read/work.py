"""The work on the streets: which route each belongs to, and how two versions of a plan differ."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from models.tables.plans import Approval, Plan, PlanVersion, Route

LIVE_STATES = ("approved", "active")
WORK_BEFORE = timedelta(hours=1)
WORK_AFTER = timedelta(hours=6)
"""Plans of this span around an instant colour the map."""


class WorkRouteOut(Out):
    """A route as the map needs it: the segments it serves, or drives where it serves stations and spots."""

    route: str
    plan: str
    version: str
    service: str
    seq: int
    vehicle: str
    segments: list[str]


def legs_of(doc: dict[str, Any]) -> list[tuple[str, bool, bool]]:
    """Every (segment, forward, served) of a route document in driving order."""
    legs: list[tuple[str, bool, bool]] = []
    for stop in doc["stops"]:
        legs += [(segment, bool(forward), False) for segment, forward in stop["legs"]]
        if stop["kind"] == "segment":
            legs.append((stop["ref"], bool(stop["forward"]), True))
    return legs + [(segment, bool(forward), False) for segment, forward in doc["home"]]


def read_work(session: Session, now: datetime, before: timedelta, after: timedelta) -> list[WorkRouteOut]:
    """The routes in force (else proposed) of every plan whose period touches [now - before, now + after]."""
    plans = _plans(session, now, before, after)
    rows = session.exec(
        select(PlanVersion)
        .where(
            col(PlanVersion.plan).in_([plan.code for plan in plans]),
            col(PlanVersion.state).in_((*LIVE_STATES, "proposed")),
        )
        .order_by(col(PlanVersion.version))
    ).all()
    chosen: dict[str, PlanVersion] = {}
    for row in rows:
        held = chosen.get(row.plan)
        if held is None or row.state in LIVE_STATES or held.state not in LIVE_STATES:
            chosen[row.plan] = row
    return _routes(session, plans, {plan: row.id for plan, row in chosen.items()})


def read_work_then(session: Session, at: datetime, before: timedelta, after: timedelta) -> list[WorkRouteOut]:
    """As `read_work` would have told at `at`: the newest version approved by then, else the newest made by then."""
    plans = _plans(session, at, before, after)
    rows = session.execute(
        sa.select(col(PlanVersion.plan), col(PlanVersion.id), col(Approval.at) <= at)
        .outerjoin(Approval, col(Approval.plan_version) == col(PlanVersion.id))
        .where(col(PlanVersion.plan).in_([plan.code for plan in plans]), col(PlanVersion.created_at) <= at)
        .order_by(col(PlanVersion.version))
    )
    chosen: dict[str, tuple[str, bool]] = {}
    for plan, version, approved in rows:
        if approved or not chosen.get(plan, ("", False))[1]:
            chosen[plan] = (version, bool(approved))
    return _routes(session, plans, {plan: version for plan, (version, _) in chosen.items()})


def _plans(session: Session, at: datetime, before: timedelta, after: timedelta) -> Sequence[Plan]:
    return session.exec(
        select(Plan).where(Plan.start_at < at + after, Plan.end_at > at - before).order_by(Plan.code)
    ).all()


def _routes(session: Session, plans: Sequence[Plan], chosen: dict[str, str]) -> list[WorkRouteOut]:
    """The routes of the version chosen of each plan."""
    plan_of = {chosen[plan.code]: plan for plan in plans if plan.code in chosen}
    routes = session.exec(
        select(Route)
        .where(col(Route.plan_version).in_(list(plan_of)))
        .order_by(col(Route.plan_version), col(Route.seq))
    ).all()
    return [_work(plan_of[route.plan_version], route) for route in routes]


def _work(plan: Plan, route: Route) -> WorkRouteOut:
    legs = legs_of(route.doc)
    served = [segment for segment, _, serving in legs if serving]
    return WorkRouteOut(
        route=route.id,
        plan=plan.code,
        version=route.plan_version,
        service=plan.service,
        seq=route.seq,
        vehicle=route.vehicle or route.crew,
        segments=list(dict.fromkeys(served or [segment for segment, _, _ in legs])),
    )


def find_newest(session: Session, version_id: str) -> PlanVersion | None:
    """The newest version of the plan a version belongs to."""
    plan = version_id.partition("@")[0]
    return session.exec(
        select(PlanVersion).where(PlanVersion.plan == plan).order_by(col(PlanVersion.version).desc()).limit(1)
    ).first()
