"""The city as it was at an instant: each answer against what had been stored by then."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from console.read.past import STEPS_LIMIT, read_past, read_tracks
from dispatch.desk import carry_out
from models.database import Database
from models.migrate import upgrade
from models.tables.plans import Approval, PlanVersion
from models.tables.work import Case, Position
from models.times import iso, parse_time
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import CONTEXT, NOW, build_sample

PLAN = "S-20231218-D01-N"
POSTGRES = os.environ.get("SWEEPLINE_TEST_POSTGRES", "")


def drive(database: Database, vehicle: str, first_s: int, last_s: int, every_s: int, lon: float = 119.43) -> None:
    """Fixes from so many seconds before NOW to so many, going east by a thousandth of a degree a minute."""
    with database.write() as session:
        for ago in range(first_s, last_s - 1, -every_s):
            at = NOW - timedelta(seconds=ago)
            session.add(
                Position(
                    vehicle=vehicle,
                    observed_at=at,
                    received_at=at,
                    lon=round(lon + (first_s - ago) / 60_000, 6),
                    lat=32.78,
                    speed_kmh=20.0,
                    heading_deg=90.0,
                    tools="s",
                )
            )


def ago(seconds: float) -> str:
    return iso(NOW - timedelta(seconds=seconds))


def test_vehicles_stand_where_they_were_and_a_silent_one_nowhere(signed_in: SignIn, desk: Desk) -> None:
    drive(desk.database, "S-00", 3600, 0, 60)
    drive(desk.database, "S-01", 30 * 3600, 30 * 3600, 60)
    client = signed_in("vera")
    past = client.get("/api/past", params={"at": ago(1790)}).json()
    vehicles = {row["id"]: row for row in past["vehicles"]}
    assert parse_time(vehicles["S-00"]["observed_at"]) == NOW - timedelta(seconds=1800)
    assert vehicles["S-00"]["lon"] == pytest.approx(119.43 + 0.03)
    assert vehicles["S-01"]["lon"] is None, "its last fix was more than a day before"
    assert parse_time(past["positions_since"]) == NOW - timedelta(hours=30)
    before_all = client.get("/api/past", params={"at": ago(40 * 3600)}).json()
    assert [row["lon"] for row in before_all["vehicles"]] == [None, None, None]


def test_a_vehicle_that_is_out_now_was_not_before_it_broke(signed_in: SignIn) -> None:
    client = signed_in("vera")

    def status(seconds: float) -> str:
        rows = client.get("/api/past", params={"at": ago(seconds)}).json()["vehicles"]
        return str(next(row["status"] for row in rows if row["id"] == "S-02"))

    assert (status(0), status(1)) == ("out", "in")


def test_streets_stations_and_cases_are_as_they_were(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("vera")
    with desk.database.write() as session:
        session.get_one(Case, "321084-20231218-00001").closed_at = NOW - timedelta(minutes=20)
    # The sample: passes 30 and 90 minutes ago on one street, 300 on another; ST-0 cleared 30 minutes ago; levels 90 and
    # 15 minutes ago; cases opened an hour ago, their reports 50 minutes ago.
    past = client.get("/api/past", params={"at": ago(60 * 60)}).json()
    treated = {segment: parse_time(at) for segment, at, _ in past["treatment"]["treated"]}
    assert sorted(NOW - at for at in treated.values()) == [timedelta(minutes=90), timedelta(minutes=300)]
    assert past["stations"]["cleared"] == 0
    assert {row["level_pct"] for row in past["stations"]["stations"]} == {20.0}
    assert [row["reports"] for row in past["cases"]] == [0, 0]
    assert {row["state"] for row in past["cases"]} == {"open"}
    later = client.get("/api/past", params={"at": ago(10 * 60)}).json()
    assert min(NOW - parse_time(at) for _, at, _ in later["treatment"]["treated"]) == timedelta(minutes=30)
    assert later["stations"]["cleared"] == 1
    assert {row["number"][-1]: row["closed_at"] is not None for row in later["cases"]} == {"2": False, "1": True}
    assert client.get("/api/past", params={"at": ago(2 * 3600)}).json()["cases"] == []


def test_a_case_has_the_priority_it_had(signed_in: SignIn, desk: Desk) -> None:
    number = "321084-20231218-00001"
    for minutes, priority in ((40, "low"), (20, "urgent")):
        at = NOW - timedelta(minutes=minutes)
        carry_out(desk.database, CONTEXT, at, "dong", "case.priority", {"numbers": [number], "priority": priority})
    client = signed_in("vera")

    def had(minutes: int) -> str:
        rows = client.get("/api/past", params={"at": ago(minutes * 60)}).json()["cases"]
        return str(next(row["priority"] for row in rows if row["number"] == number))

    assert [had(minutes) for minutes in (50, 30, 10)] == ["normal", "low", "urgent"]


def test_the_plan_is_the_one_that_was_in_force(signed_in: SignIn, desk: Desk) -> None:
    with desk.database.write() as session:
        first, second = (session.get_one(PlanVersion, f"{PLAN}@{n}") for n in (1, 2))
        first.created_at, second.created_at = NOW - timedelta(minutes=50), NOW - timedelta(minutes=30)
        first.state, second.state = "superseded", "active"
        session.add(Approval(plan_version=first.id, actor="wang", at=NOW - timedelta(minutes=40)))
        session.add(Approval(plan_version=second.id, actor="wang", at=NOW - timedelta(minutes=20)))
    client = signed_in("vera")

    def version(minutes: float) -> set[str]:
        work = client.get("/api/past", params={"at": ago(minutes * 60)}).json()["work"]
        return {row["version"] for row in work if row["plan"] == PLAN}

    assert version(60) == set()
    assert version(45) == {f"{PLAN}@1"}, "proposed"
    assert version(25) == {f"{PLAN}@1"}, "approved; the newer one is only proposed"
    assert version(10) == {f"{PLAN}@2"}
    live = {row["version"] for row in client.get("/api/map/work").json() if row["plan"] == PLAN}
    assert live == version(0)


def test_tracks_have_one_place_a_step_however_often_a_vehicle_reports(signed_in: SignIn, desk: Desk) -> None:
    drive(desk.database, "S-00", 600, 301, 1)
    drive(desk.database, "S-01", 600, 0, 90)
    client = signed_in("vera")
    answer = client.get("/api/past/tracks", params={"start": ago(601), "step_s": 60, "steps": 10}).json()
    times = {id_: [NOW - parse_time(row["observed_at"]) for row in rows] for id_, rows in answer["tracks"].items()}
    assert times["S-00"] == [timedelta(seconds=601 - 60 * n) for n in range(1, 6)], "the last of each minute"
    assert len(times["S-01"]) == 7, "one each 90 s: some minutes have none"
    assert times["S-01"] == sorted(times["S-01"], reverse=True)
    assert parse_time(answer["end"]) == NOW - timedelta(seconds=1)


def test_what_is_asked_for_is_bounded_and_past(signed_in: SignIn) -> None:
    client = signed_in("vera")
    to_come = client.get("/api/past", params={"at": ago(-1)})
    assert (to_come.status_code, to_come.json()["code"]) == (400, "to_come")
    assert client.get("/api/past", params={"at": "2023-12-18T12:00:00"}).status_code == 400, "no zone"
    assert client.get("/api/past").status_code == 400
    for wrong in ({"steps": STEPS_LIMIT + 1}, {"step_s": 0}, {"step_s": 601}):
        assert client.get("/api/past/tracks", params={"start": ago(60), **wrong}).status_code == 400
    assert client.get("/api/past/tracks", params={"start": ago(-1)}).status_code == 400


def test_the_past_is_for_people_who_are_signed_in(signed_in: SignIn) -> None:
    client = signed_in("vera")
    client.cookies.clear()
    assert client.get("/api/past", params={"at": ago(60)}).status_code == 401


@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="SWEEPLINE_TEST_POSTGRES is not set")
def test_postgresql_tells_the_same_past(desk: Desk, tmp_path: Path) -> None:
    name = f"past{uuid.uuid4().hex[:12]}"
    admin = Database(POSTGRES)
    with admin.write() as session:
        session.execute(text(f'CREATE SCHEMA "{name}"'))
    database = Database(f"{POSTGRES}?options=-csearch_path%3D{name},public")
    try:
        upgrade(database)
        build_sample(database, tmp_path)
        for each in (database, desk.database):
            drive(each, "S-00", 7200, 0, 10)
        told = []
        for each in (database, desk.database):
            with each.read() as session:
                start = NOW - timedelta(hours=1)
                told.append((read_past(session, start), read_tracks(session, start, 60, 30)))
        assert told[0] == told[1]
        assert len(told[0][1].tracks["S-00"]) == 30
    finally:
        database.close()
        with admin.write() as session:
            session.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
        admin.close()
