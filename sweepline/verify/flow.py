"""Rules of events and of the rows by which they move: 1, 2, 12, 13, 14."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col, select

from models.tables.flow import Alarm, AuditRow, Inbox, Outbox, Quarantine, StoredEvent, Timer
from models.tables.people import LogNote, Takeover
from models.tables.plans import Approval, Plan
from models.tables.weather import Alert
from models.tables.work import Case, WorkItem
from models.times import iso
from streams.recorder import Recorder
from streams.topics import INBOX_DAYS, topic_of

LATE = timedelta(seconds=60)
"""How much later than its condition an alarm may rise: how late a timer may fire."""


def applied_once(session: Session) -> Iterator[str]:
    """1: an event held in quarantine was not applied as well."""
    same = (
        col(Inbox.group) == Quarantine.group,
        col(Inbox.source) == Quarantine.source,
        col(Inbox.event_id) == Quarantine.event_id,
    )
    query = select(Quarantine).where(
        Quarantine.state == "held",
        Quarantine.reason != "identity_conflict",
        exists().where(*same, col(Inbox.outcome) == "applied"),
    )
    for row in session.exec(query):
        yield f"{row.source}:{row.event_id} is held by {row.group} and was applied too"


def books_balance(session: Session, recorders: Sequence[Recorder]) -> Iterator[str]:
    """2: an accepted event is applied or quarantined by every group of its topic, as far back as the inbox remembers.

    What is on its way is named too: ask again when nothing is.
    """
    first, last = session.exec(select(func.min(Inbox.at), func.max(Inbox.at))).one()
    if first is None or last is None:
        return
    since = max(first, last - timedelta(days=INBOX_DAYS))
    for event in session.exec(select(StoredEvent).where(StoredEvent.received_at >= since)):
        topic = topic_of(event.type)
        for recorder in recorders:
            if topic in recorder.topics and session.get(Inbox, (recorder.group, event.source, event.id)) is None:
                yield f"{event.source}:{event.id} was accepted, and neither applied nor quarantined by {recorder.group}"


def timers_fired(session: Session, as_of: datetime) -> Iterator[str]:
    """12: no timer is overdue, for alarms rise by timers."""
    query = select(Timer).where(Timer.state == "pending", Timer.due_at < as_of - LATE).order_by(col(Timer.due_at))
    for row in session.exec(query):
        yield f"{row.id} was due at {iso(row.due_at)} and has not fired"


def changes_audited(session: Session) -> Iterator[str]:
    """13: a state that somebody brought about has its audit row."""
    kinds: list[tuple[type[SQLModel], object, str, str]] = [
        (Approval, Approval.plan_version, "plan.approved", "plan:"),
        (Plan, Plan.code, "plan.opened", "plan:"),
        (Case, Case.number, "case.opened", "case:"),
        (Alert, Alert.id, "alert.stored", "alert:"),
        (Alarm, Alarm.id, "alarm.opened", "alarm:"),
        (LogNote, LogNote.id, "note.written", "note:"),
        (Takeover, Takeover.no, "shift.taken_over", "shift:"),
    ]
    for table, key, action, prefix in kinds:
        yield from _unaudited(session, table, key, action, prefix)
    yield from _unaudited(session, WorkItem, WorkItem.id, "work.done", "work:", WorkItem.state == "done")


def _unaudited(
    session: Session, table: type[SQLModel], key: object, action: str, prefix: str, *where: bool
) -> Iterator[str]:
    known = set(session.exec(select(AuditRow.subject).where(AuditRow.action == action)).all())
    for id_ in session.exec(select(key).select_from(table).where(*where)).all():  # type: ignore[call-overload]
        if f"{prefix}{id_}" not in known:
            yield f"{prefix}{id_} has no audit row {action}"


def outbox_in_order(session: Session) -> Iterator[str]:
    """14: of one key, nothing was sent before what was written earlier."""
    later = aliased(Outbox)
    overtaken = exists().where(
        col(later.topic) == Outbox.topic,
        col(later.key) == Outbox.key,
        col(later.id) > col(Outbox.id),
        col(later.sent_at).is_not(None),
    )
    for row in session.exec(select(Outbox).where(col(Outbox.sent_at).is_(None), overtaken)):
        yield f"message {row.id} of {row.topic}/{row.key} is unsent, later ones of its key were sent"


def last_deed(session: Session) -> datetime | None:
    """When the system last did anything: the instant rules about time are asked for."""
    return session.exec(select(func.max(AuditRow.at))).one()
