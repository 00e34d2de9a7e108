"""What every driver and database owes a recorder: once, in order, nothing lost, nothing stopped by data."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from dispatch.uow import UnitOfWork
from models.errors import Permanent, Refused, Unavailable
from models.events.base import Event
from models.tables.flow import Books, Inbox, Outbox, Quarantine
from streams.recorder import BatchOutcome
from tests.contract.line import START, Line, make_event, remember


def append(uow: UnitOfWork, event: Event) -> None:
    remember(uow.session, event.key, lambda seen: [*seen, event.id], [])


def books(line: Line) -> tuple[int, int, int]:
    (row,) = line.rows(Books)
    return row.applied, row.duplicates, row.quarantined


def test_each_event_is_applied_once_and_in_order_of_its_key(line: Line) -> None:
    events = [make_event(n, key=f"k{n % 5}") for n in range(200)]
    line.publish(*events)
    line.publish(*events[:40])
    line.drain(line.runner(append))
    for key in range(5):
        assert line.value(f"k{key}") == [f"e{n}" for n in range(200) if n % 5 == key]
    assert books(line) == (200, 40, 0)
    assert {row.outcome for row in line.rows(Inbox)} == {"applied"}


def test_groups_read_independently_and_lag_counts_what_is_left(line: Line) -> None:
    line.publish(*(make_event(n) for n in range(20)))
    line.drain(line.runner(append, group="one"))
    assert line.drivers[0].lag("one", ["cases"]) == 0
    assert line.drivers[0].lag("two", ["cases"]) == 20
    assert sum(line.drivers[0].end_offsets(["cases"]).values()) == 20


def test_a_restarted_group_goes_on_where_it_was(line: Line) -> None:
    line.publish(*(make_event(n) for n in range(10)))
    first = line.runner(append)
    line.drain(first)
    line.publish(*(make_event(n) for n in range(10, 20)))
    line.drain(line.runner(append))
    assert line.value("k") == [f"e{n}" for n in range(20)]
    assert books(line) == (20, 0, 0)


def test_killed_between_database_and_offsets_it_is_delivered_again_and_applied_once(line: Line) -> None:
    line.publish(*(make_event(n) for n in range(10)))
    first = line.runner(append)
    consumer = line.drivers[0].consumer("g", ("cases",))
    records: list[Any] = []
    while len(records) < 10:
        records += consumer.poll(50, 1.0)
    first.process(records)
    consumer.close()
    assert line.drivers[0].lag("g", ["cases"]) == 10
    line.drain(line.runner(append))
    assert line.value("k") == [f"e{n}" for n in range(10)]
    assert books(line) == (10, 10, 0)


def test_effects_and_messages_stand_or_fall_together(line: Line) -> None:
    def handle(uow: UnitOfWork, event: Event) -> None:
        append(uow, event)
        uow.emit("work", event.key, "work.done", {"of": event.id})
        if event.id == "e3":
            raise Permanent("no_such_bin", "no bin of that name")

    line.publish(*(make_event(n) for n in range(6)))
    line.drain(line.runner(handle))
    assert line.value("k") == ["e0", "e1", "e2", "e4", "e5"]
    assert len(line.rows(Outbox)) == 5
    (held,) = line.rows(Quarantine)
    assert (held.event_id, held.reason, held.text) == ("e3", "no_such_bin", "no bin of that name")
    assert books(line) == (5, 0, 1)


def test_the_unit_of_work_belongs_to_the_event(line: Line) -> None:
    seen: list[tuple[Any, ...]] = []

    def handle(uow: UnitOfWork, event: Event) -> None:
        seen.append((uow.now, uow.cause, uow.actor))

    line.publish(make_event(1), make_event(2, actor="ann"))
    line.drain(line.runner(handle))
    assert seen == [
        (START + timedelta(seconds=1), "test:e1", "system:g"),
        (START + timedelta(seconds=2), "test:e2", "ann"),
    ]


def test_what_is_refused_or_no_event_goes_to_quarantine_and_the_next_goes_on(line: Line) -> None:
    def handle(uow: UnitOfWork, event: Event) -> None:
        if event.id == "e1":
            raise Refused("not_ours", "another city's")
        append(uow, event)

    bad = [b"\xff\xfe", b"[" * 100_000, b'{"id": 1}', b'{"a": "\\u0000"}', b'{"a": NaN}', b""]
    line.publish(make_event(0), make_event(1), *bad)
    line.publish(*bad)
    line.publish(make_event(2, received_at=START, occurred_at=START + timedelta(minutes=6)), make_event(3))
    line.drain(line.runner(handle))
    assert line.value("k") == ["e0", "e3"]
    reasons = Counter(row.reason for row in line.rows(Quarantine))
    assert reasons == {"undecodable": len(bad), "not_ours": 1, "future": 1}
    assert {row.raw for row in line.rows(Quarantine) if row.reason == "undecodable"} == set(bad)
    assert books(line) == (2, len(bad), len(bad) + 2)


def test_the_same_identity_with_other_content_is_a_conflict(line: Line) -> None:
    later = START + timedelta(minutes=1)
    line.publish(make_event(1), make_event(1, received_at=later), make_event(1, data={"n": "other"}))
    line.drain(line.runner(append))
    line.publish(make_event(1, data={"n": "third"}))
    line.drain(line.runner(append))
    assert line.value("k") == ["e1"]
    assert [row.reason for row in line.rows(Quarantine)] == ["identity_conflict"] * 2
    assert books(line) == (1, 1, 2)


def test_a_handler_that_fails_is_given_up_after_three_attempts(line: Line) -> None:
    tried: Counter[str] = Counter()

    def handle(uow: UnitOfWork, event: Event) -> None:
        tried[event.id] += 1
        append(uow, event)
        if event.id == "e2":
            raise ZeroDivisionError("a fault in the handler")

    line.publish(*(make_event(n) for n in range(5)))
    line.drain(line.runner(handle))
    assert tried["e2"] == 3
    assert line.value("k") == ["e0", "e1", "e3", "e4"]
    (held,) = line.rows(Quarantine)
    assert held.reason == "handler_failed"
    assert "a fault in the handler" in held.text
    assert {row.event_id: row.outcome for row in line.rows(Inbox)}["e2"] == "quarantined"
    assert books(line) == (4, 0, 1)


def test_a_handler_that_fails_once_is_tried_again(line: Line) -> None:
    failures = ["e150", "e3"]

    def handle(uow: UnitOfWork, event: Event) -> None:
        append(uow, event)
        if event.id in failures:
            failures.remove(event.id)
            uow.session.execute(text("SELECT * FROM no_such_table"))

    line.publish(*(make_event(n) for n in range(200)))
    line.drain(line.runner(handle))
    assert not failures
    assert line.value("k") == [f"e{n}" for n in range(200)]
    assert books(line) == (200, 0, 0)


def test_a_service_that_is_away_uses_up_no_attempts(line: Line) -> None:
    outage = [Unavailable("away")] * 7

    def handle(uow: UnitOfWork, event: Event) -> None:
        append(uow, event)
        if event.id == "e2" and outage:
            raise outage.pop()

    line.publish(*(make_event(n) for n in range(5)))
    runner = line.runner(handle)
    waits = 0
    while line.drivers[0].lag("g", ["cases"]):
        try:
            runner.run_once(0.2)
        except Unavailable:
            waits += 1
    runner.close()
    assert waits == 7
    assert line.value("k") == [f"e{n}" for n in range(5)]
    assert books(line) == (5, 0, 0)


def test_telemetry_goes_in_runs_and_keeps_no_inbox(line: Line) -> None:
    seen: set[str] = set()

    def handle_batch(uow: UnitOfWork, events: list[Event]) -> BatchOutcome:
        good = [event for event in events if not event.data.get("bad")]
        before = len(seen)
        for event in good:
            if event.id not in seen:
                seen.add(event.id)
                append(uow, event)
        refused = tuple((event, "no_fix", "position at 0,0") for event in events if event.data.get("bad"))
        return BatchOutcome(len(seen) - before, len(good) - len(seen) + before, refused)

    def event(n: int, **more: Any) -> Event:
        return make_event(n, type="vehicle.position", **more)

    line.publish(*(event(n) for n in range(30)), event(30, data={"bad": True}), event(3), b"junk", topic="positions")
    line.publish(event(31, occurred_at=START + timedelta(hours=1), received_at=START), topic="positions")
    line.drain(line.runner(append, topics=("positions",), handle_batch=handle_batch))
    assert sorted(line.value("k")) == sorted(f"e{n}" for n in range(30))
    assert line.rows(Inbox) == []
    assert sorted(row.reason for row in line.rows(Quarantine)) == ["future", "no_fix", "undecodable"]
    assert books(line) == (30, 1, 3)


def test_one_bad_position_does_not_take_its_run_with_it(line: Line) -> None:
    alone: list[str] = []

    def handle_batch(uow: UnitOfWork, events: list[Event]) -> BatchOutcome:
        alone.extend(event.id for event in events if len(events) == 1)
        for event in events:
            append(uow, event)
            if event.id == "e7":
                raise KeyError("a fault in the handler")
        return BatchOutcome(len(events))

    line.publish(*(make_event(n, type="vehicle.position") for n in range(20)), topic="positions")
    line.drain(line.runner(append, topics=("positions",), handle_batch=handle_batch))
    assert line.value("k") == [f"e{n}" for n in range(20) if n != 7]
    assert alone.count("e7") == 3
    assert line.rows(Inbox) == []
    assert [row.event_id for row in line.rows(Quarantine)] == ["e7"]
    assert books(line) == (19, 0, 1)


@pytest.mark.parametrize("kind", ["telemetry", "event"])
def test_telemetry_and_events_of_one_topic_keep_their_order(line: Line, kind: str) -> None:
    types = {"telemetry": "reading.received", "event": "alert.received"}
    other = types["event" if kind == "telemetry" else "telemetry"]

    def handle_batch(uow: UnitOfWork, events: list[Event]) -> BatchOutcome:
        for event in events:
            append(uow, event)
        return BatchOutcome(len(events))

    line.publish(*(make_event(n, type=types[kind] if n % 3 == 0 else other) for n in range(12)), topic="weather")
    line.drain(line.runner(append, topics=("weather",), handle_batch=handle_batch))
    assert line.value("k") == [f"e{n}" for n in range(12)]
