"""Commands while the broker is away: what is stored is done, what is not is to be tried again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from models.database import Database
from models.tables.flow import Outbox
from tests.sweepline.conftest import CLOCK, Command, cap_xml

NOBODY = "kafka://127.0.0.1:9"
FIX = '{"type":"vehicle.position","vehicle":"S-1","observed_at":"2023-12-18T07:50:00Z","lon":119.45,"lat":32.78}'


def test_an_alert_is_stored_and_a_position_is_not(
    city: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEPLINE_BROKER", NOBODY)
    alert, fix = city.parent / "alert.xml", city.parent / "fix.jsonl"
    alert.write_text(cap_xml())
    fix.write_text(FIX)
    sent = command("send", alert, "--data", city, "--clock", CLOCK)
    assert sent.code == 0, sent.err
    assert "accepted: 1" in sent.out
    assert sent.err.startswith("sweepline: stored; broker is away") and len(sent.err.splitlines()) == 1
    database = Database(f"sqlite:///{city / 'sweepline.db'}")
    with database.read() as session:
        waiting = session.exec(select(Outbox).where(Outbox.topic == "weather")).all()
    database.close()
    assert [row.sent_at for row in waiting] == [None]
    lost = command("send", fix, "--data", city)
    assert lost.code == 75 and "try again later" in lost.err
