"""A topic that is lost and made anew: sent again from the outbox, read from its beginning, applied once."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import delete

from models.errors import Unavailable
from models.tables.flow import Outbox
from streams import refill
from streams.relay import Relay
from streams.runner import Runner
from tests.contract.line import KAFKA, Line
from tests.contract.test_relay_contract import append, emit

READ = 12


def lose_topic(line: Line, runner: Runner) -> None:
    """The reader goes on polling all the while, as a recorder does."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=KAFKA)
    admin.delete_topics([f"{line.name}.cases"])
    while f"{line.name}.cases" in admin.list_topics():
        try:
            runner.run_once(0.1)
        except Unavailable:
            continue
    for _ in range(5):
        try:
            runner.run_once(0.1)
        except Unavailable:
            continue
    admin.close()


def send_all(relay: Relay) -> None:
    while relay.run_once() or relay.backlog():
        pass


def test_what_was_on_a_lost_topic_is_sent_again_and_applied_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader is ahead in the old topic: by its old position it would skip what is sent again."""
    if line.broker != "kafka":
        pytest.skip("the embedded log is lost only together with its database")
    monkeypatch.setattr(refill, "LOOK_S", 0.0)
    monkeypatch.setattr(refill, "SENDING_LOOK_S", 0.0)
    relay = Relay(line.database, line.drivers[0], line.clock)
    runner = line.runner(append)
    emit(line, range(READ))
    send_all(relay)
    while len(line.value("k0", [])) < READ:
        runner.run_once(0.2)
    with line.database.write() as session:
        session.execute(delete(Outbox))  # as a day later: the new topic begins with what is not yet read
    emit(line, range(READ, READ + 5))
    send_all(relay)
    lose_topic(line, runner)
    line.driver().ensure_topics()
    relay.run_once()
    send_all(relay)
    emit(line, range(READ + 5, READ * 3))
    send_all(relay)
    line.drain(runner)
    assert line.value("k0") == list(range(READ * 3))


def test_what_is_new_does_not_overtake_what_was_lost(line: Line) -> None:
    """The relay looked a moment before the topic is lost, and has something new to send before it would look again."""
    if line.broker != "kafka":
        pytest.skip("the embedded log is lost only together with its database")
    from kafka import KafkaAdminClient

    relay = Relay(line.database, line.drivers[0], line.clock)
    emit(line, range(READ))
    send_all(relay)
    admin = KafkaAdminClient(bootstrap_servers=KAFKA)
    admin.delete_topics([f"{line.name}.cases"])
    while f"{line.name}.cases" in admin.list_topics():
        time.sleep(0.05)
    admin.close()
    time.sleep(refill.SENDING_LOOK_S)
    emit(line, range(READ, READ + 5))
    send_all(relay)
    line.drain(line.runner(append))
    assert line.value("k0") == list(range(READ + 5))


def test_the_lag_of_some_partitions_is_theirs_alone(line: Line) -> None:
    emit(line, range(40), keys=8)
    send_all(Relay(line.database, line.drivers[0], line.clock))
    driver = line.drivers[0]
    member = driver.consumer("g", ("cases",))
    while not member.poll(1, 0.2):
        pass
    assert len(member.assigned()) == 4
    shares = [driver.lag("g", ("cases",), {place}) for place in member.assigned()]
    assert sum(shares) == driver.lag("g", ("cases",)) == 40
    assert driver.lag("g", ("cases",), frozenset()) == 0
    member.close()
