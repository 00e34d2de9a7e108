"""On the small city an event travels the whole way: stored, understood, planned, checked, approved, printed, done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col

from dispatch.commands import run_command
from dispatch.pins import remove_pin, set_pin
from dispatch.planning import request_plan
from dispatch.uow import UnitOfWork
from models.errors import Stale
from models.events.base import Event, dump_event
from models.tables.flow import Alarm, AuditRow, Books, Inbox, Outbox, Quarantine, StoredEvent, Timer
from models.tables.plans import Approval, Assignment, Plan, PlanRequest, PlanVersion, Route, Sheet, Telling
from models.tables.weather import Alert, Episode, Response, Stage
from models.tables.work import Case, Report, StationDay, Visit, WorkItem
from streams import sealing
from streams.planned import stored_verdict
from tests.small_city import place, stored_small_city
from tests.sweepline.storm_line import ONSET, START, Line, cap


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    stored_small_city(tmp_path)
    made = Line(tmp_path)
    yield made
    made.system.close()


def only_plan(line: Line, service: str) -> Plan:
    (plan,) = line.rows(Plan, Plan.service == service, Plan.period != "fallback")
    return plan


def test_a_storm_from_warning_to_proven_treatment(line: Line) -> None:
    assert line.send(cap()) == ["accepted"]
    assert [row.state for row in line.rows(Alert)] == ["live"]
    (episode,) = line.rows(Episode)
    assert (episode.onset, episode.state) == (ONSET, "live")
    (response,) = line.rows(Response)
    assert response.rate["g_m2"] == 20
    assert response.rate["passes"] == 2
    assert sorted(stage.kind for stage in line.rows(Stage)) == ["muster", "plough", "pretreat"]

    line.go(minutes=2)
    plan = only_plan(line, "salting")
    versions = line.rows(PlanVersion, PlanVersion.plan == plan.code)
    assert versions
    assert all(version.feasible and not version.unserved for version in versions)
    assert versions[0].created_at == START + timedelta(seconds=10)
    with line.system.database.read() as session:
        for version in versions:
            again = stored_verdict(session, version.id)
            assert again is not None and (again.feasible, again.cost) == (version.feasible, version.cost)

    line.go(minutes=12)
    (approval,) = line.rows(Approval, col(Approval.plan_version).startswith(plan.code))
    assert approval.actor == "policy:self_start"
    routes = line.rows(Route, Route.plan_version == approval.plan_version)
    sheets = line.rows(Sheet, Sheet.plan == plan.code, Sheet.state == "issued")
    assert {s.route_hash for s in sheets} == {r.route_hash for r in routes}
    assert all(Path(s.path).read_bytes().startswith(b"%PDF") for s in sheets)

    line.go(hours=1)
    items = line.rows(WorkItem, WorkItem.service == "salting", WorkItem.origin == plan.origin)
    # by hand: main row and column 2 (8 segments), secondary row and column 0 (8), the bridge is one of the main ones
    assert len(items) == 16
    assert {item.state for item in items} == {"done"}
    assert all(item.done_at < ONSET for item in items)
    bridge = next(item for item in items if item.priority == "bridge")
    # 14 m wide, two ways: twice 20 g/m2 over both sides = 4 runs; 200 m x 14 m x 20 g x 2 = 112 kg
    assert (bridge.passes, bridge.quantity_kg) == (4, 112)
    assert [stage.state for stage in line.rows(Stage, Stage.kind == "pretreat")] == ["done"]


def test_everything_is_audited_and_the_chain_holds(line: Line) -> None:
    line.send(cap())
    line.go(minutes=15)
    actions = {row.action for row in line.rows(AuditRow)}
    assert {"event.accepted", "alert.stored", "response.opened", "plan.proposed", "plan.approved"} <= actions
    with line.system.database.read() as session:
        assert sealing.verify(session, line.clock()) == []
    assert line.rows(Outbox, col(Outbox.sent_at).is_(None)) == []
    assert not line.rows(Quarantine)
    assert line.rows(Inbox)


def test_a_repeated_alert_is_answered_with_its_first_receipt_and_applied_once(line: Line) -> None:
    assert line.send(cap()) == ["accepted"]
    line.go(minutes=1)
    receipt = line.system.intake(cap(), "application/xml", "")[0]
    assert (receipt.status, receipt.received_at) == ("duplicate", START)
    line.system.settle(line.clock())
    assert len(line.rows(Response)) == 1
    assert [row.duplicates for row in line.rows(StoredEvent, StoredEvent.type == "alert.received")] == [1]


def test_a_drill_is_stored_and_starts_nothing(line: Line) -> None:
    assert line.send(cap(status="Exercise")) == ["accepted"]
    assert [row.state for row in line.rows(Alert)] == ["drill"]
    assert line.rows(Response) == []


def test_a_cancel_closes_what_has_not_started_and_proposes_to_stand_down(line: Line) -> None:
    line.send(cap())
    line.go(minutes=2)
    sent = "2023-12-18T16:02:00+08:00"
    line.send(cap("A2", "Cancel", "met,A1,2023-12-18T16:00:00+08:00", sent))
    assert {stage.state for stage in line.rows(Stage)} == {"closed"}
    assert [alarm.kind for alarm in line.rows(Alarm)] == ["stand_down"]
    line.go(minutes=15)
    assert line.rows(Approval) == []


def test_the_stop_key_holds_every_self_start(line: Line) -> None:
    line.system.stop_self_start(True, "dispatcher")
    line.send(cap())
    line.go(minutes=15)
    assert line.rows(Approval, col(Approval.plan_version).startswith("S-")) == []
    (response,) = line.rows(Response)
    assert (response.self_start, response.self_start_reason) == (False, "stopped_by_key")


def test_approval_names_a_version_and_fails_on_a_stale_one(line: Line) -> None:
    line.send(cap())
    line.go(seconds=10)
    first = line.rows(PlanVersion, col(PlanVersion.plan).startswith("S-"), PlanVersion.state == "proposed")[0]
    line.system.approve(first.id, "chief")
    with pytest.raises(Stale):
        line.system.approve(first.id, "chief")
    assert line.rows(Approval, Approval.plan_version == first.id)[0].actor == "chief"
    vehicles = [row.vehicle for row in line.rows(Assignment)]
    assert len(vehicles) == len(set(vehicles))


def levels(at: datetime, **by_station: float) -> bytes:
    rows = [
        f'{{"type":"station.level","station":"{s.replace("_", "-")}","observed_at":"{at.isoformat()}","level_pct":{v}}}'
        for s, v in by_station.items()
    ]
    return "\n".join(rows).encode()


def test_a_collection_day_clears_every_station_once(line: Line) -> None:
    line.clock.move_to(datetime(2023, 12, 18, 9, tzinfo=UTC))
    line.send(levels(line.clock(), ST_1=90, ST_2=30, ST_3=70), "application/x-ndjson")
    line.go(step=20, hours=2)  # 19:00 in Shanghai: the evening run is planned
    plan = only_plan(line, "collection")
    version = line.rows(PlanVersion, PlanVersion.plan == plan.code, PlanVersion.state == "proposed")[0]
    line.system.approve(version.id, "chief")
    line.go(step=5, hours=2)
    assert {row.state for row in line.rows(StationDay)} == {"cleared"}
    assert len(line.rows(Visit)) == 5
    # 90 % of 100 kg and so on; ST-4 and ST-5 never reported and count as 70 % full
    assert version.waste_kg == 90 + 30 + 70 + 70 + 70


def test_midnight_raises_an_alarm_for_each_station_not_cleared(line: Line) -> None:
    line.go(step=60, hours=9)
    missed = line.rows(StationDay, StationDay.state == "missed")
    assert len(missed) == 5
    assert {a.key.split(":")[0] for a in line.rows(Alarm, Alarm.kind == "station_missed")} == {
        r.station for r in missed
    }


def running_collection(line: Line) -> Plan:
    line.clock.move_to(datetime(2023, 12, 18, 9, tzinfo=UTC))
    line.go(step=20, hours=2)
    plan = only_plan(line, "collection")
    version = line.rows(PlanVersion, PlanVersion.plan == plan.code, PlanVersion.state == "proposed")[0]
    line.system.approve(version.id, "chief")
    line.go(minutes=1)
    return plan


def test_a_complaint_twice_is_one_case_with_two_reports_in_a_running_route(line: Line) -> None:
    plan = running_collection(line)
    lon, lat = place(4, 3)
    one = f'{{"type":"complaint.received","kind":"litter","lon":{lon},"lat":{lat},"text":"垃圾"}}'.encode()
    two = f'{{"type":"complaint.received","kind":"litter","lon":{lon + 0.0001},"lat":{lat},"text":"again"}}'.encode()
    assert line.send(one, "application/json") == ["accepted"]
    line.go(minutes=1)
    assert line.send(two, "application/json") == ["accepted"]
    (case,) = line.rows(Case)
    assert case.number == "321084-20231218-00001"
    assert len(line.rows(Report, Report.case == case.number)) == 2
    newest = max(line.rows(PlanVersion, PlanVersion.plan == plan.code), key=lambda v: v.version)
    assert newest.reason == f"case:{case.number}"
    assert line.rows(Approval, Approval.plan_version == newest.id)[0].actor == "policy:insertion"
    (telling,) = line.rows(Telling)
    assert telling.told_at is None
    assert line.rows(Timer, Timer.kind == "telling.late")


def test_an_untold_change_raises_an_alarm_after_ten_minutes(line: Line) -> None:
    running_collection(line)
    lon, lat = place(4, 3)
    line.send(f'{{"type":"complaint.received","kind":"litter","lon":{lon},"lat":{lat}}}'.encode(), "application/json")
    line.go(minutes=11)
    assert [alarm.kind for alarm in line.rows(Alarm, Alarm.kind == "untold")] == ["untold"]


def test_a_lost_truck_has_its_work_taken_over(line: Line) -> None:
    line.send(cap())
    line.go(minutes=21)
    (before,) = line.rows(PlanVersion, col(PlanVersion.plan).startswith("S-"), PlanVersion.state == "active")
    routes = line.rows(Route, Route.plan_version == before.id)
    lost = routes[0].vehicle
    at = line.clock().isoformat()
    event = f'{{"type":"resource.status","kind":"vehicle","ref":"{lost}","status":"out","since":"{at}"}}'
    assert line.send(event.encode(), "application/json") == ["accepted"]
    after = max(line.rows(PlanVersion, PlanVersion.plan == before.plan), key=lambda v: v.version)
    assert (after.reason, after.feasible, after.unserved) == (f"out:{lost}", True, [])
    ahead = {
        (stop["work_item"], stop["pass"])
        for stop in next(r for r in routes if r.vehicle == lost).doc["stops"]
        if stop["work_item"]
    }
    others = {
        (stop["work_item"], stop["pass"])
        for route in line.rows(Route, Route.plan_version == after.id)
        for stop in route.doc["stops"]
        if route.vehicle != lost
    }
    done = {
        (stop["work_item"], stop["pass"])
        for route in line.rows(Route, Route.plan_version == after.id)
        if route.vehicle == lost
        for stop in route.doc["stops"]
    }
    assert ahead <= others | done


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            '{"type":"station.level","station":"ST-1","observed_at":"2023-12-18T08:00:00Z","level_pct":300}',
            "bad_payload",
        ),
        (
            '{"type":"station.level","station":"NO","observed_at":"2023-12-18T08:00:00Z","level_pct":30}',
            "unknown_station",
        ),
        (
            '{"type":"vehicle.position","vehicle":"S-1","observed_at":"2023-12-18T08:00:00Z","lon":0,"lat":0}',
            "null_island",
        ),
        (
            '{"type":"vehicle.position","vehicle":"S-1","observed_at":"2023-12-18T09:00:00Z","lon":119.45,"lat":32.78}',
            "from_future",
        ),
        (
            '{"type":"vehicle.position","vehicle":"X","observed_at":"2023-12-18T08:00:00Z","lon":119.45,"lat":32.78}',
            "unknown_vehicle",
        ),
    ],
)
def test_bad_events_are_quarantined_with_their_reason_and_the_books_balance(line: Line, body: str, reason: str) -> None:
    line.send(body.encode(), "application/json")
    assert [row.reason for row in line.rows(Quarantine)] == [reason]
    books = line.rows(Books, col(Books.group).in_(("stations", "positions", "intake")))
    assert sum(row.applied + row.quarantined for row in books) == 1


def test_a_late_fix_is_stored_and_never_moves_state_back(line: Line) -> None:
    def fix(minute: int, i: int) -> Event:
        at = START + timedelta(minutes=minute)
        lon, lat = place(i, 2)
        data = {"vehicle": "S-1", "observed_at": at.isoformat(), "lon": lon, "lat": lat}
        return Event(
            source="vehicles",
            id=f"S-1@{at.isoformat()}",
            type="vehicle.position",
            key="S-1",
            occurred_at=at,
            received_at=START + timedelta(minutes=30),
            data=data,
        )

    line.clock.move_to(START + timedelta(minutes=30))
    for event in (fix(20, 3), fix(10, 1)):
        line.system.publish([("positions", "S-1", dump_event(event))])
        line.system.settle(line.clock())
    from models.tables.flow import Projection
    from models.tables.work import Position

    assert len(line.rows(Position)) == 2
    (shown,) = line.rows(Projection, Projection.kind == "vehicle")
    assert shown.value["lon"] == place(3, 2)[0]


def test_fallback_plans_exist_from_the_start(line: Line) -> None:
    line.system.settle(line.clock())
    line.clock.move_to(START + timedelta(seconds=10))
    line.system.settle(line.clock())
    drafts = line.rows(PlanVersion, PlanVersion.state == "draft")
    assert sorted(version.plan[0] for version in drafts) == ["C", "S"]
    assert not [r for r in line.rows(PlanRequest) if r.phase == "failed"]


def test_pins_hold_in_every_version_until_removed(line: Line) -> None:
    line.send(cap())
    line.go(seconds=10)
    plan = only_plan(line, "salting")
    items = sorted(line.rows(WorkItem, WorkItem.origin == plan.origin), key=lambda item: item.id)
    to_s2, left_out = items[0].id, items[1].id

    def wish(name: str, act: Callable[[UnitOfWork], object]) -> None:
        run_command(line.system.database, line.clock(), "chief", name, plan.code, {"name": name}, act)
        reason = f"asked:{name}"
        run_command(
            line.system.database,
            line.clock(),
            "chief",
            "plan.make",
            plan.code,
            {"reason": reason},
            lambda uow: request_plan(uow, line.system.context, plan, reason),
        )
        line.go(seconds=10)

    def served() -> dict[str, set[str]]:
        newest = max(line.rows(PlanVersion, PlanVersion.plan == plan.code), key=lambda v: v.version)
        found: dict[str, set[str]] = {}
        for route in line.rows(Route, Route.plan_version == newest.id):
            for stop in route.doc["stops"]:
                found.setdefault(stop["work_item"], set()).add(route.vehicle)
        return found

    wish("pin", lambda uow: set_pin(uow, plan.code, to_s2, "vehicle", "S-2"))
    wish("exclude", lambda uow: set_pin(uow, plan.code, left_out, "excluded"))
    assert served()[to_s2] == {"S-2"}
    assert left_out not in served()
    wish("again", lambda uow: None)
    assert served()[to_s2] == {"S-2"}
    wish("remove", lambda uow: remove_pin(uow, plan.code, left_out))
    assert left_out in served()
