"""The demo's simulated people: a dispatcher who approves and tells, foremen who hand their sheets back.

They act through the same commands as real people, at instants that follow from stored rows alone, so a run taken up
again after a kill does the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from dispatch.approval import approve, tell
from dispatch.commands import run_command
from dispatch.context import Context
from dispatch.sheets import hand_back
from dispatch.versions import latest_version, routes_of
from models.database import Database
from models.errors import Refused
from models.tables.plans import Plan, PlanVersion, Sheet, Telling

DISPATCHER = "demo:dispatcher"
FOREMAN = "demo:foreman"
APPROVES_AFTER = timedelta(minutes=5)
TELLS_AFTER = timedelta(minutes=2)
BACK_AFTER = timedelta(minutes=10)
SELF_STARTING = ("salting", "ploughing")
"""Services whose first version starts by itself: the dispatcher leaves those alone."""


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """Something somebody will do. `kind`: approve (PLAN), tell (telling id), back (sheet code)."""

    at: datetime
    kind: str
    ref: str


def acts(session: Session) -> list[Act]:
    """Everything that is to be done as the rows stand, earliest first."""
    return sorted([*_approvals(session), *_tellings(session), *_sheets(session)])


def _approvals(session: Session) -> Iterable[Act]:
    rows = session.exec(
        select(PlanVersion, Plan)
        .join(Plan, col(Plan.code) == col(PlanVersion.plan))
        .where(PlanVersion.state == "proposed", col(PlanVersion.feasible))
    ).all()
    for version, plan in rows:
        if plan.service in SELF_STARTING and version.based_on is None:
            continue
        yield Act(version.created_at + APPROVES_AFTER, "approve", version.plan)


def _tellings(session: Session) -> Iterable[Act]:
    for row in session.exec(select(Telling).where(col(Telling.told_at).is_(None))).all():
        yield Act(row.opened_at + TELLS_AFTER, "tell", row.id)


def _sheets(session: Session) -> Iterable[Act]:
    """Crews on foot hand back when their beat is over: nothing else proves it done."""
    rows = session.exec(
        select(PlanVersion.id)
        .join(Plan, col(Plan.code) == col(PlanVersion.plan))
        .where(Plan.service == "beats", PlanVersion.state == "active")
    ).all()
    for version in rows:
        for route in routes_of(session, version):
            sheet = session.exec(
                select(Sheet).where(Sheet.route_hash == route.route_hash, Sheet.state == "issued")
            ).first()
            if sheet is not None:
                yield Act(route.end_at + BACK_AFTER, "back", sheet.code)


def perform(database: Database, context: Context, act: Act) -> None:
    """Do it. What has been overtaken meanwhile is left."""
    try:
        if act.kind == "approve":
            with database.read() as session:
                version = latest_version(session, act.ref)
            if version is None or version.state != "proposed":
                return
            id_ = version.id
            data = {"plan_version": id_}
            run_command(
                database, act.at, DISPATCHER, "plan.approve", act.ref, data, lambda uow: approve(uow, context, id_)
            )
        elif act.kind == "tell":
            data = {"telling": act.ref, "how": "radio"}
            run_command(database, act.at, DISPATCHER, "route.told", act.ref, data, lambda u: tell(u, act.ref, "radio"))
        else:
            run_command(
                database, act.at, FOREMAN, "sheet.back", act.ref, {"code": act.ref}, lambda u: hand_back(u, act.ref)
            )
    except Refused:
        # Stale or superseded between the look and the deed: a person would shrug and look again.
        return
