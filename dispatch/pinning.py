"""Pins as dispatchers set them: what may still be moved, who can take it, and what a running plan gives up for them.

`sweepline plan pin` and the console both come here; `pins.py` holds the rows and what they mean to a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, select

from dispatch.beats import foot_crews
from dispatch.context import Context
from dispatch.pins import remove_pin, set_pin
from dispatch.planning import request_again
from dispatch.problems import ON_FOOT
from dispatch.remaining import Remaining, cut_route, lost_since, who_of
from dispatch.uow import UnitOfWork
from dispatch.versions import live_version, routes_of
from models.errors import Refused, Stale
from models.tables.city import ResourceState, Vehicle
from models.tables.plans import Pin, Plan, PlanRequest
from models.tables.work import WorkItem

OVER = ("done", "cancelled", "missed")
REASON_LIMIT = 200


@dataclass(frozen=True, slots=True)
class PinWish:
    """What is asked for a work item of a plan: a vehicle (or crew), or to be left out, or that its pin goes."""

    plan: str
    work_item: str
    vehicle: str = ""
    exclude: bool = False
    remove: bool = False


def carry_out_wish(uow: UnitOfWork, context: Context, wish: PinWish) -> bool:
    """Set or remove a pin; False where there was none to remove. Raises Refused, Stale where it is too late."""
    if sum((bool(wish.vehicle), wish.exclude, wish.remove)) != 1:
        raise Refused("usage", "a pin is one of: to a vehicle, left out, removed")
    if wish.remove:
        return remove_pin(uow, wish.plan, wish.work_item)
    plan, item = uow.session.get(Plan, wish.plan), uow.session.get(WorkItem, wish.work_item)
    if plan is not None and item is not None:
        _refuse_what_cannot_be(uow.session, context, plan, item, wish, uow.now)
    set_pin(uow, wish.plan, wish.work_item, "excluded" if wish.exclude else "vehicle", wish.vehicle)
    return True


def _refuse_what_cannot_be(
    session: Session, context: Context, plan: Plan, item: WorkItem, wish: PinWish, now: datetime
) -> None:
    if (item.service, item.district) != (plan.service, plan.district):
        raise Refused("other_plan", f"{item.id} is {item.service} in {item.district}: no work of {plan.code}")
    if item.state in OVER:
        raise Stale("work_over", f"{item.id} is {item.state}: nothing of it is left to be moved")
    holder = set_out_for(session, context, plan, now).get(item.id)
    if holder is not None:
        raise Stale("started", f"{holder} has set out for {item.id}: a started stop stays where it is")
    if wish.vehicle:
        known = {who.id: who for who in takers(session, plan)}
        if wish.vehicle not in known:
            raise Refused(
                "unfit_vehicle", f"{wish.vehicle} does no {plan.service} in {plan.district}: choose {', '.join(known)}"
            )
        if known[wish.vehicle].out:
            raise Refused("out_of_service", f"{wish.vehicle} is out of service: nothing can be given to it")


@dataclass(frozen=True, slots=True)
class Taker:
    """A vehicle, or a crew on foot, that can do the work of a plan. `out`: it is out of service now."""

    id: str
    name: str
    out: bool


def takers(session: Session, plan: Plan) -> list[Taker]:
    """Who can do the work of a plan, by id."""
    out = {row.ref for row in session.exec(select(ResourceState).where(ResourceState.status == "out")).all()}
    if plan.service == ON_FOOT:
        return [Taker(crew.id, crew.name, crew.id in out) for crew in foot_crews(session, plan.district)]
    rows = session.exec(select(Vehicle).where(Vehicle.district == plan.district).order_by(Vehicle.id)).all()
    return [Taker(row.id, row.plate, row.id in out) for row in rows if plan.service in row.skills]


def set_out_for(session: Session, context: Context, plan: Plan, now: datetime) -> dict[str, str]:
    """Work items that are started, wholly: each with who has set out for it. Empty where nothing is in force."""
    version = live_version(session, plan.code)
    if version is None:
        return {}
    lead = timedelta(seconds=context.rules.planning.started_lead_s)
    lost = lost_since(session, now, "")
    routes = [cut_route(row, now, lead, lost.get(who_of(row))) for row in routes_of(session, version.id)]
    left = {stop["work_item"] for entry in routes for stop in entry.left}
    kept = {stop["work_item"]: who_of(entry.route) for entry in routes for stop in entry.kept if stop["work_item"]}
    return {item: who for item, who in kept.items() if item not in left}


def request_around_pins(uow: UnitOfWork, context: Context, code: str, words: str) -> PlanRequest:
    """Ask for a new version that keeps to the pins; `words` say why. Raises Refused where the plan is not known."""
    plan = uow.session.get(Plan, code)
    if plan is None:
        raise Refused("unknown_plan", f"plan {code} is not known; list them with `sweepline plan list`")
    said = " ".join(words.split())[:REASON_LIMIT]
    return request_again(uow, context, plan, f"asked:{uow.actor}" + (f": {said}" if said else ""))


def without_pinned_away(remaining: Sequence[Remaining], pins: Iterable[Pin]) -> tuple[list[Remaining], list[str]]:
    """(routes under way without the stops their pins take off them, the work items that go to another vehicle).

    What a truck has set out for stays: it is among the kept stops.
    """
    wish = {pin.work_item: pin for pin in pins}
    found: list[Remaining] = []
    moved: set[str] = set()
    for entry in remaining:
        away = {
            stop["work_item"]
            for stop in entry.left
            if stop["work_item"] in wish and wish[stop["work_item"]].vehicle != who_of(entry.route)
        }
        found.append(replace(entry, left=[stop for stop in entry.left if stop["work_item"] not in away]))
        moved |= {item for item in away if wish[item].kind == "vehicle"}
    return found, sorted(moved)
