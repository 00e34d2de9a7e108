"""Kill -9 anywhere: nothing that was accepted is lost, nothing is applied twice, one poisonous event stops nobody."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from dispatch.uow import UnitOfWork
from models.events.base import Event
from models.tables.flow import Books, Inbox, Outbox, Quarantine
from streams.recorder import BatchOutcome
from tests.contract.line import DRAIN_S, Line, make_event, remember

ROOT = Path(__file__).parents[2]
KEYS = 7
BATCH = 40
KILLS = 2
BACKLOG = 400
PAUSE_S = 0.05


class Killed(BaseException):
    """The process ends here: nobody catches this, nothing is tidied up."""


def start_worker(line: Line) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.contract.worker", line.broker, line.kind, str(line.folder), line.name],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def applied(line: Line) -> int:
    return sum(row.applied for row in line.rows(Books))


class Producer:
    """Publishes numbered events without an end."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.sent = 0

    def until(self, condition: Callable[[], bool]) -> None:
        """Publish batches until something holds."""
        deadline = time.monotonic() + DRAIN_S
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            if self.sent - applied(self.line) < BACKLOG:
                numbers = range(self.sent, self.sent + BATCH)
                self.line.publish(*(make_event(n, key=f"k{n % KEYS}") for n in numbers))
                self.sent += BATCH
            time.sleep(PAUSE_S)


def test_workers_killed_at_random_lose_and_double_nothing(line: Line) -> None:
    chance = random.Random(7)
    producer = Producer(line)
    for _ in range(KILLS):
        goal = applied(line) + chance.randint(1, 4 * BATCH)
        worker = start_worker(line)
        try:
            producer.until(lambda goal=goal: applied(line) >= goal)
        finally:
            worker.kill()
            worker.wait()
    worker = start_worker(line)
    try:
        deadline = time.monotonic() + DRAIN_S
        while line.drivers[0].lag("g", ["cases"]):
            assert time.monotonic() < deadline, "the last worker does not come to the end"
            time.sleep(0.05)
    finally:
        worker.kill()
        worker.wait()
    counts = [line.value(f"k{key}") for key in range(KEYS)]
    assert sum(seen["count"] for seen in counts) == producer.sent
    assert sum(seen["sum"] for seen in counts) == producer.sent * (producer.sent - 1) // 2
    assert [seen["disorder"] for seen in counts] == [0] * KEYS
    assert applied(line) == len(line.rows(Inbox)) == len(line.rows(Outbox)) == producer.sent
    assert line.rows(Quarantine) == []


def run_to_death(line: Line, handle: Callable[[UnitOfWork, Event], None], **more: object) -> int:
    """Runners one after the other, each a process that may end; how many ended."""
    deaths = 0
    while line.drivers[0].lag("g", more.get("topics", ("cases",))):
        runner = line.runner(handle, **more)
        try:
            line.drain(runner)
        except Killed:
            deaths += 1
            runner.close()
    return deaths


def test_an_event_that_ends_the_process_is_given_up_after_three_attempts(line: Line) -> None:
    tried: Counter[str] = Counter()

    def handle(uow: UnitOfWork, event: Event) -> None:
        tried[event.id] += 1
        remember(uow.session, event.key, lambda seen: [*seen, event.id], [])
        if event.id == "e3":
            raise Killed

    line.publish(*(make_event(n) for n in range(6)))
    assert run_to_death(line, handle) == tried["e3"] == 3
    assert line.value("k") == ["e0", "e1", "e2", "e4", "e5"]
    assert [(row.event_id, row.reason) for row in line.rows(Quarantine)] == [("e3", "handler_failed")]
    assert {row.outcome for row in line.rows(Inbox)} == {"applied", "quarantined"}


def test_a_position_that_ends_the_process_is_given_up_too(line: Line) -> None:
    def handle_batch(uow: UnitOfWork, events: list[Event]) -> BatchOutcome:
        for event in events:
            remember(uow.session, event.key, lambda seen, event=event: [*({*seen} | {event.id})], [])
            if event.id == "e3":
                raise Killed
        return BatchOutcome(len(events))

    def handle(uow: UnitOfWork, event: Event) -> None:
        raise AssertionError("telemetry goes in runs")

    line.publish(*(make_event(n, type="vehicle.position") for n in range(6)), topic="positions")
    assert run_to_death(line, handle, topics=("positions",), handle_batch=handle_batch) == 3
    assert sorted(line.value("k")) == ["e0", "e1", "e2", "e4", "e5"]
    assert [(row.event_id, row.reason) for row in line.rows(Quarantine)] == [("e3", "handler_failed")]
    assert line.rows(Inbox) == []


def test_an_innocent_event_is_not_blamed_for_kills_from_outside(line: Line) -> None:
    line.publish(make_event(1))
    deaths = [Killed(), Killed()]

    def handle(uow: UnitOfWork, event: Event) -> None:
        if deaths:
            raise deaths.pop()
        remember(uow.session, event.key, lambda seen: [*seen, event.id], [])

    assert run_to_death(line, handle) == 2
    assert line.value("k") == ["e1"]
    assert line.rows(Quarantine) == []
