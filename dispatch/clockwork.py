"""What a due timer does, by its kind; and the timers a city must always have."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlmodel import select

from dispatch.alarms import shelf_time_over
from dispatch.approval import activate, close_plan, self_start, stations_missed
from dispatch.bundles import look_at_bundle
from dispatch.cases import deadline_come
from dispatch.collection import clock, open_day, plan_run
from dispatch.context import Context
from dispatch.fallback import check_fallback_age, request_fallbacks
from dispatch.reports.day import close_day
from dispatch.response import SELF_START_STOP, plough_timer
from dispatch.silence import look
from dispatch.uow import UnitOfWork
from models.events.base import Event
from models.tables.city import Station
from models.tables.plans import Telling
from models.times import at_local, local_date


def timer_due(uow: UnitOfWork, context: Context, event: Event) -> None:
    """Carry out a `timer.due` event. A kind nobody knows is a broken invariant."""
    kind, payload = event.data["kind"], event.data["payload"]
    if kind == "stage.plough":
        plough_timer(uow, context, payload["stage"])
    elif kind == "plan.activate":
        activate(uow, payload["version"])
    elif kind == "plan.close":
        close_plan(uow, payload["plan"])
    elif kind == "plan.self_start":
        self_start(uow, context, payload["plan"], SELF_START_STOP)
    elif kind == "bundle.look":
        look_at_bundle(uow, payload["version"])
    elif kind == "case.due":
        deadline_come(uow, payload["case"])
    elif kind == "telling.late":
        _telling_late(uow, payload["telling"])
    elif kind == "alarm.unshelve":
        shelf_time_over(uow, payload["alarm"])
    elif kind == "vehicles.look":
        look(uow, context)
    elif kind == "collection.run":
        plan_run(uow, context, date.fromisoformat(payload["day"]), payload["run"])
    elif kind == "day.end":
        day = date.fromisoformat(payload["day"])
        stations_missed(uow, day)
        open_day(uow, context, day + timedelta(days=1))
    elif kind == "day.close":
        close_day(uow, date.fromisoformat(payload["day"]))
    elif kind == "fallback.make":
        request_fallbacks(uow, context, "nightly")
        _next_fallback(uow, context)
    elif kind == "fallback.age":
        check_fallback_age(uow, context)
        _next_age_check(uow)
    else:
        raise ValueError(f"no such timer kind: {kind}")


def _telling_late(uow: UnitOfWork, telling_id: str) -> None:
    telling = uow.session.get(Telling, telling_id)
    if telling is not None and telling.told_at is None:
        uow.open_alarm("untold", telling_id, priority=1, vehicle=telling.vehicle, plan=telling.plan)


def start_clockwork(uow: UnitOfWork, context: Context, now: datetime) -> None:
    """Open today and set the standing timers. Idempotent: called at every start and after an import."""
    if uow.session.exec(select(Station)).first() is not None:
        open_day(uow, context, local_date(now, context.zone))
    _next_fallback(uow, context)
    _next_age_check(uow)


def _next_fallback(uow: UnitOfWork, context: Context) -> None:
    day = local_date(uow.now, context.zone)
    at = at_local(day, clock(context.rules.planning.fallback_clock), context.zone)
    if at <= uow.now:
        at = at_local(day + timedelta(days=1), clock(context.rules.planning.fallback_clock), context.zone)
    uow.set_timer(f"fallback:{local_date(at, context.zone)}", at, "fallback.make", "planning")


def _next_age_check(uow: UnitOfWork) -> None:
    at = (uow.now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    uow.set_timer(f"fallback_age:{at:%Y%m%d%H}", at, "fallback.age", "planning")
