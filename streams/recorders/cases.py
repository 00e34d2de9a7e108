"""Recorder of the `cases` topic: complaints."""

from __future__ import annotations

from dispatch.cases import record_complaint
from dispatch.context import Context
from dispatch.uow import UnitOfWork
from models.events.base import Event
from streams.recorder import Recorder


def cases(context: Context) -> Recorder:
    """One complaint at a time."""

    def handle(uow: UnitOfWork, event: Event) -> None:
        record_complaint(uow, context, event)

    return Recorder("cases", ("cases",), handle)
