"""Complaints that are the same, deadlines, and what is out of service."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from dispatch.approval import approve
from dispatch.cases import find_same, record_complaint, work_done
from dispatch.context import Context
from dispatch.resources import record_status
from models.errors import Permanent
from models.events.base import Event
from models.events.field import ComplaintReceived
from models.tables.city import ResourceState
from models.tables.plans import PlanRequest
from models.tables.work import Case, Report, WorkItem
from tests.dispatch.conftest import NOW, Work, add_plan, add_version, stop
from tests.small_city import STEP_LAT, place

LON, LAT = place(2, 1)
METRE_LAT = STEP_LAT / 200.376
"""Degrees of latitude a metre, by the 111 320 m a degree of dispatch.places."""


def complaint(minutes: float = 0, kind: str = "litter", north_m: float = 0.0, lon: float = LON) -> Event:
    at = NOW + timedelta(minutes=minutes)
    data = {"kind": kind, "lon": lon, "lat": LAT + north_m * METRE_LAT, "channel": "12345"}
    id_ = f"{minutes}:{kind}:{north_m}"
    return Event(source="c", id=id_, type="complaint.received", key="c", occurred_at=at, received_at=at, data=data)


def told(work: Work, context: Context, event: Event) -> str:
    minutes = (event.received_at - NOW).total_seconds() / 60
    with work(minutes, cause=event.id) as uow:
        return record_complaint(uow, context, event).number


@pytest.mark.parametrize(
    ("second", "same"),
    [
        (complaint(10), True),
        (complaint(10, north_m=49), True),
        (complaint(10, north_m=51), False),
        (complaint(10, kind="ice"), False),
        (complaint(24 * 60), True),
        (complaint(24 * 60 + 1), False),
    ],
)
def test_merged_within_50_metres_and_24_hours_of_the_same_kind(
    second: Event, same: bool, work: Work, context: Context
) -> None:
    first = told(work, context, complaint())
    assert (told(work, context, second) == first) is same
    with work(2000) as uow:
        assert len(uow.session.exec(select(Report)).all()) == 2
        assert len(uow.session.exec(select(Case)).all()) == (1 if same else 2)
        assert len(uow.session.exec(select(WorkItem)).all()) == (1 if same else 2)


@pytest.mark.parametrize(("minutes_after", "same"), [(60, True), (61, False)])
def test_a_report_soon_after_the_work_was_done_is_of_the_same_case(
    minutes_after: int, same: bool, work: Work, context: Context
) -> None:
    first = told(work, context, complaint())
    with work(30) as uow:
        work_done(uow, first, uow.now)
    with work(31) as uow:
        assert uow.session.get_one(Case, first).closed_at == NOW + timedelta(minutes=30)
        work_done(uow, first, uow.now)  # a closed case stays closed when it was
        assert uow.session.get_one(Case, first).closed_at == NOW + timedelta(minutes=30)
    assert (told(work, context, complaint(30 + minutes_after)) == first) is same


def test_of_two_cases_near_by_the_nearest_takes_the_report(work: Work, context: Context) -> None:
    far, near = told(work, context, complaint(0)), told(work, context, complaint(1, north_m=80))
    assert far != near
    with work(2) as uow:
        payload = ComplaintReceived(kind="litter", lon=LON, lat=LAT + 45 * METRE_LAT)
        found = find_same(uow.session, context, payload, uow.now)
        assert found is not None and found.number == near


@pytest.mark.parametrize(
    ("kind", "hours", "service"),
    [("overflow", 4, "collection"), ("ice", 4, "salting"), ("debris", 48, ""), ("oily", 24, "")],
)
def test_each_kind_has_its_deadline_and_service(
    kind: str, hours: int, service: str, work: Work, context: Context
) -> None:
    number = told(work, context, complaint(kind=kind))
    with work(1) as uow:
        case = uow.session.get_one(Case, number)
        assert case.deadline == NOW + timedelta(hours=hours)
        items = uow.session.exec(select(WorkItem)).all()
        assert [(item.service, item.deadline) for item in items] == ([(service, case.deadline)] if service else [])


def test_numbers_count_the_days_cases_of_the_city(work: Work, context: Context) -> None:
    # 08:00 UTC is 16:00 in Shanghai; eight hours later the 19th has begun there
    numbers = [
        told(work, context, complaint(minutes, kind)) for minutes, kind in ((0, "ice"), (1, "snow"), (481, "ice"))
    ]
    assert numbers[:2] == ["321084-20231218-00001", "321084-20231218-00002"]
    assert numbers[2] == "321084-20231218-00001"
    assert told(work, context, complaint(481, "other")) == "321084-20231219-00001"


def test_a_complaint_from_outside_the_city_is_refused_for_good(work: Work, context: Context) -> None:
    with pytest.raises(Permanent) as caught:
        told(work, context, complaint(lon=LON + 1))
    assert caught.value.reason == "outside_city"


def test_a_new_case_asks_for_its_place_in_a_running_route(work: Work, context: Context) -> None:
    with work() as uow:
        plan = add_plan(uow)
        add_version(uow, plan, 1, {"C-1": [stop(1, "ST-1", "w1", 65)]})
        approve(uow, context, f"{plan.code}@1")
    number = told(work, context, complaint(1))
    told(work, context, complaint(2))
    with work(3) as uow:
        (request,) = uow.session.exec(select(PlanRequest)).all()
        case = uow.session.get_one(Case, number)
        assert (request.mode, request.plan, request.work_items) == ("insert", plan.code, [case.work_item])


def status(minutes: float, word: str, kind: str = "vehicle", ref: str = "C-1") -> Event:
    since = NOW + timedelta(minutes=minutes)
    data = {"kind": kind, "ref": ref, "status": word, "since": since.isoformat(), "reason": f"r{minutes}"}
    received = NOW + timedelta(minutes=120)
    return Event(
        source="r",
        id=f"{minutes}:{word}",
        type="resource.status",
        key=f"{kind}:{ref}",
        occurred_at=since,
        received_at=received,
        data=data,
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([(10, "out"), (20, "limited"), (30, "back")]), repeat=st.integers(0, 2))
def test_whatever_order_words_come_in_the_newest_one_holds(
    order: list[tuple[int, str]], repeat: int, work: Work, context: Context
) -> None:
    with work(120) as uow:
        for minutes, word in [*order, order[repeat]]:
            record_status(uow, context, status(minutes, word))
        row = uow.session.get_one(ResourceState, "vehicle:C-1")
        assert (row.status, row.since) == ("back", NOW + timedelta(minutes=30))
        uow.session.rollback()


@pytest.mark.parametrize("kind", ["vehicle", "crew", "facility", "street"])
def test_what_the_city_does_not_have_is_refused_for_good(kind: str, work: Work, context: Context) -> None:
    with pytest.raises(Permanent) as caught, work() as uow:
        record_status(uow, context, status(0, "out", kind, "nobody"))
    assert caught.value.reason == f"unknown_{kind}"


def test_a_lost_vehicle_has_its_routes_taken_over_and_an_idle_one_nothing(work: Work, context: Context) -> None:
    with work() as uow:
        plan = add_plan(uow)
        add_version(uow, plan, 1, {"C-1": [stop(1, "ST-1", "w1", 65)]})
        approve(uow, context, f"{plan.code}@1")
    with work(10) as uow:
        record_status(uow, context, status(5, "out", ref="C-2"))
        assert uow.session.exec(select(PlanRequest)).all() == []
        record_status(uow, context, status(6, "out"))
        (request,) = uow.session.exec(select(PlanRequest)).all()
        assert (request.mode, request.without_vehicle, request.reason) == ("insert", "C-1", "out:C-1")


def test_a_closed_street_takes_its_work_out_as_an_exception(work: Work, context: Context) -> None:
    with work() as uow:
        for id_, state in (("a", "open"), ("b", "done")):
            uow.session.add(
                WorkItem(
                    id=id_,
                    service="salting",
                    district="D01",
                    place="segment:s00h",
                    origin="o",
                    period="p",
                    state=state,
                    created_at=NOW,
                )
            )
    with work(1) as uow:
        record_status(uow, context, status(0, "out", "street", "s00h"))
        states = {item.id: (item.state, item.detail.get("reason")) for item in uow.session.exec(select(WorkItem)).all()}
        assert states == {"a": ("cancelled", "street_out"), "b": ("done", None)}
