"""Recorder of the `timers` topic: what a due timer means."""

from __future__ import annotations

from dispatch.clockwork import timer_due
from dispatch.context import Context
from dispatch.uow import UnitOfWork
from models.events.base import Event
from streams.recorder import Recorder


def timers(context: Context) -> Recorder:
    """One timer at a time; its `due_at` is the instant decided at."""

    def handle(uow: UnitOfWork, event: Event) -> None:
        timer_due(uow, context, event)

    return Recorder("timers", ("timers",), handle)
