"""Accepting events: telemetry goes straight to the broker, all else becomes a row and an outbox message first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from dispatch import books
from dispatch.books import Tally
from dispatch.decide.admission import Verdict
from dispatch.uow import UnitOfWork
from models.database import Database
from models.errors import Permanent
from models.events.base import Event, Receipt, dump_event
from models.events.registry import TELEMETRY, TOPIC_OF_TYPE, payload_of
from models.ids import canonical_hash, content_hash, derive_id
from models.tables.flow import Outbox, Quarantine, StoredEvent
from models.tracing import span

GROUP = "intake"
TURNED_AWAY = {
    "too_often": "this device sends more than it may: slow down",
    "thinned": "the system is under load and has a position of this vehicle close to this one: not needed again",
}
Publish = Callable[[Sequence[tuple[str, str, bytes]]], None]
"""Writes (topic, key, value) to the broker, durable when it returns. Raises Unavailable."""


def accept(database: Database, publish: Publish, events: Sequence[Event]) -> list[Receipt]:
    """A receipt for each event, in order.

    Rows are stored before telemetry is published: with the broker away (Unavailable), an alert among readings is in,
    and is a duplicate when the whole is sent again.
    """
    rows = [e for e in events if e.type not in TELEMETRY]
    answers: dict[int, Receipt] = {}
    if rows:
        try:
            answers = _store(database, rows)
        except IntegrityError:  # somebody has just stored one of these: now it is known
            answers = _store(database, rows)
    publish([(TOPIC_OF_TYPE[e.type], e.key, dump_event(e)) for e in events if e.type in TELEMETRY])
    return [answers.get(id(e)) or _receipt("accepted", e) for e in events]


def _store(database: Database, rows: Sequence[Event]) -> dict[int, Receipt]:
    """Receipts by the identity of the object. Raises IntegrityError where the same event is stored at this moment."""
    with database.write() as session:
        return {id(event): accept_row(session, event) for event in rows}


def turned_away(event: Event, reason: Verdict) -> Receipt:
    """The receipt of telemetry that is not let in."""
    return _receipt("refused", event, reason, TURNED_AWAY[reason])


def accept_row(session: Session, event: Event) -> Receipt:
    """Store one event that is a row before it is a message, in the caller's transaction."""
    digest = canonical_hash(event.data)
    stored = session.get(StoredEvent, (event.source, event.id))
    if stored is not None:
        if stored.content_hash == digest:
            stored.duplicates += 1
            return Receipt(status="duplicate", source=event.source, id=event.id, received_at=stored.received_at)
        text = "the same identity came before with other content"
        quarantine(session, event.received_at, event, dump_event(event), "identity_conflict", text)
        return _receipt("quarantined", event, "identity_conflict", text)
    try:
        payload_of(event)
        topic = TOPIC_OF_TYPE[event.type]
    except Permanent as error:
        quarantine(session, event.received_at, event, dump_event(event), error.reason, error.text)
        return _receipt("quarantined", event, error.reason, error.text)
    with span("accept", f"{event.source}:{event.id}", type=event.type):
        _add_rows(session, event, topic, digest)
    return _receipt("accepted", event)


def _add_rows(session: Session, event: Event, topic: str, digest: str) -> None:
    session.add(
        StoredEvent(
            source=event.source,
            id=event.id,
            type=event.type,
            key=event.key,
            content_hash=digest,
            occurred_at=event.occurred_at,
            received_at=event.received_at,
            actor=event.actor,
            data=event.data,
        )
    )
    session.add(Outbox(topic=topic, key=event.key, value=dump_event(event)))
    uow = UnitOfWork(session, event.received_at, f"{event.source}:{event.id}", event.actor or "system:intake")
    uow.audit("event.accepted", f"event:{event.source}:{event.id}", type=event.type)
    session.flush()


def _receipt(status: str, event: Event, reason: str = "", text: str = "") -> Receipt:
    return Receipt.model_validate(
        {
            "status": status,
            "source": event.source,
            "id": event.id,
            "received_at": event.received_at,
            "reason": reason,
            "text": text,
        }
    )


def quarantine(session: Session, at: datetime, event: Event | None, raw: bytes, reason: str, text: str) -> None:
    """Keep what intake cannot take: raw bytes with the reason. The same bytes twice are one row."""
    digest = content_hash(raw)
    topic = TOPIC_OF_TYPE.get(event.type, "") if event is not None else ""
    source, event_id = (event.source, event.id) if event is not None else ("", "")
    held = select(Quarantine).where(
        Quarantine.group == GROUP,
        Quarantine.topic == topic,
        Quarantine.source == source,
        Quarantine.event_id == event_id,
        Quarantine.raw_hash == digest,
    )
    if session.exec(held).first() is not None:
        return
    session.add(
        Quarantine(
            id=derive_id(at, "quarantine", GROUP, topic, source, event_id, digest),
            group=GROUP,
            topic=topic,
            source=source,
            event_id=event_id,
            raw=raw,
            raw_hash=digest,
            reason=reason,
            text=text,
            at=at,
        )
    )
    books.add(session, GROUP, {GROUP: Tally(quarantined=1)})
    session.flush()
