"""Every line about an event carries its id: those of the runner, and those a handler writes while it deals with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import CapturingLogger

from dispatch.uow import UnitOfWork
from models.database import Database
from models.errors import Permanent
from models.events.base import Event
from models.migrate import upgrade
from sweepline.logs import set_up_logging
from tests.contract.line import Clock, Line, make_event


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, object]]]:
    """Lines as they would be written, as documents."""
    lines: list[dict[str, object]] = []
    set_up_logging("info")
    before = structlog.get_config()["processors"][:-1]

    def keep(_logger: object, _method: str, line: dict[str, object]) -> str:
        lines.append(dict(line))
        return json.dumps(line, default=str)

    structlog.configure(processors=[*before, keep], logger_factory=lambda *_: CapturingLogger())
    yield lines
    structlog.reset_defaults()


def test_lines_about_an_event_carry_its_id(tmp_path: Path, written: list[dict[str, object]]) -> None:
    def handle(uow: UnitOfWork, event: Event) -> None:
        number = event.data["n"]
        structlog.get_logger("handler").info("dealing with it", number=number)
        if number == 1:
            raise Permanent("no_good", "can never be applied")
        if number == 2:
            raise RuntimeError("a fault of ours")

    database = Database(f"sqlite:///{tmp_path / 'sweepline.db'}")
    upgrade(database)
    line = Line("log", "sqlite", tmp_path, database, Clock(), "logs")
    line.driver().ensure_topics()
    line.publish(*[make_event(number) for number in range(3)])
    line.drain(line.runner(handle))
    line.drivers[0].close()
    database.close()
    about = [found for found in written if found["event"] in ("dealing with it", "quarantined", "handler failed")]
    assert {found["event_id"] for found in about} == {"test:e0", "test:e1", "test:e2"}
    assert {(found["event"], found["event_id"]) for found in about} >= {
        ("dealing with it", "test:e0"),
        ("quarantined", "test:e1"),
        ("handler failed", "test:e2"),
        ("quarantined", "test:e2"),
    }
    dealt = [found for found in about if found["event"] == "dealing with it"]
    assert all(found["event_id"] == f"test:e{found['number']}" for found in dealt)
