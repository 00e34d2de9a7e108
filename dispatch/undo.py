"""Taking back an approved change of a running plan, within minutes: a new version proposes the routes as they were."""

from __future__ import annotations

from datetime import timedelta

from dispatch.context import Context
from dispatch.planning import request_plan
from dispatch.remaining import lost_since, who_of
from dispatch.uow import UnitOfWork
from dispatch.versions import live_version, routes_of
from models.errors import Refused, Stale
from models.tables.plans import Approval, Plan, PlanRequest


def request_undo(uow: UnitOfWork, context: Context, plan_code: str) -> PlanRequest:
    """Ask for the version before the live one, as far as nothing has been started since.

    Raises Refused where there is nothing to go back to, Stale where the approval is too long ago.
    """
    plan = uow.session.get(Plan, plan_code)
    if plan is None:
        raise Refused("unknown_plan", f"plan {plan_code} is not known; list them with `sweepline plan list`")
    live = live_version(uow.session, plan_code)
    approval = uow.session.get(Approval, live.id) if live is not None else None
    if live is None or approval is None or live.based_on is None:
        raise Refused("nothing_to_undo", f"{plan_code} has no approved change of a running plan: nothing to undo")
    minutes = context.rules.planning.undo_min
    if uow.now - approval.at > timedelta(minutes=minutes):
        raise Stale("too_late", f"{live.id} was approved more than {minutes} minutes ago: make a new version instead")
    out = lost_since(uow.session, uow.now, "")
    former = routes_of(uow.session, f"{plan_code}@{live.based_on}")
    lost = sorted(who_of(route) for route in former if who_of(route) in out and route.end_at > uow.now)
    if lost:
        raise Refused("out_of_service", f"{', '.join(lost)} is out of service: {live.id} took over from it")
    request = request_plan(uow, context, plan, f"undo:{live.id}", mode="undo")
    uow.audit("plan.undo", f"plan:{live.id}", back_to=live.based_on)
    return request
