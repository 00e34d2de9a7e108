"""Plans as rows: finding or making a plan, asking for versions of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from dispatch.context import Context
from dispatch.uow import UnitOfWork
from models.ids import plan_code
from models.tables.plans import Plan, PlanRequest, PlanVersion
from models.tracing import span


@dataclass(frozen=True, slots=True)
class PlanFor:
    """What a plan is for: one service in one district over one period."""

    district: str
    service: str
    period: str
    day: date
    shift: str
    start_at: datetime
    end_at: datetime
    origin: str


def find_or_make_plan(uow: UnitOfWork, wanted: PlanFor) -> Plan:
    """The plan row of (district, service, period); its code gets a letter when another period of the day has it."""
    found = uow.session.exec(
        select(Plan).where(
            Plan.district == wanted.district, Plan.service == wanted.service, Plan.period == wanted.period
        )
    ).first()
    if found is not None:
        return found
    code = base = plan_code(wanted.service, wanted.day, wanted.district, wanted.shift)
    suffix = 2
    while uow.session.get(Plan, code) is not None:
        code = f"{base}{suffix}"
        suffix += 1
    plan = Plan(
        code=code,
        district=wanted.district,
        service=wanted.service,
        period=wanted.period,
        day=wanted.day,
        shift=wanted.shift,
        start_at=wanted.start_at,
        end_at=wanted.end_at,
        origin=wanted.origin,
    )
    uow.session.add(plan)
    uow.session.flush()
    uow.audit("plan.opened", f"plan:{code}", period=wanted.period)
    return plan


def request_again(uow: UnitOfWork, context: Context, plan: Plan, reason: str) -> PlanRequest:
    """A person asks for a new version: of a plan under way, of what is not started; of any other, of all of it."""
    return request_plan(uow, context, plan, reason, mode=mode_now(uow.session, plan, uow.now))


def mode_now(session: Session, plan: Plan, now: datetime) -> str:
    """How a new version of a plan is made: replan of one under way, full of any other."""
    running = session.exec(
        select(PlanVersion).where(PlanVersion.plan == plan.code, PlanVersion.state == "active")
    ).first()
    return "replan" if running is not None and plan.start_at <= now else "full"


def request_plan(
    uow: UnitOfWork,
    context: Context,
    plan: Plan,
    reason: str,
    mode: str = "full",
    work_items: tuple[str, ...] = (),
    without_vehicle: str = "",
) -> PlanRequest:
    """Write a PlanRequest; open full requests of the same plan are overtaken by it. Idempotent per cause and reason."""
    id_ = uow.new_id("plan_request", plan.code, reason)
    found = uow.session.get(PlanRequest, id_)
    if found is not None:
        return found
    if mode == "full":
        for old in uow.session.exec(
            select(PlanRequest).where(
                PlanRequest.plan == plan.code,
                PlanRequest.mode == "full",
                col(PlanRequest.phase).in_(("greedy", "improve")),
            )
        ):
            old.phase, old.note = "done", "overtaken"
    latency = timedelta(seconds=context.rules.planning.greedy_latency_s if context.latency and mode == "full" else 0)
    request = PlanRequest(
        id=id_,
        district=plan.district,
        service=plan.service,
        period=plan.period,
        plan=plan.code,
        reason=reason,
        mode=mode,
        work_items=list(work_items),
        without_vehicle=without_vehicle,
        requested_at=uow.now,
        next_at=uow.now + latency,
        phase={"full": "greedy", "replan": "replan"}.get(mode, "insert"),
        cause=uow.cause,
    )
    with span("planning", uow.cause, plan=plan.code, reason=reason):
        uow.session.add(request)
        data = {"request": id_, "plan": plan.code, "reason": reason}
        uow.emit("planning", plan.district, "plan.requested", data, id_)
    uow.audit("plan.requested", f"plan:{plan.code}", reason=reason, mode=mode, work_items=len(work_items))
    return request
