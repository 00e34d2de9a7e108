"""One shift of dispatchers after another: the notes they leave, what is open, and taking it over.

The one who comes signs with his own account for what he has read. What is open changes by the minute, so he says what
that was (a mark of every matter), and is refused when anything is otherwise by then: nobody signs for what he has not
seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel
from sqlmodel import select

from dispatch.reports.handover import handover
from dispatch.reports.values import Handover
from dispatch.shiftlog import last_takeover
from dispatch.uow import UnitOfWork
from models.errors import Refused, Stale
from models.ids import canonical_hash
from models.tables.city import City
from models.tables.people import LogNote, Takeover

NOTE_LIMIT = 1000
REASON_LIMIT = 200
MARK_SIGNS = 8


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that is open. `mark` changes when it does; `line` is it as the handover has it."""

    kind: str
    key: str
    mark: str
    line: BaseModel | None

    @property
    def token(self) -> str:
        """What a reader gives back to say that he has seen it, as it is."""
        return f"{self.kind}:{self.key}#{self.mark}"


@dataclass(frozen=True, slots=True)
class Changes:
    """What is otherwise than it was read: matters new, matters changed, and the names (`kind:key`) of those gone."""

    new: tuple[Matter, ...]
    changed: tuple[Matter, ...]
    gone: tuple[str, ...]


def list_matters(report: Handover) -> list[Matter]:
    """Everything a handover tells, most urgent kind first. Counts that move by themselves are in no mark."""
    found = [_matter("self_start", "stopped", None)] if report.self_start_stopped else []
    found += [
        _matter("alarm", f"{a.kind}:{a.key}", a, a.opened_at, a.state, a.priority, a.shelved_until)
        for a in report.alarms
    ]
    found += [_matter("waiting", f"{p.code}@{p.version}", p, p.live) for p in report.waiting]
    found += [
        _matter("untold", f"{u.plan}:{u.vehicle}:{u.opened_at.isoformat()}", u, u.added, u.dropped)
        for u in report.untold
    ]
    found += [_matter("case", c.number, c, c.state, c.deadline) for c in report.cases]
    found += [_matter("out", f"{o.kind}:{o.ref}", o, o.status, o.since, o.until) for o in report.out]
    found += [_matter("running", f"{p.code}@{p.version}", p, p.state) for p in report.running]
    return found + [_matter("note", note.id, note) for note in report.notes]


def _matter(kind: str, key: str, line: BaseModel | None, *what: object) -> Matter:
    return Matter(kind, key, canonical_hash([str(value) for value in what])[:MARK_SIGNS], line)


def hash_of(tokens: Iterable[str]) -> str:
    """One hash over the tokens of matters, in whatever order."""
    return canonical_hash(sorted(tokens))


def changes_since(seen: Iterable[str], now: Iterable[Matter]) -> Changes:
    """What is otherwise now than in the tokens somebody has seen."""
    tokens, matters = set(seen), list(now)
    known = {token.rpartition("#")[0] for token in tokens}
    left = {f"{matter.kind}:{matter.key}" for matter in matters}
    other = [matter for matter in matters if matter.token not in tokens]
    return Changes(
        new=tuple(matter for matter in other if f"{matter.kind}:{matter.key}" not in known),
        changed=tuple(matter for matter in other if f"{matter.kind}:{matter.key}" in known),
        gone=tuple(sorted(known - left)),
    )


def write_note(uow: UnitOfWork, text: str) -> LogNote:
    """Write a note into the log. Raises Refused for an empty or overlong one."""
    text = text.strip()
    if not text or len(text) > NOTE_LIMIT:
        raise Refused("bad_note", f"a note has 1 to {NOTE_LIMIT} signs, not {len(text)}")
    before = len(uow.session.exec(select(LogNote.id).where(LogNote.at == uow.now)).all())
    note = LogNote(id=uow.new_id("note", before), at=uow.now, actor=uow.actor, text=text)
    uow.session.add(note)
    uow.audit("note.written", f"note:{note.id}", text=text)
    return note


def strike_note(uow: UnitOfWork, id_: str, reason: str) -> None:
    """Strike a note through. Raises Refused for an unknown one or without a reason, Stale for one struck before."""
    reason = reason.strip()
    if not reason or len(reason) > REASON_LIMIT:
        raise Refused("no_reason", f"say why the note is struck through, in at most {REASON_LIMIT} signs")
    note = uow.session.get(LogNote, id_, with_for_update=True)
    if note is None:
        raise Refused("unknown_note", f"no note {id_[:60]}")
    if note.struck_at is not None:
        raise Stale("note_struck", f"{note.struck_by} has struck that note through already")
    note.struck_at, note.struck_by, note.struck_reason = uow.now, uow.actor, reason
    uow.audit("note.struck", f"note:{note.id}", text=note.text, reason=reason)


def take_over(uow: UnitOfWork, seen: str) -> Takeover:
    """The actor takes over what is open, if it is what he has seen (`hash_of` its tokens).

    Raises Stale when it is otherwise, Refused when he has the shift already.
    """
    uow.session.exec(select(City).with_for_update()).one()  # one at a time: the second reads the first's row
    last = last_takeover(uow.session)
    given_by = last.taken_by if last is not None else ""
    if given_by == uow.actor:
        raise Refused("own_shift", f"{uow.actor} has the shift already: whoever comes signs in with his own account")
    tokens = [matter.token for matter in list_matters(handover(uow.session, uow.now))]
    if hash_of(tokens) != seen:
        raise Stale("open_changed", "what is open has changed since it was read: read it again")
    row = Takeover(
        no=last.no + 1 if last is not None else 1,
        at=uow.now,
        given_by=given_by,
        taken_by=uow.actor,
        open=sorted(tokens),
        open_hash=seen,
    )
    uow.session.add(row)
    uow.audit("shift.taken_over", f"shift:{row.no}", given_by=given_by, open=len(tokens), open_hash=seen)
    return row
