"""Pins: a dispatcher's wish on a work item of a plan. They hold in every version until removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlmodel import Session, col, select

from dispatch.uow import UnitOfWork
from models.errors import Refused
from models.tables.city import Crew, Vehicle
from models.tables.plans import Pin, Plan
from models.tables.work import WorkItem
from routing.problem import Problem, Task
from routing.problem import Vehicle as RoutingVehicle

KINDS = ("vehicle", "excluded")


def live_pins(session: Session, plan: str) -> list[Pin]:
    """Pins that hold, by id."""
    rows = session.exec(select(Pin).where(Pin.plan == plan, col(Pin.removed_at).is_(None)).order_by(Pin.id))
    return list(rows.all())


def excluded_by(pins: Iterable[Pin]) -> set[str]:
    """The work items that are to be left out."""
    return {pin.work_item for pin in pins if pin.kind == "excluded"}


def set_pin(uow: UnitOfWork, plan: str, work_item: str, kind: str, vehicle: str = "") -> Pin:
    """Pin a work item to a vehicle, or exclude it; a pin it had before is removed. Raises Refused."""
    if uow.session.get(Plan, plan) is None:
        raise Refused("unknown_plan", f"plan {plan} is not known; list them with `sweepline plan list`")
    if uow.session.get(WorkItem, work_item) is None:
        raise Refused("unknown_work", f"no work item {work_item}; `sweepline plan show --json` names them")
    if kind not in KINDS:
        raise Refused("usage", f"a pin is one of {', '.join(KINDS)}, not {kind}")
    known = uow.session.get(Vehicle, vehicle) is not None or uow.session.get(Crew, vehicle) is not None
    if kind == "vehicle" and not known:
        raise Refused("unknown_vehicle", f"no vehicle or crew {vehicle} in this city")
    remove_pin(uow, plan, work_item)
    before = len(uow.session.exec(select(Pin.id).where(Pin.plan == plan, Pin.work_item == work_item)).all())
    pin = Pin(
        id=uow.new_id("pin", plan, work_item, before),
        plan=plan,
        work_item=work_item,
        kind=kind,
        vehicle=vehicle if kind == "vehicle" else "",
        actor=uow.actor,
        at=uow.now,
    )
    uow.session.add(pin)
    uow.audit("pin.set", f"work:{work_item}", plan=plan, kind=kind, vehicle=pin.vehicle)
    return pin


def remove_pin(uow: UnitOfWork, plan: str, work_item: str) -> bool:
    """Remove the pin on a work item; False when there was none."""
    removed = False
    for pin in live_pins(uow.session, plan):
        if pin.work_item == work_item:
            pin.removed_at, removed = uow.now, True
            uow.audit("pin.removed", f"work:{work_item}", plan=plan)
    return removed


def pinned_problem(problem: Problem, work_of: dict[str, str], pins: Iterable[Pin]) -> Problem:
    """The problem with pinned tasks open to their vehicle only, said as a skill that only it has."""
    vehicle_of = {pin.work_item: pin.vehicle for pin in pins if pin.kind == "vehicle"}
    if not vehicle_of:
        return problem

    def task(one: Task) -> Task:
        vehicle = vehicle_of.get(work_of[one.id])
        return one if vehicle is None else replace(one, skills=one.skills | {f"vehicle:{vehicle}"})

    def truck(one: RoutingVehicle) -> RoutingVehicle:
        return replace(one, skills=one.skills | {f"vehicle:{one.id}"})

    return replace(problem, tasks=tuple(map(task, problem.tasks)), vehicles=tuple(map(truck, problem.vehicles)))
