"""Recorder of the `state` topic: what views emit becomes rows, where it is newer than the row there."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from dispatch.uow import UnitOfWork
from models.bulk import put
from models.errors import Permanent
from models.events.base import Event
from models.tables.flow import Projection
from streams.recorder import BatchOutcome, Recorder

STATE_CHANGED = "state.changed"


def projections() -> Recorder:
    """One row a key; a repeated or overtaken state changes nothing. Other events on the topic are hints: no effect."""
    return Recorder("projections", ("state",), _handle, _batch, batch_types=frozenset({STATE_CHANGED}))


def _handle(uow: UnitOfWork, event: Event) -> None:
    if event.type == STATE_CHANGED:
        _upsert(uow.session, [_row(event)])


def _batch(uow: UnitOfWork, events: list[Event]) -> BatchOutcome:
    newest: dict[str, dict[str, Any]] = {}
    overtaken, refused = 0, []
    for event in events:
        try:
            row = _row(event)
        except Permanent as fault:
            refused.append((event, fault.reason, fault.text))
            continue
        known = newest.get(row["key"])
        if known is not None and known["position"] >= row["position"]:
            overtaken += 1
        else:
            newest[row["key"]] = row
    stale = len(newest) - _upsert(uow.session, list(newest.values()))
    return BatchOutcome(len(events) - len(refused) - overtaken - stale, overtaken + stale, tuple(refused))


def _row(event: Event) -> dict[str, Any]:
    row = {name: event.data.get(name) for name in ("key", "kind", "position", "value")}
    if not isinstance(row["kind"], str) or not isinstance(row["key"], str) or not isinstance(row["value"], dict):
        raise Permanent("bad_payload", "a state needs kind, key, position and value")
    if not isinstance(row["position"], int) or abs(row["position"]) >= 1 << 63:
        raise Permanent("bad_payload", "the position of a state is microseconds as an integer")
    return row


def _upsert(session: Session, rows: list[dict[str, Any]]) -> int:
    """Write rows that are newer than what is there; how many."""
    return put(session, Projection, rows, "key", newer="position")
