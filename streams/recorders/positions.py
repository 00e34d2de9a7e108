"""Recorder of the `positions` topic: tracks, and what they prove done."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session

from dispatch.positions import record_positions
from dispatch.uow import UnitOfWork
from models.errors import Permanent
from models.events.base import Event
from models.events.field import VehiclePosition
from models.events.registry import payload_of
from routing.streets.match_network import MatchNetwork
from streams.recorder import BatchOutcome, Recorder


def positions(network: Callable[[Session], MatchNetwork]) -> Recorder:
    """Batches of fixes, idempotent by (vehicle, time)."""

    def batch(uow: UnitOfWork, events: list[Event]) -> BatchOutcome:
        fixes, kept, rejected = [], [], []
        for event in events:
            try:
                payload = payload_of(event)
                assert isinstance(payload, VehiclePosition)
                fixes.append((payload, event.received_at))
                kept.append(event)
            except Permanent as error:
                rejected.append((event, error.reason, error.text))
        tracked = record_positions(uow, fixes, network)
        rejected += [(kept[index], reason, text) for index, reason, text in tracked.rejected]
        return BatchOutcome(tracked.applied, tracked.duplicates, tuple(rejected))

    def handle(uow: UnitOfWork, event: Event) -> None:
        outcome = batch(uow, [event])
        for _, reason, text in outcome.quarantined:
            raise Permanent(reason, text)

    return Recorder("positions", ("positions",), handle, batch)
