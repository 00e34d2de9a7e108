"""The embedded driver: partitions, offsets and groups in one SQLite file (log.db), no server.

One process owns all partitions of a group (the runner lease of the data directory sees to it); other processes may
publish and look at lag. WAL with synchronous FULL: what `publish` returned for survives a kill and a power cut.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from models.errors import Unavailable
from streams.driver import POLL_RECORDS, Message, Partition, Record
from streams.topics import TOPICS

BUSY_S = 10.0
WAKE_S = 0.1
"""How often a waiting consumer looks whether another process has written."""
TRIM_EVERY = 20_000
"""Retention is applied after this many messages."""
UNREAD_FACTOR = 4
"""What a group has not read yet is kept this many times as long as the retention."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log(topic TEXT, part INT, off INT, at REAL, key BLOB, value BLOB,
    PRIMARY KEY(topic, part, off)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS head(topic TEXT, part INT, next INT, PRIMARY KEY(topic, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS committed(grp TEXT, topic TEXT, part INT, off INT,
    PRIMARY KEY(grp, topic, part)) WITHOUT ROWID;
"""


class SqliteLog:
    """A log in one file. `clock` gives the message timestamps and decides retention (aware UTC)."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._written = threading.Condition()
        self._since_trim = 0
        with _translated():
            self._db = self._connect()
            self._db.executescript(_SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_S, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        return db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._db.rollback()  # does nothing where SQLite has rolled back by itself, as on a full disk
                raise

    def ensure_topics(self) -> None:
        """Give every registered topic its partitions."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO head VALUES(?, ?, 0)",
                [(topic.name, part) for topic in TOPICS.values() for part in range(topic.partitions)],
            )

    def publish(self, messages: Sequence[Message]) -> None:
        """Append in order, in one transaction: all or none. Durable when it returns. Raises Unavailable."""
        if not messages:
            return
        at = self._clock().timestamp()
        with self._transaction() as db:
            heads: dict[Partition, int] = {}
            rows = []
            for message in messages:
                place = (message.topic, partition_of(message.topic, message.key))
                if place not in heads:
                    found = db.execute("SELECT next FROM head WHERE topic=? AND part=?", place).fetchone()
                    heads[place] = found[0] if found else 0
                rows.append((*place, heads[place], at, message.key, message.value))
                heads[place] += 1
            db.executemany("INSERT INTO log VALUES(?, ?, ?, ?, ?, ?)", rows)
            db.executemany("INSERT OR REPLACE INTO head VALUES(?, ?, ?)", [(*p, n) for p, n in heads.items()])
        with self._written:
            self._written.notify_all()
        self._since_trim += len(messages)
        if self._since_trim >= TRIM_EVERY:
            self._since_trim = 0
            self.trim()

    def trim(self) -> int:
        """Apply retention by the clock; returns how many messages went."""
        now = self._clock()
        gone = 0
        for topic in TOPICS.values():
            old = (now - timedelta(days=topic.retention_days)).timestamp()
            ancient = (now - timedelta(days=topic.retention_days * UNREAD_FACTOR)).timestamp()
            for part in range(topic.partitions):
                with self._transaction() as db:
                    gone += _trim_partition(db, topic.name, part, old, ancient, topic.compacted)
        return gone

    def identities(self) -> Mapping[str, str]:
        """None: the file is lost and restored together with the data directory."""
        return {}

    def consumer(self, group: str, topics: Sequence[str]) -> SqliteConsumer:
        """The group's consumer over all partitions of `topics`."""
        return SqliteConsumer(self, group, tuple(topics))

    def committed(self, group: str, topics: Sequence[str]) -> dict[Partition, int]:
        """Where the group stands: the next offset it has not done, for each partition."""
        with self._lock, _translated():
            rows = self._db.execute("SELECT topic, part, off FROM committed WHERE grp=?", (group,)).fetchall()
        done = {(topic, part): off for topic, part, off in rows}
        return {place: done.get(place, 0) for place in partitions(topics)}

    def lag(self, group: str, topics: Sequence[str], only: Collection[Partition] | None = None) -> int:
        """Messages not yet committed by the group (those trimmed away are not counted)."""
        count = 0
        done = self.committed(group, topics)
        with self._lock, _translated():
            for (topic, part), off in done.items():
                if only is not None and (topic, part) not in only:
                    continue
                count += self._db.execute(
                    "SELECT count(*) FROM log WHERE topic=? AND part=? AND off>=?", (topic, part, off)
                ).fetchone()[0]
        return count

    def ping(self) -> None:
        """Read one row."""
        with self._lock, _translated():
            self._db.execute("SELECT 1 FROM head LIMIT 1").fetchone()

    def end_offsets(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """The next offset of each partition."""
        with self._lock, _translated():
            rows = self._db.execute("SELECT topic, part, next FROM head").fetchall()
        ends = {(topic, part): off for topic, part, off in rows}
        return {place: ends.get(place, 0) for place in partitions(topics)}

    def commit(self, group: str, positions: Mapping[Partition, int]) -> None:
        """Store the group's offsets; one never goes back."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO committed VALUES(?, ?, ?, ?)"
                " ON CONFLICT(grp, topic, part) DO UPDATE SET off=max(off, excluded.off)",
                [(group, topic, part, off) for (topic, part), off in positions.items()],
            )

    def tail(
        self,
        topics: Sequence[str],
        callback: Callable[[Record], None],
        stop: threading.Event,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        """Call back with every message written from now on until `stop`."""
        reader = SqliteConsumer(self, "", tuple(topics), dict(self.end_offsets(topics)))
        try:
            while not stop.is_set():
                for record in reader.poll(timeout_s=0.25):
                    callback(record)
                turned()
        finally:
            reader.close()

    def wait(self, seconds: float) -> None:
        """Sleep until something is published by this process, at most `seconds`."""
        with self._written:
            self._written.wait(seconds)

    def close(self) -> None:
        """Close the file. Consumers close their own connections."""
        with self._lock:
            self._db.close()


class SqliteConsumer:
    """Reads all partitions of its topics in turn, by its own connection."""

    def __init__(
        self, log: SqliteLog, group: str, topics: tuple[str, ...], positions: dict[Partition, int] | None = None
    ) -> None:
        self._log = log
        self._group = group
        self._topics = topics
        self._positions = log.committed(group, topics) if positions is None else positions
        self._polled: dict[Partition, int] = {}
        self._turn = 0
        with _translated():
            self._db = log._connect()

    def poll(self, max_records: int = POLL_RECORDS, timeout_s: float = 1.0) -> list[Record]:
        """The next records; a busy partition does not starve the others (the first one served rotates)."""
        deadline = time.monotonic() + timeout_s
        version = -1
        while True:
            with _translated():
                seen = self._db.execute("PRAGMA data_version").fetchone()[0]
                records = self._read(max_records) if seen != version else []
            version = seen
            left = deadline - time.monotonic()
            if records or left <= 0:
                return records
            self._log.wait(min(left, WAKE_S))

    def assigned(self) -> frozenset[Partition]:
        """All partitions of its topics."""
        return frozenset(partitions(self._topics))

    def _read(self, max_records: int) -> list[Record]:
        places = partitions(self._topics)
        self._turn = (self._turn + 1) % len(places)
        records: list[Record] = []
        for topic, part in places[self._turn :] + places[: self._turn]:
            room = max_records - len(records)
            if room <= 0:
                break
            rows = self._db.execute(
                "SELECT off, key, value, at FROM log WHERE topic=? AND part=? AND off>=? ORDER BY off LIMIT ?",
                (topic, part, self._positions[topic, part], room),
            ).fetchall()
            if rows:
                records.extend(Record(topic, part, off, key, value, at) for off, key, value, at in rows)
                self._positions[topic, part] = self._polled[topic, part] = rows[-1][0] + 1
        return records

    def commit(self) -> None:
        """Commit what was polled."""
        if self._polled:
            self._log.commit(self._group, self._polled)
            self._polled = {}

    def close(self) -> None:
        """Close without committing."""
        self._db.close()


def partition_of(topic: str, key: bytes) -> int:
    """CRC-32 of the key modulo the topic's partitions. Raises KeyError for a topic that is not registered."""
    return zlib.crc32(key) % TOPICS[topic].partitions


def partitions(topics: Sequence[str]) -> list[Partition]:
    """Every (topic, partition) of some registered topics."""
    return [(name, part) for name in topics for part in range(TOPICS[name].partitions)]


def _trim_partition(db: sqlite3.Connection, topic: str, part: int, old: float, ancient: float, compacted: bool) -> int:
    read = db.execute("SELECT min(off) FROM committed WHERE topic=? AND part=?", (topic, part)).fetchone()[0]
    sql = "DELETE FROM log WHERE topic=?1 AND part=?2 AND ((at<?3 AND off<?4) OR at<?5)"
    if compacted:
        sql += " AND off NOT IN (SELECT max(off) FROM log WHERE topic=?1 AND part=?2 GROUP BY key)"
    return db.execute(sql, (topic, part, old, read or 0, ancient)).rowcount


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(f"the embedded log is busy or away: {error}") from error
