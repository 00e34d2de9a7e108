"""Progress of loops, told in rows: working, waiting, stalled; what hangs ends the process with 70."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.database import Database
from models.errors import Unavailable
from models.migrate import upgrade
from models.tables.flow import Heartbeat
from streams.heart import FRESH_S, KEPT, Heart, is_well, list_beats
from streams.pulse import STALL_S, Pulse, keep_on

START = datetime(2023, 12, 18, 8, tzinfo=UTC)


class World:
    """A clock of seconds and one of times, moved together."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def pulse(self, name: str = "relay", limit_s: float = STALL_S) -> Pulse:
        return Pulse(name, limit_s, lambda: self.seconds)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'sweepline.db'}")
    upgrade(made)
    yield made
    made.close()


def rows(database: Database) -> list[Heartbeat]:
    with database.read() as session:
        return list_beats(session)


def test_a_loop_works_waits_and_goes_on() -> None:
    world, stop = World(), threading.Event()
    pulse = world.pulse()
    seen: list[str] = []
    answers: list[int | None] = [1, None, None, 0]

    def once() -> int:
        seen.append(pulse.waits_for)
        answer = answers.pop(0)
        if not answers:
            stop.set()
        if answer is None:
            raise Unavailable("broker is away")
        return answer

    keep_on(pulse, stop, once)
    assert seen == ["", "", "broker is away", "broker is away"]
    assert pulse.waits_for == ""


def test_what_is_no_service_being_away_is_not_swallowed() -> None:
    def once() -> int:
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError):
        keep_on(World().pulse(), threading.Event(), once)


def test_progress_moves_only_while_every_loop_goes_well(database: Database) -> None:
    world = World()
    relay, timers = world.pulse("relay"), world.pulse("timers")
    heart = Heart(database, "relay", "host:1", [relay, timers], world.now)
    assert heart.beat() == "working"
    world.seconds = 10
    timers.turned()
    relay.waits("broker is away")
    assert heart.beat() == "waiting"
    (row,) = rows(database)
    assert (row.role, row.holder, row.since, row.progress_at, row.beat_at) == (
        "relay",
        "host:1",
        START,
        START,
        START + timedelta(seconds=10),
    )
    assert row.note == "relay: broker is away"
    assert is_well(row, world.now())
    world.seconds = 20
    relay.turned()
    assert heart.beat() == "working"
    (row,) = rows(database)
    assert (row.progress_at, row.note) == (world.now(), "")


def test_a_loop_that_does_not_come_round_is_stalled_and_ends_the_process(database: Database) -> None:
    world, stop, ended = World(), threading.Event(), []

    def end(code: int) -> None:
        ended.append(code)
        stop.set()

    heart = Heart(database, "printer", "host:1", [world.pulse("printer")], world.now, end)
    world.seconds = STALL_S + 1
    assert heart.beat() == "stalled"
    (row,) = rows(database)
    assert (row.state, row.note) == ("stalled", "printer hangs")
    assert not is_well(row, world.now())
    heart.run(stop)
    assert ended == [70]


def test_a_row_that_is_not_written_any_more_belongs_to_nobody(database: Database) -> None:
    world = World()
    Heart(database, "planner", "host:1", [world.pulse()], world.now).beat()
    (row,) = rows(database)
    assert is_well(row, START + timedelta(seconds=FRESH_S - 1))
    assert not is_well(row, START + timedelta(seconds=FRESH_S))


def test_rows_go_with_their_process_and_old_ones_with_the_next(database: Database) -> None:
    world = World()
    Heart(database, "planner", "host:1", [world.pulse()], world.now).beat()
    world.seconds = KEPT.total_seconds() + 1
    second = Heart(database, "planner", "host:2", [world.pulse()], world.now)
    second.beat()
    assert [row.holder for row in rows(database)] == ["host:2"]
    stop = threading.Event()
    stop.set()
    second.run(stop)
    assert rows(database) == []
