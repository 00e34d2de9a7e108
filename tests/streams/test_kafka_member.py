"""A member of a group on the real broker whose client cannot commit for a while, or no more."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from streams import kafka_member
from streams.driver import Message
from streams.kafka_driver import KafkaDriver
from streams.kafka_member import KafkaGroupMember
from tests.contract.conftest import drop_topics
from tests.contract.line import KAFKA

WITHIN_S = 30.0
TOPIC = "cases"

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(not KAFKA, reason="needs SWEEPLINE_TEST_KAFKA"),
]


@pytest.fixture
def driver() -> Iterator[KafkaDriver]:
    made = KafkaDriver(KAFKA, prefix=f"m{uuid.uuid4().hex[:12]}.", session_s=3.0)
    try:
        made.publish([Message(TOPIC, b"k", b"one")])
        yield made
    finally:
        made.close()
        drop_topics(made._prefix)


def until(done: Callable[[], bool], member: KafkaGroupMember) -> list[bytes]:
    """Poll and commit, as a runner does, until it is so; what was read."""
    deadline, read = time.monotonic() + WITHIN_S, []
    while not done():
        assert time.monotonic() < deadline, "the group never comes to the end of its topic"
        if records := member.poll(timeout_s=0.2):
            read += [record.value for record in records]
            member.commit()
    return read


def read_with_a_failing_commit(member: KafkaGroupMember, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the message, and commit it while the client holds itself to be joining: as long as the patch stands."""
    while not (records := member.poll(timeout_s=0.2)):
        pass
    assert [record.value for record in records] == [b"one"]
    monkeypatch.setattr(member._client._coordinator, "generation_if_stable", lambda: None)
    monkeypatch.setattr(member._client._coordinator, "rebalance_in_progress", lambda: True)
    member.commit()


def test_what_could_not_be_committed_while_partitions_moved_is_committed_after_it(
    driver: KafkaDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = driver.consumer("g", (TOPIC,))
    try:
        read_with_a_failing_commit(member, monkeypatch)
        assert driver.lag("g", (TOPIC,)) == 1
        monkeypatch.undo()
        assert until(lambda: driver.lag("g", (TOPIC,)) == 0, member) == []
    finally:
        member.close()


def test_a_client_that_holds_itself_to_be_joining_for_ever_is_replaced(
    driver: KafkaDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_member, "OWED_S", 1.0)
    member = driver.consumer("g", (TOPIC,))
    try:
        read_with_a_failing_commit(member, monkeypatch)
        assert until(lambda: driver.lag("g", (TOPIC,)) == 0, member) == [b"one"], "delivered again to the new client"
    finally:
        member.close()
