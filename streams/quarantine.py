"""Quarantine: what could not be applied, with its raw bytes, reason and attempts; shown, replayed or dropped by people.

A row is unique by group, topic, identity and content, so a redelivered message is not held twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from dispatch.accept import GROUP as INTAKE
from models.database import Database
from models.errors import Permanent, Refused
from models.events.base import Event
from models.ids import content_hash
from models.tables.flow import AuditRow, Books, Outbox, Quarantine
from streams import inbox
from streams.codec import decode
from streams.topics import TOPICS

MAX_TEXT = 500
LIST_LIMIT = 1000


def hold(
    session: Session, group: str, topic: str, raw: bytes, event: Event | None, fault: Permanent, at: datetime
) -> bool:
    """Hold a message; whether that is news (False: it is held or dropped already). `at` is when it was received."""
    source, event_id = (event.source, event.id) if event else ("", "")
    raw_hash = content_hash(raw)
    id_ = content_hash("\x1f".join((group, topic, source, event_id, raw_hash)))[:16]
    row = session.get(Quarantine, id_)
    text = fault.text.encode("utf-8", "replace").decode().replace("\0", "")[:MAX_TEXT]
    if row is None:
        session.add(
            Quarantine(
                id=id_,
                group=group,
                topic=topic,
                source=source,
                event_id=event_id,
                raw=raw,
                raw_hash=raw_hash,
                reason=fault.reason,
                text=text,
                at=at,
            )
        )
        session.flush()
        return True
    if row.state != "replayed":
        return False
    row.state, row.reason, row.text, row.at = "held", fault.reason, text, at
    row.attempts += 1
    session.flush()
    return True


def list_held(session: Session, state: str = "held", limit: int = LIST_LIMIT) -> Sequence[Quarantine]:
    """Rows in one state (held, replayed, dropped), oldest first."""
    rows = select(Quarantine).where(Quarantine.state == state)
    return session.exec(rows.order_by(col(Quarantine.at), col(Quarantine.id)).limit(limit)).all()


def get_held(session: Session, id_: str) -> Quarantine:
    """One row by its id or an unambiguous beginning of it. Raises Refused."""
    rows = session.exec(select(Quarantine).where(col(Quarantine.id).startswith(id_, autoescape=True)).limit(2)).all()
    if len(rows) != 1 or not id_:
        raise Refused(
            "unknown_quarantine", f"quarantine: {'no' if not rows else 'more than one'} row {id_!r}; see the list"
        )
    return rows[0]


def replay(database: Database, id_: str, now: datetime, actor: str) -> str:
    """Send a held message again; the relay carries it and its group handles it anew. Returns the topic.

    Raises Refused when the row is unknown or not held.
    """
    with database.write() as session:
        row = _open_row(session, id_)
        if row.group == INTAKE or row.topic not in TOPICS:
            raise Refused(
                "no_topic", f"quarantine {row.id}: was never taken in; correct it and send it anew, or drop it"
            )
        key = ""
        if row.event_id:
            key = decode(row.raw).key
            inbox.release(session, row.group, row.source, row.event_id)
        session.add(Outbox(topic=row.topic, key=key, value=row.raw))
        session.execute(
            update(Books)
            .where(col(Books.group) == row.group, col(Books.topic) == row.topic)
            .values(quarantined=Books.quarantined - 1)
        )
        _close_row(session, row, "replayed", now, actor)
        return row.topic


def drop(database: Database, id_: str, now: datetime, actor: str) -> None:
    """Put a held message aside for good; its bytes stay. Raises Refused when the row is unknown or not held."""
    with database.write() as session:
        _close_row(session, _open_row(session, id_), "dropped", now, actor)


def _open_row(session: Session, id_: str) -> Quarantine:
    row = get_held(session, id_)
    if row.state != "held":
        raise Refused("not_held", f"quarantine {row.id}: is {row.state}, only held messages can be acted on")
    return row


def _close_row(session: Session, row: Quarantine, state: str, now: datetime, actor: str) -> None:
    row.state = state
    detail = {"reason": row.reason, "source": row.source, "event": row.event_id, "topic": row.topic}
    session.add(
        AuditRow(at=now, actor=actor, action=f"quarantine.{state}", subject=f"quarantine:{row.id}", detail=detail)
    )
