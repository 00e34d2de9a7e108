"""What a recorder is: a named function over a transaction and an event. It never sees a broker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from dispatch.uow import UnitOfWork
from models.events.base import Event
from models.events.registry import TELEMETRY

EVENT_BATCH = 50
TELEMETRY_BATCH = 500


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What a batch handler did: counts, and what it refused as (event, reason code, text)."""

    applied: int = 0
    duplicates: int = 0
    quarantined: tuple[tuple[Event, str, str], ...] = ()


Handle = Callable[[UnitOfWork, Event], None]
HandleBatch = Callable[[UnitOfWork, list[Event]], BatchOutcome]


@dataclass(frozen=True, slots=True)
class Recorder:
    """Changes what is true. Delivered twice is applied once.

    `handle` gets one event at a time, guarded by the inbox; it raises Permanent or Refused for an event that can never
    be applied. `handle_batch`, where given, gets events of `batch_types` (telemetry) of one topic in runs; these have
    no inbox, so unique keys must make the handler idempotent. Its unit of work belongs to the run's last event; one
    that emits must do so in a `unit_of` each event, since runs are cut differently every time.
    """

    group: str
    topics: tuple[str, ...]
    handle: Handle
    handle_batch: HandleBatch | None = None
    batch_types: frozenset[str] = TELEMETRY

    @property
    def batch_limit(self) -> int:
        """The most events of one transaction."""
        return EVENT_BATCH if self.handle_batch is None else TELEMETRY_BATCH

    def takes_batches_of(self, event: Event) -> bool:
        """Whether this event goes to `handle_batch`."""
        return self.handle_batch is not None and event.type in self.batch_types


def unit_of(session: Session, event: Event, group: str) -> UnitOfWork:
    """The unit of work an event is handled in: its instant, its identity as cause, its actor or the group."""
    return UnitOfWork(
        session, event.received_at, cause=f"{event.source}:{event.id}", actor=event.actor or f"system:{group}"
    )
