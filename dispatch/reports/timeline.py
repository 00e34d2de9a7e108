"""A storm's timeline, from audit rows (and the rows of sheets and tellings, whose beginnings are not audited)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from dispatch.reports.values import Moment
from models.tables.city import ResourceState
from models.tables.flow import Alarm, AuditRow
from models.tables.plans import Plan, PlanVersion, Route, Sheet, Telling
from models.tables.weather import Alert, Response, Stage

TOGETHER = timedelta(minutes=10)
"""The same thing done by the same actor within so long is one line with a count."""
SUBJECTS = 500
"""Subjects asked for in one query."""
NOT_TOLD = frozenset({"plan.opened", "plan.requested", "event.accepted"})
"""What is asked of the system itself: the plan proposed says it."""
SELF_START = "self_start"


def timeline(
    session: Session,
    alerts: Sequence[Alert],
    response: Response | None,
    stages: Sequence[Stage],
    plans: Sequence[Plan],
    since: datetime,
    until: datetime,
) -> tuple[Moment, ...]:
    """Everything that happened to an episode's rows, and what else happened between `since` and `until`, in order."""
    codes = [plan.code for plan in plans]
    versions = session.exec(select(PlanVersion.id).where(col(PlanVersion.plan).in_(codes))).all()
    vehicles = {
        id_: vehicle or crew
        for id_, vehicle, crew in session.exec(
            select(Route.id, Route.vehicle, Route.crew).where(col(Route.plan_version).in_(versions))
        ).all()
    }
    sheets = session.exec(select(Sheet).where(col(Sheet.plan).in_(codes)).order_by(Sheet.code)).all()
    names = {f"alert:{row.id}": row.headline or row.identifier for row in alerts}
    names |= {f"stage:{stage.id}": stage.kind for stage in stages}
    names |= {f"plan:{id_}": id_ for id_ in (*codes, *versions)}
    names |= {f"route:{id_}": name for id_, name in vehicles.items()}
    names |= {f"sheet:{sheet.code}": sheet.code for sheet in sheets}
    if response is not None:
        names[f"response:{response.id}"] = ""
    rows = [*audited(session, names), *around(session, since, until)]
    rows.sort(key=lambda row: (row.at, row.id or 0))
    moments = [moment for row in rows if (moment := _moment(row, names.get(row.subject, row.subject)))]
    moments += [Moment(at=sheet.issued_at, code="sheet.issued", refs=(sheet.code,)) for sheet in sheets]
    for telling in session.exec(select(Telling).where(col(Telling.plan).in_(codes)).order_by(Telling.id)).all():
        moments.append(Moment(at=telling.opened_at, code="route.changed", refs=(telling.vehicle,)))
    return tuple(together(moments))


def audited(session: Session, subjects: Iterable[str]) -> Iterator[AuditRow]:
    """The audit rows of some subjects."""
    wanted = sorted(subjects)
    for first in range(0, len(wanted), SUBJECTS):
        part = wanted[first : first + SUBJECTS]
        yield from session.exec(select(AuditRow).where(col(AuditRow.subject).in_(part)).order_by(col(AuditRow.id)))


def around(session: Session, since: datetime, until: datetime) -> list[AuditRow]:
    """What belongs to no storm but happened in it: alarms, what went out of service, the stop of self-start."""
    # An alarm's row says its newest opening only; one closed before has no part in what came after.
    alarms = session.exec(select(Alarm.id).where(or_(col(Alarm.closed_at).is_(None), col(Alarm.closed_at) >= since)))
    subjects = {f"alarm:{id_}" for id_ in alarms} | set(session.exec(select(ResourceState.key)).all()) | {SELF_START}
    return [row for row in audited(session, subjects) if since <= row.at <= until]


def _moment(row: AuditRow, ref: str) -> Moment | None:
    if row.action in NOT_TOLD:
        return None
    detail = row.detail
    note = str(
        detail.get("due_at")
        or detail.get("onset")
        or detail.get("how")
        or detail.get("reason")
        or ("infeasible" if detail.get("feasible") is False else "")
    )
    if row.action == "response.opened":
        note = "self_start" if detail.get("self_start") else ""
    return Moment(at=row.at, code=row.action, actor=row.actor, refs=(ref,) if ref else (), note=note)


def together(moments: Iterable[Moment]) -> list[Moment]:
    """In order of time (what was at one instant stays as given), the same within TOGETHER of a line's first made one
    line. Stages and alerts stay apart.
    """
    lines: list[Moment] = []
    open_: dict[tuple[str, ...], int] = {}
    for moment in sorted(moments, key=lambda m: m.at):
        kind = moment.code.partition(".")[0]
        key = (moment.code, moment.actor, _family(moment))
        at = open_.get(key)
        if at is not None and kind not in ("stage", "alert") and moment.at - lines[at].at <= TOGETHER:
            first = lines[at]
            refs = sorted({*first.refs, *moment.refs})
            note = first.note if first.note == moment.note else ""
            lines[at] = first.model_copy(update={"count": first.count + 1, "refs": tuple(refs), "note": note})
        else:
            open_[key] = len(lines)
            lines.append(moment)
    return lines


def _family(moment: Moment) -> str:
    """What lines must share besides: plans of one service (its letter), alarms of one kind, what is out its reason."""
    ref = moment.refs[0] if moment.refs else ""
    if moment.code.startswith("plan."):
        return ref[:1]
    if moment.code.startswith("resource."):
        return moment.note
    return ref.split(":")[1] if ref.startswith("alarm:") else ""
