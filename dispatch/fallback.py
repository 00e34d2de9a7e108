"""Fallback plans: for each district a plan of the first snow stage and of the day's collection, always at hand.

They are drafts made from the whole district (every street of the stage, every station at its default level), so that
with the solver or the database away somebody can still hand out sheets.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from dispatch.context import Context
from dispatch.decide.snow import RateChoice
from dispatch.planning import PlanFor, find_or_make_plan, request_plan
from dispatch.response import street_item, street_rows
from dispatch.uow import UnitOfWork
from dispatch.versions import latest_version
from models.tables.city import District, Station
from models.tables.plans import Plan
from models.tables.work import WorkItem
from models.times import local_date

PERIOD = "fallback"
SERVICES = ("salting", "collection")


def request_fallbacks(uow: UnitOfWork, context: Context, reason: str) -> None:
    """Ask for a fresh fallback of every district and service."""
    start = uow.now + timedelta(minutes=context.rules.snow.ready_after_min)
    end = start + timedelta(minutes=context.rules.snow.plough_shift_min)
    for district in uow.session.exec(select(District).order_by(District.code)).all():
        for service in SERVICES:
            plan = find_or_make_plan(
                uow,
                PlanFor(district.code, service, PERIOD, local_date(uow.now, context.zone), "F", start, end, PERIOD),
            )
            plan.start_at, plan.end_at = start, end
            request_plan(uow, context, plan, f"fallback.{reason}")


def fallback_items(session: Session, context: Context, plan: Plan, now: datetime) -> list[WorkItem]:
    """The work items of a fallback plan: values only, never stored."""
    uow = UnitOfWork(session, now, f"fallback:{plan.code}", "system:fallback")
    if plan.service == "salting":
        params = context.rules.snow
        heavy = next(row for row in params.spread if row.phenomenon == "snow" and row.light is False)
        choice = RateChoice(heavy.code, heavy.g_m2, heavy.passes, ())
        onset = plan.start_at + timedelta(minutes=params.classes["secondary"].within_min)
        return [
            street_item(uow, context, plan, row, choice, "salting", plan.start_at, onset)
            for row in street_rows(session, plan.district)
        ]
    stations = session.exec(select(Station).where(Station.district == plan.district).order_by(Station.id)).all()
    level = context.rules.collection.default_pct
    return [
        WorkItem(
            id=uow.new_id("work", station.id),
            service="collection",
            district=plan.district,
            place=f"station:{station.id}",
            node=station.node,
            origin=PERIOD,
            period=PERIOD,
            priority="daily",
            quantity_kg=max(1, round(station.kg_full * level / 100)),
            service_s=station.service_s,
            deadline=plan.end_at,
            created_at=now,
        )
        for station in stations
    ]


def check_fallback_age(uow: UnitOfWork, context: Context) -> None:
    """An alarm for each fallback missing or older than the limit; closed when it is fresh again."""
    limit = timedelta(hours=context.rules.planning.fallback_max_age_h)
    rows = uow.session.exec(select(Plan).where(Plan.period == PERIOD).order_by(col(Plan.code))).all()
    for plan in rows:
        version = latest_version(uow.session, plan.code)
        if version is None or uow.now - version.created_at > limit:
            uow.open_alarm("fallback_old", plan.code, plan=plan.code)
        else:
            uow.close_alarm("fallback_old", plan.code)
