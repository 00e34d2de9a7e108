"""The snow room: progress by class against the stored work, and why each piece of it is not done yet."""

from __future__ import annotations

from sqlmodel import select

from dispatch.approval import approve
from dispatch.uow import UnitOfWork
from models.tables.city import Segment
from models.tables.plans import Pin, PlanVersion
from models.tables.weather import Response
from models.tables.work import WorkItem
from models.times import iso
from tests.console.conftest import Desk, SignIn
from tests.console.sample_city import NOW, parts, store_work

PLAN = "S-20231218-D01-N"


def pretreat(signed_in: SignIn) -> dict:
    (one,) = signed_in("vera").get("/api/snow").json()
    return next(stage for stage in one["stages"] if stage["kind"] == "pretreat")


def test_the_room_tells_times_stages_and_what_waits(signed_in: SignIn, desk: Desk) -> None:
    store_work(desk.database, f"{PLAN}@2")
    (one,) = signed_in("vera").get("/api/snow").json()
    assert [stage["kind"] for stage in one["stages"]] == ["pretreat", "plough", "muster"]
    muster = one["stages"][2]
    assert (one["muster_at"], one["rate"]["g_m2"]) == (muster["due_at"], 20)
    assert (muster["classes"], muster["plans"], muster["why"]) == ([], [], {})
    stage = one["stages"][0]
    assert stage["plans"] == [{"code": PLAN, "newest": f"{PLAN}@2", "newest_state": "proposed", "in_force": ""}]
    assert stage["why"] == {"waiting": 12}
    with desk.database.write() as session:
        approve(UnitOfWork(session, NOW, "test:approve", "anna"), parts(desk.database).context, f"{PLAN}@2")
    stage = pretreat(signed_in)
    assert stage["why"] == {"on_route": 12}
    first = stage["untreated"][0]
    assert first["vehicle"] in ("S-00", "S-01") and first["version"] == f"{PLAN}@2"
    assert [row["deadline"] for row in stage["untreated"]] == sorted(row["deadline"] for row in stage["untreated"])
    with desk.database.write() as session:
        session.exec(select(Response)).one().state = "closed"
    assert signed_in("vera").get("/api/snow").json() == []


def test_each_piece_is_counted_once_in_its_class_and_by_its_reason(signed_in: SignIn, desk: Desk) -> None:
    store_work(desk.database, f"{PLAN}@2")
    with desk.database.write() as session:
        found = session.exec(select(WorkItem).where(WorkItem.origin == "stage:st-pretreat")).all()
        items = sorted(found, key=lambda item: item.id)
        for item in items[:3]:
            item.state = "done"
        items[3].state = "missed"
        items[4].state, items[4].detail = "cancelled", {"reason": "street_out"}
        items[5].state = "cancelled"
        items[6].priority, items[6].state = "bridge", "started"
        session.add(Pin(id="p1", plan=PLAN, work_item=items[7].id, kind="excluded", actor="dong", at=NOW))
        metres = {row.id: row.length_m for row in session.exec(select(Segment)).all()}
        nowhere = {"service": "salting", "district": "D01", "period": items[0].period, "created_at": NOW}
        for name in ("late", "far"):
            session.add(WorkItem(id=f"wi-{name}", place="spot:1,1", origin=items[0].origin, priority="main", **nowhere))
        version = session.get_one(PlanVersion, f"{PLAN}@2")
        version.unserved = [{"task": "wi-far#1", "work_item": "wi-far", "ref": "", "reason": "time"}]
        street = [metres[item.place.partition(":")[2]] for item in items]
    stage = pretreat(signed_in)
    by_class = {row["name"]: row for row in stage["classes"]}
    main, bridge = by_class["main"], by_class["bridge"]
    assert (main["total"], main["done"], main["missed"], main["cancelled"]) == (11, 3, 1, 2)
    assert (bridge["total"], bridge["started"]) == (1, 1)
    assert main["done_m"] == round(sum(street[:3]))
    assert main["length_m"] == round(sum(street) - street[4] - street[5] - street[6])
    assert (main["salt_kg"], main["done_salt_kg"]) == (9 * 90, 3 * 90)
    assert stage["why"] == {
        "excluded": 1,
        "missed": 1,
        "no_plan": 1,
        "street_out": 1,
        "time": 1,
        "waiting": 5,
    }
    assert iso(NOW) < stage["untreated"][0]["deadline"]
    assert signed_in("vera").get("/api/status").json()["self_start"]["armed"] == 1
