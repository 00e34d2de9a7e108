"""A view on Faust waits for what is away, and for what the broker does not tell of yet; it does not crash."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aiokafka.errors import NodeNotReadyError
from faust.tables.base import Collection

from models.errors import Unavailable
from models.events.base import Event, dump_event
from streams.driver import Driver, Message
from streams.kafka_driver import KafkaDriver
from streams.pulse import Pulse
from streams.views import faust_app
from streams.views.faust_app import FaustView, Signs
from streams.views.last_fix import LAST_FIX
from tests.contract.conftest import drop_topics
from tests.contract.line import KAFKA

UP_S = 60.0
NOW = datetime(2026, 1, 20, 6, tzinfo=UTC)

on_kafka = pytest.mark.skipif(not KAFKA, reason="needs SWEEPLINE_TEST_KAFKA")


class Broker:
    """Tells of so many partitions."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions

    def ensure_topics(self) -> None:
        """They are there."""

    def end_offsets(self, topics: tuple[str, ...]) -> dict[tuple[str, int], int]:
        return {(topics[0], number): 0 for number in range(self.partitions)}


def view(partitions: int) -> FaustView:
    return FaustView(LAST_FIX, cast(Driver, Broker(partitions)), "127.0.0.1:1")


def test_a_topic_another_process_has_just_created_has_no_partitions_yet() -> None:
    with pytest.raises(Unavailable, match="topic positions has no partitions yet"):
        view(0).run_once()


def test_an_app_that_crashed_by_a_cancelled_task_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[int] = []
    stop = threading.Event()

    def make(*given: Any) -> None:
        starts.append(given[-1])

    async def run(*_: Any) -> None:
        if len(starts) == 1:
            raise asyncio.CancelledError
        stop.set()

    monkeypatch.setattr(faust_app, "make_app", make)
    monkeypatch.setattr(faust_app, "_run", run)
    pulse = Pulse("last_fix")
    view(8).run(stop, pulse)
    assert starts == [8, 8]


@contextmanager
def at_work(view: type[FaustView] = FaustView) -> Iterator[FaustView]:
    """A view on the broker, run in a thread as a role runs it; ended in good order."""
    prefix = f"t{uuid.uuid4().hex[:12]}."
    driver = KafkaDriver(KAFKA, prefix)
    one = view(LAST_FIX, driver, KAFKA, prefix)
    stop = threading.Event()
    thread = threading.Thread(target=one.run, args=(stop, Pulse("last_fix")), daemon=True)
    thread.start()
    try:
        yield one
    finally:
        stop.set()
        thread.join(UP_S)
        ended = not thread.is_alive()
        driver.close()
        drop_topics(prefix)
        assert ended


def reads_all(driver: Driver) -> None:
    """Wait until it has read and committed what is published now."""
    event = Event(source="test", id="1", type="unknown", key="S-01", occurred_at=NOW, received_at=NOW, data={})
    driver.publish([Message("positions", b"S-01", dump_event(event))])
    limit = time.monotonic() + UP_S
    while driver.lag(LAST_FIX.group, ("positions",)):
        assert time.monotonic() < limit, "read nothing"
        time.sleep(0.1)


@on_kafka
def test_an_app_that_fails_while_it_starts_is_ended_and_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its agent runs by then: without an end it would wait for ever for the partitions of an app that is no more."""
    starts: list[int] = []
    real = Collection.on_start

    async def on_start(table: Any) -> None:
        starts.append(1)
        if len(starts) == 1:
            while not all(agent.started for agent in table.app.agents.values()):
                await asyncio.sleep(0.05)
            await asyncio.sleep(1)
            raise NodeNotReadyError("node -1")
        await real(table)

    monkeypatch.setattr(Collection, "on_start", on_start)
    with at_work() as one:
        reads_all(one._driver)
    assert len(starts) > 1


@on_kafka
def test_a_watchdog_that_looks_while_the_app_is_being_made_does_no_harm() -> None:
    """Faust makes its parts when they are first asked for, and ties them to the event loop of the thread that asks."""

    class Watched(FaustView):
        def _made(self, signs: Signs) -> None:
            super()._made(signs)
            for look in (self.progress, self.lag):
                thread = threading.Thread(target=look)
                thread.start()
                thread.join()

    with at_work(Watched) as one:
        reads_all(one._driver)
