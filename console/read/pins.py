"""The pins of a plan: dispatchers' wishes, who can take its work, and what can no longer be moved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from console.read.base import Out
from dispatch.pinning import takers
from dispatch.pins import live_pins
from models.tables.plans import Plan
from models.tables.work import WorkItem


class PinOut(Out):
    """A pin that holds: `kind` vehicle (work goes to `vehicle`, or to that crew) or excluded, by whom and when.

    `place` is the work item's, as `segment:ID`, `station:ID` or `spot:LON,LAT`.
    """

    work_item: str
    place: str
    kind: str
    vehicle: str
    actor: str
    at: datetime


class TakerOut(Out):
    """A vehicle or crew that can do the plan's work; `out`: it is out of service now."""

    id: str
    name: str
    out: bool


class PinsOut(Out):
    """`started`: work items that stay where they are, each with who has set out for it."""

    plan: str
    pins: list[PinOut]
    takers: list[TakerOut]
    started: dict[str, str]


def find_pins(session: Session, code: str, started: Mapping[str, str]) -> PinsOut | None:
    """The pins of a plan, the oldest first; None where the plan is not known."""
    plan = session.get(Plan, code)
    if plan is None:
        return None
    pins = []
    for row in sorted(live_pins(session, code), key=lambda row: (row.at, row.id)):
        item = session.get(WorkItem, row.work_item)
        pins.append(
            PinOut(
                work_item=row.work_item,
                place=item.place if item is not None else "",
                kind=row.kind,
                vehicle=row.vehicle,
                actor=row.actor,
                at=row.at,
            )
        )
    return PinsOut(
        plan=code,
        pins=pins,
        takers=[TakerOut(id=who.id, name=who.name, out=who.out) for who in takers(session, plan)],
        started=dict(started),
    )
