"""What one position costs on its way through the code, without broker or HTTP: processor microseconds by step.

    python -m bench.batches --vehicles 2500 --batch 250 [--database postgresql+psycopg://...]

Intake of bodies of 100 lines, the recorder `positions`, the view `last_fix`, the recorder `projections`, over some
rounds in which every vehicle reports once; the first, in which vehicles are new, is not counted. The database must be
empty; default: a SQLite file. The database server's own time is not in it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session

from bench.load_traffic import Traffic, add_vehicles
from bench.machine import machine
from demo.city import build_demo_city
from dispatch.city.store import store_city
from dispatch.intake import parse_body
from models.database import Database
from models.events.base import Event, dump_event
from models.migrate import upgrade
from models.times import iso
from routing.streets.match_network import MatchNetwork
from streams.driver import Record
from streams.recorders.positions import positions
from streams.recorders.projections import projections
from streams.runner import Runner
from streams.sqlite_log import SqliteLog
from streams.views.last_fix import LAST_FIX
from streams.views.view import Kept, advance, read_event
from sweepline.parts import match_network

INTERVAL_S = 5.0
LINES = 100
JSON_LINES = "application/x-ndjson"


class Steps:
    """The steps of one round, each timed."""

    def __init__(self, database: Database, folder: Path, batch: int) -> None:
        self.spent_s: dict[str, float] = {}
        self._batch = batch
        self._now = datetime.now(UTC)
        network: list[MatchNetwork] = []

        def streets(session: Session) -> MatchNetwork:
            if not network:
                network.append(match_network(session))
            return network[0]

        log = SqliteLog(folder / "log.db", lambda: self._now)
        self._positions = Runner(database, log, positions(streets), lambda: self._now)
        self._projections = Runner(database, log, projections(), lambda: self._now)
        self._kept: dict[str, Kept | None] = {}

    def round(self, lines: Sequence[bytes]) -> None:
        """Send lines through all steps."""
        bodies = [b"\n".join(lines[first : first + LINES]) for first in range(0, len(lines), LINES)]
        values = self._timed("intake", lambda: [v for body in bodies for v in self._taken(body)])
        self._timed("positions", lambda: self._recorded(self._positions, "positions", values))
        states = self._timed("view", lambda: [v for value in values for v in self._stepped(value)])
        self._timed("projections", lambda: self._recorded(self._projections, "state", states))

    def _timed(self, name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        done = work()
        self.spent_s[name] = self.spent_s.get(name, 0.0) + time.process_time() - began
        return done

    def _taken(self, body: bytes) -> list[bytes]:
        return [dump_event(entry) for entry in parse_body(body, JSON_LINES, self._now) if isinstance(entry, Event)]

    def _stepped(self, value: bytes) -> list[bytes]:
        event = read_event(value)
        assert event is not None
        self._kept[event.key], messages = advance(LAST_FIX, self._kept.get(event.key), event)
        return [message.value for message in messages]

    def _recorded(self, runner: Runner, topic: str, values: Sequence[bytes]) -> None:
        for first in range(0, len(values), self._batch):
            some = values[first : first + self._batch]
            runner.process([Record(topic, 0, first + n, b"", value, 0.0) for n, value in enumerate(some)])


def main() -> None:
    """Print one document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=2500)
    parser.add_argument("--batch", type=int, default=250, help="events of one transaction")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--database", default="", help="URL of an empty database; default: a SQLite file")
    options = parser.parse_args()
    report: dict[str, Any] = {"machine": machine(), "at": iso(datetime.now(UTC))}
    with tempfile.TemporaryDirectory(prefix="sweepline-batches-") as folder:
        database = Database(options.database or f"sqlite:///{folder}/sweepline.db")
        upgrade(database)
        city = build_demo_city(1)
        vehicles = add_vehicles(city, options.vehicles)
        with database.write() as session:
            store_city(session, city)
        start = datetime.now(UTC) - timedelta(seconds=INTERVAL_S * (options.rounds + 1))
        traffic = Traffic(city, vehicles, INTERVAL_S, start, 1)
        steps = Steps(database, Path(folder), options.batch)
        for number in range(options.rounds + 1):
            steps.round(traffic.positions(INTERVAL_S * (number + 1) - 1e-6))
            if number == 0:
                steps.spent_s.clear()
        database.close()
    count = options.vehicles * options.rounds
    report["us_per_event"] = {name: round(s / count * 1e6, 1) for name, s in steps.spent_s.items()}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
