"""The shift handover as a page: who has the shift, what is open, the notes, the log, the last takeovers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from console.read.base import Out
from console.read.cases import DeedOut
from dispatch.reports.handover import handover, takeover_lines
from dispatch.shiftlog import ShiftSpan, current_shift, find_shift, list_deeds, list_notes
from dispatch.shifts import Changes, Matter, list_matters

LOG_LIMIT = 400
"""Deeds of a shift that are shown, the newest; of a storm there may be thousands."""
TAKEOVERS_SHOWN = 10


class MatterOut(Out):
    """One open thing. `token` is given back to say that it was seen as it is; `line` as the handover has it."""

    kind: str
    key: str
    token: str
    line: dict[str, Any]


class NoteOut(Out):
    """A note of the shift; struck through where `struck_at` is not None."""

    id: str
    at: datetime
    actor: str
    text: str
    struck_at: datetime | None
    struck_by: str
    struck_reason: str


class TakeoverOut(Out):
    """Who took over from whom ("" for the first), when, and how much was open then."""

    no: int
    at: datetime
    given_by: str
    taken_by: str
    open: int
    open_hash: str


class ShiftOut(Out):
    """The shift that is on, with everything the next one takes over. `held_by` "": nobody has taken over yet."""

    no: int
    since: datetime
    held_by: str
    matters: list[MatterOut]
    notes: list[NoteOut]
    takeovers: list[TakeoverOut]


class LogDeedOut(DeedOut):
    """An audit row with what it is of, as `plan:S-20231218-D01-N@2`."""

    subject: str


class ShiftLogOut(Out):
    """What was done in one shift, the newest first; `more`: older deeds are not in it."""

    no: int
    since: datetime
    until: datetime | None
    held_by: str
    deeds: list[LogDeedOut]
    notes: list[NoteOut]
    more: bool


class ChangesOut(Out):
    """What is otherwise than it was read; `gone` are names, `kind:key`."""

    new: list[MatterOut]
    changed: list[MatterOut]
    gone: list[str]


def read_shift(session: Session, now: datetime) -> ShiftOut:
    """The shift that is on."""
    shift = current_shift(session, now)
    return ShiftOut(
        no=shift.no,
        since=shift.since,
        held_by=shift.held_by,
        matters=_matters(list_matters(handover(session, now))),
        notes=_notes(session, shift),
        takeovers=[
            TakeoverOut.model_validate(line, from_attributes=True) for line in takeover_lines(session, TAKEOVERS_SHOWN)
        ],
    )


def read_log(session: Session, no: int | None, by_people: bool, now: datetime) -> ShiftLogOut:
    """What was done in a shift: that which is on, or the one that began with takeover `no`. Raises Refused."""
    shift = find_shift(session, no, now) if no is not None else current_shift(session, now)
    deeds = list_deeds(session, shift, by_people, LOG_LIMIT + 1)
    return ShiftLogOut(
        no=shift.no,
        since=shift.since,
        until=shift.until,
        held_by=shift.held_by,
        deeds=[
            LogDeedOut(at=row.at, actor=row.actor, action=row.action, subject=row.subject, detail=row.detail)
            for row in deeds[:LOG_LIMIT]
        ],
        notes=_notes(session, shift),
        more=len(deeds) > LOG_LIMIT,
    )


def changes_out(changes: Changes) -> ChangesOut:
    """The difference as it is shown."""
    return ChangesOut(new=_matters(changes.new), changed=_matters(changes.changed), gone=list(changes.gone))


def _matters(found: Iterable[Matter]) -> list[MatterOut]:
    return [
        MatterOut(
            kind=matter.kind,
            key=matter.key,
            token=matter.token,
            line=matter.line.model_dump(mode="json") if matter.line is not None else {},
        )
        for matter in found
    ]


def _notes(session: Session, shift: ShiftSpan) -> list[NoteOut]:
    return [
        NoteOut(
            id=note.id,
            at=note.at,
            actor=note.actor,
            text=note.text,
            struck_at=note.struck_at,
            struck_by=note.struck_by,
            struck_reason=note.struck_reason,
        )
        for note in list_notes(session, shift)
    ]
