"""The lookout against real services: each degree is entered when they go and left when they are back."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from models.database import Database
from models.migrate import upgrade
from streams.heart import FRESH_S, Heart
from streams.kafka_driver import KafkaDriver
from streams.pulse import Pulse
from streams.sqlite_log import SqliteLog
from sweepline.lookout import ANSWER_S, Lookout, Question
from tests.contract.line import KAFKA, POSTGRES
from tests.sweepline.forwarding import Forward

START = datetime(2023, 12, 18, 3, tzinfo=UTC)


class World:
    """A clock, a database with the heartbeats of a planner and a relay, and a lookout over it."""

    def __init__(self, database: Database, driver: SqliteLog | KafkaDriver) -> None:
        self.now = START
        self.database = database
        self.planner, self.relay = Pulse("planner"), Pulse("relay")
        self.hearts = [
            Heart(database, name, "here:1", [pulse], lambda: self.now)
            for name, pulse in (("planner", self.planner), ("relay", self.relay))
        ]
        self.console = Heart(database, "console", "here:2", [], lambda: self.now)
        self.lookout = Lookout(database, driver, self.console.beat, lambda: self.now)

    def beat(self) -> None:
        for heart in self.hearts:
            heart.beat()

    def look(self) -> str:
        self.now += timedelta(seconds=1)
        self.lookout.look()
        return self.lookout.condition.degree


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[World]:
    database = Database(f"sqlite:///{tmp_path / 'sweepline.db'}")
    upgrade(database)
    log = SqliteLog(tmp_path / "log.db", lambda: START)
    world = World(database, log)
    world.beat()
    yield world
    log.close()
    database.close()


@pytest.fixture
def own_database() -> Iterator[str]:
    """A PostgreSQL database of its own, so that it can be taken away."""
    if not POSTGRES:
        pytest.skip("SWEEPLINE_TEST_POSTGRES is not set")
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


def test_a_planner_that_beats_no_more_is_missed_until_it_beats_again(embedded: World) -> None:
    assert embedded.look() == "well"
    embedded.now += timedelta(seconds=FRESH_S + 1)
    assert embedded.look() == "solver_away"
    assert embedded.lookout.condition.since == embedded.now
    embedded.beat()
    assert embedded.look() == "well"


def test_a_relay_that_cannot_reach_the_broker_tells_of_it(embedded: World) -> None:
    embedded.relay.waits("broker is away: KafkaTimeoutError")
    embedded.beat()
    assert embedded.look() == "broker_away"
    embedded.relay.turned()
    embedded.beat()
    assert embedded.look() == "well"


@pytest.mark.postgres
def test_a_database_that_takes_no_changes_and_one_that_is_away(own_database: str, tmp_path: Path) -> None:
    at = make_url(own_database)
    assert at.host is not None and at.port is not None and at.database is not None
    forward = Forward(at.host, at.port)
    forward.open()
    database = Database(at.set(port=forward.port).render_as_string(hide_password=False))
    upgrade(database)
    log = SqliteLog(tmp_path / "log.db", lambda: START)
    world = World(database, log)
    world.beat()
    assert world.look() == "well"
    admin = create_engine(own_database, isolation_level="AUTOCOMMIT")

    def read_only(on: str) -> None:
        with admin.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{at.database}" SET default_transaction_read_only = {on}'))
        database.engine.dispose()

    read_only("on")
    assert world.look() == "database_read_only"
    forward.close()
    assert world.look() == "all_away"
    forward.open()
    assert world.look() == "database_read_only"
    with admin.connect() as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(f'ALTER DATABASE "{at.database}" SET default_transaction_read_only = off'))
    database.engine.dispose()
    assert world.look() == "well"
    admin.dispose()
    database.close()
    forward.close()
    log.close()


def test_who_could_not_write_for_a_while_is_not_missed_at_once(embedded: World) -> None:
    file = Path(str(embedded.database.engine.url.database))
    embedded.database.close()
    aside = [part.rename(part.with_name(f"aside-{part.name}")) for part in file.parent.glob(f"{file.name}*")]
    file.mkdir()
    embedded.now += timedelta(minutes=5)
    assert embedded.look() == "all_away"
    file.rmdir()
    for part in aside:
        part.rename(part.with_name(part.name.removeprefix("aside-")))
    assert embedded.look() == "well"
    embedded.now += timedelta(seconds=FRESH_S)
    assert embedded.look() == "solver_away"


@pytest.mark.kafka
@pytest.mark.skipif(not KAFKA, reason="needs SWEEPLINE_TEST_KAFKA")
def test_a_broker_that_is_away_and_back(embedded: World) -> None:
    host, _, port = KAFKA.partition(":")
    forward = Forward(host, int(port))
    driver = KafkaDriver(f"127.0.0.1:{forward.port}")
    world = World(embedded.database, driver)
    world.beat()
    assert world.look() == "broker_away"
    forward.open()
    while world.look() == "broker_away":  # the asking that is under way may take its time to end
        world.beat()
    assert world.look() == "well"
    driver.close()
    forward.close()


def test_who_takes_a_connection_and_never_answers_is_away_and_not_asked_twice() -> None:
    asked: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        def ask() -> None:
            asked.append(1)
            with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S * 3) as line:
                line.recv(1)

        question = Question("silence", ask)
        question.put()
        assert "no answer for" in str(question.fault())
        question.put()
        assert asked == [1]
        line, _ = silent.accept()
        line.sendall(b"!")
        assert question.fault() is None
        line.close()
