"""Cases: the list, one case with its reports and history, and which of several may be moved on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from dispatch.decide.cases import CaseFact, why_not, why_not_merged, why_not_set
from models.errors import Refused
from models.tables.flow import AuditRow, Quarantine, StoredEvent
from models.tables.work import Case, CasePhoto, Report, WorkItem

CLOSED_SHOWN = timedelta(hours=24)
"""How long a case that is over stays on the list."""
CASE_LIMIT = 2500
TEXT_SHOWN = 400
HISTORY_LIMIT = 500


class CaseOut(Out):
    """A case. `reports` counts everybody who told of it; `text` is the first report's, as written by its author."""

    number: str
    kind: str
    state: str
    district: str
    lon: float
    lat: float
    opened_at: datetime
    deadline: datetime
    closed_at: datetime | None
    reports: int
    text: str
    answer: str
    merged_into: str | None
    priority: str


class ReportOut(Out):
    """What one person said, when, by which channel."""

    id: str
    at: datetime
    channel: str
    text: str


class DeedOut(Out):
    """An audit row of the case or its work."""

    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


class PhotoOut(Out):
    """A photo: where it is read is /api/photos/SHA256/full and /small. `report` is the one it came with, "" without."""

    id: str
    sha256: str
    width: int
    height: int
    report: str
    at: datetime
    by: str


class CaseDetailOut(Out):
    """One case: reports, photos, history, the oldest first. `work` is its work item's state, "" without one."""

    case: CaseOut
    reports: list[ReportOut]
    photos: list[PhotoOut]
    history: list[DeedOut]
    work: str


class FiledOut(Out):
    """What became of a complaint: `waiting` to be read, `refused` for a `reason`, or `filed` as a `report` of a `case`,
    which `joined` an older report there or is the first one."""

    state: Literal["waiting", "filed", "refused"]
    case: str
    report: str
    joined: bool
    deadline: datetime | None
    reason: str


class CaseVerdictOut(Out):
    """Whether a case may be moved on; `why` is "" where it may."""

    number: str
    why: str


def read_cases(session: Session, now: datetime) -> list[CaseOut]:
    """Open cases by deadline, then those over for less than CLOSED_SHOWN."""
    open_first = col(Case.closed_at).is_not(None)
    rows = session.exec(
        select(Case)
        .where(col(Case.closed_at).is_(None) | (col(Case.closed_at) > now - CLOSED_SHOWN))
        .order_by(open_first, col(Case.deadline), col(Case.number))
        .limit(CASE_LIMIT)
    ).all()
    told = _told(session, [row.number for row in rows])
    return [_case(row, told.get(row.number, [])) for row in rows]


def _told(session: Session, numbers: Sequence[str]) -> dict[str, list[str]]:
    """The reports' texts of each case, the oldest first."""
    found: dict[str, list[str]] = {}
    for case, text in session.execute(
        sa.select(col(Report.case), col(Report.text)).where(col(Report.case).in_(numbers)).order_by(col(Report.at))
    ):
        found.setdefault(case, []).append(text)
    return found


def _case(row: Case, texts: Sequence[str]) -> CaseOut:
    return CaseOut(
        number=row.number,
        kind=row.kind,
        state=row.state,
        district=row.district,
        lon=row.lon,
        lat=row.lat,
        opened_at=row.opened_at,
        deadline=row.deadline,
        closed_at=row.closed_at,
        reports=len(texts),
        text=next((text for text in texts if text), "")[:TEXT_SHOWN],
        answer=row.answer,
        merged_into=row.merged_into,
        priority=row.priority,
    )


def read_case(session: Session, number: str) -> CaseDetailOut:
    """One case, however long it has been over. Raises Refused for an unknown one."""
    row = session.get(Case, number)
    if row is None:
        raise Refused("unknown_case", f"no case {number}")
    reports = session.exec(select(Report).where(Report.case == number).order_by(col(Report.at), Report.id)).all()
    works = session.exec(select(WorkItem.id).where(WorkItem.origin == f"case:{number}")).all()
    subjects = [f"case:{number}", *(f"work:{id_}" for id_ in works)]
    deeds = session.exec(
        select(AuditRow)
        .where(col(AuditRow.subject).in_(subjects))
        .order_by(col(AuditRow.id).desc())
        .limit(HISTORY_LIMIT)
    ).all()
    work = session.get(WorkItem, row.work_item) if row.work_item else None
    return CaseDetailOut(
        case=_case(row, [report.text for report in reports]),
        reports=[ReportOut(id=r.id, at=r.at, channel=r.channel, text=r.text) for r in reports],
        photos=read_photos(session, number),
        history=[DeedOut(at=d.at, actor=d.actor, action=d.action, detail=d.detail) for d in reversed(deeds)],
        work=work.state if work is not None else "",
    )


def read_photos(session: Session, number: str) -> list[PhotoOut]:
    """A case's photos that are not removed, the oldest first."""
    rows = session.exec(
        select(CasePhoto)
        .where(CasePhoto.case == number, col(CasePhoto.removed_at).is_(None))
        .order_by(col(CasePhoto.at), CasePhoto.id)
    )
    return [PhotoOut.model_validate(row, from_attributes=True) for row in rows]


def read_filed(session: Session, source: str, key: str) -> FiledOut:
    """What became of a complaint that was sent. Raises Refused for an unknown one."""
    event = session.get(StoredEvent, (source, key))
    if event is None:
        raise Refused("unknown_complaint", f"no complaint {key} of {source} has come in")
    report = session.exec(select(Report).where(Report.event == f"{source}:{key}")).first()
    if report is not None:
        case = session.get_one(Case, report.case)
        earlier = select(Report.id).where(Report.case == case.number, col(Report.at) < report.at)
        joined = session.exec(earlier).first() is not None
        return FiledOut(
            state="filed", case=case.number, report=report.id, joined=joined, deadline=case.deadline, reason=""
        )
    held = session.exec(
        select(Quarantine).where(
            Quarantine.source == source, Quarantine.event_id == key, Quarantine.reason != "identity_conflict"
        )
    ).first()
    return FiledOut(
        state="refused" if held is not None else "waiting",
        case="",
        report="",
        joined=False,
        deadline=None,
        reason=held.reason if held is not None else "",
    )


def read_verdicts(
    session: Session, name: str, numbers: Sequence[str], into: str = "", priority: str = ""
) -> list[CaseVerdictOut]:
    """What the move would meet with, case by case; `priority` for giving one. Raises Refused for an unknown case."""
    told = _told(session, [*numbers, into])

    def fact(number: str) -> CaseFact:
        row = session.get(Case, number)
        if row is None:
            raise Refused("unknown_case", f"no case {number}")
        return CaseFact(row.number, row.kind, row.state, len(told.get(number, ())), row.priority)

    target = fact(into) if name == "merge" else None
    verdicts = []
    for number in dict.fromkeys(numbers):
        case = fact(number)
        if name == "priority":
            why = why_not_set(case, priority)
        else:
            why = why_not_merged(target, case) if target is not None else why_not(name, case)
        verdicts.append(CaseVerdictOut(number=number, why=why))
    return verdicts
