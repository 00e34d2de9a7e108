"""A line to test: driver, database, clock; used by the contract suite's fixture and by the processes it starts.

Kafka and PostgreSQL take part when SWEEPLINE_TEST_KAFKA (host:port) and SWEEPLINE_TEST_POSTGRES (a URL) are set. Each
test gets topics and groups of its own (a prefix) and a database schema of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

import models.tables  # noqa: F401
from models.database import Database
from models.events.base import Event, dump_event
from models.tables.city import Setting
from streams.driver import Driver, Message
from streams.recorder import Recorder
from streams.runner import Runner

KAFKA = os.environ.get("SWEEPLINE_TEST_KAFKA", "")
POSTGRES = os.environ.get("SWEEPLINE_TEST_POSTGRES", "")
START = datetime(2023, 12, 18, 8, tzinfo=UTC)
DRAIN_S = 30.0


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Line:
    """A driver and a database, and shorthands to put events in and see what came of them."""

    broker: str
    kind: str
    folder: Path
    database: Database
    clock: Clock
    name: str
    drivers: list[Driver] = field(default_factory=list)

    def driver(self) -> Driver:
        """A new driver on the same log."""
        self.drivers.append(make_driver(self.broker, self.folder, self.name, self.clock))
        return self.drivers[-1]

    def runner(self, handle: Callable[..., None], group: str = "g", **more: Any) -> Runner:
        topics = more.pop("topics", ("cases",))
        return Runner(
            self.database,
            more.pop("driver", None) or self.drivers[0],
            Recorder(group, topics, handle, **more),
            self.clock,
            pause=lambda _seconds: None,
        )

    def publish(self, *events: Event | bytes, topic: str = "cases") -> None:
        self.drivers[0].publish(
            [
                Message(topic, e.key.encode(), dump_event(e)) if isinstance(e, Event) else Message(topic, b"raw", e)
                for e in events
            ]
        )

    def drain(self, runner: Runner) -> None:
        """Run until the group has read and committed everything, and leave the group."""
        driver, recorder = self.drivers[0], runner.recorder
        deadline = time.monotonic() + DRAIN_S
        while driver.lag(recorder.group, recorder.topics):
            assert time.monotonic() < deadline, "the group does not come to the end of its topics"
            runner.run_once(0.2)
        runner.close()

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table)))

    def value(self, key: str, default: Any = None) -> Any:
        """What `remember` wrote."""
        with self.database.read() as session:
            row = session.get(Setting, key)
            return row.value["v"] if row else default


def remember(session: Session, key: str, change: Callable[[Any], Any], start: Any) -> None:
    """A visible effect of a handler: a value kept in a row."""
    row = session.get(Setting, key)
    if row is None:
        session.add(Setting(key=key, value={"v": change(start)}))
    else:
        row.value = {"v": change(row.value["v"])}


def make_event(number: int, key: str = "k", **more: Any) -> Event:
    data = more.pop("data", {"n": number})
    at = more.pop("at", START + timedelta(seconds=number))
    base = {"source": "test", "id": f"e{number}", "type": "complaint.received", "key": key}
    return Event(**{**base, "occurred_at": at, "received_at": at, "data": data, **more})


def make_driver(broker: str, folder: Path, name: str, clock: Callable[[], datetime]) -> Driver:
    if broker == "kafka":
        from streams.kafka_driver import KafkaDriver

        return KafkaDriver(KAFKA, prefix=f"{name}.", session_s=3.0)
    from streams.sqlite_log import SqliteLog

    return SqliteLog(folder / "log.db", clock)


def database_url(kind: str, folder: Path, schema: str) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / 'sweepline.db'}"
    return f"{POSTGRES}?options=-csearch_path%3D{schema},public"
