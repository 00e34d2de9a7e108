"""Work put into a running plan: what a truck has set out for stays as it is, whoever else is lost or called out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from config.settings import Settings
from models.tables.plans import Plan, PlanVersion, Route
from models.times import parse_time
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System
from tests.small_city import place, stored_small_city

START = datetime(2023, 12, 18, 9, tzinfo=UTC)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[System]:
    """The evening's collection approved and its trucks out: the clock stands at its start."""
    stored_small_city(tmp_path)
    clock = SimulatedClock(START)
    system = System(tmp_path, Options(clock=clock, iterations=200, seed=3), Settings(solver_processes=0))
    system.start_city()
    while clock() < START + timedelta(hours=2, minutes=20):
        clock.move_to(clock() + timedelta(minutes=20))
        system.settle(clock())
    with system.database.read() as session:
        version = session.exec(
            select(PlanVersion)
            .join(Plan, col(Plan.code) == col(PlanVersion.plan))
            .where(Plan.service == "collection", Plan.period != "fallback", PlanVersion.state == "proposed")
        ).one()
    system.approve(version.id, "chief")
    system.settle(clock())
    yield system
    system.close()


def versions(system: System) -> list[tuple[PlanVersion, dict[str, Route]]]:
    with system.database.read() as session:
        rows = session.exec(
            select(PlanVersion)
            .join(Plan, col(Plan.code) == col(PlanVersion.plan))
            .where(Plan.service == "collection", Plan.period != "fallback")
            .order_by(col(PlanVersion.version))
        ).all()
        return [
            (row, {r.vehicle: r for r in session.exec(select(Route).where(Route.plan_version == row.id)).all()})
            for row in rows
        ]


def send(system: System, body: str) -> PlanVersion:
    before = len(versions(system))
    assert [r.status for r in system.intake(body.encode(), "application/json", "")] == ["accepted"]
    system.settle(system.clock())
    found = versions(system)
    assert len(found) == before + 1
    return found[-1][0]


def settled(route: Route, by: datetime) -> list[dict]:
    """Stops a truck has done or set out for by an instant: all whose stop before is left by then."""
    kept, free = [], route.start_at
    for stop in route.doc["stops"]:
        if free > by:
            break
        kept.append({key: value for key, value in stop.items() if key != "n"})
        free = parse_time(stop["depart"])
    return kept


@pytest.mark.parametrize("minutes", [0, 4, 12])
def test_a_complaint_never_moves_a_stop_set_out_for(running: System, minutes: int) -> None:
    running.clock.move_to(running.clock() + timedelta(minutes=minutes))
    running.settle(running.clock())
    (_, before), *_ = reversed(versions(running))
    lon, lat = place(4, 2)
    made = send(running, f'{{"type":"complaint.received","kind":"litter","lon":{lon},"lat":{lat}}}')
    assert made.feasible and made.unserved == []
    after = versions(running)[-1][1]
    asked = {stop["work_item"] for route in after.values() for stop in route.doc["stops"]}
    was = {stop["work_item"] for route in before.values() for stop in route.doc["stops"]}
    assert len(asked - was) == 1 and was <= asked
    by = running.clock() + timedelta(seconds=running.rules.planning.started_lead_s)
    for vehicle, route in before.items():
        kept = settled(route, by)
        now = [{key: value for key, value in stop.items() if key != "n"} for stop in after[vehicle].doc["stops"]]
        assert now[: len(kept)] == kept, vehicle


def test_a_lost_truck_keeps_what_it_did_and_the_rest_is_served_once_elsewhere(running: System) -> None:
    _, before = versions(running)[-1]
    lost = min(before)
    at = running.clock() + timedelta(minutes=6)
    running.clock.move_to(at)
    running.settle(at)
    made = send(
        running,
        f'{{"type":"resource.status","kind":"vehicle","ref":"{lost}","status":"out","since":"{at.isoformat()}"}}',
    )
    assert made.feasible and made.unserved == []
    after = versions(running)[-1][1]
    done = [stop["work_item"] for stop in after[lost].doc["stops"]] if lost in after else []
    assert all(parse_time(stop["depart"]) <= at for stop in (after[lost].doc["stops"] if lost in after else []))
    served = [s["work_item"] for v, r in after.items() if v != lost for s in r.doc["stops"] if s["work_item"]]
    wanted = {stop["work_item"] for route in before.values() for stop in route.doc["stops"] if stop["work_item"]}
    assert sorted(served + [item for item in done if item]) == sorted(wanted)
