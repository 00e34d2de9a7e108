"""One line's fields to an event: which times it has, what identifies it, what key orders it (DESIGN §3).

A line is `{"type": ..., payload fields..., "id"?, "source"?, "occurred_at"?}`, or a CloudEvents envelope as
`models.events.dump_event` writes it. Devices, vehicles, stations and resources are identified by what they say of
whom and when, so that the same reading sent twice, by whatever way, is one event.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dispatch.intake.cap import ALERTS_KEY
from dispatch.intake.outcome import BadLine, check_event, clean, read_payload, read_time
from models.errors import Permanent
from models.events.base import Event, read_json
from models.events.registry import TOPIC_OF_TYPE, newest_version
from models.ids import content_hash
from models.times import iso

CASES_KEY = "cases"
"""All complaints of a city share one key: whether one merges with another depends on their order."""

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a type is read: its time fields, and from its payload `occurred` (field), default source, id and key."""

    times: tuple[str, ...]
    occurred: str
    source: Callable[[Body], str]
    id: Callable[[Body], str]
    key: Callable[[Body], str]


SHAPES: dict[str, Shape] = {
    "station.level": Shape(
        ("observed_at",),
        "observed_at",
        lambda b: "stations",
        lambda b: f"{b['station']}@{b['observed_at']}",
        lambda b: str(b["station"]),
    ),
    "vehicle.position": Shape(
        ("observed_at",),
        "observed_at",
        lambda b: "vehicles",
        lambda b: f"{b['vehicle']}@{b['observed_at']}",
        lambda b: str(b["vehicle"]),
    ),
    "reading.received": Shape(
        ("observed_at",),
        "observed_at",
        lambda b: "weather-stations",
        lambda b: f"{b['device']}@{b['observed_at']}",
        lambda b: str(b["device"]),
    ),
    "forecast.received": Shape(
        ("issued_at", "valid_from", "valid_to"),
        "issued_at",
        lambda b: "forecasts",
        lambda b: f"{b['provider']}@{b['issued_at']}@{b['valid_from']}",
        lambda b: str(b["provider"]),
    ),
    "resource.status": Shape(
        ("since", "until"),
        "",
        lambda b: "resources",
        lambda b: f"{b['kind']}:{b['ref']}@{b['since']}:{b['status']}",
        lambda b: f"{b['kind']}:{b['ref']}",
    ),
    "complaint.received": Shape((), "", lambda b: f"complaints:{b['channel']}", lambda b: "", lambda b: CASES_KEY),
    "alert.received": Shape(
        ("sent", "effective", "onset", "expires"),
        "sent",
        lambda b: f"cap:{b['sender']}",
        lambda b: f"{b['sender']},{b['identifier']},{datetime.fromisoformat(b['sent']).isoformat()}",
        lambda b: ALERTS_KEY,
    ),
}
"""`occurred` "" means: `occurred_at` of the line, else when it was received. `id` "" means: given, or by content."""


def event_of(body: Body, received_at: datetime) -> Event:
    """The event of a line's fields. Raises Permanent with the reason; never anything else."""
    fields, version = _fields(body)
    type_ = fields.pop("type", None)
    if not isinstance(type_, str) or type_ not in SHAPES:
        known = ", ".join(sorted(SHAPES))
        raise Permanent("unknown_type", f"type {str(type_)[:60]!r}: expected one of {known}")
    shape = SHAPES[type_]
    given = {name: fields.pop(name, None) for name in ("id", "source", "occurred_at")}
    for name in shape.times:
        if fields.get(name) is not None:
            fields[name] = iso(read_time(name, fields[name]))
    if type_ == "alert.received":
        fields["references"] = [_reference(item) for item in _list(fields.get("references"))]
    data = read_payload(type_, version, fields).model_dump(mode="json")
    occurred_at = _occurred(shape, data, given["occurred_at"], received_at)
    id_ = shape.id(data) or _text("id", given["id"]) or _content_id(data, occurred_at)
    event = Event(
        source=_text("source", given["source"]) or shape.source(data),
        id=id_,
        type=type_,
        data_version=newest_version(type_),
        key=shape.key(data),
        occurred_at=occurred_at,
        received_at=received_at.astimezone(UTC),
        data=data,
    )
    check_event(event)
    return event


def json_line(raw: bytes, number: int, received_at: datetime) -> Event | BadLine:
    """One JSON line to its event, or the bad line with the reason."""
    try:
        body = _read(raw)
    except UnicodeDecodeError:
        return BadLine(number, raw, "not_utf8", f"line {number}: not UTF-8")
    except (ValueError, RecursionError) as error:
        return BadLine(number, raw, "not_json", clean(f"line {number}: {str(error)[:120]}"))
    return line_of(body, raw, number, received_at)


def _read(raw: bytes) -> Any:
    """A line's JSON; what the reader of events refuses is read again for its reason."""
    try:
        return read_json(raw)
    except (ValueError, RecursionError):
        return json.loads(raw.decode("utf-8"), parse_constant=_no_constant)


def line_of(body: Any, raw: bytes, number: int, received_at: datetime) -> Event | BadLine:
    """Fields to an event, or the bad line with what could be read of its topic and identity."""
    if not isinstance(body, dict):
        return BadLine(number, raw, "not_an_object", f"line {number}: expected an object")
    try:
        return event_of(body, received_at)
    except Permanent as error:
        topic = TOPIC_OF_TYPE.get(str(body.get("type")), "")
        source, id_ = (value if isinstance(value := body.get(name), str) else "" for name in ("source", "id"))
        text = clean(f"line {number}: {error.text}")
        return BadLine(number, raw, error.reason, text, topic, clean(source[:80]), clean(id_[:80]))


def _fields(body: Body) -> tuple[Body, int]:
    """The flat fields and the payload version of a line of either form."""
    if "specversion" not in body:
        return dict(body), 1
    data, version = body.get("data"), body.get("dataversion", 1)
    if not isinstance(data, dict) or not isinstance(version, int):
        raise Permanent("bad_envelope", "CloudEvents envelope needs an object `data` and a whole `dataversion`")
    envelope = {"type": body.get("type"), "id": body.get("id"), "source": body.get("source")}
    return {**data, **envelope, "occurred_at": body.get("time")}, version


def _occurred(shape: Shape, data: Body, given: Any, received_at: datetime) -> datetime:
    if shape.occurred:
        return read_time(shape.occurred, data[shape.occurred])
    return read_time("occurred_at", given) if given is not None else received_at


def _content_id(data: Body, at: datetime) -> str:
    """Hash of canonical content and minute: the same complaint sent twice by an impatient form is one."""
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return content_hash(f"{canonical}@{at.astimezone(UTC):%Y-%m-%dT%H:%M}")[:32]


def _text(name: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise Permanent("bad_payload", f"{name}: expected text, got {str(value)[:40]}")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _reference(item: Any) -> Any:
    if isinstance(item, dict) and "sent" in item:
        return {**item, "sent": iso(read_time("reference sent", item["sent"]))}
    return item


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
