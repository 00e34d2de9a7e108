"""A response's stages: their order, and that one is done when the last of its work is, whoever did it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func
from sqlmodel import col, select

from dispatch.uow import UnitOfWork
from models.tables.weather import Stage
from models.tables.work import UNDONE, WorkItem
from models.times import iso

STAGE_ORDER = ("pretreat", "plough", "muster", "mop_up")


def in_order(stages: Iterable[Stage]) -> list[Stage]:
    """The stages of a response as they follow each other."""
    order = {kind: place for place, kind in enumerate(STAGE_ORDER)}
    return sorted(stages, key=lambda stage: (order.get(stage.kind, len(order)), stage.id))


def stage_work_done(uow: UnitOfWork, origin: str) -> None:
    """Close the stage an origin names if nothing is left to do; `done_at` is the last work's instant."""
    kind, _, ref = origin.partition(":")
    stage = uow.session.get(Stage, ref, with_for_update=True) if kind == "stage" else None
    if stage is None or stage.state != "running":
        return
    left = uow.session.exec(
        select(func.count()).select_from(WorkItem).where(WorkItem.origin == origin, col(WorkItem.state).in_(UNDONE))
    ).one()
    if left:
        return
    last = uow.session.exec(
        select(func.max(WorkItem.done_at)).where(WorkItem.origin == origin, WorkItem.state == "done")
    ).one()
    stage.state, stage.done_at = "done", last
    uow.audit("stage.done", f"stage:{stage.id}", kind=stage.kind, at=iso(last) if last else "")
