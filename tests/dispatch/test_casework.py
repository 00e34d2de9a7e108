"""What dispatchers do with cases: every move and its way back, with reports, work and audit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from dispatch.approval import approve
from dispatch.cases import OVERDUE, find_same, work_done
from dispatch.casework import accept, cancel, close, merge, release, reopen, set_priority, split
from dispatch.context import Context
from dispatch.decide.cases import MOVES, OPEN, OVER, CaseFact, replayed, state_before, why_not, why_not_merged
from dispatch.problems import WEIGHTS
from models.errors import Refused, Stale
from models.events.field import ComplaintReceived
from models.tables.flow import Alarm, AuditRow
from models.tables.plans import PlanRequest
from models.tables.work import Case, Report, WorkItem
from models.times import iso
from sweepline.verify.city import cases_legal
from tests.dispatch.conftest import NOW, Work, add_plan, add_version, stop
from tests.dispatch.test_alarms import fire
from tests.dispatch.test_cases_resources import LAT, LON, complaint, told


def case_of(work: Work, number: str) -> Case:
    with work(900) as uow:
        case = uow.session.get_one(Case, number)
        assert list(cases_legal(uow.session)) == []
        uow.session.expunge_all()
        return case


def item_of(work: Work, number: str) -> WorkItem:
    with work(900) as uow:
        case = uow.session.get_one(Case, number)
        item = uow.session.get_one(WorkItem, case.work_item)
        uow.session.expunge_all()
        return item


def reports_of(work: Work, number: str) -> int:
    with work(900) as uow:
        return len(uow.session.exec(select(Report).where(Report.case == number)).all())


def deeds_of(work: Work, number: str) -> list[tuple[str, str]]:
    with work(900) as uow:
        rows = uow.session.exec(select(AuditRow).where(AuditRow.subject == f"case:{number}").order_by(AuditRow.id))
        return [(row.action, row.actor) for row in rows]


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("state", [*OPEN, *OVER])
def test_a_move_is_allowed_from_its_states_only_and_says_why_else(name: str, state: str) -> None:
    why = why_not(name, CaseFact("1", "ice", state, 1))
    assert (why == "") is (state in MOVES[name].froms)


@pytest.mark.parametrize(
    ("into", "other", "why"),
    [
        (("1", "ice", "reported"), ("2", "ice", "in_progress"), ""),
        (("1", "ice", "reported"), ("1", "ice", "reported"), "itself"),
        (("1", "ice", "closed"), ("2", "ice", "reported"), "target_over"),
        (("1", "ice", "reported"), ("2", "ice", "closed"), "over"),
        (("1", "ice", "reported"), ("2", "snow", "reported"), "other_kind"),
    ],
)
def test_cases_of_one_kind_that_are_both_open_are_merged(
    into: tuple[str, str, str], other: tuple[str, str, str], why: str
) -> None:
    assert why_not_merged(CaseFact(*into, 1), CaseFact(*other, 1)) == why


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ([], None),
        ([("case.opened", {})], "reported"),
        ([("case.opened", {}), ("case.opened", {})], None),
        ([("case.opened", {}), ("case.accepted", {}), ("case.closed", {"was": "in_progress"})], "closed"),
        ([("case.opened", {}), ("case.closed", {}), ("case.closed", {})], None),
        ([("case.opened", {}), ("case.reopened", {"to": "reported"})], None),
        ([("case.opened", {}), ("case.split", {}), ("case.merged", {})], "reported"),
    ],
)
def test_a_case_is_what_its_audit_rows_lead_to(history: list[tuple[str, dict[str, Any]]], state: str | None) -> None:
    assert replayed(history) == state


def test_the_state_before_is_that_of_the_last_ending() -> None:
    rows = [("case.closed", {"was": "in_progress"}), ("case.reopened", {}), ("case.cancelled", {"was": "reported"})]
    assert state_before(rows) == "reported"
    assert state_before(rows[:2]) == "in_progress"


def test_closed_with_an_answer_and_reopened_it_is_as_it_was(work: Work, context: Context) -> None:
    number = told(work, context, complaint())
    with work(5) as uow:
        accept(uow, [number])
    with work(6, actor="anna") as uow:
        close(uow, context, [number], " 已清扫 ")
    closed = case_of(work, number)
    assert (closed.state, closed.answer, closed.closed_at is None) == ("closed", "已清扫", False)
    assert item_of(work, number).state == "cancelled", "nobody need drive there"
    with work(7) as uow:
        reopen(uow, context, [number])
    back = case_of(work, number)
    assert (back.state, back.answer, back.closed_at) == ("in_progress", "", None)
    assert (item_of(work, number).state, "reason" in item_of(work, number).detail) == ("open", False)
    with work(8) as uow:
        release(uow, [number])
    assert case_of(work, number).state == "reported"
    assert deeds_of(work, number) == [
        ("case.opened", "chief"), ("case.accepted", "chief"), ("case.closed", "anna"), ("case.reopened", "chief"),
        ("case.released", "chief"),
    ]  # fmt: skip


def test_several_are_moved_together_or_none(work: Work, context: Context) -> None:
    first, second = told(work, context, complaint()), told(work, context, complaint(1, north_m=80))
    with work(5) as uow:
        cancel(uow, context, [second], "查无此事")
    with pytest.raises(Stale, match=second), work(6) as uow:
        close(uow, context, [first, second], "好了")
    assert case_of(work, first).state == "reported"
    with pytest.raises(Refused, match="no case X"), work(7) as uow:
        accept(uow, [first, "X"])
    with pytest.raises(Refused, match="what the public is told"), work(7) as uow:
        close(uow, context, [first], "  ")


def test_work_that_was_done_is_owed_once_more_when_its_case_is_reopened(work: Work, context: Context) -> None:
    number = told(work, context, complaint())
    before = item_of(work, number).id
    with work(30) as uow:
        uow.session.get_one(WorkItem, before).state = "done"
        work_done(uow, number, uow.now)
    with work(40) as uow:
        reopen(uow, context, [number])
    after = item_of(work, number)
    assert (case_of(work, number).state, after.state, after.id != before) == ("reported", "open", True)


def test_a_duplicate_becomes_reports_of_the_other_and_comes_back(work: Work, context: Context) -> None:
    first, second = told(work, context, complaint()), told(work, context, complaint(1, north_m=80))
    told(work, context, complaint(2, north_m=81))
    with work(5) as uow:
        merge(uow, context, first, [second])
    gone = case_of(work, second)
    assert (gone.state, gone.merged_into, reports_of(work, first), reports_of(work, second)) == ("merged", first, 3, 0)
    assert (item_of(work, second).state, item_of(work, first).state) == ("cancelled", "open")
    with work(6) as uow:
        payload = ComplaintReceived(kind="litter", lon=LON, lat=LAT + (complaint(0, north_m=80).data["lat"] - LAT))
        found = find_same(uow.session, context, payload, uow.now)
        assert found is None, "a merged case takes no more reports"
    with work(7) as uow:
        reopen(uow, context, [second])
    back = case_of(work, second)
    assert (back.state, back.merged_into, reports_of(work, first), reports_of(work, second)) == ("reported", None, 1, 2)
    assert item_of(work, second).state == "open"
    assert [action for action, _ in deeds_of(work, first)] == ["case.opened", "case.merged", "case.unmerged"]


def test_a_merge_keeps_the_earlier_deadline(work: Work, context: Context) -> None:
    first, second = told(work, context, complaint()), told(work, context, complaint(60, north_m=80))
    due = case_of(work, first).deadline
    with work(70) as uow:
        merge(uow, context, second, [first])
    assert case_of(work, second).deadline == due


def test_a_report_becomes_a_case_of_its_own_at_its_place_and_is_merged_back(work: Work, context: Context) -> None:
    number = told(work, context, complaint())
    told(work, context, complaint(10, north_m=40))
    with work(20) as uow:
        report = uow.session.exec(select(Report).order_by(Report.at.desc())).first()  # type: ignore[attr-defined]
        assert report is not None
        made = split(uow, context, report.id).number
    new = case_of(work, made)
    assert new.lat == complaint(10, north_m=40).data["lat"]
    assert new.deadline - case_of(work, number).deadline == complaint(10).received_at - complaint(0).received_at
    assert (reports_of(work, number), reports_of(work, made), item_of(work, made).state) == (1, 1, "open")
    with pytest.raises(Refused, match="nothing to split"), work(21) as uow:
        split(uow, context, uow.session.exec(select(Report.id).where(Report.case == number)).one())
    with work(22) as uow:
        merge(uow, context, number, [made])
    assert (reports_of(work, number), case_of(work, made).merged_into) == (2, number)


def test_a_running_plan_is_made_anew_without_the_work_of_a_closed_case(work: Work, context: Context) -> None:
    number = told(work, context, complaint(kind="overflow"))
    item = item_of(work, number).id
    with work(1) as uow:
        plan = add_plan(uow)
        add_version(uow, plan, 1, {"C-1": [stop(1, "spot", item, 65, "spot"), stop(2, "ST-1", "w1", 70)]})
        approve(uow, context, f"{plan.code}@1")
        uow.session.get_one(WorkItem, item).state = "planned"
    with work(2) as uow:
        close(uow, context, [number], "已清")
    with work(3) as uow:
        reopen(uow, context, [number])
    with work(4) as uow:
        requests = uow.session.exec(select(PlanRequest).order_by(PlanRequest.requested_at)).all()
        assert [(r.plan, r.mode, r.reason, r.work_items) for r in requests] == [
            (plan.code, "insert", "case_over", []),
            (plan.code, "insert", f"case:{number}", [item]),
        ]


def test_urgent_work_goes_before_other_work_and_back(work: Work, context: Context) -> None:
    first, second = told(work, context, complaint(kind="overflow")), told(work, context, complaint(1, north_m=80))
    with work(2) as uow:
        set_priority(uow, context, [first, second], "urgent")
    assert (case_of(work, first).priority, item_of(work, first).priority) == ("urgent", "case_urgent")
    with pytest.raises(Stale, match=f"{second}.*same"), work(3) as uow:
        set_priority(uow, context, [second, first], "urgent")
    with work(4) as uow:
        set_priority(uow, context, [first], "low")
    assert (item_of(work, first).priority, item_of(work, second).priority) == ("case_low", "case_urgent")
    assert WEIGHTS["case_low"] < WEIGHTS["case"] < WEIGHTS["case_urgent"]
    with work(5) as uow:
        cancel(uow, context, [first], "查无此事")
    with pytest.raises(Stale, match="over"), work(6) as uow:
        set_priority(uow, context, [first], "normal")
    with pytest.raises(Refused, match="urgent, normal, low"), work(6) as uow:
        set_priority(uow, context, [second], "highest")
    with work(7) as uow:
        reopen(uow, context, [first])
    assert (case_of(work, first).priority, item_of(work, first).priority) == ("low", "case_low")
    with work(900) as uow:
        rows = uow.session.exec(select(AuditRow).where(AuditRow.action == "case.priority").order_by(AuditRow.id)).all()
        assert [(row.subject, row.detail["was"], row.detail["priority"]) for row in rows] == [
            (f"case:{first}", "normal", "urgent"),
            (f"case:{second}", "normal", "urgent"),
            (f"case:{first}", "urgent", "low"),
        ]


def test_a_merge_is_as_urgent_as_the_more_urgent_of_two(work: Work, context: Context) -> None:
    first, second = told(work, context, complaint()), told(work, context, complaint(1, north_m=80))
    third = told(work, context, complaint(2, north_m=160))
    with work(3) as uow:
        set_priority(uow, context, [second], "urgent")
        set_priority(uow, context, [third], "low")
    with work(4) as uow:
        merge(uow, context, first, [second, third])
    assert (case_of(work, first).priority, item_of(work, first).priority) == ("urgent", "case_urgent")


def test_urgent_work_that_no_plan_has_is_asked_for_and_other_work_waits_for_the_next_version(
    work: Work, context: Context
) -> None:
    number = told(work, context, complaint(kind="overflow"))
    item = item_of(work, number).id
    with work(1) as uow:
        plan = add_plan(uow)
        add_version(uow, plan, 1, {"C-1": [stop(1, "ST-1", "w1", 70)]})
        approve(uow, context, f"{plan.code}@1")
    for minute, priority in ((2, "low"), (3, "urgent")):
        with work(minute) as uow:
            set_priority(uow, context, [number], priority)
    with work(4) as uow:
        uow.session.get_one(WorkItem, item).state = "planned"
    for minute, priority in ((5, "normal"), (6, "urgent")):
        with work(minute) as uow:
            set_priority(uow, context, [number], priority)
    with work(7) as uow:
        requests = uow.session.exec(select(PlanRequest)).all()
        assert [(r.plan, r.mode, r.work_items) for r in requests] == [(plan.code, "insert", [item])]


def overdue(work: Work) -> list[tuple[str, str]]:
    """The alarms of cases past their deadline that are not over: (case, when raised)."""
    with work(9000) as uow:
        rows = uow.session.exec(select(Alarm).where(Alarm.kind == OVERDUE, Alarm.state != "closed"))
        return [(row.key, iso(row.opened_at)) for row in rows]


def test_a_case_past_its_deadline_is_an_alarm_until_it_is_settled(work: Work, context: Context) -> None:
    number = told(work, context, complaint())
    deadline = case_of(work, number).deadline
    due = (deadline - NOW).total_seconds() / 60
    fire(work, context, due - 1)
    assert overdue(work) == []
    fire(work, context, due)
    assert overdue(work) == [(number, iso(deadline))]
    with work(due + 5) as uow:
        close(uow, context, [number], "done")
    assert overdue(work) == []
    with work(due + 6) as uow:
        reopen(uow, context, [number])
    fire(work, context, due + 7)
    assert [key for key, _ in overdue(work)] == [number], "its time had run out before"
    with work(due + 8) as uow:
        work_done(uow, number, uow.now)
    assert overdue(work) == []


def test_the_alarm_is_over_when_the_track_proves_it_however_positions_came_in(work: Work, context: Context) -> None:
    number = told(work, context, complaint())
    due = (case_of(work, number).deadline - NOW).total_seconds() / 60
    fire(work, context, due)
    proven = NOW + timedelta(minutes=due + 3)
    with work(due + 4) as uow:  # the last position of its batch
        work_done(uow, number, proven)
    with work(due + 5) as uow:
        (alarm,) = uow.session.exec(select(Alarm).where(Alarm.kind == OVERDUE)).all()
        assert (alarm.state, alarm.closed_at) == ("closed", proven)


def test_no_alarm_of_a_case_settled_in_time_and_the_earlier_deadline_of_two_merged_counts(
    work: Work, context: Context
) -> None:
    first, late = told(work, context, complaint()), told(work, context, complaint(60, north_m=200))
    due = (case_of(work, first).deadline - NOW).total_seconds() / 60
    with work(61) as uow:
        merge(uow, context, late, [first])
    fire(work, context, due)
    assert [key for key, _ in overdue(work)] == [late]
