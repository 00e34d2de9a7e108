"""Only what nothing can need any more is removed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

import models.tables  # noqa: F401
from models.database import Database
from models.tables.flow import Inbox, Outbox
from models.tables.work import MatchState, Position
from streams import housekeeping
from streams.housekeeping import prune

NOW = datetime(2023, 12, 18, tzinfo=UTC)
DAYS = 35


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'a.db'}")
    SQLModel.metadata.create_all(made.engine)
    return made


def test_old_inbox_rows_and_sent_messages_go(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "PRUNE_LIMIT", 3)
    with database.write() as session:
        for days in range(15):
            at = NOW - timedelta(days=days)
            session.add(Inbox(group="g", source="s", event_id=str(days), at=at))
            session.add(Outbox(topic="cases", key="k", value=b"", sent_at=at if days % 2 else None))
    assert [prune(database, NOW, DAYS) for _ in range(4)] == [6, 6, 0, 0]
    with database.read() as session:
        assert sorted(int(row.event_id) for row in session.exec(select(Inbox))) == list(range(9))
        unsent = [row for row in session.exec(select(Outbox)) if row.sent_at is None]
        kept = [row for row in session.exec(select(Outbox)) if row.sent_at is not None]
    assert len(unsent) == 8
    assert [row.sent_at for row in kept] == [NOW - timedelta(days=1)]


def fix(vehicle: str, at: datetime) -> Position:
    return Position(vehicle=vehicle, observed_at=at, received_at=at, lon=119.4, lat=32.7, speed_kmh=20.0)


def test_old_positions_go_vehicle_by_vehicle_and_a_few_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "PRUNE_LIMIT", 4)
    keep = NOW - timedelta(days=DAYS)
    with database.write() as session:
        for vehicle in ("S-01", "S-02"):
            session.add(MatchState(vehicle=vehicle, observed_at=NOW))
            for hours in range(-3, 3):
                session.add(fix(vehicle, keep + timedelta(hours=hours)))
    assert [prune(database, NOW, DAYS) for _ in range(3)] == [4, 2, 0]
    with database.read() as session:
        kept = [(row.vehicle, row.observed_at - keep) for row in session.exec(select(Position))]
    assert sorted(kept) == [(v, timedelta(hours=h)) for v in ("S-01", "S-02") for h in range(3)]
