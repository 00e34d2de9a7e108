"""Recorder of the `work` topic: when the last work of a stage is done, the stage is."""

from __future__ import annotations

from dispatch.stages import stage_work_done
from dispatch.uow import UnitOfWork
from models.events.base import Event
from streams.recorder import Recorder


def work() -> Recorder:
    """One finished work item at a time."""

    def handle(uow: UnitOfWork, event: Event) -> None:
        stage_work_done(uow, event.data["origin"])

    return Recorder("work", ("work",), handle)
