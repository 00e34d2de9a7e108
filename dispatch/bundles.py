"""A district's bundle is at most a minute behind an approval, or an alarm is open until it is there again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, col, select

from dispatch.uow import UnitOfWork
from dispatch.versions import LIVE_STATES
from models.tables.plans import Bundle, Plan, PlanVersion

LATE = "bundle_late"
BEHIND = timedelta(seconds=60)


def watch_bundle(uow: UnitOfWork, version: PlanVersion) -> None:
    """At a version's approval: look in a minute whether it is in its bundle."""
    uow.set_timer(f"bundle:{version.id}", uow.now + BEHIND, "bundle.look", version.plan, version=version.id)


def look_at_bundle(uow: UnitOfWork, version_id: str) -> None:
    """A timer's: an alarm when a version that counts is not in its district's bundle."""
    version = uow.session.get(PlanVersion, version_id)
    if version is None or version.state not in LIVE_STATES:
        return
    plan = uow.session.get(Plan, version.plan)
    assert plan is not None
    bundle = uow.session.get(Bundle, plan.district)
    if bundle is None or version_id not in bundle.versions:
        uow.open_alarm(LATE, plan.district, priority=1, district=plan.district, plan=plan.code)


def bundle_written(uow: UnitOfWork, district: str, versions: Sequence[str]) -> None:
    """The district's bundle has been swapped in with these versions: its alarm is over when none is missing."""
    row = uow.session.get(Bundle, district)
    if row is None:
        uow.session.add(Bundle(district=district, versions=list(versions), written_at=uow.now))
    else:
        row.versions, row.written_at = list(versions), uow.now
    if set(_live(uow.session, district)) <= set(versions):
        uow.close_alarm(LATE, district)


def _live(session: Session, district: str) -> list[str]:
    """The versions of a district that count now."""
    query = (
        select(PlanVersion.id)
        .join(Plan, col(Plan.code) == col(PlanVersion.plan))
        .where(Plan.district == district, col(PlanVersion.state).in_(LIVE_STATES))
    )
    return list(session.exec(query).all())
