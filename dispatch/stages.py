"""A stage is done when the last of its work is: judged from work items, whoever did them."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import col, select

from dispatch.uow import UnitOfWork
from models.tables.weather import Stage
from models.tables.work import WorkItem
from models.times import iso


def stage_work_done(uow: UnitOfWork, origin: str) -> None:
    """Close the stage an origin names if nothing is left to do; `done_at` is the last work's instant."""
    kind, _, ref = origin.partition(":")
    stage = uow.session.get(Stage, ref, with_for_update=True) if kind == "stage" else None
    if stage is None or stage.state != "running":
        return
    left = uow.session.exec(
        select(func.count())
        .select_from(WorkItem)
        .where(WorkItem.origin == origin, col(WorkItem.state).in_(("open", "planned", "started")))
    ).one()
    if left:
        return
    last = uow.session.exec(
        select(func.max(WorkItem.done_at)).where(WorkItem.origin == origin, WorkItem.state == "done")
    ).one()
    stage.state, stage.done_at = "done", last
    uow.audit("stage.done", f"stage:{stage.id}", kind=stage.kind, at=iso(last) if last else "")
