"""What tracks prove: passes with the tool on, over half a street at least, however the fixes were cut into batches."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from dispatch.approval import approve
from dispatch.context import Context
from dispatch.positions import record_positions
from dispatch.sheets import hand_back, tick
from models.errors import Refused, Stale
from models.events.field import ToolState, VehiclePosition
from models.tables.plans import Sheet
from models.tables.work import Case, MatchState, Pass, Position, StationDay, Visit, WorkItem
from routing.streets.match_network import MatchNetwork
from sweepline.compose import match_network
from tests.dispatch.conftest import NOW, Work, add_plan, add_version, stop
from tests.small_city import place

STEP_S = 10
SPEED_KMH = 36.0


def drive(x_from: float, x_to: float, row: int, start_s: float = 0, spreader: bool = True) -> list[VehiclePosition]:
    """Along the street of a row at 10 m/s: half a block of 200 m every ten seconds. x counts blocks."""
    steps = round(abs(x_to - x_from) * 2)
    sign = 1 if x_to > x_from else -1
    return [fix(x_from + sign * n / 2, row, start_s + n * STEP_S, spreader) for n in range(steps + 1)]


def fix(x: float, row: float, at_s: float, spreader: bool = True, speed: float = SPEED_KMH) -> VehiclePosition:
    (lon0, lat), (lon1, _) = place(0, 0), place(1, 0)
    lat += (place(0, 1)[1] - lat) * row
    return VehiclePosition(
        vehicle="S-1",
        observed_at=NOW + timedelta(seconds=at_s),
        lon=lon0 + (lon1 - lon0) * x,
        lat=lat,
        speed_kmh=speed,
        tools=ToolState(spreader=spreader),
    )


def street(id_: str, segment: str, passes: int = 1, **other: object) -> WorkItem:
    return WorkItem(
        id=id_,
        service="salting",
        district="D01",
        place=f"segment:{segment}",
        origin="stage:x",
        period="stage:x",
        passes=passes,
        created_at=NOW - timedelta(minutes=1),
        **other,
    )


@pytest.fixture
def network(work: Work) -> MatchNetwork:
    with work() as uow:
        return match_network(uow.session)


def follow(work: Work, network: MatchNetwork, *batches: list[VehiclePosition]) -> None:
    for number, batch in enumerate(batches):
        with work(60, cause=f"batch:{number}", actor="system:positions") as uow:
            record_positions(uow, [(one, one.observed_at) for one in batch], lambda session: network)


def state_of(session: Session, id_: str) -> tuple[str, int]:
    row = session.get_one(WorkItem, id_)
    return row.state, row.passes_done


def test_a_street_is_done_when_driven_with_the_spreader_on_as_often_as_asked(work: Work, network: MatchNetwork) -> None:
    with work() as uow:
        uow.session.add_all([street("once", "s12h"), street("twice", "s22h", 2), street("other", "s13h")])
    # row 2 eastward over blocks 0 to 4: s12h and s22h are passed once each
    follow(work, network, drive(0, 4, 2))
    with work(61) as uow:
        assert state_of(uow.session, "once") == ("done", 1)
        assert state_of(uow.session, "twice") == ("started", 1)
        assert state_of(uow.session, "other") == ("open", 0)
    follow(work, network, drive(4, 0, 2, start_s=120))
    with work(62) as uow:
        assert state_of(uow.session, "twice") == ("done", 2)
        done = uow.session.get_one(WorkItem, "once").done_at
        assert done is not None and done < NOW + timedelta(seconds=60)


def test_without_the_tool_nothing_is_proven(work: Work, network: MatchNetwork) -> None:
    with work() as uow:
        uow.session.add(street("once", "s12h"))
    follow(work, network, drive(0, 4, 2, spreader=False))
    with work(61) as uow:
        assert state_of(uow.session, "once") == ("open", 0)
        passes = uow.session.exec(select(Pass).where(Pass.segment == "s12h")).all()
        assert len(passes) == 1 and "s" not in passes[0].tools


def test_less_than_half_a_street_does_not_count(work: Work, network: MatchNetwork) -> None:
    with work() as uow:
        uow.session.add(street("once", "s22h"))
    # into s22h for 60 of its 200 m, and back the way the truck came
    turn = [fix(1 + n * 0.3, 2, n * STEP_S) for n in range(5)]
    back = [fix(2.2 - n * 0.3, 2, 40 + n * STEP_S) for n in range(1, 5)]
    follow(work, network, turn + back)
    with work(61) as uow:
        assert state_of(uow.session, "once") == ("open", 0)


def test_runs_before_the_work_was_asked_for_do_not_count(work: Work, network: MatchNetwork) -> None:
    with work() as uow:
        item = street("late", "s12h")
        item.created_at = NOW + timedelta(hours=1)
        uow.session.add(item)
    follow(work, network, drive(0, 4, 2))
    with work(61) as uow:
        assert state_of(uow.session, "late") == ("open", 0)


def test_work_cancelled_or_missed_stays_so(work: Work, network: MatchNetwork) -> None:
    with work() as uow:
        uow.session.add_all([street("a", "s12h", state="cancelled"), street("b", "s22h", state="missed")])
    follow(work, network, drive(0, 4, 2))
    with work(61) as uow:
        assert [uow.session.get_one(WorkItem, id_).state for id_ in ("a", "b")] == ["cancelled", "missed"]


TRACK = [*drive(0, 4, 2), *drive(4, 0, 2, start_s=100), *drive(0, 3, 3, start_s=220)]


def rows_after(work: Work, network: MatchNetwork, cuts: list[int], doubled: int) -> list[object]:
    """Everything derived from the track, cut after the given fixes, one batch delivered twice; rolled back."""
    edges = [0, *sorted(cuts), len(TRACK)]
    batches = [TRACK[a:b] for a, b in pairwise(edges)]
    batches.insert(doubled % len(batches), batches[doubled % len(batches)])
    with work(60) as uow:
        uow.session.add_all([street("once", "s12h"), street("twice", "s22h", 2), street("third", "s13h")])
        uow.session.flush()
        for batch in batches:
            record_positions(uow, [(one, one.observed_at) for one in batch], lambda session: network)
        found: list[object] = []
        for table in (Position, Pass, WorkItem, MatchState):
            found += sorted(str(sorted(row.model_dump().items())) for row in uow.session.exec(select(table)).all())
        uow.session.rollback()
        return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, len(TRACK) - 1), max_size=6, unique=True), doubled=st.integers(0, 6))
def test_however_the_track_is_cut_and_repeated_the_rows_are_the_same(
    cuts: list[int], doubled: int, work: Work, network: MatchNetwork
) -> None:
    assert rows_after(work, network, cuts, doubled) == rows_after(work, network, [], 0)


def collection(work: Work, context: Context) -> datetime:
    """A collection route over ST-1 and a complaint's spot, approved, with its sheet."""
    with work() as uow:
        plan = add_plan(uow)
        lon, lat = place(1, 1)
        for id_, origin in (("w1", "day:2023-12-18"), ("w2", "case:K")):
            uow.session.add(
                WorkItem(
                    id=id_,
                    service="collection",
                    district="D01",
                    place=f"station:{id_}",
                    origin=origin,
                    period="p",
                    created_at=NOW,
                    state="planned",
                )
            )
        uow.session.add(StationDay(station="ST-1", day=NOW.date(), work_item="w1"))
        uow.session.add(
            Case(
                number="K", kind="litter", lon=lon, lat=lat, district="D01", opened_at=NOW, deadline=NOW, work_item="w2"
            )
        )
        stops = [stop(1, "ST-1", "w1", 65, at=[lon, lat]), stop(2, "spot", "w2", 70, kind="spot", at=list(place(3, 3)))]
        version = add_version(uow, plan, 1, {"S-1": stops})
        approve(uow, context, version.id)
        uow.session.add(Sheet(code="ABCDEFGH", route_hash="h", route=f"{version.id}/1", plan=plan.code, issued_at=NOW))
    return NOW + timedelta(minutes=65)


def standing(x: float, y: float, at: datetime, tool: bool = True) -> VehiclePosition:
    return fix(x, y, (at - NOW).total_seconds(), tool, speed=0.0)


def test_a_truck_at_work_where_its_route_stops_clears_the_station_once(
    work: Work, network: MatchNetwork, context: Context
) -> None:
    at = collection(work, context)
    passing = [standing(1, 1, at, tool=False), standing(2, 2, at + timedelta(minutes=1))]
    follow(work, network, passing)
    with work(70) as uow:
        assert uow.session.exec(select(Visit)).all() == []
    follow(work, network, [standing(1, 1, at + timedelta(minutes=2 + n)) for n in range(3)])
    with work(75) as uow:
        (visit,) = uow.session.exec(select(Visit)).all()
        assert (visit.work_item, visit.kg, visit.by) == ("w1", 50, "track")
        day = uow.session.get_one(StationDay, ("ST-1", NOW.date()))
        assert (day.state, day.vehicle, day.cleared_at) == ("cleared", "S-1", at + timedelta(minutes=2))
        assert uow.session.get_one(Case, "K").state == "reported"


def test_a_sheet_handed_back_ticks_what_was_done_and_closes_the_case(work: Work, context: Context) -> None:
    collection(work, context)
    with work(90) as uow:
        assert hand_back(uow, "abcdefgh", frozenset({1})) == 1
        assert [row.state for row in uow.session.exec(select(WorkItem).order_by(WorkItem.id)).all()] == [
            "planned",
            "done",
        ]
        assert uow.session.get_one(Case, "K").state == "closed"
        (visit,) = uow.session.exec(select(Visit)).all()
        assert (visit.by, visit.at) == ("tick", NOW + timedelta(minutes=72))
    with pytest.raises(Stale), work(91) as uow:
        hand_back(uow, "ABCDEFGH")
    with pytest.raises(Refused) as caught, work(92) as uow:
        hand_back(uow, "NOSUCH22")
    assert caught.value.code == "unknown_sheet"


def test_one_stop_is_ticked_and_the_sheet_stays_out(work: Work, context: Context) -> None:
    collection(work, context)
    with work(60) as uow:
        tick(uow, "SL1:ABCDEFGH/1", 1)
        (visit,) = uow.session.exec(select(Visit)).all()
        assert (visit.work_item, visit.by, visit.at) == ("w1", "tick", NOW + timedelta(minutes=60))
        day = uow.session.get_one(StationDay, ("ST-1", NOW.date()))
        assert (day.state, day.vehicle) == ("cleared", "S-1")
        assert uow.session.get_one(Sheet, "ABCDEFGH").state == "issued"
    with pytest.raises(Stale) as done, work(61) as uow:
        tick(uow, "ABCDEFGH", 1)
    assert done.value.code == "stop_done"
    with pytest.raises(Refused) as unknown, work(61) as uow:
        tick(uow, "ABCDEFGH", 99)
    assert unknown.value.code == "unknown_stop"
    with work(90) as uow:
        assert hand_back(uow, "ABCDEFGH") == 1, "the other stop; the ticked one is not proven twice"
    with pytest.raises(Stale) as back, work(91) as uow:
        tick(uow, "ABCDEFGH", 2)
    assert back.value.code == "sheet_handed_back"
