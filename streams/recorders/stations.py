"""Recorder of the `stations` topic: levels."""

from __future__ import annotations

from dispatch.collection import record_level
from dispatch.context import Context
from dispatch.uow import UnitOfWork
from models.errors import Permanent
from models.events.base import Event
from streams.recorder import BatchOutcome, Recorder, unit_of


def stations(context: Context) -> Recorder:
    """Levels in batches; each is decided on at its own instant."""

    def handle(uow: UnitOfWork, event: Event) -> None:
        record_level(uow, context, event)

    def batch(uow: UnitOfWork, events: list[Event]) -> BatchOutcome:
        applied, rejected = 0, []
        for event in events:
            try:
                applied += record_level(unit_of(uow.session, event, "stations"), context, event)
            except Permanent as error:
                rejected.append((event, error.reason, error.text))
        return BatchOutcome(applied, len(events) - applied - len(rejected), tuple(rejected))

    return Recorder("stations", ("stations",), handle, batch)
