"""Units of work, timers, commands, the fallback alarm, and the hash over all that is true."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from dispatch.clockwork import start_clockwork, timer_due
from dispatch.commands import run_command
from dispatch.context import Context
from dispatch.fallback import check_fallback_age, request_fallbacks
from dispatch.planning import request_plan
from dispatch.stages import stage_work_done
from dispatch.state_hash import state_hash, table_hashes
from dispatch.uow import UnitOfWork
from models.database import Database
from models.errors import Refused
from models.events.base import Event
from models.migrate import upgrade
from models.tables.flow import Alarm, AuditRow, Outbox, StoredEvent, Timer
from models.tables.plans import Plan, PlanRequest
from models.tables.weather import Stage
from models.tables.work import Level, StationDay, WorkItem
from streams.timers import fire_due
from tests.dispatch.conftest import NOW, Work, add_plan, add_version


def test_a_timer_fires_once_and_a_cancelled_one_never(database: Database, work: Work) -> None:
    with work() as uow:
        uow.set_timer("one", NOW + timedelta(minutes=5), "fallback.age", "planning")
        uow.set_timer("two", NOW + timedelta(minutes=5), "fallback.age", "planning")
        uow.set_timer("later", NOW + timedelta(minutes=50), "fallback.age", "planning")
        uow.cancel_timer("two")
    assert fire_due(database, NOW + timedelta(minutes=4)) == 0
    assert fire_due(database, NOW + timedelta(minutes=6)) == 1
    assert fire_due(database, NOW + timedelta(minutes=6)) == 0
    with work(7) as uow:
        uow.set_timer("one", NOW + timedelta(minutes=8), "fallback.age", "planning")
        uow.set_timer("two", NOW + timedelta(minutes=8), "fallback.age", "planning")
        uow.cancel_timer("one")
    assert fire_due(database, NOW + timedelta(minutes=9)) == 0
    with work(10) as uow:
        states = {row.id: row.state for row in uow.session.exec(select(Timer)).all()}
        assert states == {"one": "fired", "two": "cancelled", "later": "pending"}
        assert [row.topic for row in uow.session.exec(select(Outbox)).all()] == ["timers"]


def test_a_pending_timer_moves(database: Database, work: Work) -> None:
    with work() as uow:
        uow.set_timer("one", NOW + timedelta(minutes=5), "fallback.age", "planning", n=1)
        uow.set_timer("one", NOW + timedelta(minutes=15), "fallback.age", "planning", n=2)
    assert fire_due(database, NOW + timedelta(minutes=10)) == 0
    assert fire_due(database, NOW + timedelta(minutes=15)) == 1
    with work(20) as uow:
        assert uow.session.get_one(Timer, "one").payload == {"n": 2}


def test_a_timer_nobody_knows_is_a_broken_invariant(work: Work, context: Context) -> None:
    data = {"kind": "nobody.knows", "payload": {}}
    event = Event(source="t", id="1", type="timer.due", key="k", occurred_at=NOW, received_at=NOW, data=data)
    with pytest.raises(ValueError, match=r"nobody\.knows"), work() as uow:
        timer_due(uow, context, event)


def test_an_alarm_opens_once_closes_once_and_opens_again(work: Work) -> None:
    for minutes, action in enumerate(("open", "open", "close", "close", "open")):
        with work(minutes) as uow:
            if action == "open":
                uow.open_alarm("low_salt", "salt", tonnes=minutes)
            else:
                uow.close_alarm("low_salt", "salt")
    with work(9) as uow:
        alarm = uow.session.get_one(Alarm, "low_salt:salt")
        assert (alarm.state, alarm.opened_at, alarm.closed_at) == ("open", NOW + timedelta(minutes=4), None)
        audit = uow.session.exec(select(AuditRow.action).order_by(AuditRow.id)).all()
        assert audit == ["alarm.opened", "alarm.closed", "alarm.opened"]


def test_a_command_has_an_actor_and_is_stored_with_what_it_did(database: Database) -> None:
    def act(uow: UnitOfWork) -> str:
        uow.audit("thing.done", "thing:1")
        return uow.actor

    with pytest.raises(Refused) as caught:
        run_command(database, NOW, "", "thing.do", "1", {"n": 1}, act)
    assert caught.value.code == "no_actor"
    assert run_command(database, NOW, "chief", "thing.do", "1", {"n": 1}, act) == "chief"
    with database.read() as session:
        (stored,) = session.exec(select(StoredEvent)).all()
        assert (stored.type, stored.actor, stored.data) == ("command.thing.do", "chief", {"n": 1})
        assert [row.actor for row in session.exec(select(AuditRow)).all()] == ["chief"]


def test_a_command_that_fails_leaves_nothing(database: Database) -> None:
    def act(uow: UnitOfWork) -> None:
        uow.audit("thing.done", "thing:1")
        uow.open_alarm("a", "b")
        uow.session.flush()
        raise Refused("no", "not today")

    with pytest.raises(Refused):
        run_command(database, NOW, "chief", "thing.do", "1", {}, act)
    with database.read() as session:
        for table in (StoredEvent, AuditRow, Alarm, Outbox):
            assert session.exec(select(table)).all() == []


def test_every_district_has_its_fallbacks_and_an_alarm_while_they_are_old(work: Work, context: Context) -> None:
    with work() as uow:
        request_fallbacks(uow, context, "import")
        plans = {plan.service: plan for plan in uow.session.exec(select(Plan)).all()}
        assert set(plans) == {"salting", "collection"}
        assert len(uow.session.exec(select(PlanRequest)).all()) == 2
        for plan in plans.values():
            add_version(uow, plan, 1, {}).state = "draft"
    hours = context.rules.planning.fallback_max_age_h
    with work(hours * 60) as uow:
        check_fallback_age(uow, context)
        assert uow.session.exec(select(Alarm)).all() == []
    with work(hours * 60 + 1) as uow:
        check_fallback_age(uow, context)
        assert {alarm.state for alarm in uow.session.exec(select(Alarm)).all()} == {"open"}
        assert len(uow.session.exec(select(Alarm)).all()) == 2
        for plan in uow.session.exec(select(Plan)).all():
            add_version(uow, plan, 2, {}).state = "draft"
        check_fallback_age(uow, context)
        assert {alarm.state for alarm in uow.session.exec(select(Alarm)).all()} == {"closed"}


def test_a_fallback_that_was_never_made_is_an_alarm(work: Work, context: Context) -> None:
    with work() as uow:
        request_fallbacks(uow, context, "import")
    with work(60) as uow:
        check_fallback_age(uow, context)
        assert {alarm.kind for alarm in uow.session.exec(select(Alarm)).all()} == {"fallback_old"}


def test_the_standing_timers_are_set_once_however_often_a_city_starts(work: Work, context: Context) -> None:
    for minutes in (0, 1, 2):
        with work(minutes) as uow:
            start_clockwork(uow, context, uow.now)
    with work(3) as uow:
        kinds = [row.kind for row in uow.session.exec(select(Timer)).all()]
        # today's collection runs still ahead at 16:00 in Shanghai (evening), midnight, the nightly fallback, its age
        assert sorted(kinds) == ["collection.run", "day.close", "day.end", "fallback.age", "fallback.make"]
        days = uow.session.exec(select(StationDay)).all()
        assert {row.station for row in days} == {f"ST-{n}" for n in range(1, 6)} and len(days) == 5
        fallback = uow.session.exec(select(Timer).where(Timer.kind == "fallback.make")).one()
        assert fallback.due_at == NOW + timedelta(hours=10)  # 02:00 in Shanghai is 18:00 UTC


def test_a_newer_full_request_overtakes_an_open_one_and_an_insertion_does_not(work: Work, context: Context) -> None:
    with work() as uow:
        plan = add_plan(uow)
        first = request_plan(uow, context, plan, "one").id
        assert request_plan(uow, context, plan, "one").id == first
        insert = request_plan(uow, context, plan, "case", mode="insert", work_items=("w",)).id
    with work(1) as uow:
        second = request_plan(uow, context, uow.session.get_one(Plan, "C-20231218-D01-E"), "two").id
    with work(2) as uow:
        phases = {row.id: row.phase for row in uow.session.exec(select(PlanRequest)).all()}
        assert phases == {first: "done", insert: "insert", second: "greedy"}


def test_a_stage_is_done_with_the_last_of_its_work(work: Work) -> None:
    def item(id_: str, state: str, minutes: float) -> WorkItem:
        done = NOW + timedelta(minutes=minutes) if state == "done" else None
        return WorkItem(
            id=id_,
            service="salting",
            district="D01",
            place=f"segment:{id_}",
            origin="stage:st",
            period="stage:st",
            state=state,
            created_at=NOW,
            done_at=done,
        )

    with work() as uow:
        uow.session.add(Stage(id="st", response="r", kind="pretreat", anchor="onset", state="running"))
        for made in (item("a", "done", 30), item("b", "cancelled", 0), item("c", "started", 0)):
            uow.session.add(made)
    with work(60) as uow:
        stage_work_done(uow, "stage:st")
        assert uow.session.get_one(Stage, "st").state == "running"
        last = uow.session.get_one(WorkItem, "c")
        last.state, last.done_at = "done", NOW + timedelta(minutes=20)
        stage_work_done(uow, "stage:st")
        stage = uow.session.get_one(Stage, "st")
        assert (stage.state, stage.done_at) == ("done", NOW + timedelta(minutes=30))


def levels() -> list[Level]:
    return [
        Level(station=f"ST-{n}", observed_at=NOW + timedelta(minutes=n), received_at=NOW, level_pct=10.0 * n)
        for n in range(1, 6)
    ]


@pytest.fixture(scope="module")
def two_databases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, Database]:
    made = []
    for name in ("a", "b"):
        database = Database(f"sqlite:///{tmp_path_factory.mktemp('hash') / name}.db")
        upgrade(database)
        made.append(database)
    return made[0], made[1]


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(5)))
def test_the_same_rows_in_any_order_hash_the_same(order: list[int], two_databases: tuple[Database, Database]) -> None:
    rows = levels()
    hashes = []
    for database, places in zip(two_databases, (range(5), order), strict=True):
        with database.write() as session:
            for place in places:
                session.add(Level(**rows[place].model_dump()))
                session.flush()
            hashes.append(state_hash(session))
            session.rollback()
    assert hashes[0] == hashes[1]


def test_a_changed_row_changes_the_hash_of_its_table_only(work: Work) -> None:
    with work() as uow:
        uow.session.add_all(levels())
        uow.session.flush()
        before, whole = table_hashes(uow.session), state_hash(uow.session)
        uow.session.get_one(Level, ("ST-1", NOW + timedelta(minutes=1))).level_pct = 11.0
        uow.session.flush()
        after = table_hashes(uow.session)
        assert [name for name in before if before[name] != after[name]] == ["level"]
        assert state_hash(uow.session) != whole
        uow.audit("delivered", "twice")
        uow.session.flush()
        assert table_hashes(uow.session) == after
