"""A case filed with a photo, from the request through the log and its recorder to the case's file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from fastapi.testclient import TestClient
from sqlmodel import select

from console.accounts import make_account
from console.hub import Hub
from dispatch.decide.trouble import assess
from models.tables.flow import Inbox
from models.tables.work import CasePhoto
from sweepline.live import console_of
from sweepline.running import open_system
from tests.photos import camera_photo

PASSWORD = "a good password"
COMPLAINT = {"kind": "litter", "lon": 119.4543, "lat": 32.7836, "text": "一袋垃圾", "channel": "inspector"}


def test_a_complaint_becomes_a_case_with_a_deadline_and_takes_its_photo(approved: Path) -> None:
    system = open_system(approved)
    with system.database.write() as session:
        make_account(session, "dong", "dispatcher", PASSWORD, system.clock())
    lookout = cast(Any, SimpleNamespace(condition=assess(None, frozenset(), system.clock())))
    with TestClient(console_of(system, Hub(), lookout)) as client:
        client.auth = ("dong", PASSWORD)
        for status in (202, 200):
            sent = client.post("/api/complaints", json=COMPLAINT, headers={"Idempotency-Key": "k1"})
            assert sent.status_code == status, sent.text
        asked = "/api/complaints/k1?channel=inspector"
        assert client.get(asked).json()["state"] == "waiting"
        system.settle(system.clock())
        filed = client.get(asked).json()
        assert (filed["state"], filed["joined"]) == ("filed", False)
        photo = client.post(
            f"/api/cases/{filed['case']}/photos?report={filed['report']}",
            content=camera_photo(),
            headers={"Content-Type": "image/jpeg"},
        )
        assert photo.status_code == 201, photo.text
        found = client.get(f"/api/cases/{filed['case']}").json()
        assert found["case"]["deadline"] == filed["deadline"]
        assert [one["report"] for one in found["photos"]] == [filed["report"]]
        assert client.get(f"/api/photos/{photo.json()['sha256']}/small").content.startswith(b"\xff\xd8\xff")
    with system.database.read() as session:
        (applied,) = session.exec(select(Inbox).where(Inbox.event_id == "k1")).all()
        (row,) = session.exec(select(CasePhoto)).all()
    assert (applied.group, applied.outcome) == ("cases", "applied")
    assert (approved / "photos" / f"{row.sha256}.jpg").stat().st_size == row.bytes
    system.close()
