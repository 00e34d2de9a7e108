"""The inbox: which events a group has dealt with. A row is claimed in the transaction that applies the event."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from sqlalchemy import ColumnElement, delete, tuple_, update
from sqlmodel import Session, col, select

from models.events.base import Event
from models.sql import insert_into
from models.tables.flow import Inbox

Identity = tuple[str, str]
"""(source, id)."""

Hashed = tuple[Event, str]
"""An event and the hash of its content."""


class Claim(Enum):
    """What the inbox says about one event of a batch."""

    OURS = "to be handled now"
    DUPLICATE = "dealt with before"
    CONFLICT = "dealt with before, but with other content"


def identity(event: Event) -> Identity:
    """What names an event."""
    return (event.source, event.id)


def claim(session: Session, group: str, events: Sequence[Hashed]) -> list[Claim]:
    """Claim each event of a batch for this transaction; one answer an event, in order.

    On PostgreSQL a concurrent claim of the same event by another worker waits here for that worker's commit.
    """
    first: dict[Identity, Hashed] = {}
    for event, content in events:
        first.setdefault(identity(event), (event, content))
    if not first:
        return []
    rows = [_row(group, event, content, "applied", 0) for event, content in first.values()]
    insert = insert_into(session, Inbox).values(rows).on_conflict_do_nothing()
    fresh = {(source, id_) for source, id_ in session.execute(insert.returning(col(Inbox.source), col(Inbox.event_id)))}
    known = {(row.source, row.event_id): row for row in _rows(session, group, [i for i in first if i not in fresh])}
    trying = _take_over(session, group, [place for place, row in known.items() if row.outcome == "trying"])
    claims = []
    open_ = fresh | trying
    for event, content in events:
        place = identity(event)
        was = known[place].content_hash if place in known and place not in trying else first[place][1]
        if was not in ("", content):
            claims.append(Claim.CONFLICT)
        elif place in open_:
            open_.remove(place)
            claims.append(Claim.OURS)
        else:
            claims.append(Claim.DUPLICATE)
    return claims


def quarantined(session: Session, group: str, event: Event) -> None:
    """The claimed event could not be applied."""
    _set(session, group, [identity(event)], "quarantined")


def attempts(session: Session, group: str, events: Sequence[Event]) -> dict[Identity, int]:
    """How often events that are not yet dealt with have been tried (those never tried are left out)."""
    rows = _rows(session, group, [identity(event) for event in events])
    return {(row.source, row.event_id): row.attempts for row in rows if row.outcome == "trying"}


def count_attempt(session: Session, group: str, events: Sequence[Hashed]) -> None:
    """Count one attempt for each event that is not yet dealt with. To be committed before the handler runs."""
    rows = {identity(event): _row(group, event, content, "trying", 1) for event, content in events}
    if rows:
        insert = insert_into(session, Inbox).values(list(rows.values()))
        session.execute(
            insert.on_conflict_do_update(
                index_elements=["group", "source", "event_id"],
                set_={"attempts": Inbox.attempts + 1},
                where=col(Inbox.outcome) == "trying",
            )
        )


def forget(session: Session, group: str, events: Sequence[Event]) -> None:
    """Drop the rows of telemetry events, which have one only while they are being tried."""
    if events:
        session.execute(delete(Inbox).where(*_at(group, [identity(event) for event in events])))


def release(session: Session, group: str, source: str, event_id: str) -> None:
    """Let a quarantined event be handled again when it is read again."""
    where = _at(group, [(source, event_id)])
    session.execute(delete(Inbox).where(*where, col(Inbox.outcome) == "quarantined"))


def _row(group: str, event: Event, content: str, outcome: str, tried: int) -> dict[str, object]:
    return {
        "group": group,
        "source": event.source,
        "event_id": event.id,
        "at": event.received_at,
        "outcome": outcome,
        "attempts": tried,
        "content_hash": content,
    }


def _rows(session: Session, group: str, places: Sequence[Identity]) -> Sequence[Inbox]:
    if not places:
        return []
    return session.exec(select(Inbox).where(*_at(group, places)).execution_options(populate_existing=True)).all()


def _take_over(session: Session, group: str, places: Sequence[Identity]) -> set[Identity]:
    """Claim rows that were only counted so far; those another worker claims first are left out."""
    if not places:
        return set()
    taken = update(Inbox).where(*_at(group, places), col(Inbox.outcome) == "trying").values(outcome="applied")
    return {(source, id_) for source, id_ in session.execute(taken.returning(col(Inbox.source), col(Inbox.event_id)))}


def _set(session: Session, group: str, places: Sequence[Identity], outcome: str) -> None:
    session.execute(update(Inbox).where(*_at(group, places)).values(outcome=outcome))


def _at(group: str, places: Sequence[Identity]) -> tuple[ColumnElement[bool], ...]:
    return (col(Inbox.group) == group, tuple_(col(Inbox.source), col(Inbox.event_id)).in_(places))
