"""Views on Faust by the bundle: what goes in together, leaves together, and is committed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord
from faust.types import TP
from mode.utils.queues import FlowControlQueue

from streams.views.faust_bundles import Offsets, Outgoing, SteadyFlow, bundling


def record(topic: str, partition: int, offset: int, value: bytes | None) -> Any:
    return ConsumerRecord(topic, partition, offset, 0, 0, b"key", value, None, 3, len(value or b""), ())


def test_records_of_a_partition_are_one_bundle_and_those_of_a_changelog_stay_single() -> None:
    fetched = {
        TP("positions", 0): [record("positions", 0, 7, b"a"), record("positions", 0, 8, None)],
        TP("positions", 1): [record("positions", 1, 3, b"c")],
        TP("changelog", 0): [record("changelog", 0, 1, b"x"), record("changelog", 0, 2, b"y")],
    }
    given = list(bundling("positions")().iterate(fetched))
    assert [(place, one.offset, one.value) for place, one in given] == [
        (TP("positions", 0), 8, (b"a", b"")),
        (TP("positions", 1), 3, (b"c",)),
        (TP("changelog", 0), 1, b"x"),
        (TP("changelog", 0), 2, b"y"),
    ]


class Batch:
    """Holds two messages."""

    def __init__(self) -> None:
        self.held: list[tuple[bytes, bytes]] = []

    def append(self, key: bytes, value: bytes, timestamp: None) -> object:
        if len(self.held) == 2:
            return None
        self.held.append((key, value))
        return object()

    def close(self) -> None:
        """As aiokafka's."""


class Producer:
    """Takes batches as aiokafka's does; `broken`: it then says that they were not delivered."""

    def __init__(self, broken: bool) -> None:
        self.sent: list[tuple[str, int, list[tuple[bytes, bytes]]]] = []
        self._broken = broken
        self.create_batch = Batch

    async def send_batch(self, batch: Batch, topic: str, partition: int) -> asyncio.Future[None]:
        self.sent.append((topic, partition, batch.held))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._broken:
            future.set_exception(OSError("no broker"))
        else:
            future.set_result(None)
        return future


def outgoing(broken: bool = False) -> tuple[Outgoing, Producer, list[BaseException]]:
    producer, crashes = Producer(broken), list[BaseException]()

    async def crash(fault: BaseException) -> None:
        crashes.append(fault)

    faust_producer = SimpleNamespace(_producer=producer, key_partition=lambda topic, key: TP(topic, len(key)))
    return Outgoing(SimpleNamespace(producer=faust_producer, crash=crash)), producer, crashes


def test_messages_leave_in_order_in_as_many_batches_as_hold_them() -> None:
    gathered, producer, crashes = outgoing()
    for number in b"12345":
        gathered.add("changelog", 3, b"k", bytes([number]))
    gathered.add("state", None, b"ab", b"6")
    asyncio.run(gathered.deliver())
    assert producer.sent == [
        ("changelog", 3, [(b"k", b"1"), (b"k", b"2")]),
        ("changelog", 3, [(b"k", b"3"), (b"k", b"4")]),
        ("changelog", 3, [(b"k", b"5")]),
        ("state", 2, [(b"ab", b"6")]),
    ]
    assert not crashes


def test_what_is_not_delivered_ends_the_app_and_is_not_done_with() -> None:
    gathered, _, crashes = outgoing(broken=True)
    gathered.add("state", 0, b"k", b"v")
    with pytest.raises(OSError, match="no broker"):
        asyncio.run(gathered.deliver())
    assert len(crashes) == 1


def bundle(partition: int, offset: int, generation: int) -> Any:
    return SimpleNamespace(
        message=SimpleNamespace(tp=TP("positions", partition), offset=offset, generation_id=generation)
    )


def test_only_offsets_of_the_present_generation_are_committed() -> None:
    """Partitions that went to another member and came back: committing what was done before would go back."""
    committed: list[dict[TP, int]] = []

    async def commit(offsets: dict[TP, int]) -> None:
        committed.append(offsets)

    app = SimpleNamespace(consumer_generation_id=1, consumer=SimpleNamespace(_commit_offsets=commit))
    offsets = Offsets(app)
    offsets.note([bundle(0, 9, 1), bundle(1, 4, 1), bundle(0, 14, 1)])
    asyncio.run(offsets.commit())
    assert committed == [{TP("positions", 0): 15, TP("positions", 1): 5}]
    asyncio.run(offsets.commit())
    offsets.note([bundle(0, 20, 1)])
    app.consumer_generation_id = 2
    asyncio.run(offsets.commit())
    assert len(committed) == 1, "nothing new, and then nothing of this generation"
    assert offsets.current([bundle(0, 20, 1), bundle(0, 15, 2)]) == [bundle(0, 15, 2)]


async def filled(flow: SteadyFlow, told: list[str]) -> FlowControlQueue[int]:
    queue: FlowControlQueue[int] = FlowControlQueue(2, flow_control=flow, clear_on_resume=True)
    flow.resume()

    def full() -> None:
        told.append("full")

    def drop() -> None:
        told.append("drop")

    for number in range(3):
        queue.put_nowait_enhanced(number, on_pressure_high=full, on_pressure_drop=drop)
    return queue


def test_going_on_while_it_flows_throws_nothing_away() -> None:
    async def run() -> None:
        told: list[str] = []
        flow = SteadyFlow()
        queue = await filled(flow, told)
        flow.resume()
        assert [queue.get_nowait() for _ in range(3)] == [0, 1, 2]

    asyncio.run(run())


def test_after_a_stop_what_was_fetched_before_is_gone_and_partitions_set_aside_are_asked_for_again() -> None:
    async def run() -> None:
        told: list[str] = []
        flow = SteadyFlow()
        queue = await filled(flow, told)
        assert told == ["full"]
        flow.suspend()
        flow.resume()
        assert queue.empty()
        assert told == ["full", "drop"]

    asyncio.run(run())
