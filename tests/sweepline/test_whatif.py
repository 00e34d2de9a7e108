"""What if: the plan with a truck away, a street closed, another rate or onset. The real thing agrees."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from dispatch.whatif import Change
from models.errors import Refused, Unavailable
from models.tables.city import Vehicle
from models.tables.flow import AuditRow, Outbox, StoredEvent
from models.tables.plans import PlanRequest, PlanVersion, Route
from models.tables.weather import Episode
from models.tables.work import WorkItem
from sweepline.compose import System
from sweepline.whatif import what_if
from sweepline.whatif_desk import WhatIfDesk
from tests.sweepline.conftest import Command, cap_xml
from tests.sweepline.conftest import newest as newest_of
from tests.sweepline.test_replanning import STORM, approve_newest, at, newest, opened, out, plan_of, routes, work_of

STORED: tuple[type[SQLModel], ...] = (PlanVersion, PlanRequest, Route, WorkItem, AuditRow, Outbox, StoredEvent, Vehicle)


@pytest.fixture
def warned(tmp_path: Path) -> Iterator[System]:
    """A snow warning and its salting plan, proposed."""
    system = opened(tmp_path, STORM)
    assert [r.status for r in system.intake(cap_xml().encode(), "application/xml", "")] == ["accepted"]
    system.settle(system.clock())
    at(system, 2)
    yield system
    system.close()


def stored(system: System) -> list[str]:
    with system.database.read() as session:
        return [row.model_dump_json() for table in STORED for row in session.exec(select(table)).all()]


def test_a_truck_away_under_way_is_as_when_it_is_really_lost(warned: System) -> None:
    approve_newest(warned, "salting")
    with warned.database.read() as session:
        start = plan_of(session, "salting").start_at
    at(warned, (start - warned.clock()).total_seconds() / 60 + 5)
    version = newest(warned, "salting")
    lost = max(routes(warned, version.id).items(), key=lambda entry: len(work_of(entry[1])))[0]
    before = stored(warned)
    told = what_if(warned, version.id, Change(without=lost))
    assert stored(warned) == before, "nothing is stored"
    assert (told["version"], told["feasible"], told["before"]["distance_m"]) == (version.id, True, version.distance_m)
    moved = {(row["work_item"], row["run"]) for row in told["difference"]["stops"] if row["what"] == "moved"}
    out(warned, "vehicle", lost)
    after = routes(warned, newest(warned, "salting").id)
    really = {key for who, route in after.items() if who != lost for key in work_of(route)}
    assert moved == really & set(work_of(routes(warned, version.id)[lost])) != set()
    assert all(row["from_"] == lost for row in told["difference"]["stops"] if row["what"] == "moved")


def test_a_closed_street_is_served_by_nobody_and_driven_by_nobody(warned: System) -> None:
    version = newest(warned, "salting")
    ref = next(s["ref"] for r in routes(warned, version.id).values() for s in r.doc["stops"] if s["kind"] == "segment")
    told = what_if(warned, version.id, Change(close=ref))
    dropped = [row for row in told["difference"]["stops"] if row["what"] == "dropped"]
    assert dropped and {row["ref"] for row in dropped} == {ref}
    assert told["after"]["tasks"] == version.tasks - len(dropped)


def test_another_rate_and_another_onset_change_salt_and_deadlines(warned: System) -> None:
    version = newest(warned, "salting")
    rows = {row.code: row for row in warned.rules.snow.spread}
    with warned.database.read() as session:
        used = session.exec(select(WorkItem).where(WorkItem.service == "salting")).first()
    assert used is not None
    now = rows[used.detail["rate"]]
    other = next(row for row in rows.values() if row.g_m2 * row.passes != now.g_m2 * now.passes)
    other_rate = what_if(warned, version.id, Change(rate=other.code))
    factor = other.g_m2 * other.passes / (now.g_m2 * now.passes)
    assert other_rate["after"]["salt_kg"] == pytest.approx(version.salt_kg * factor, rel=0.02)
    with warned.database.read() as session:
        start = plan_of(session, "salting").start_at
        onset = session.exec(select(Episode)).one().onset
    margin = warned.rules.snow.pretreat_margin_min
    soon = (start - onset).total_seconds() // 60 + margin + 5  # all is due five minutes after the start
    sooner = what_if(warned, version.id, Change(onset_min=int(soon)))
    later = what_if(warned, version.id, Change(onset_min=60))
    assert sooner["after"]["cost"] > later["after"]["cost"], "little time is left, and lateness costs"
    assert later["after"]["tasks"] == version.tasks


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Change(), "usage"),
        (Change(without="C-1"), "unknown_vehicle"),
        (Change(close="nowhere"), "unknown_street"),
        (Change(rate="much"), "unknown_rate"),
    ],
)
def test_a_change_that_cannot_be_is_refused(warned: System, change: Change, code: str) -> None:
    with pytest.raises(Refused) as caught:
        what_if(warned, newest(warned, "salting").id, change)
    assert caught.value.code == code


def test_the_console_has_it_worked_out_by_a_child_and_can_stop_it(storm: Path, command: Command) -> None:
    version = newest_of(storm)
    desk = WhatIfDesk(storm, 0.3)
    assert desk.look() is None
    desk.start(version, Change(without="S-2"), "dong")
    with pytest.raises(Unavailable, match="of dong"):
        desk.start(version, Change(without="S-1"), "anna")
    assert (desk.look() or {})["state"] == "running"
    while (found := desk.look() or {})["state"] == "running":
        time.sleep(0.2)
    assert (found["state"], found["text"], found["by"]) == ("done", "", "dong")
    said = command("plan", "what-if", version, "--data", storm, "--without", "S-2")
    assert said.code == 0 and f"against {version} (nothing is stored)" in said.out
    assert f"tasks: {found['result']['before']['tasks']} -> " in said.out
    desk.start(version, Change(without="S-9"), "dong")
    while (found := desk.look() or {})["state"] == "running":
        time.sleep(0.2)
    assert found["state"] == "failed"
    assert "S-9 does no salting here" in found["text"]
    desk.start(version, Change(without="S-2"), "dong")
    desk.stop()
    assert desk.look() is None
