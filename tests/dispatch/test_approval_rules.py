"""Approval: one named version, never a stale or failed one; who is bound; who must be told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from dispatch.approval import activate, approve, close_plan, route_in_force, self_start, tell
from dispatch.clockwork import timer_due
from dispatch.context import Context
from dispatch.differences import difference
from dispatch.response import SELF_START_STOP
from models.errors import Refused, Stale
from models.events.base import Event
from models.tables.city import Setting
from models.tables.flow import Alarm, AuditRow, Timer
from models.tables.plans import Approval, Assignment, PlanVersion, Route, Telling
from tests.dispatch.conftest import NOW, Work, add_plan, add_version, stop

ONE = [stop(1, "ST-1", "w1", 65)]
TWO = [stop(1, "ST-1", "w1", 65), stop(2, "ST-2", "w2", 70)]


def test_the_newest_proposed_version_is_approved_with_its_actor(work: Work, context: Context) -> None:
    with work() as uow:
        add_version(uow, add_plan(uow), 1, {"C-1": ONE, "C-2": TWO})
    with work(1, actor="chief") as uow:
        version = approve(uow, context, "C-20231218-D01-E@1", reason="looked at")
        assert version.state == "approved"
        approval = uow.session.get(Approval, version.id)
        assert approval is not None
        assert (approval.actor, approval.at, approval.reason) == ("chief", uow.now, "looked at")
        bound = uow.session.exec(select(Assignment).order_by(Assignment.vehicle)).all()
        assert [(row.vehicle, row.driver) for row in bound] == [("C-1", "W-K-C-1"), ("C-2", "W-K-C-2")]
        assert uow.session.exec(select(Telling)).all() == []
        timer = uow.session.get(Timer, f"activate:{version.id}")
        assert timer is not None and timer.due_at == NOW + timedelta(minutes=60)
        approved = uow.session.exec(select(AuditRow).where(AuditRow.action == "plan.approved")).one()
        assert approved.actor == "chief"


def test_what_cannot_be_approved(work: Work, context: Context) -> None:
    with work() as uow:
        plan = add_plan(uow)
        add_version(uow, plan, 1, {"C-1": ONE})
        add_version(uow, plan, 2, {"C-1": TWO}, feasible=False)
    for version, error, code in (
        ("C-20231218-D01-E@1", Stale, "stale_version"),
        ("C-20231218-D01-E@2", Refused, "infeasible"),
        ("C-20231218-D01-E@3", Refused, "unknown_plan"),
    ):
        with pytest.raises(error) as caught, work(1) as uow:
            approve(uow, context, version)
        assert caught.value.code == code
    with work(2) as uow:
        assert uow.session.exec(select(Approval)).all() == []
        assert uow.session.exec(select(Assignment)).all() == []


def test_a_change_made_for_a_moment_long_past_is_overtaken(work: Work, context: Context) -> None:
    with work() as uow:
        plan = add_plan(uow)
        add_version(uow, plan, 1, {"C-1": ONE})
        approve(uow, context, f"{plan.code}@1")
        add_version(uow, plan, 2, {"C-1": TWO}, based_on=1)
    lead = context.rules.planning.started_lead_s / 60
    with pytest.raises(Stale) as caught, work(lead + 1) as uow:
        approve(uow, context, "C-20231218-D01-E@2")
    assert caught.value.code == "overtaken"
    with work(lead) as uow:
        assert approve(uow, context, "C-20231218-D01-E@2").state == "approved"


def test_one_version_is_active_and_the_one_before_it_superseded(work: Work, context: Context) -> None:
    with work() as uow:
        plan = add_plan(uow)
        add_version(uow, plan, 1, {"C-1": ONE})
        approve(uow, context, f"{plan.code}@1")
    with work(60) as uow:
        activate(uow, "C-20231218-D01-E@1")
        add_version(uow, uow.session.get_one(type(plan), plan.code), 2, {"C-1": TWO}, based_on=1)
    with work(61) as uow:
        approve(uow, context, "C-20231218-D01-E@2")
        states = dict(uow.session.exec(select(PlanVersion.version, PlanVersion.state)).all())
        assert states == {1: "superseded", 2: "active"}
        activate(uow, "C-20231218-D01-E@1")  # a late timer of the old version changes nothing
        assert uow.session.get_one(PlanVersion, "C-20231218-D01-E@1").state == "superseded"


def test_the_database_itself_refuses_a_second_active_version(work: Work) -> None:
    with pytest.raises(IntegrityError), work() as uow:
        plan = add_plan(uow)
        for number in (1, 2):
            add_version(uow, plan, number, {}).state = "active"
        uow.session.flush()


def test_the_database_refuses_a_vehicle_in_two_plans_at_once(work: Work, context: Context) -> None:
    with work() as uow:
        add_version(uow, add_plan(uow), 1, {"C-1": ONE})
        add_version(uow, add_plan(uow, "C-20231218-D01-E2", "another"), 1, {"C-1": TWO})
    with work(1) as uow:
        approve(uow, context, "C-20231218-D01-E@1")
    with pytest.raises(Stale, match="bound to another plan") as caught, work(2) as uow:
        approve(uow, context, "C-20231218-D01-E2@1")
    assert caught.value.code == "double_booked"
    with work(3) as uow:
        assert [row.plan for row in uow.session.exec(select(Assignment)).all()] == ["C-20231218-D01-E"]
        assert uow.session.get_one(PlanVersion, "C-20231218-D01-E2@1").state == "proposed"


def changed(work: Work, context: Context) -> str:
    """Version 2 approved over version 1: C-1 has one stop more, C-2 is unchanged. The telling's id."""
    with work() as uow:
        plan = add_plan(uow)
        add_version(uow, plan, 1, {"C-1": ONE, "C-2": TWO})
        approve(uow, context, f"{plan.code}@1")
        add_version(uow, plan, 2, {"C-1": TWO, "C-2": TWO}, based_on=1)
    with work(1) as uow:
        approve(uow, context, "C-20231218-D01-E@2")
        (telling,) = uow.session.exec(select(Telling)).all()
        assert (telling.vehicle, telling.change["added"], telling.change["dropped"]) == ("C-1", 1, 0)
        return telling.id


def late(telling: str) -> Event:
    at = NOW + timedelta(minutes=11)
    data = {"kind": "telling.late", "payload": {"telling": telling}}
    return Event(source="t", id="1", type="timer.due", key="k", occurred_at=at, received_at=at, data=data)


def test_a_vehicle_is_judged_by_its_old_route_until_it_was_told(work: Work, context: Context) -> None:
    telling = changed(work, context)
    with work(5, actor="radio room") as uow:
        before = route_in_force(uow.session, "C-20231218-D01-E", "C-1", uow.now)
        assert before is not None and before.plan_version.endswith("@1")
        other = route_in_force(uow.session, "C-20231218-D01-E", "C-2", uow.now)
        assert other is not None and other.plan_version.endswith("@2")
        tell(uow, telling, "radio")
        tell(uow, telling, "phone")
    with work(6) as uow:
        row = uow.session.get_one(Telling, telling)
        assert (row.told_by, row.how, row.told_at) == ("radio room", "radio", NOW + timedelta(minutes=5))
        now_in_force = route_in_force(uow.session, row.plan, "C-1", uow.now)
        assert now_in_force is not None and now_in_force.plan_version.endswith("@2")
        then = route_in_force(uow.session, row.plan, "C-1", NOW + timedelta(minutes=4))
        assert then is not None and then.plan_version.endswith("@1")
        timer = uow.session.get_one(Timer, f"untold:{telling}")
        assert timer.state == "cancelled"
        timer_due(uow, context, late(telling))
        assert uow.session.exec(select(Alarm)).all() == []
    with pytest.raises(Refused), work(7) as uow:
        tell(uow, "nobody", "phone")


def test_an_untold_change_is_an_alarm_until_told(work: Work, context: Context) -> None:
    telling = changed(work, context)
    with work(11) as uow:
        timer_due(uow, context, late(telling))
        assert [(a.kind, a.state) for a in uow.session.exec(select(Alarm)).all()] == [("untold", "open")]
    with work(12) as uow:
        tell(uow, telling, "phone")
        assert [a.state for a in uow.session.exec(select(Alarm)).all()] == ["closed"]


def test_a_difference_counts_stops_by_work_and_names_the_first_changed_one() -> None:
    def route(*items: str) -> Route:
        stops = [stop(n, f"ST-{item}", item, n) for n, item in enumerate(items, 1)]
        return Route(id="r", doc={"stops": stops})

    told = difference(route("a", "b", "c"), route("a", "d", "c", "e"))
    assert (told["added"], told["dropped"], told["from_stop"], told["names"]) == (2, 1, 2, ["ST-d", "ST-e"])
    same = difference(route("a", "b"), route("a", "b"))
    assert (same["added"], same["dropped"], same["from_stop"]) == (0, 0, 3)


def test_self_start_approves_as_policy_unless_the_key_stops_it(work: Work, context: Context) -> None:
    with work() as uow:
        add_version(uow, add_plan(uow), 1, {"C-1": ONE})
        uow.session.add(Setting(key=SELF_START_STOP, value={"on": True}))
    with work(1) as uow:
        self_start(uow, context, "C-20231218-D01-E", SELF_START_STOP)
        assert uow.session.exec(select(Approval)).all() == []
        assert [a.kind for a in uow.session.exec(select(Alarm)).all()] == ["self_start_stopped"]
        uow.session.get_one(Setting, SELF_START_STOP).value = {"on": False}
    with work(2) as uow:
        self_start(uow, context, "C-20231218-D01-E", SELF_START_STOP)
        assert [a.actor for a in uow.session.exec(select(Approval)).all()] == ["policy:self_start"]
        self_start(uow, context, "C-20231218-D01-E", SELF_START_STOP)
        assert len(uow.session.exec(select(Approval)).all()) == 1


def test_a_closed_plan_closes_every_open_version(work: Work, context: Context) -> None:
    with work() as uow:
        plan = add_plan(uow)
        add_version(uow, plan, 1, {"C-1": ONE})
        approve(uow, context, f"{plan.code}@1")
        add_version(uow, plan, 2, {"C-1": TWO}, based_on=1)
    with work(400) as uow:
        close_plan(uow, "C-20231218-D01-E")
        assert {row.state for row in uow.session.exec(select(PlanVersion)).all()} == {"closed"}
    with pytest.raises(Stale), work(401) as uow:
        approve(uow, context, "C-20231218-D01-E@2")
    with work(402) as uow:
        assert uow.session.exec(select(PlanVersion).where(col(PlanVersion.state) != "closed")).first() is None
