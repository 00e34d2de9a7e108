"""The shift log: what people and the system did from one takeover to the next, from the audit; and the notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models.errors import Refused
from models.tables.flow import AuditRow
from models.tables.people import LogNote, Takeover

FIRST_LOG = timedelta(hours=12)
"""How far the log goes back where nobody had taken over before: a shift."""
BY_ITSELF = ("system:", "policy:")
"""How the names of actors begin that are nobody."""
LOGGED = (
    *("alarm.opened", "alarm.acknowledged", "alarm.shelved", "alarm.unshelved", "alarm.closed"),
    *("alert.stored", "response.opened", "response.rate", "response.closed", "stage.running", "stage.done"),
    *("plan.proposed", "plan.approved", "plan.active", "plan.closed", "plan.failed", "plan.undo"),
    *("pin.set", "pin.removed", "route.told", "sheet.ticked", "sheet.handed_back"),
    *("resource.out", "resource.limited", "resource.back", "self_start.stopped", "self_start.released"),
    *("case.opened", "case.accepted", "case.released", "case.closed", "case.cancelled", "case.merged_into"),
    *("case.split", "case.reopened", "case.priority", "station.overflow", "station.missed"),
    *("photo.added", "photo.removed"),
    *("note.written", "note.struck", "shift.taken_over", "quarantine.replayed", "quarantine.dropped"),
    "day.closed",
)
"""What the next shift may ask about. Left out: each piece of work done (the map and the reports tell it) and what the
system asks of itself."""


@dataclass(frozen=True, slots=True)
class ShiftSpan:
    """One shift: the number of the takeover it began with (0: before the first), from when, and until when if over."""

    no: int
    since: datetime
    until: datetime | None
    held_by: str


def last_takeovers(session: Session, limit: int) -> Sequence[Takeover]:
    """The newest takeovers, newest first."""
    return session.exec(select(Takeover).order_by(col(Takeover.no).desc()).limit(limit)).all()


def last_takeover(session: Session) -> Takeover | None:
    """The newest takeover: whoever took over then has the shift."""
    return next(iter(last_takeovers(session, 1)), None)


def current_shift(session: Session, now: datetime) -> ShiftSpan:
    """The shift that is on."""
    last = last_takeover(session)
    if last is None:
        return ShiftSpan(0, now - FIRST_LOG, None, "")
    return ShiftSpan(last.no, last.at, None, last.taken_by)


def find_shift(session: Session, no: int, now: datetime) -> ShiftSpan:
    """The shift that began with a takeover. Raises Refused for one there was none of."""
    began, ended = session.get(Takeover, no), session.get(Takeover, no + 1)
    if no != 0 and began is None:
        raise Refused("unknown_shift", f"there is no shift {no}")
    if began is not None:
        return ShiftSpan(no, began.at, ended.at if ended is not None else None, began.taken_by)
    return ShiftSpan(0, ended.at - FIRST_LOG, ended.at, "") if ended is not None else current_shift(session, now)


def list_deeds(session: Session, shift: ShiftSpan, by_people: bool, limit: int) -> Sequence[AuditRow]:
    """What was done in a shift, the newest first: by people only, or by the system too."""
    wanted = select(AuditRow).where(AuditRow.at >= shift.since, col(AuditRow.action).in_(LOGGED))
    if shift.until is not None:
        wanted = wanted.where(AuditRow.at <= shift.until)
    if by_people:
        for beginning in BY_ITSELF:
            wanted = wanted.where(col(AuditRow.actor).not_like(f"{beginning}%"))
    return session.exec(wanted.order_by(col(AuditRow.at).desc(), col(AuditRow.id).desc()).limit(limit)).all()


def list_notes(session: Session, shift: ShiftSpan) -> Sequence[LogNote]:
    """The notes of a shift, struck ones too, the newest first."""
    wanted = select(LogNote).where(LogNote.at >= shift.since)
    if shift.until is not None:
        wanted = wanted.where(LogNote.at <= shift.until)
    return session.exec(wanted.order_by(col(LogNote.at).desc(), col(LogNote.id).desc())).all()


def notes_that_hold(session: Session, shift: ShiftSpan) -> list[LogNote]:
    """The notes that are handed on, the oldest first."""
    return [note for note in reversed(list_notes(session, shift)) if note.struck_at is None]
