"""Complaints taken as the system takes them, without a broker between the intake and the recorder."""

from __future__ import annotations

from collections.abc import Callable

from dispatch.accept import accept, quarantine
from dispatch.cases import record_complaint
from dispatch.intake import parse_body
from models.database import Database
from models.errors import Permanent
from models.events.base import Event, Receipt, dump_event
from streams.recorder import unit_of
from tests.console.sample_city import CONTEXT, NOW


def take_complaints(
    database: Database,
    body: bytes,
    content_type: str,
    actor: str,
    told: Callable[[str], None] = lambda number: None,
) -> list[Receipt]:
    """Accept a body, and at once do what the recorder does with each complaint that is new."""
    parsed = parse_body(body, content_type, NOW)
    events = [entry.model_copy(update={"actor": actor}) for entry in parsed if isinstance(entry, Event)]
    receipts = accept(database, lambda _messages: None, events)
    for event, receipt in zip(events, receipts, strict=True):
        if receipt.status == "accepted" and event.type == "complaint.received":
            record(database, event, told)
    return receipts


def record(database: Database, event: Event, told: Callable[[str], None]) -> None:
    try:
        with database.write() as session:
            number = record_complaint(unit_of(session, event, "cases"), CONTEXT, event).number
        told(number)
    except Permanent as error:
        with database.write() as session:
            quarantine(session, NOW, event, dump_event(event), error.reason, error.text)
