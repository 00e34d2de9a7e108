"""What people do with alarms, and vehicles that fall silent on their route."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from dispatch.approval import approve
from dispatch.clockwork import timer_due
from dispatch.context import Context
from dispatch.desk import carry_out
from dispatch.positions import record_positions
from dispatch.silence import OnRoute, next_look, silent
from models.database import Database
from models.errors import Refused, Stale
from models.events.field import VehiclePosition
from models.tables.city import ResourceState
from models.tables.flow import Alarm, AuditRow, StoredEvent, Timer
from routing.streets.match_network import MatchNetwork
from streams.timers import due_event
from sweepline.compose import match_network
from tests.console.sample_city import CONTEXT
from tests.dispatch.conftest import NOW, Work, add_plan, add_version, stop
from tests.small_city import place

LOW = "low_salt:salt"


def minute(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


def command(database: Database, at: float, name: str, **values: object) -> None:
    carry_out(database, CONTEXT, minute(at), "dong", f"alarm.{name}", {"ids": [LOW], **values})


def fire(work: Work, context: Context, upto: float) -> None:
    """Every pending timer due by then, in order, each at its own instant."""
    while True:
        with work(upto) as uow:
            due = select(Timer).where(Timer.state == "pending", Timer.due_at <= minute(upto))
            timer = uow.session.exec(due.order_by(Timer.due_at, Timer.id)).first()
            if timer is None:
                return
            timer.state = "fired"
            event = due_event(timer)
        with work((event.received_at - NOW).total_seconds() / 60, cause=f"sweepline:{event.id}") as uow:
            timer_due(uow, context, event)


def alarm(database: Database, id_: str = LOW) -> Alarm:
    with database.read() as session:
        found = session.get_one(Alarm, id_)
        session.expunge(found)
        return found


@pytest.fixture
def low(work: Work) -> None:
    with work(0, "system") as uow:
        uow.open_alarm("low_salt", "salt")


@pytest.mark.usefixtures("low")
def test_who_acknowledged_first_is_kept_and_audited_as_a_command(database: Database) -> None:
    command(database, 1, "acknowledge")
    carry_out(database, CONTEXT, minute(2), "anna", "alarm.acknowledge", {"ids": [LOW]})
    row = alarm(database)
    assert (row.state, row.acknowledged_by, row.acknowledged_at) == ("acknowledged", "dong", minute(1))
    with database.read() as session:
        audit = session.exec(select(AuditRow).where(AuditRow.action == "alarm.acknowledged")).all()
        assert [(one.actor, one.subject) for one in audit] == [("dong", f"alarm:{LOW}")]
        stored = session.exec(select(StoredEvent.type, StoredEvent.actor)).all()
        assert stored == [("command.alarm.acknowledge", "dong"), ("command.alarm.acknowledge", "anna")]


@pytest.mark.usefixtures("low")
def test_a_shelved_alarm_is_back_when_its_time_is_over(database: Database, work: Work, context: Context) -> None:
    command(database, 1, "acknowledge")
    command(database, 2, "shelve", reason=" 盐车在路上 ", minutes=30)
    row = alarm(database)
    assert (row.state, row.shelved_by, row.shelved_reason, row.shelved_until) == (
        "shelved", "dong", "盐车在路上", minute(32))  # fmt: skip
    fire(work, context, 31)
    assert alarm(database).state == "shelved"
    fire(work, context, 32)
    row = alarm(database)
    assert (row.state, row.acknowledged_by, row.shelved_until, row.shelved_reason) == ("open", "", None, "")


@pytest.mark.usefixtures("low")
def test_shelved_anew_it_waits_for_the_new_time_and_can_be_taken_back_by_hand(
    database: Database, work: Work, context: Context
) -> None:
    command(database, 0, "shelve", reason="a", minutes=10)
    command(database, 5, "shelve", reason="b", minutes=20)
    fire(work, context, 24)
    assert alarm(database).state == "shelved"
    command(database, 24, "unshelve")
    assert alarm(database).state == "open"
    command(database, 24, "acknowledge")
    fire(work, context, 60)
    assert alarm(database).state == "acknowledged", "the timer of a shelf it is no longer on changes nothing"


@pytest.mark.usefixtures("low")
@pytest.mark.parametrize(("again", "state"), [(20, "shelved"), (40, "open")])
def test_a_condition_that_comes_again_stays_shelved_only_for_the_time(
    database: Database, work: Work, context: Context, again: float, state: str
) -> None:
    command(database, 0, "shelve", reason="flapping", minutes=30)
    with work(10) as uow:
        uow.close_alarm("low_salt", "salt")
    fire(work, context, again)
    with work(again) as uow:
        uow.open_alarm("low_salt", "salt")
    assert alarm(database).state == state
    fire(work, context, 60)
    assert alarm(database).state == "open"


@pytest.mark.usefixtures("low")
@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("shelve", {"reason": " ", "minutes": 30}, "no_reason"),
        ("shelve", {"reason": "x" * 201, "minutes": 30}, "no_reason"),
        ("shelve", {"reason": "x", "minutes": 4}, "usage"),
        ("shelve", {"reason": "x", "minutes": 721}, "usage"),
        ("acknowledge", {"ids": [LOW, "nothing:1"]}, "unknown_alarm"),
        ("acknowledge", {"ids": []}, "usage"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_done(
    database: Database, name: str, values: dict[str, object], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        command(database, 1, name, **values)
    assert caught.value.code == code
    assert alarm(database).state == "open"


@pytest.mark.usefixtures("low")
def test_one_that_is_over_is_stale(database: Database, work: Work) -> None:
    with work(1) as uow:
        uow.close_alarm("low_salt", "salt")
    with pytest.raises(Stale):
        command(database, 2, "acknowledge")


# -- silence ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def network(database: Database) -> MatchNetwork:
    with database.read() as session:
        return match_network(session)


def hear(work: Work, network: MatchNetwork, *minutes: float, received: float | None = None) -> None:
    """Fixes of S-1 observed at these minutes, in one batch; received at once, or all at `received`."""

    def known(_session: Session) -> MatchNetwork:
        return network

    lon, lat = place(1, 1)
    fixes = [(VehiclePosition(vehicle="S-1", observed_at=minute(m), lon=lon, lat=lat), minute(received or m))
             for m in minutes]  # fmt: skip
    with work(max(minutes), "") as uow:
        record_positions(uow, fixes, known)


def on_route(work: Work, context: Context) -> None:
    """S-1 is bound to a route over minutes 60 to 120."""
    with work(0) as uow:
        add_version(uow, add_plan(uow), 1, {"S-1": [stop(1, "ST-1", "w1", 70)]})
        approve(uow, context, "C-20231218-D01-E@1")


SILENT = "vehicle_silent:S-1"


def silences(database: Database) -> list[tuple[str, datetime, datetime | None]]:
    with database.read() as session:
        rows = session.exec(select(Alarm).where(Alarm.kind == "vehicle_silent")).all()
        return [(row.state, row.opened_at, row.closed_at) for row in rows]


def test_a_vehicle_silent_on_its_route_is_an_alarm_that_closes_when_it_is_heard(
    database: Database, work: Work, context: Context, network: MatchNetwork
) -> None:
    hear(work, network, -30)
    on_route(work, context)
    fire(work, context, 69)
    assert silences(database) == [], "parked before its route it may sleep"
    hear(work, network, 62, 66)
    fire(work, context, 75.9)
    assert silences(database) == []
    fire(work, context, 80)
    assert silences(database) == [("open", minute(76), None)], "ten minutes after its last fix, to the second"
    hear(work, network, 70, received=82)
    assert silences(database)[0][0] == "open", "an old fix sent late does not say where it is now"
    hear(work, network, 84, 85)
    assert silences(database) == [("closed", minute(76), minute(84))], "at its own fix, not at its batch's end"
    fire(work, context, 95)
    assert silences(database) == [("open", minute(95), None)]


def test_the_alarm_ends_with_the_route_and_so_do_the_looks(
    database: Database, work: Work, context: Context, network: MatchNetwork
) -> None:
    hear(work, network, -30)
    on_route(work, context)
    with database.read() as session:
        ends = max(session.exec(select(Timer.due_at).where(Timer.kind == "plan.close")).all())
    fire(work, context, (ends - NOW).total_seconds() / 60 + 60)
    assert [state for state, _, _ in silences(database)] == ["closed"]
    with database.read() as session:
        looks = session.exec(select(Timer).where(Timer.kind == "vehicles.look")).all()
    assert {look.state for look in looks} == {"fired"}
    assert len(looks) < 40, "about one in ten minutes"


@pytest.mark.parametrize("why", ["never_heard", "out"])
def test_no_alarm_of_a_vehicle_without_a_tracker_or_out_of_service(
    database: Database, work: Work, context: Context, network: MatchNetwork, why: str
) -> None:
    if why == "out":
        hear(work, network, -30)
        with work(1) as uow:
            uow.session.add(ResourceState(key="vehicle:S-1", kind="vehicle", ref="S-1", status="out", since=NOW))
    on_route(work, context)
    fire(work, context, 100)
    assert silences(database) == []


MINUTES = st.integers(0, 200)


@given(
    rows=st.lists(st.tuples(MINUTES, MINUTES, st.none() | MINUTES, st.booleans()), max_size=5),
    now=MINUTES,
    later=st.integers(0, 200),
)
def test_between_two_looks_the_answer_cannot_change(
    rows: list[tuple[int, int, int | None, bool]], now: int, later: int
) -> None:
    """Whoever is silent at an instant before the next look was so at the last one: an alarm is on time."""
    limit = timedelta(minutes=10)
    routes = [
        OnRoute(f"V{n}", "P", minute(start), minute(start + long), None if heard is None else minute(heard), out)
        for n, (start, long, heard, out) in enumerate(rows)
    ]
    due = next_look(routes, minute(now), limit)
    at = minute(now + later)
    if due is None or at < due:
        assert set(silent(routes, at, limit)) <= set(silent(routes, minute(now), limit))
    assert due is None or due > minute(now)
