"""Rules of plans, what binds people to them, and their paper: 4, 5, 6, 7, 8, 9, 16, 17, 21."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, col, select

from console.accounts import ROLES
from dispatch.alarms import open_keys
from dispatch.approval import POLICY_INSERT, POLICY_SELF_START
from dispatch.bundles import BEHIND, LATE
from dispatch.fallback import PERIOD, SERVICES
from dispatch.pins import live_pins
from dispatch.versions import LIVE_STATES, latest_version
from models.tables.city import District
from models.tables.people import Account
from models.tables.plans import Approval, Assignment, Plan, PlanVersion, Route
from models.tables.work import WorkItem
from models.times import iso
from printouts.bundle import versions_in
from routing.plan import Verdict
from streams.planned import stored_verdict

SERVED_CODES = frozenset({"dropped", "doubled", "repeat", "unknown"})
"""Violations that say a task is not served as it should be; all others are of rule 9."""
FALLBACK_AGE = timedelta(hours=26)
UNSAFE_IN_NAMES = '/\\:*?"<>|'


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A version with what its row says and what the checker says of its stored problem and plan."""

    version: PlanVersion
    verdict: Verdict


def recompute(session: Session) -> list[Recomputed]:
    """Every version that has a snapshot. The costly part: done once for rules 7, 8 and 9."""
    found = []
    for version in session.exec(select(PlanVersion).order_by(PlanVersion.id)).all():
        verdict = stored_verdict(session, version.id)
        if verdict is not None:
            found.append(Recomputed(version, verdict))
    return found


def bound_once(session: Session) -> Iterator[str]:
    """4: no vehicle and no driver is in two assignments at an instant."""
    rows = session.exec(select(Assignment)).all()
    for key in ("vehicle", "driver"):
        ordered = sorted((r for r in rows if getattr(r, key)), key=lambda r: (getattr(r, key), r.start_at))
        for a, b in pairwise(ordered):
            if getattr(a, key) == getattr(b, key) and b.start_at < a.end_at:
                yield f"{getattr(a, key)} in {a.route} and {b.route}"


def active_once(session: Session) -> Iterator[str]:
    """5: at most one active version a plan."""
    query = select(PlanVersion.plan, func.count()).where(PlanVersion.state == "active").group_by(PlanVersion.plan)
    for plan, count in session.exec(query).all():
        if count > 1:
            yield f"{plan} has {count} active versions"


def approved(session: Session) -> Iterator[str]:
    """6: what is approved or active was approved, by a policy there is or by somebody whose account may."""
    roles = {row.name: row.role for row in session.exec(select(Account)).all()}
    approvals = {row.plan_version: row for row in session.exec(select(Approval)).all()}
    for id_ in session.exec(select(PlanVersion.id).where(col(PlanVersion.state).in_(LIVE_STATES))).all():
        approval = approvals.get(id_)
        if approval is None:
            yield f"{id_} was approved by nobody"
        elif approval.actor.startswith("policy:") and approval.actor not in (POLICY_INSERT, POLICY_SELF_START):
            yield f"{id_} was approved by {approval.actor}, which is no policy"
        elif ROLES.index(roles.get(approval.actor, "approver")) < ROLES.index("approver"):
            yield f"{id_} was approved by {approval.actor}, who is {roles[approval.actor]}"


def verdicts_agree(versions: list[Recomputed]) -> Iterator[str]:
    """7: the checker says of the stored problem and plan what the row says."""
    for one in versions:
        stored = (one.version.feasible, one.version.cost)
        again = (one.verdict.feasible, one.verdict.cost)
        if stored != again:
            yield f"{one.version.id}: stored (feasible, cost) {stored}, recomputed {again}"


def tasks_served(session: Session, versions: list[Recomputed]) -> Iterator[str]:
    """8: tasks are served as often as required or listed unserved; work done says when, and as often."""
    yield from _violations(versions, of_tasks=True)
    for item in session.exec(select(WorkItem).where(WorkItem.state == "done")).all():
        if item.done_at is None or item.passes_done < item.passes:
            yield f"work {item.id} is done, but not dated or not as often as asked"


def rules_kept(versions: list[Recomputed]) -> Iterator[str]:
    """9: loads, times, shifts, one-way and turn rules, of every version people were given."""
    yield from _violations(versions, of_tasks=False)


def _violations(versions: list[Recomputed], of_tasks: bool) -> Iterator[str]:
    for one in versions:
        if one.version.state not in LIVE_STATES:
            continue
        for fault in one.verdict.violations:
            if (fault.code in SERVED_CODES) == of_tasks:
                yield f"{one.version.id}: {fault.code} at {fault.where}: {fault.text}"


def pins_hold(session: Session) -> Iterator[str]:
    """16: a version made after a pin keeps it, but for what was carried over as driven already."""
    versions = session.exec(select(PlanVersion).where(col(PlanVersion.state).in_(("proposed", *LIVE_STATES)))).all()
    for version in versions:
        pins = {pin.work_item: pin for pin in live_pins(session, version.plan) if pin.at <= version.created_at}
        if not pins:
            continue
        for route in session.exec(select(Route).where(Route.plan_version == version.id)).all():
            for stop in route.doc["stops"][route.doc.get("kept", 0) :]:
                pin = pins.get(stop["work_item"])
                if pin is not None and pin.vehicle not in (route.vehicle, route.crew):
                    wish = f"pinned to {pin.vehicle}" if pin.vehicle else "excluded"
                    yield f"{version.id}: work {pin.work_item} is {wish}, but on {route.vehicle or route.crew}"


def fallback_at_hand(session: Session, as_of: datetime) -> Iterator[str]:
    """17: a fallback plan younger than 26 h for each district and service, or an open alarm."""
    alarmed = open_keys(session, "fallback_old")
    for district in session.exec(select(District.code).order_by(District.code)).all():
        for service in SERVICES:
            plan = session.exec(
                select(Plan).where(Plan.district == district, Plan.service == service, Plan.period == PERIOD)
            ).first()
            version = latest_version(session, plan.code) if plan is not None else None
            young = version is not None and as_of - version.created_at <= FALLBACK_AGE
            if not young and (plan is None or plan.code not in alarmed):
                made = f"is of {iso(version.created_at)}" if version is not None else "does not exist"
                yield f"{district}: the fallback of {service} {made}, and no alarm is open"


def bundles_fresh(session: Session, as_of: datetime, bundles: Path) -> Iterator[str]:
    """21: an approved version is in its district's bundle within 60 s, or an alarm is open."""
    alarmed = open_keys(session, LATE)
    rows = session.exec(
        select(PlanVersion, Plan.district, Approval.at)
        .join(Plan, col(Plan.code) == col(PlanVersion.plan))
        .join(Approval, col(Approval.plan_version) == col(PlanVersion.id))
        .where(col(PlanVersion.state).in_(LIVE_STATES))
    ).all()
    for version, district, at in rows:
        if as_of - at > BEHIND and district not in alarmed and version.id not in versions_in(bundles, district):
            yield f"{version.id} was approved at {iso(at)} and is not in the bundle of {district}"
