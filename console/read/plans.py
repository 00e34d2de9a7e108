"""Plans with their versions, verdicts and numbers; one version with its routes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from console.read.work import legs_of
from models.tables.city import Vehicle
from models.tables.plans import Approval, Plan, PlanRequest, PlanVersion, Route, Sheet

PLAN_LIMIT = 200
SHOWN_STATES = ("proposed", "approved", "active", "closed")
OPEN_PHASES = ("greedy", "improve", "insert", "replan")


class VersionOut(Out):
    """A version of a plan with its numbers. `sheets_ready` of `routes` sheets are rendered.

    `based_on` is the running version it changes (an insertion, a replan, an undo); null for one made from scratch.
    """

    id: str
    version: int
    based_on: int | None
    state: str
    created_at: datetime
    reason: str
    engine: str
    feasible: bool
    tasks: int
    unserved: int
    routes: int
    sheets_ready: int
    distance_m: int
    duration_s: int
    salt_kg: int
    waste_kg: int
    cost: int
    added_s: int
    moved_stops: int
    first_plan_s: float | None
    best_plan_s: float | None
    approved_by: str = ""
    approved_at: datetime | None = None


class PlanOut(Out):
    """A plan and the versions that matter, newest first: proposed, approved, active, closed, and always the newest.

    `requests` counts what the planner is still at.
    """

    code: str
    service: str
    district: str
    day: date
    shift: str
    start_at: datetime
    end_at: datetime
    origin: str
    requests: int
    versions: list[VersionOut]


class StopOut(Out):
    """A stop of a route; `kind`: segment, station, spot, facility (no work item). `case` is a case number or empty."""

    n: int
    kind: str
    ref: str
    name: str
    name_en: str
    lon: float
    lat: float
    arrive: str
    start: str
    depart: str
    quantity_kg: int
    load_kg: int
    number: int
    work_item: str
    forward: bool | None
    length_m: int | None
    case: str
    what: str


class RouteOut(Out):
    """A route. `legs` are [segment id, forward, served] in driving order. `capacity_kg`: the salt or waste its truck
    can carry; 0 where that is not known.
    """

    id: str
    seq: int
    vehicle: str
    crew: str
    driver: str
    start_at: datetime
    end_at: datetime
    distance_m: int
    duration_s: int
    salt_kg: int
    waste_kg: int
    capacity_kg: int
    stops: int
    sheet: str
    legs: list[tuple[str, bool, bool]]
    points: list[StopOut]


class PlanDetailOut(Out):
    """One version, whole. `verdict` is the checker's; `unserved` names each task left out with its reason."""

    plan: PlanOut
    version: VersionOut
    verdict: dict[str, Any]
    notes: list[dict[str, Any]]
    unserved: list[dict[str, str]]
    routes: list[RouteOut]


def read_plans(session: Session) -> list[PlanOut]:
    """Plans, the latest period first."""
    plans = session.exec(select(Plan).order_by(col(Plan.start_at).desc(), Plan.code).limit(PLAN_LIMIT)).all()
    return _with_versions(session, plans)


def find_versions(session: Session, code: str) -> list[VersionOut] | None:
    """Every version of a plan, the newest first, superseded ones too; None where the plan is not known."""
    if session.get(Plan, code) is None:
        return None
    rows = session.exec(
        select(PlanVersion).where(PlanVersion.plan == code).order_by(col(PlanVersion.version).desc()).limit(PLAN_LIMIT)
    ).all()
    outs = _versions(session, rows)
    return [outs[row.id] for row in rows]


def _with_versions(session: Session, plans: Sequence[Plan]) -> list[PlanOut]:
    codes = [plan.code for plan in plans]
    newest = {plan.code: plan.latest for plan in plans}
    rows = session.exec(
        select(PlanVersion).where(col(PlanVersion.plan).in_(codes)).order_by(col(PlanVersion.version).desc())
    ).all()
    shown = [row for row in rows if row.state in SHOWN_STATES or row.version == newest[row.plan]]
    outs = _versions(session, shown)
    by_plan: dict[str, list[VersionOut]] = {}
    for row in shown:
        by_plan.setdefault(row.plan, []).append(outs[row.id])
    at_work = session.execute(
        sa.select(col(PlanRequest.plan), sa.func.count())
        .where(col(PlanRequest.phase).in_(OPEN_PHASES), col(PlanRequest.plan).in_(codes))
        .group_by(col(PlanRequest.plan))
    )
    busy: dict[str, int] = {plan: count for plan, count in at_work.all()}  # noqa: C416  (rows are not pairs to mypy)
    return [
        PlanOut(
            code=plan.code,
            service=plan.service,
            district=plan.district,
            day=plan.day,
            shift=plan.shift,
            start_at=plan.start_at,
            end_at=plan.end_at,
            origin=plan.origin,
            requests=busy.get(plan.code, 0),
            versions=by_plan.get(plan.code, []),
        )
        for plan in plans
    ]


def _versions(session: Session, rows: Sequence[PlanVersion]) -> dict[str, VersionOut]:
    ids = [row.id for row in rows]
    approvals = {
        row.plan_version: row for row in session.exec(select(Approval).where(col(Approval.plan_version).in_(ids))).all()
    }
    counts = {
        version: (routes, ready)
        for version, routes, ready in session.execute(
            sa.select(
                col(Route.plan_version),
                sa.func.count(col(Route.id).distinct()),
                sa.func.count(col(Sheet.code).distinct()),
            )
            .outerjoin(Sheet, (col(Sheet.route_hash) == col(Route.route_hash)) & (col(Sheet.path) != ""))
            .where(col(Route.plan_version).in_(ids))
            .group_by(col(Route.plan_version))
        )
    }
    return {row.id: _version(row, counts.get(row.id, (0, 0)), approvals.get(row.id)) for row in rows}


def _version(row: PlanVersion, counts: tuple[int, int], approval: Approval | None) -> VersionOut:
    return VersionOut(
        id=row.id,
        version=row.version,
        based_on=row.based_on,
        state=row.state,
        created_at=row.created_at,
        reason=row.reason,
        engine=row.engine,
        feasible=row.feasible,
        tasks=row.tasks,
        unserved=len(row.unserved),
        routes=counts[0],
        sheets_ready=counts[1],
        distance_m=row.distance_m,
        duration_s=row.duration_s,
        salt_kg=row.salt_kg,
        waste_kg=row.waste_kg,
        cost=row.cost,
        added_s=row.added_s,
        moved_stops=row.moved_stops,
        first_plan_s=row.first_plan_s,
        best_plan_s=row.best_plan_s,
        approved_by=approval.actor if approval is not None else "",
        approved_at=approval.at if approval is not None else None,
    )


def find_plan_detail(session: Session, version_id: str) -> PlanDetailOut | None:
    """One version with its routes, or None when it is not known."""
    row = session.get(PlanVersion, version_id)
    plan = session.get(Plan, row.plan) if row is not None else None
    if row is None or plan is None:
        return None
    routes = session.exec(select(Route).where(Route.plan_version == row.id).order_by(col(Route.seq))).all()
    sheets = {
        sheet.route_hash: sheet.code
        for sheet in session.exec(
            select(Sheet).where(col(Sheet.route_hash).in_([r.route_hash for r in routes]), Sheet.path != "")
        ).all()
    }
    trucks = session.exec(select(Vehicle).where(col(Vehicle.id).in_([r.vehicle for r in routes]))).all()
    room = {row.id: row.waste_kg if plan.service == "collection" else row.salt_kg for row in trucks}
    return PlanDetailOut(
        plan=_with_versions(session, [plan])[0],
        version=_versions(session, [row])[row.id],
        verdict=row.verdict,
        notes=row.notes,
        unserved=row.unserved,
        routes=[_route(route, sheets.get(route.route_hash, ""), room.get(route.vehicle, 0)) for route in routes],
    )


def _route(row: Route, sheet: str, capacity_kg: int) -> RouteOut:
    return RouteOut(
        id=row.id,
        seq=row.seq,
        vehicle=row.vehicle,
        crew=row.crew,
        driver=row.driver,
        start_at=row.start_at,
        end_at=row.end_at,
        distance_m=row.distance_m,
        duration_s=row.duration_s,
        salt_kg=row.salt_kg,
        waste_kg=row.waste_kg,
        capacity_kg=capacity_kg,
        stops=row.stops,
        sheet=sheet,
        legs=legs_of(row.doc),
        points=[_stop(stop) for stop in row.doc["stops"]],
    )


def _stop(stop: dict[str, Any]) -> StopOut:
    return StopOut(
        n=stop["n"],
        kind=stop["kind"],
        ref=stop["ref"],
        name=stop["name"],
        name_en=stop["name_en"] or stop["name"],
        lon=stop["lon"],
        lat=stop["lat"],
        arrive=stop["arrive"],
        start=stop["start"],
        depart=stop["depart"],
        quantity_kg=stop["quantity_kg"],
        load_kg=stop["load_kg"],
        number=stop["pass"],
        work_item=stop["work_item"],
        forward=stop.get("forward"),
        length_m=stop.get("length_m"),
        case=stop["case"],
        what=stop.get("what", ""),
    )
