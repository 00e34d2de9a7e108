"""The envelope every event travels in, and the receipt its sender gets. CloudEvents 1.0 names, JSON.

`type` names the payload model, `data_version` its version. Payload models live beside this file, one module a topic;
`registry.py` maps (type, version) to the model, and lifts old versions to the newest when they are read.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict

from models.times import iso, parse_time

MAX_EVENT_BYTES = 256 * 1024
"""No event on a topic is larger."""
_DIGITS_TO_0 = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19


class Payload(BaseModel):
    """Base of all payloads: frozen, unknown fields refused, NaN and infinity refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Event(BaseModel):
    """One event. Identity is (source, id); `key` is the unit of order; `data` is the payload as plain JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    id: str
    type: str
    data_version: int = 1
    key: str
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    actor: str = ""
    data: dict[str, Any]


class Receipt(BaseModel):
    """What a sender is told: accepted, duplicate (with the first receipt's time), quarantined or refused."""

    model_config = ConfigDict(frozen=True)

    status: Literal["accepted", "duplicate", "quarantined", "refused"]
    source: str = ""
    id: str = ""
    received_at: datetime | None = None
    reason: str = ""
    text: str = ""


def dump_event(event: Event) -> bytes:
    """Canonical JSON bytes: sorted keys, no spaces, UTF-8."""
    body = {
        "specversion": "1.0",
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "dataversion": event.data_version,
        "subject": event.key,
        "time": iso(event.occurred_at),
        "receivedat": iso(event.received_at),
        "data": event.data,
    }
    if event.actor:
        body["actor"] = event.actor
    try:
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half a surrogate pair, a whole number beyond 64 bits: what the exact writer says of them holds
        return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def load_event(raw: bytes) -> Event:
    """Inverse of `dump_event`. Raises ValueError (also KeyError as ValueError) when the bytes are no event."""
    if len(raw) > MAX_EVENT_BYTES:
        raise ValueError(f"event of {len(raw)} bytes, the limit is {MAX_EVENT_BYTES}")
    body = read_json(raw)
    if not isinstance(body, dict):
        raise ValueError("event is not a JSON object")
    try:
        return Event(
            source=str(body["source"]),
            id=str(body["id"]),
            type=str(body["type"]),
            data_version=int(body["dataversion"]),
            key=str(body["subject"]),
            occurred_at=parse_time(body["time"]),
            received_at=parse_time(body["receivedat"]),
            actor=str(body.get("actor", "")),
            data=dict(body["data"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"event lacks or mistypes a field: {error}") from error


def read_json(raw: bytes) -> Any:
    """JSON without NaN, infinity or half surrogate pairs. Raises ValueError (RecursionError where it is too deep).

    By the quick reader; by the exact one what that refuses or would round: whole numbers beyond 64 bits.
    """
    if _LONG_NUMBER not in raw.translate(_DIGITS_TO_0):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
    body = json.loads(raw)
    json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    return body
