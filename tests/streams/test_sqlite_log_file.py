"""The embedded log: retention, other processes, limits."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.errors import Unavailable
from streams import sqlite_log
from streams.driver import Message
from streams.sqlite_log import SqliteLog, partition_of


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2023, 12, 18, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> SqliteLog:
    made = SqliteLog(tmp_path / "log.db", clock)
    made.ensure_topics()
    return made


def write(log: SqliteLog, *values: bytes, topic: str = "cases", key: bytes = b"k") -> None:
    log.publish([Message(topic, key, value) for value in values])


def read(log: SqliteLog, group: str = "g", topic: str = "cases") -> list[bytes]:
    consumer = log.consumer(group, (topic,))
    records = consumer.poll(timeout_s=0)
    consumer.commit()
    consumer.close()
    return [record.value for record in records]


def test_old_and_read_messages_go_and_offsets_go_on(log: SqliteLog, clock: Clock) -> None:
    write(log, b"1", b"2")
    assert read(log) == [b"1", b"2"]
    clock.now += timedelta(days=8)
    assert log.trim() == 2
    write(log, b"3")
    place = ("cases", partition_of("cases", b"k"))
    assert log.end_offsets(["cases"])[place] == 3
    assert read(log) == [b"3"]
    assert log.lag("g", ["cases"]) == 0


def test_what_is_not_read_is_kept_longer(log: SqliteLog, clock: Clock) -> None:
    write(log, b"1")
    read(log, "fast")
    write(log, b"2")
    read(log, "slow")
    write(log, b"3")
    clock.now += timedelta(days=8)
    read(log, "fast")
    assert log.trim() == 2
    assert read(log, "slow") == [b"3"]
    write(log, b"4")
    clock.now += timedelta(days=29)
    assert log.trim() == 2


def test_a_compacted_topic_keeps_the_last_of_each_key(log: SqliteLog, clock: Clock) -> None:
    write(log, b"old", topic="state", key=b"a")
    write(log, b"only", topic="state", key=b"b")
    write(log, b"new", topic="state", key=b"a")
    clock.now += timedelta(days=365)
    assert log.trim() == 1
    assert sorted(read(log, topic="state")) == [b"new", b"only"]


def test_trimming_happens_by_itself(log: SqliteLog, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_log, "TRIM_EVERY", 3)
    write(log, b"1")
    clock.now += timedelta(days=60)
    write(log, b"2", b"3")
    assert read(log) == [b"2", b"3"]


def test_a_publish_is_all_or_nothing(log: SqliteLog) -> None:
    with pytest.raises(KeyError):
        log.publish([Message("cases", b"k", b"1"), Message("no_such_topic", b"k", b"2")])
    assert read(log) == []


def test_another_process_is_seen_without_being_told(log: SqliteLog, clock: Clock) -> None:
    other = SqliteLog(log.path, clock)
    consumer = log.consumer("g", ("cases",))
    assert consumer.poll(timeout_s=0) == []
    timer = threading.Timer(0.1, write, (other, b"from there"))
    timer.start()
    assert [record.value for record in consumer.poll(timeout_s=20)] == [b"from there"]
    assert other.lag("g", ["cases"]) == 1
    consumer.commit()
    assert other.lag("g", ["cases"]) == 0


def test_a_busy_partition_does_not_starve_the_others(log: SqliteLog) -> None:
    keys = {partition_of("cases", str(n).encode()): str(n).encode() for n in range(50)}
    for key in keys.values():
        write(log, *(b"x" for _ in range(30)), key=key)
    consumer = log.consumer("g", ("cases",))
    seen = {record.partition for _ in keys for record in consumer.poll(max_records=30, timeout_s=0)}
    assert seen == set(keys)


def test_a_locked_file_is_unavailable(log: SqliteLog, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(sqlite_log, "BUSY_S", 0.05)
    hasty = SqliteLog(log.path, clock)
    blocker = sqlite3.connect(log.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="busy"):
        write(hasty, b"1")
    blocker.execute("ROLLBACK")
    write(hasty, b"1")
    assert read(log) == [b"1"]


def test_everything_is_synced_to_disk(log: SqliteLog) -> None:
    assert log._connect().execute("PRAGMA synchronous").fetchone() == (2,)
    assert log._connect().execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_tail_sees_only_what_comes_later(log: SqliteLog) -> None:
    write(log, b"before")
    seen: list[bytes] = []
    stop, first = threading.Event(), threading.Event()

    def callback(record: object) -> None:
        seen.append(record.value)  # type: ignore[attr-defined]
        first.set()

    tail = threading.Thread(target=log.tail, args=(("cases",), callback, stop))
    tail.start()
    while not first.wait(0.05):
        write(log, b"after")
    stop.set()
    tail.join()
    assert set(seen) == {b"after"}
