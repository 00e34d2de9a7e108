"""From bytes to events. Bytes that no table could hold are refused here, before any handler sees them."""

from __future__ import annotations

import json

from models.errors import Permanent
from models.events.base import Event, load_event
from models.ids import content_hash
from models.times import FUTURE_LIMIT, iso

MAX_IDENTITY_CHARS = 400
"""Longest source, id, type or key."""


def decode(raw: bytes) -> Event:
    """The event in some bytes. Raises Permanent `undecodable`: no JSON, a field missing, NUL, NaN, a lone surrogate."""
    if b"\\u0000" in raw:
        raise Permanent("undecodable", "the event contains a NUL character")
    try:
        event = load_event(raw)
    except (ValueError, RecursionError, OverflowError) as error:
        raise Permanent("undecodable", f"no event: {error}") from error
    for name in ("source", "id", "type", "key"):
        value = getattr(event, name)
        if len(value) > MAX_IDENTITY_CHARS or (not value and name != "key"):
            raise Permanent("undecodable", f"{name} has {len(value)} characters, 1 to {MAX_IDENTITY_CHARS} are allowed")
    return event


def event_hash(event: Event) -> str:
    """Hash of what the sender said: everything but `received_at`. Raises ValueError on NaN or a lone surrogate."""
    said = [
        event.source,
        event.id,
        event.type,
        event.data_version,
        event.key,
        iso(event.occurred_at),
        event.actor,
        event.data,
    ]
    return content_hash(json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False))


def check_time(event: Event) -> None:
    """Raises Permanent `future` when an event claims to be from more than five minutes after it was received."""
    if event.occurred_at > event.received_at + FUTURE_LIMIT:
        raise Permanent("future", f"occurred at {iso(event.occurred_at)}, received at {iso(event.received_at)}")
