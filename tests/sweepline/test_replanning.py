"""A running plan changed: a truck lost, a street closed, a change taken back, the rest planned anew. What is started
stays, and the difference says what moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from config.settings import Settings
from dispatch.commands import run_command
from dispatch.differences import difference_doc, version_difference
from dispatch.pinning import PinWish, set_out_for
from dispatch.planning import request_again
from dispatch.slots import facility_slots
from dispatch.undo import request_undo
from dispatch.versions import latest_version, routes_of
from models.errors import Refused, Stale
from models.tables.city import Facility
from models.tables.flow import AuditRow
from models.tables.plans import Plan, PlanRequest, PlanVersion, Route, Telling
from models.tables.weather import Response
from models.tables.work import WorkItem
from models.times import parse_time
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System
from sweepline.replanning import ask_again, pin
from sweepline.verify.plans import pins_hold
from tests.small_city import node, place, stored_small_city
from tests.sweepline.conftest import cap_xml

START = datetime(2023, 12, 18, 9, tzinfo=UTC)
LEAD = "[rules.planning]\nstarted_lead_s = 120\n"
"""Two minutes: the small city's routes are short."""
STORM = datetime(2023, 12, 18, 8, tzinfo=UTC)


def opened(folder: Path, start: datetime) -> System:
    stored_small_city(folder)
    (folder / "sweepline.toml").write_text(LEAD)
    system = System(folder, Options(clock=SimulatedClock(start), iterations=200, seed=3), Settings(solver_processes=0))
    system.start_city()
    return system


def at(system: System, minutes: float) -> None:
    """Let time pass."""
    now = system.clock() + timedelta(minutes=minutes)
    system.clock.move_to(now)  # type: ignore[attr-defined]
    system.settle(now)


@pytest.fixture
def collecting(tmp_path: Path) -> Iterator[System]:
    """The evening's collection approved and its trucks out: the clock stands at its start."""
    system = opened(tmp_path, START)
    for _ in range(7):
        at(system, 20)
    approve_newest(system, "collection")
    yield system
    system.close()


@pytest.fixture
def salting(tmp_path: Path) -> Iterator[System]:
    """A snow warning, its salting plan approved, the trucks under way."""
    system = opened(tmp_path, STORM)
    assert [r.status for r in system.intake(cap_xml().encode(), "application/xml", "")] == ["accepted"]
    system.settle(system.clock())
    at(system, 2)
    approve_newest(system, "salting")
    with system.database.read() as session:
        start = plan_of(session, "salting").start_at
    at(system, (start - system.clock()).total_seconds() / 60 + 5)
    yield system
    system.close()


def plan_of(session: Session, service: str) -> Plan:
    return session.exec(select(Plan).where(Plan.service == service, Plan.period != "fallback")).one()


def newest(system: System, service: str) -> PlanVersion:
    with system.database.read() as session:
        version = latest_version(session, plan_of(session, service).code)
    assert version is not None
    return version


def approve_newest(system: System, service: str) -> PlanVersion:
    version = newest(system, service)
    if version.state == "proposed":
        system.approve(version.id, "chief")
    system.settle(system.clock())
    return newest(system, service)


def difference(system: System, old: str, new: str) -> dict[str, Any]:
    with system.database.read() as session:
        return difference_doc(
            version_difference(session, session.get_one(PlanVersion, old), session.get_one(PlanVersion, new))
        )


def routes(system: System, version: str) -> dict[str, Route]:
    with system.database.read() as session:
        return {route.vehicle: route for route in routes_of(session, version)}


def work_of(route: Route) -> list[tuple[str, int]]:
    return [(stop["work_item"], stop["pass"]) for stop in route.doc["stops"] if stop["work_item"]]


def out(system: System, kind: str, ref: str) -> None:
    since = system.clock().isoformat()
    body = f'{{"type":"resource.status","kind":"{kind}","ref":"{ref}","status":"out","since":"{since}"}}'
    assert [r.status for r in system.intake(body.encode(), "application/json", "")] == ["accepted"]
    system.settle(system.clock())


def ask(system: System, service: str, what: str) -> PlanVersion:
    with system.database.read() as session:
        plan = plan_of(session, service)

    def act(uow: Any) -> str:
        if what == "undo":
            return request_undo(uow, system.context, plan.code).id
        return request_again(uow, system.context, plan, "asked:chief").id

    run_command(system.database, system.clock(), "chief", f"plan.{what}", plan.code, {"plan": plan.code}, act)
    system.settle(system.clock())
    return newest(system, service)


def complain(system: System) -> PlanVersion:
    lon, lat = place(4, 2)
    body = f'{{"type":"complaint.received","kind":"litter","lon":{lon},"lat":{lat}}}'
    assert [r.status for r in system.intake(body.encode(), "application/json", "")] == ["accepted"]
    system.settle(system.clock())
    return newest(system, "collection")


def test_a_lost_trucks_stops_go_to_others_and_the_difference_says_which(salting: System) -> None:
    before = newest(salting, "salting")
    was = routes(salting, before.id)
    lost = max(was, key=lambda vehicle: len(work_of(was[vehicle])))
    now = salting.clock()
    out(salting, "vehicle", lost)
    after = newest(salting, "salting")
    assert (after.based_on, after.feasible) == (before.version, True)
    found = difference(salting, before.id, after.id)
    assert found["started_changed"] == 0
    work = [stop for stop in was[lost].doc["stops"] if stop["work_item"]]
    done = [(stop["work_item"], stop["pass"]) for stop in work if parse_time(stop["depart"]) <= now]
    moved = {(row["work_item"], row["run"]) for row in found["stops"] if row["what"] == "moved"}
    assert moved == set(work_of(was[lost])) - set(done) != set()
    assert all(row["from_"] == lost != row["to"] for row in found["stops"] if row["what"] == "moved")
    change = next(row for row in found["changes"] if row["who"] == lost)
    assert change["dropped"] == len(moved)
    with pytest.raises(Refused, match="nothing to undo" if after.state == "proposed" else lost):
        ask(salting, "salting", "undo")


def test_an_insertion_is_taken_back_and_its_work_left_out(collecting: System) -> None:
    before = newest(collecting, "collection")
    with pytest.raises(Refused, match="nothing to undo"):
        ask(collecting, "collection", "undo")
    inserted = complain(collecting)
    inserted = approve_newest(collecting, "collection")
    assert inserted.based_on == before.version
    at(collecting, 0.5)
    undone = ask(collecting, "collection", "undo")
    assert (undone.state, undone.engine, undone.feasible, undone.based_on) == (
        "proposed",
        "undo",
        True,
        inserted.version,
    )
    ticket = {key for r in routes(collecting, inserted.id).values() for key in work_of(r)}
    ticket -= {key for r in routes(collecting, before.id).values() for key in work_of(r)}
    assert [(row["reason"], (row["work_item"], 1)) for row in undone.unserved] == [("undone", key) for key in ticket]
    found = difference(collecting, inserted.id, undone.id)
    assert found["started_changed"] == 0
    for vehicle, route in routes(collecting, before.id).items():
        assert work_of(routes(collecting, undone.id)[vehicle]) == work_of(route)
    with collecting.database.read() as session:
        assert session.exec(select(AuditRow).where(AuditRow.action == "plan.undo")).one().actor == "chief"
    assert approve_newest(collecting, "collection").state == "active"


def test_a_ticket_set_out_for_is_not_taken_back_and_is_unloaded(collecting: System) -> None:
    complain(collecting)
    inserted = approve_newest(collecting, "collection")
    at(collecting, 6)
    undone = ask(collecting, "collection", "undo")
    assert (undone.feasible, undone.unserved) == (True, [])
    found = difference(collecting, inserted.id, undone.id)
    assert (found["started_changed"], [row["what"] for row in found["stops"]]) == (0, [])
    assert all(route.doc["stops"][-1]["kind"] == "facility" for route in routes(collecting, undone.id).values())


def test_a_change_cannot_be_taken_back_after_ten_minutes(collecting: System) -> None:
    complain(collecting)
    approve_newest(collecting, "collection")
    at(collecting, 11)
    with pytest.raises(Stale, match="10 minutes"):
        ask(collecting, "collection", "undo")


def test_routes_are_led_round_a_street_that_closes(salting: System) -> None:
    before = newest(salting, "salting")
    soon = salting.clock() + timedelta(minutes=5)
    ahead = [stop for route in routes(salting, before.id).values() for stop in route.doc["stops"]]
    shut = next(stop["ref"] for stop in ahead if parse_time(stop["arrive"]) > soon and stop["kind"] == "segment")
    out(salting, "street", shut)
    after = newest(salting, "salting")
    assert after.based_on == before.version and after.feasible
    found = difference(salting, before.id, after.id)
    assert (found["started_changed"], {row["what"] for row in found["stops"]} - {"dropped"}) == (0, set())
    for route in routes(salting, after.id).values():
        for stop in (stop for stop in route.doc["stops"] if parse_time(stop["arrive"]) > soon):
            assert stop["ref"] != shut
            assert shut not in [segment for segment, _ in stop["legs"]]
    with salting.database.read() as session:
        states = session.exec(select(WorkItem.state).where(WorkItem.place == f"segment:{shut}")).all()
    assert set(states) <= {"cancelled", "done"}


def second_transfer(system: System) -> None:
    """Another transfer station, in the middle of the city."""
    with system.database.write() as session:
        first = session.get_one(Facility, "transfer")
        lon, lat = place(2, 2)
        values = {
            **first.model_dump(),
            "id": "transfer-2",
            "name": "二号转运站",
            "node": node(2, 2),
            "lon": lon,
            "lat": lat,
        }
        session.add(Facility.model_validate(values))


def calls(system: System, version: PlanVersion) -> list[str]:
    return [
        stop["ref"]
        for route in routes(system, version.id).values()
        for stop in route.doc["stops"]
        if stop["kind"] == "facility"
    ]


def test_trips_to_a_facility_that_is_out_go_to_another_and_the_crews_are_told(collecting: System) -> None:
    before = newest(collecting, "collection")
    assert set(calls(collecting, before)) == {"transfer"}
    second_transfer(collecting)
    out(collecting, "facility", "transfer")
    after = newest(collecting, "collection")
    assert (after.based_on, after.feasible, after.unserved) == (before.version, True, [])
    assert set(calls(collecting, after)) == {"transfer-2"}
    for vehicle, route in routes(collecting, before.id).items():
        assert work_of(routes(collecting, after.id)[vehicle]) == work_of(route), "nothing but the trip is moved"
    approve_newest(collecting, "collection")
    with collecting.database.read() as session:
        told = session.exec(select(Telling)).all()
        assert {row.vehicle for row in told} == set(routes(collecting, before.id))
        assert {name for row in told for name in row.change["names"]} == {"二号转运站"}
        asked = session.exec(select(PlanRequest.reason).where(PlanRequest.mode == "insert")).all()
        assert list(asked) == ["facility_out:transfer"]


def test_the_last_facility_of_its_kind_leaves_plans_as_they_are(collecting: System) -> None:
    before = newest(collecting, "collection")
    out(collecting, "facility", "transfer")
    assert newest(collecting, "collection").id == before.id
    inserted = complain(collecting)
    assert inserted.feasible and set(calls(collecting, inserted)) == {"transfer"}


def test_a_plan_that_waits_is_made_anew_past_a_facility_that_is_out(tmp_path: Path) -> None:
    system = opened(tmp_path, START)
    second_transfer(system)
    for _ in range(7):
        at(system, 20)
    before = newest(system, "collection")
    assert before.state == "proposed"
    shut = calls(system, before)[0]
    out(system, "facility", shut)
    after = newest(system, "collection")
    assert after.version > before.version and after.feasible
    assert (after.tasks, after.unserved) == (before.tasks, []), "the same stations are to be cleared"
    assert calls(system, after) and shut not in calls(system, after)
    system.close()


def test_what_is_not_started_is_planned_anew(salting: System) -> None:
    before = newest(salting, "salting")
    again = ask(salting, "salting", "make")
    assert (again.based_on, again.state, again.feasible) == (before.version, "proposed", True)
    assert again.unserved == []
    found = difference(salting, before.id, again.id)
    assert found["started_changed"] == 0
    wanted = sorted(key for route in routes(salting, before.id).values() for key in work_of(route))
    assert sorted(key for route in routes(salting, again.id).values() for key in work_of(route)) == wanted
    assert again.moved_stops == sum(row["what"] in ("moved", "reordered", "turned") for row in found["stops"])


def work_by(system: System, version: PlanVersion) -> dict[str, set[str]]:
    return {who: {item for item, _ in work_of(route)} for who, route in routes(system, version.id).items()}


def test_pins_on_a_running_plan_move_what_is_not_started(salting: System) -> None:
    before = newest(salting, "salting")
    giver, route = max(routes(salting, before.id).items(), key=lambda entry: len(work_of(entry[1])))
    taker = next(one for one in ("S-1", "S-2") if one != giver)
    *_, dropped, moved = dict.fromkeys(item for item, _ in work_of(route))
    code = before.plan
    gone: dict[str, str] = {}
    while giver not in gone.values():  # until a street is done with, both its runs
        at(salting, 1)
        with salting.database.read() as session:
            gone = set_out_for(session, salting.context, plan_of(session, "salting"), salting.clock())
    assert not {moved, dropped} & gone.keys()
    begun = next(item for item, who in gone.items() if who == giver)
    with pytest.raises(Stale, match=f"{giver} has set out for {begun}"):
        pin(salting, PinWish(code, begun, taker), "chief")
    assert pin(salting, PinWish(code, moved, taker), "chief")
    assert pin(salting, PinWish(code, dropped, exclude=True), "chief")
    ask_again(salting, code, "chief", "北路 封路")
    salting.settle(salting.clock())
    after = newest(salting, "salting")
    assert (after.based_on, after.state, after.feasible) == (before.version, "proposed", True)
    assert after.reason == "asked:chief: 北路 封路"
    found = work_by(salting, after)
    assert moved in found[taker] and moved not in found[giver]
    assert all(dropped not in items for items in found.values())
    assert difference(salting, before.id, after.id)["started_changed"] == 0
    with salting.database.read() as session:
        assert list(pins_hold(session)) == []
    assert pin(salting, PinWish(code, dropped, remove=True), "chief")
    ask_again(salting, code, "chief")
    salting.settle(salting.clock())
    found = {
        who: {item for item, _ in work_of(route)}
        for who, route in routes(salting, newest(salting, "salting").id).items()
    }
    assert any(dropped in items for items in found.values())
    assert moved in found[taker]


def test_an_insertion_keeps_to_pins_and_then_waits_for_approval(collecting: System) -> None:
    before = newest(collecting, "collection")
    with collecting.database.read() as session:
        plan = plan_of(session, "collection")
        gone = set_out_for(session, collecting.context, plan, collecting.clock())
    found = routes(collecting, before.id)
    giver, moved = next((who, item) for who, route in found.items() for item, _ in work_of(route) if item not in gone)
    taker = next(one for one in ("C-1", "C-2") if one != giver)
    pin(collecting, PinWish(plan.code, moved, taker), "chief")
    inserted = complain(collecting)
    assert (inserted.based_on, inserted.state, inserted.feasible) == (before.version, "proposed", True)
    assert inserted.moved_stops >= 1
    assert {who for who, items in work_by(collecting, inserted).items() if moved in items} == {taker}
    with collecting.database.read() as session:
        assert list(pins_hold(session)) == []


def test_a_changed_level_changes_the_rate_of_what_is_not_done(salting: System) -> None:
    before = newest(salting, "salting")
    with salting.database.read() as session:
        rate = session.exec(select(Response)).one().rate
        was = {item.id: (item.quantity_kg, item.passes) for item in session.exec(select(WorkItem)).all()}
    first = "<scope>Public</scope><references>met,A1,2023-12-18T16:00:00+08:00</references>"
    update = cap_xml("A2", "2023-12-18T16:24:00+08:00").replace("暴雪", "道路结冰").replace("Moderate", "Severe")
    update = update.replace("<msgType>Alert</msgType>", "<msgType>Update</msgType>").replace(
        "<scope>Public</scope>", first
    )
    assert [r.status for r in salting.intake(update.encode(), "application/xml", "")] == ["accepted"]
    salting.settle(salting.clock())
    with salting.database.read() as session:
        response = session.exec(select(Response)).one()
        now = {item.id: (item.quantity_kg, item.passes) for item in session.exec(select(WorkItem)).all()}
    assert response.rate["row"] != rate["row"]
    changed = {id_ for id_ in was if now[id_] != was[id_]}
    assert changed
    after = newest(salting, "salting")
    assert (after.based_on, after.state, after.feasible) == (before.version, "proposed", True)
    assert after.reason.startswith("rate:")
    found = difference(salting, before.id, after.id)
    assert found["started_changed"] == 0
    stops = [stop for route in routes(salting, after.id).values() for stop in route.doc["stops"][route.doc["kept"] :]]
    rates = {stop["rate_g_m2"] for stop in stops if stop["kind"] == "segment"}
    assert rates == {response.rate["g_m2"]}


def test_slots_at_the_store_are_listed(salting: System) -> None:
    version = newest(salting, "salting")
    with salting.database.read() as session:
        found = facility_slots(session, routes_of(session, version.id))
        visits = [
            stop
            for route in routes_of(session, version.id)
            for stop in route.doc["stops"]
            if stop["kind"] == "facility"
        ]
    assert sum(len(place_["slots"]) for place_ in found) == len(visits)
    assert sum(place_["waited_s"] for place_ in found) == sum(
        int((parse_time(stop["start"]) - parse_time(stop["arrive"])).total_seconds()) for stop in visits
    )
