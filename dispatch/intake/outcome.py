"""What intake makes of a line: an event, or a bad line with the reason; and the checks every event must pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from models.errors import Permanent
from models.events.base import MAX_EVENT_BYTES, Event, Payload, dump_event
from models.events.registry import lifted
from models.times import FUTURE_LIMIT, iso, parse_time

NO_FIX_DEG = 0.001
"""A position within this of 0,0 is a receiver without a fix."""
MAX_NAME = 200
"""Longest source or id."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that goes to quarantine with its bytes. `line` is 1-based, 0 for a whole body.

    `reason` is a stable code; `topic`, `source` and `id` are filled as far as they could be read.
    """

    line: int
    raw: bytes
    reason: str
    text: str
    topic: str = ""
    source: str = ""
    id: str = ""


def clean(text: str) -> str:
    """Text that any database takes: half surrogates and NUL become question marks."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "?")


def check_event(event: Event) -> None:
    """What can be said of an event without knowing the city. Raises Permanent (`null_island`, `from_future`, ...)."""
    try:
        dumped = dump_event(event)
    except UnicodeEncodeError as error:
        raise Permanent("bad_text", "text holds half a surrogate pair") from error
    if b"\\u0000" in dumped and any("\x00" in part for part in _strings(event.source, event.id, event.data)):
        raise Permanent("bad_text", "text holds a NUL character")
    if event.occurred_at - event.received_at > FUTURE_LIMIT:
        raise Permanent("from_future", f"occurred at {iso(event.occurred_at)}, received at {iso(event.received_at)}")
    lon, lat = event.data.get("lon"), event.data.get("lat")
    if isinstance(lon, float) and isinstance(lat, float) and abs(lon) < NO_FIX_DEG and abs(lat) < NO_FIX_DEG:
        raise Permanent("null_island", "position at 0,0: the receiver had no fix")
    if not 0 < len(event.id) <= MAX_NAME or not 0 < len(event.source) <= MAX_NAME:
        raise Permanent("bad_identity", f"source and id need 1 to {MAX_NAME} characters")
    if len(dumped) > MAX_EVENT_BYTES:
        raise Permanent("size", f"event of {len(dumped)} bytes, the limit is {MAX_EVENT_BYTES}")


def read_time(name: str, value: Any) -> datetime:
    """A time field of a line. Raises Permanent (`bad_time`) on anything but ISO 8601 with a zone."""
    if not isinstance(value, str):
        raise Permanent("bad_time", f"{name}: expected ISO 8601 with a zone, got {str(value)[:40]!r}")
    try:
        return parse_time(value)
    except (ValueError, OverflowError) as error:
        raise Permanent("bad_time", f"{name} {value[:40]!r}: expected ISO 8601 with a zone") from error


def read_payload(type_: str, version: int, body: dict[str, Any]) -> Payload:
    """The payload, in its newest version, of a body whose times are UTC text already. Raises Permanent."""
    model, fields = lifted(type_, version, body)
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        got = "" if first["type"] in ("missing", "extra_forbidden") else f", got {str(first['input'])[:40]}"
        raise Permanent("bad_payload", f"{where}: {first['msg']}{got}") from error


def _strings(*values: Any) -> list[str]:
    """Every text in nested plain data, without recursion."""
    found: list[str] = []
    stack = list(values)
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, (list, tuple)):
            stack += value
    return found
