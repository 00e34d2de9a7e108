"""Recorder of the `stations` topic: levels."""

from __future__ import annotations

from dispatch.collection import record_levels
from dispatch.context import Context
from dispatch.uow import UnitOfWork
from models.errors import Permanent
from models.events.base import Event
from streams.recorder import BatchOutcome, Recorder, unit_of


def stations(context: Context) -> Recorder:
    """Levels in batches; each is decided on at its own instant."""

    def batch(uow: UnitOfWork, events: list[Event]) -> BatchOutcome:
        done = record_levels(context, [(unit_of(uow.session, event, "stations"), event) for event in events])
        return BatchOutcome(done.applied, done.duplicates, tuple(done.rejected))

    def handle(uow: UnitOfWork, event: Event) -> None:
        for _, reason, text in batch(uow, [event]).quarantined:
            raise Permanent(reason, text)

    return Recorder("stations", ("stations",), handle, batch)
