"""The collection day over HTTP: clearance by district and hour, and routes against their plans."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from console.read.collection import read_collection
from models.tables.city import Segment
from models.tables.work import StationDay, WorkItem
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import NOW, ZONE, store_version


def test_what_is_cleared_later_was_not_cleared_at_the_hour_before(desk: Desk) -> None:
    with desk.database.write() as session:
        rows = session.exec(select(StationDay).order_by(StationDay.station)).all()
        for row, minutes in zip(rows, (-151, -149, None), strict=True):  # 17:59, 18:01 local, and not at all
            row.state = "open" if minutes is None else "cleared"
            row.cleared_at = None if minutes is None else NOW + timedelta(minutes=minutes)
    with desk.database.read() as session:
        (ledger,) = read_collection(session, NOW, ZONE).ledger
        assert (ledger.district, ledger.owed, ledger.cleared, ledger.open, ledger.missed) == ("D01", 3, 2, 1, 0)
        assert [(mark.hour, mark.uncleared) for mark in ledger.marks] == [(18, 2), (21, None), (24, None)]
        (later,) = read_collection(session, NOW + timedelta(hours=1), ZONE).ledger
        assert [mark.uncleared for mark in later.marks] == [2, 1, None]
        next_day = read_collection(session, NOW + timedelta(hours=4), ZONE)
        assert next_day.ledger == [], "the next day has not begun here"
        assert [[mark.uncleared for mark in row.marks] for row in next_day.before] == [[2, 1, 1]]


def test_a_route_is_behind_since_its_first_stop_not_done_should_have_been_left(signed_in: SignIn, desk: Desk) -> None:
    with desk.database.write() as session:
        streets = session.exec(select(Segment).order_by(Segment.id).limit(6)).all()
        start = NOW - timedelta(minutes=10)  # stop n is left 2n + 1 minutes later: four are due
        version = store_version(session, "C-20231218-D01-M", 1, "active", [("S-01", streets)], service="collection",
                                start_at=start).id  # fmt: skip
        for segment in streets[:2]:
            session.add(
                WorkItem(
                    id=f"wi-{segment.id}",
                    service="collection",
                    district="D01",
                    place=f"segment:{segment.id}",
                    origin="day:2023-12-18",
                    period="day:2023-12-18:M",
                    created_at=start,
                    state="done",
                )
            )
    answer = signed_in("vera").get("/api/collection").json()
    progress = {row["version"]: row for row in answer["routes"]}
    row = progress[version]
    assert (row["vehicle"], row["stops"], row["done"], row["due"], row["late_min"]) == ("S-01", 6, 2, 4, 3)
    assert (progress["C-20231218-D01-E@1"]["due"], progress["C-20231218-D01-E@1"]["late_min"]) == (0, 0)
    assert "S-20231218-D01-N@2" not in progress, "salting is no collection"
