"""Recorder of the `resources` topic: what is out, limited or back."""

from __future__ import annotations

from dispatch.context import Context
from dispatch.resources import record_status
from dispatch.uow import UnitOfWork
from models.events.base import Event
from streams.recorder import Recorder


def resources(context: Context) -> Recorder:
    """One status at a time."""

    def handle(uow: UnitOfWork, event: Event) -> None:
        record_status(uow, context, event)

    return Recorder("resources", ("resources",), handle)
