"""What a dispatcher does with cases: take in hand, say how urgent, close with an answer, cancel, merge, split, undo.

Each command is all or none. Its way back is a command of its own: release, reopen, and merging what was split.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import col, func, select

from dispatch.cases import OVERDUE, into_running_plan, open_case, running_plans, watch_deadline, work_for
from dispatch.context import Context
from dispatch.decide.cases import (
    CLASS_OF,
    MOVES,
    OPEN,
    CaseFact,
    more_urgent,
    state_before,
    why_not,
    why_not_merged,
    why_not_set,
)
from dispatch.photos import move_photos, photos_of, photos_of_report
from dispatch.places import place_index
from dispatch.planning import request_plan
from dispatch.uow import UnitOfWork
from dispatch.versions import live_version, routes_of
from models.errors import Refused, Stale
from models.tables.flow import AuditRow
from models.tables.work import UNDONE, Case, Report, WorkItem

CASES_AT_ONCE = 200
ANSWER_LIMIT = 1000
GONE = "case_over"
"""Why the work of a case was cancelled: reopening the case opens it again."""


def accept(uow: UnitOfWork, numbers: Sequence[str]) -> None:
    """Somebody sees to these cases by hand. Raises Refused, Stale."""
    for case in _allowed(uow, "accept", numbers):
        _move(uow, case, "accept")


def release(uow: UnitOfWork, numbers: Sequence[str]) -> None:
    """Nobody sees to these cases by hand any more. Raises Refused, Stale."""
    for case in _allowed(uow, "release", numbers):
        _move(uow, case, "release")


def set_priority(uow: UnitOfWork, context: Context, numbers: Sequence[str], priority: str) -> None:
    """These matter so much to plans made from now on. Urgent work that no plan has is asked for at once.

    Raises Refused for no such priority, Stale for a case that is over or has it already.
    """
    if priority not in CLASS_OF:
        raise Refused("usage", f"a priority is one of {', '.join(CLASS_OF)}, not {priority}")
    cases = _locked(uow, numbers)
    for case in cases:
        _refuse(why_not_set(fact_of(uow, case), priority), case.number)
    for case in cases:
        item = _give_priority(uow, case, priority)
        _said(uow, case)
        if item is not None and item.state == "open" and priority == "urgent":
            into_running_plan(uow, context, case, item)


def _give_priority(uow: UnitOfWork, case: Case, priority: str) -> WorkItem | None:
    """Its work that is not over, if there is any, which now has the class of the priority."""
    uow.audit("case.priority", f"case:{case.number}", was=case.priority, priority=priority)
    case.priority = priority
    item = uow.session.get(WorkItem, case.work_item, with_for_update=True) if case.work_item else None
    if item is None or item.state not in UNDONE:
        return None
    item.priority = CLASS_OF[priority]
    return item


def close(uow: UnitOfWork, context: Context, numbers: Sequence[str], answer: str) -> None:
    """These are settled; `answer` is what those who told of them are told. Raises Refused, Stale."""
    _end(uow, context, "close", numbers, answer)


def cancel(uow: UnitOfWork, context: Context, numbers: Sequence[str], answer: str) -> None:
    """There is nothing to do for these; `answer` says why. Raises Refused, Stale."""
    _end(uow, context, "cancel", numbers, answer)


def _end(uow: UnitOfWork, context: Context, name: str, numbers: Sequence[str], answer: str) -> None:
    answer = answer.strip()
    if not answer or len(answer) > ANSWER_LIMIT:
        raise Refused("no_answer", f"write what the public is told, in at most {ANSWER_LIMIT} signs")
    for case in _allowed(uow, name, numbers):
        case.answer = answer
        _move(uow, case, name, answer=answer)
        _drop_work(uow, context, case)


def merge(uow: UnitOfWork, context: Context, into: str, numbers: Sequence[str]) -> None:
    """These cases are the same thing as `into`: their reports become its reports. Raises Refused, Stale."""
    target, *others = _locked(uow, [into, *numbers])
    for case in others or [target]:
        _refuse(why_not_merged(fact_of(uow, target), fact_of(uow, case)), case.number)
    for case in others:
        ids = []
        for report in uow.session.exec(select(Report).where(Report.case == case.number).order_by(Report.id)):
            report.case = target.number
            ids.append(report.id)
        photos = move_photos(uow, photos_of(uow, case.number), target.number)
        case.merged_into = target.number
        if case.deadline < target.deadline:
            target.deadline = case.deadline
            watch_deadline(uow, target)
        if more_urgent(case.priority, target.priority) != target.priority:
            _give_priority(uow, target, case.priority)
        moved: dict[str, Any] = {"photos": photos} if photos else {}
        _move(uow, case, "merge", into=target.number, reports=ids, **moved)
        uow.audit("case.merged", f"case:{target.number}", reports=ids, case=case.number)
        _drop_work(uow, context, case)
    _said(uow, target)


def split(uow: UnitOfWork, context: Context, report_id: str) -> Case:
    """This report is of something else: it becomes a case of its own, due as from when it was told.

    Raises Refused for an unknown report and for the only one of its case, Stale where the case is over.
    """
    report = uow.session.get(Report, report_id)
    if report is None:
        raise Refused("unknown_report", f"no report {report_id}")
    (old,) = _locked(uow, [report.case])
    if old.state not in OPEN:
        raise Stale("case_over", f"{old.number} is over: reopen it first")
    if fact_of(uow, old).reports < 2:
        raise Refused("only_report", f"{old.number} has no other report: there is nothing to split")
    lon, lat = (old.lon, old.lat) if report.lon is None or report.lat is None else (report.lon, report.lat)
    place = place_index(uow.session).nearest(lon, lat)
    assert place is not None, "a case has a street"
    kind = context.rules.cases.kinds[old.kind]
    deadline = report.at + timedelta(minutes=kind.deadline_min)
    case = open_case(uow, context, old.kind, (lon, lat), place, report.at, deadline, split_from=old.number)
    work_for(uow, context, case, place.node)
    report.case = case.number
    move_photos(uow, photos_of_report(uow, report.id), case.number)
    uow.audit("case.split", f"case:{old.number}", report=report.id, case=case.number)
    _said(uow, old)
    _said(uow, case)
    return case


def reopen(uow: UnitOfWork, context: Context, numbers: Sequence[str]) -> None:
    """These were ended wrongly: they go on as they were, with their reports and their work. Raises Refused, Stale."""
    for case in _allowed(uow, "reopen", numbers):
        rows = uow.session.exec(
            select(AuditRow).where(AuditRow.subject == f"case:{case.number}").order_by(col(AuditRow.id))
        ).all()
        if case.state == "merged":
            _take_back_reports(uow, case, rows)
        to = state_before((row.action, row.detail) for row in rows)
        case.merged_into, case.answer = None, ""
        _move(uow, case, "reopen", to=to)
        _work_again(uow, context, case)


def _take_back_reports(uow: UnitOfWork, case: Case, rows: Sequence[AuditRow]) -> None:
    """Reports that came by the merge and are still where it took them. The other case keeps its deadline: nobody waits
    longer for an undo."""
    moved = next(row.detail for row in reversed(rows) if row.action == MOVES["merge"].audit)
    (target,) = _locked(uow, [moved["into"]])
    mine = uow.session.exec(
        select(Report).where(col(Report.id).in_(moved["reports"]), Report.case == target.number)
    ).all()
    if not mine:
        raise Refused("reports_elsewhere", f"the reports of {case.number} belong to other cases by now")
    for report in mine:
        report.case = case.number
    came = [photo for photo in photos_of(uow, target.number) if photo.id in moved.get("photos", ())]
    move_photos(uow, came, case.number)
    uow.audit("case.unmerged", f"case:{target.number}", reports=sorted(r.id for r in mine), case=case.number)
    _said(uow, target)


def fact_of(uow: UnitOfWork, case: Case) -> CaseFact:
    """A case as the decisions see it."""
    count = uow.session.exec(select(func.count()).select_from(Report).where(Report.case == case.number)).one()
    return CaseFact(case.number, case.kind, case.state, int(count), case.priority)


def _move(uow: UnitOfWork, case: Case, name: str, to: str = "", **detail: Any) -> None:
    move, was = MOVES[name], case.state
    case.state = move.to or to
    case.closed_at = None if case.state in OPEN else uow.now
    uow.audit(move.audit, f"case:{case.number}", was=was, **({"to": to} if to else {}), **detail)
    if case.state not in OPEN:
        uow.close_alarm(OVERDUE, case.number)
    elif was not in OPEN:
        watch_deadline(uow, case)
    _said(uow, case)


def _said(uow: UnitOfWork, case: Case) -> None:
    uow.session.flush()
    uow.emit("state", f"case:{case.number}", "case.changed", {"case": case.number}, case.state)


def _drop_work(uow: UnitOfWork, context: Context, case: Case) -> None:
    """Nobody need drive there any more: a running plan that has it is made anew without it."""
    item = uow.session.get(WorkItem, case.work_item, with_for_update=True) if case.work_item else None
    if item is None or item.state not in UNDONE:
        return
    item.state, item.detail = "cancelled", {**item.detail, "reason": GONE}
    uow.audit("work.cancelled", f"work:{item.id}", reason=GONE)
    for plan in running_plans(uow.session, item.district, item.service, uow.now):
        version = live_version(uow.session, plan.code)
        routes = routes_of(uow.session, version.id) if version is not None else []
        if any(stop["work_item"] == item.id for route in routes for stop in route.doc["stops"]):
            request_plan(uow, context, plan, GONE, mode="insert")


def _work_again(uow: UnitOfWork, context: Context, case: Case) -> None:
    """The work that went with the case comes back with it; where it had been done, there is work once more."""
    item = uow.session.get(WorkItem, case.work_item, with_for_update=True) if case.work_item else None
    if item is None or item.state in ("done", "missed"):
        place = place_index(uow.session).nearest(case.lon, case.lat)
        assert place is not None, "a case has a street"
        work_for(uow, context, case, place.node)
        return
    if item.state != "cancelled" or item.detail.get("reason") != GONE:
        return
    item.state, item.detail = "open", {key: value for key, value in item.detail.items() if key != "reason"}
    item.priority = CLASS_OF[case.priority]
    uow.audit("work.reopened", f"work:{item.id}")
    into_running_plan(uow, context, case, item)


def _allowed(uow: UnitOfWork, name: str, numbers: Sequence[str]) -> list[Case]:
    """The cases named, all or none: Refused for an unknown one, Stale for one the move may not be made with."""
    cases = _locked(uow, numbers)
    for case in cases:
        _refuse(why_not(name, fact_of(uow, case)), case.number)
    return cases


def _refuse(why: str, number: str) -> None:
    if why in ("itself", "other_kind"):
        raise Refused(why, f"{number}: a case is merged with another one of its kind")
    if why:
        raise Stale(f"case_{why}", f"{number} has changed meanwhile ({why}): look at it again")


def _locked(uow: UnitOfWork, numbers: Sequence[str]) -> list[Case]:
    """The cases in the order named, nobody else's until the end of the transaction; locked in order of number."""
    names = list(dict.fromkeys(numbers))
    if not names or len(names) > CASES_AT_ONCE:
        raise Refused("usage", f"name 1 to {CASES_AT_ONCE} cases, not {len(names)}")
    rows = uow.session.exec(
        select(Case)
        .where(col(Case.number).in_(names))
        .order_by(Case.number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    found = {row.number: row for row in rows}
    for name in names:
        if name not in found:
            raise Refused("unknown_case", f"no case {name}")
    return [found[name] for name in names]
