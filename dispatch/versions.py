"""Storing a solved plan as a version, with its routes, snapshot and what the order must say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from dispatch.context import Context
from dispatch.routes import RouteDoc, route_hash
from dispatch.uow import UnitOfWork
from models.tables.city import Crew, Worker
from models.tables.plans import Plan, PlanRequest, PlanVersion, Route, Snapshot
from models.tables.weather import Episode, Response, Stage
from models.tables.work import WorkItem
from models.times import iso

LIVE_STATES = ("approved", "active")


@dataclass(frozen=True, slots=True)
class SolvedRoute:
    """One route of a solved version: its vehicle (or crew on foot) and document."""

    vehicle: str
    doc: RouteDoc
    start_at: datetime
    end_at: datetime
    distance_m: int


@dataclass(frozen=True, slots=True)
class Solved:
    """What the planner hands over. Everything but `seconds` is determined by problem, seed and iterations."""

    routes: tuple[SolvedRoute, ...]
    unserved: tuple[dict[str, str], ...]
    engine: str
    seed: int
    iterations: int
    snapshot_hash: str
    problem: bytes
    plan: bytes
    feasible: bool
    verdict: dict[str, Any]
    cost: int
    tasks: int
    attempts: tuple[dict[str, Any], ...] = ()
    seconds: float = 0.0
    added_s: int = 0
    moved_stops: int = 0
    based_on: int | None = None
    first_plan_s: float | None = None
    notes: tuple[dict[str, Any], ...] = field(default=())


def latest_version(session: Session, plan: str) -> PlanVersion | None:
    """The newest version of a plan."""
    return session.exec(
        select(PlanVersion).where(PlanVersion.plan == plan).order_by(col(PlanVersion.version).desc())
    ).first()


def live_version(session: Session, plan: str) -> PlanVersion | None:
    """The version crews work by (active) or will work by (approved)."""
    return session.exec(
        select(PlanVersion)
        .where(PlanVersion.plan == plan, col(PlanVersion.state).in_(LIVE_STATES))
        .order_by(col(PlanVersion.version).desc())
    ).first()


def routes_of(session: Session, version_id: str) -> list[Route]:
    """The routes of a version in order."""
    return list(session.exec(select(Route).where(Route.plan_version == version_id).order_by(col(Route.seq))).all())


def store_version(
    uow: UnitOfWork, context: Context, request: PlanRequest, plan: Plan, solved: Solved, state: str = "proposed"
) -> PlanVersion:
    """Write the version and its routes; versions of the plan proposed before it are superseded."""
    for old in uow.session.exec(
        select(PlanVersion).where(PlanVersion.plan == plan.code, col(PlanVersion.state).in_(("draft", "proposed")))
    ):
        old.state = "superseded"
    plan.latest += 1
    version, routes = version_rows(uow.session, plan, plan.latest, solved, uow.now)
    version.state, version.reason, version.cause = state, request.reason, request.cause
    version.notes = [*order_notes(uow.session, plan), *solved.notes]
    version.first_plan_s = solved.first_plan_s if solved.first_plan_s is not None else solved.seconds
    version.best_plan_s = solved.seconds
    uow.session.add(version)
    uow.session.add(Snapshot(plan_version=version.id, problem=solved.problem, plan=solved.plan))
    uow.session.add_all(routes)
    _mark_planned(uow.session, solved)
    uow.session.flush()
    uow.audit(
        "plan.proposed",
        f"plan:{version.id}",
        engine=solved.engine,
        feasible=solved.feasible,
        cost=solved.cost,
        unserved=len(solved.unserved),
    )
    uow.emit("plans", plan.code, "plan.proposed", {"plan_version": version.id, "feasible": solved.feasible}, version.id)
    return version


def version_rows(
    session: Session, plan: Plan, number: int, solved: Solved, at: datetime, name: str = ""
) -> tuple[PlanVersion, list[Route]]:
    """What was solved as a version of that number and its routes, not yet stored. `name`: in its id, for the number."""
    version = PlanVersion(
        id=f"{plan.code}@{name or number}",
        plan=plan.code,
        version=number,
        created_at=at,
        based_on=solved.based_on,
        engine=solved.engine,
        seed=solved.seed,
        iterations=solved.iterations,
        snapshot_hash=solved.snapshot_hash,
        feasible=solved.feasible,
        verdict=solved.verdict,
        cost=solved.cost,
        tasks=solved.tasks,
        unserved=list(solved.unserved),
        distance_m=sum(r.distance_m for r in solved.routes),
        duration_s=sum(int((r.end_at - r.start_at).total_seconds()) for r in solved.routes),
        attempts=list(solved.attempts),
        added_s=solved.added_s,
        moved_stops=solved.moved_stops,
    )
    drivers = _drivers(session)
    routes = [_route_row(version, seq, route, plan, drivers) for seq, route in enumerate(solved.routes, 1)]
    version.salt_kg, version.waste_kg = sum(row.salt_kg for row in routes), sum(row.waste_kg for row in routes)
    return version, routes


def _drivers(session: Session) -> dict[tuple[str, str], tuple[str, str]]:
    """(vehicle or crew id, shift) → (crew id, driver's worker id); shift "" is any."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    first = {
        w.crew: w.id
        for w in sorted(session.exec(select(Worker)).all(), key=lambda w: (w.role != "driver", w.id), reverse=True)
    }
    for crew in session.exec(select(Crew).order_by(col(Crew.id).desc())).all():
        who = (crew.id, first.get(crew.id, ""))
        for shift in (crew.shift, ""):
            found[(crew.vehicle or crew.id, shift)] = who
    return found


def _route_row(
    version: PlanVersion, seq: int, route: SolvedRoute, plan: Plan, drivers: dict[tuple[str, str], tuple[str, str]]
) -> Route:
    on_foot = plan.service == "beats"
    crew, driver = drivers.get((route.vehicle, plan.shift)) or drivers.get((route.vehicle, "")) or ("", "")
    kilograms = sum(int(stop["quantity_kg"]) for stop in route.doc["stops"])
    return Route(
        id=f"{version.id}/{seq}",
        plan_version=version.id,
        seq=seq,
        vehicle="" if on_foot else route.vehicle,
        crew=route.vehicle if on_foot else crew,
        driver=driver,
        start_at=route.start_at,
        end_at=route.end_at,
        distance_m=route.distance_m,
        duration_s=int((route.end_at - route.start_at).total_seconds()),
        salt_kg=kilograms if plan.service in ("salting", "ploughing") else 0,
        waste_kg=kilograms if plan.service == "collection" else 0,
        stops=sum(1 for stop in route.doc["stops"] if stop["kind"] != "facility"),
        route_hash=route_hash(route.vehicle, route.doc),
        doc=route.doc,
    )


def _mark_planned(session: Session, solved: Solved) -> None:
    """Open work items that are on a route are planned."""
    on_route = {stop["work_item"] for route in solved.routes for stop in route.doc["stops"] if stop["work_item"]}
    for item in session.exec(select(WorkItem).where(WorkItem.state == "open")):
        if item.id in on_route:
            item.state = "planned"


def order_notes(session: Session, plan: Plan) -> list[dict[str, Any]]:
    """What an order must say besides its stops: the rate and why, an assumed onset."""
    kind, _, ref = plan.origin.partition(":")
    stage = session.get(Stage, ref) if kind == "stage" else None
    response = session.get(Response, stage.response) if stage is not None else None
    episode = session.get(Episode, response.episode) if response is not None else None
    if stage is None or response is None or episode is None:
        return []
    notes: list[dict[str, Any]] = []
    if stage.kind == "pretreat":
        notes.append({"code": "rate", **{k: response.rate[k] for k in ("row", "g_m2", "passes")}})
        notes += [{"code": code} for code in response.rate.get("notes", [])]
    if stage.kind != "muster":
        notes.append({"code": "onset_assumed" if episode.onset_assumed else "onset", "onset": iso(episode.onset)})
    return notes
