"""The outbox is finally sent, in order of each key; timers fire once; leases fence; the audit is sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from dispatch.uow import UnitOfWork
from models.database import Database
from models.errors import Invariant, Unavailable
from models.events.base import Event, load_event
from models.tables.flow import AuditRow, Outbox, Timer
from streams import leases, sealing
from streams.driver import Driver, Message
from streams.locks import try_lock
from streams.relay import RELAY_LIMIT, Relay
from streams.timers import fire_due, next_due
from tests.contract.line import START, Line, database_url, remember


class Faulty:
    """A driver that dies before or after it has written."""

    def __init__(self, driver: Driver, when: str) -> None:
        self.driver = driver
        self.when = when

    def publish(self, messages: Sequence[Message]) -> None:
        if self.when == "before":
            raise Unavailable("broker is away")
        self.driver.publish(messages)
        raise Invariant("killed after sending")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.driver, name)


def unit(session: Any) -> UnitOfWork:
    return UnitOfWork(session, START, "test", "ann")


def emit(line: Line, numbers: range, keys: int = 1) -> None:
    with line.database.write() as session:
        uow = unit(session)
        for n in numbers:
            uow.emit("cases", f"k{n % keys}", "case.changed", {"n": n}, str(n))


def append(uow: UnitOfWork, event: Event) -> None:
    remember(uow.session, event.key, lambda seen: [*seen, event.data["n"]], [])


def test_the_outbox_is_sent_in_order_of_each_key(line: Line) -> None:
    emit(line, range(RELAY_LIMIT + 20), keys=3)
    hints: list[tuple[str, str]] = []
    relay = Relay(line.database, line.drivers[0], line.clock, lambda topic, key: hints.append((topic, key)))
    assert relay.backlog() == RELAY_LIMIT + 20
    assert [relay.run_once(), relay.run_once(), relay.run_once()] == [RELAY_LIMIT, 20, 0]
    assert relay.backlog() == 0
    assert len(hints) == RELAY_LIMIT + 20
    line.drain(line.runner(append))
    for key in range(3):
        assert line.value(f"k{key}") == [n for n in range(RELAY_LIMIT + 20) if n % 3 == key]


def test_a_row_committed_late_with_a_lower_id_is_sent_too(line: Line) -> None:
    emit(line, range(3))
    relay = Relay(line.database, line.drivers[0], line.clock)
    with line.database.write() as session:
        first = session.exec(select(Outbox).order_by(col(Outbox.id))).first()
        late = Outbox(id=first.id, topic=first.topic, key="late", value=first.value)
        session.delete(first)
    assert relay.run_once() == 2
    with line.database.write() as session:
        session.add(late)
    assert relay.run_once() == 1


def test_broker_away_nothing_is_marked_and_all_is_sent_later(line: Line) -> None:
    emit(line, range(5))
    with pytest.raises(Unavailable):
        Relay(line.database, Faulty(line.drivers[0], "before"), line.clock).run_once()
    relay = Relay(line.database, line.drivers[0], line.clock)
    assert relay.backlog() == 5
    assert relay.run_once() == 5


def test_killed_between_sending_and_marking_it_is_sent_twice_and_applied_once(line: Line) -> None:
    emit(line, range(5))
    with pytest.raises(Invariant):
        Relay(line.database, Faulty(line.drivers[0], "after"), line.clock).run_once()
    assert Relay(line.database, line.drivers[0], line.clock).run_once() == 5
    assert sum(line.drivers[0].end_offsets(["cases"]).values()) == 10
    line.drain(line.runner(append))
    assert line.value("k0") == [0, 1, 2, 3, 4]


def test_only_the_lease_holder_relays(line: Line) -> None:
    emit(line, range(5))
    first, second = (leases.Keeper(line.database, "relay", name, line.clock) for name in ("one", "two"))
    assert first.held()
    assert Relay(line.database, line.drivers[0], line.clock, lease=second).run_once() == 0
    assert Relay(line.database, line.drivers[0], line.clock, lease=first).run_once() == 5


def test_a_second_relay_on_postgresql_finds_the_lock_taken(line: Line) -> None:
    emit(line, range(5))
    inner: list[int] = []

    class Nested(Faulty):
        def publish(self, messages: Sequence[Message]) -> None:
            inner.append(Relay(line.database, line.drivers[0], line.clock).run_once())
            self.driver.publish(messages)

    if line.kind == "sqlite":
        pytest.skip("SQLite has one runner by its lease, no advisory lock")
    assert Relay(line.database, Nested(line.drivers[0], ""), line.clock).run_once() == 5
    assert inner == [0]


def test_another_installation_in_the_same_database_has_locks_of_its_own(line: Line, tmp_path: Path) -> None:
    if line.kind == "sqlite":
        pytest.skip("SQLite has one runner by its lease, no advisory lock")
    other = Database(database_url(line.kind, tmp_path, "public"))
    with line.database.write() as session, other.write() as elsewhere:
        assert try_lock(session, "contract") and try_lock(elsewhere, "contract")
        with line.database.write() as third:
            assert not try_lock(third, "contract")
    other.close()


def test_timers_fire_once_in_order_with_their_own_time(line: Line) -> None:
    hour = timedelta(hours=1)
    with line.database.write() as session:
        uow = unit(session)
        uow.set_timer("b", START + hour, "plan.activate", "P1", version=2)
        uow.set_timer("a", START + hour, "plan.activate", "P0")
        uow.set_timer("c", START, "plan.close", "P1")
        uow.set_timer("gone", START, "plan.close", "P1")
        uow.set_timer("later", START + 9 * hour, "plan.close", "P1")
        uow.cancel_timer("gone")
        uow.set_timer("moved", START, "plan.close", "P1")
        uow.set_timer("moved", START + 2 * hour, "plan.close", "P1")
    with line.database.read() as session:
        assert next_due(session) == START
    assert fire_due(line.database, START - hour) == 0
    assert fire_due(line.database, START + 5 * hour) == 4
    assert fire_due(line.database, START + 5 * hour) == 0
    events = [load_event(row.value) for row in sorted(line.rows(Outbox), key=lambda row: row.id)]
    assert [event.id for event in events] == ["timer:c", "timer:a", "timer:b", "timer:moved"]
    fired = events[2]
    assert (fired.type, fired.received_at, fired.occurred_at) == ("timer.due", START + hour, START + hour)
    assert fired.data == {"kind": "plan.activate", "key": "P1", "payload": {"version": 2}}
    with line.database.write() as session:
        unit(session).set_timer("a", START + 3 * hour, "plan.activate", "P0")
    assert fire_due(line.database, START + 5 * hour) == 0
    assert {row.id: row.state for row in line.rows(Timer)}["gone"] == "cancelled"


def test_a_lease_is_fenced_by_its_generation(line: Line) -> None:
    database = line.database
    assert leases.acquire(database, "planner", "one", START, 15) == 1
    assert leases.acquire(database, "planner", "two", START + timedelta(seconds=14), 15) is None
    assert leases.heartbeat(database, "planner", "one", 1, START + timedelta(seconds=10))
    assert leases.acquire(database, "planner", "two", START + timedelta(seconds=20), 15) is None
    assert leases.acquire(database, "planner", "two", START + timedelta(seconds=25), 15) == 2
    assert not leases.heartbeat(database, "planner", "one", 1, START + timedelta(seconds=26))
    assert not leases.release(database, "planner", "one", 1)
    with database.write() as session:
        assert not leases.holds(session, "planner", 1)
        assert leases.holds(session, "planner", 2)
        assert leases.find_holder(session, "planner", START + timedelta(seconds=26)) == "two"
    assert leases.release(database, "planner", "two", 2)
    assert leases.acquire(database, "planner", "one", START + timedelta(seconds=26), 15) == 3


def test_a_keeper_beats_and_notices_that_it_lost(line: Line) -> None:
    keeper = leases.Keeper(line.database, "planner", "one", line.clock)
    assert keeper.held()
    line.clock.now += timedelta(seconds=10)
    assert keeper.held()
    line.clock.now += timedelta(seconds=10)
    assert leases.acquire(line.database, "planner", "two", line.clock(), 15) is None
    line.clock.now += timedelta(seconds=60)
    assert leases.acquire(line.database, "planner", "two", line.clock(), 15) == 2
    assert not keeper.held()


def test_the_audit_is_sealed_and_a_change_shows(line: Line) -> None:
    with line.database.write() as session:
        for n in range(5):
            unit(session).audit("case.opened", f"case:{n}", weight=1.5, texts=["雪", n])
    relay = Relay(line.database, line.drivers[0], line.clock)
    with line.database.read() as session:
        assert sealing.verify(session, START + timedelta(seconds=59)) == []
        assert len(sealing.verify(session, START + timedelta(seconds=61))) == 5
    relay.run_once()
    with line.database.read() as session:
        assert sealing.verify(session, START + timedelta(days=1)) == []
    assert [row.seal_no for row in line.rows(AuditRow)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("change", [{"actor": "mallory"}, {"detail": {}}, {"seal": "0"}, {"seal_no": 9}])
def test_the_database_keeps_sealed_audit_rows_as_they_are(line: Line, change: dict[str, Any]) -> None:
    with line.database.write() as session:
        unit(session).audit("case.opened", "case:1", n=1)
    Relay(line.database, line.drivers[0], line.clock).run_once()
    for statement in (update(AuditRow).values(**change), delete(AuditRow)):
        with pytest.raises(DBAPIError, match="audit rows are"), line.database.write() as session:
            session.execute(statement)


def test_a_chain_changed_behind_the_database_does_not_verify(line: Line) -> None:
    with line.database.write() as session:
        for n in range(3):
            unit(session).audit("case.opened", f"case:{n}", n=n)
    Relay(line.database, line.drivers[0], line.clock).run_once()
    with line.database.read() as session:
        rows = session.exec(select(AuditRow).order_by(col(AuditRow.seal_no))).all()
        changed = rows[1].id
        rows[1].detail = {"n": 7}
        session.autoflush = False
        faults = sealing.verify(session, START)
        session.rollback()
    assert faults == [f"audit: row {changed} (seal 2) is not what was sealed"]
