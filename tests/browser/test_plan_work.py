"""Work moved on a plan's page: by menu, key and drag, taken back, planned around; and what-ifs on a copy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlmodel import select

from dispatch.pinning import PinWish
from models.tables.city import Segment
from models.tables.plans import Pin, PlanRequest, PlanVersion, Route
from models.times import iso
from sweepline.following import hint_of
from sweepline.replanning import pin
from tests.browser.conftest import OpenTab, Site, Tab
from tests.console.sample_city import NOW, parts, store_version, store_work

pytestmark = pytest.mark.browser

TO_TOP = "document.querySelectorAll('*').forEach((box) => { box.scrollTop = 0; })"
"""A row that is half under the head held in sight is too small a target for axe until it is scrolled out."""

PLAN = "S-20231218-D01-N"
VERSION = f"{PLAN}@2"


def violations_at_top(tab: Tab) -> list[str]:
    tab.page.evaluate(TO_TOP)
    return tab.violations()


def opened(open_tab: OpenTab, name: str = "dong", route: int = 1) -> Tab:
    tab = open_tab(at=f"#/plans/{VERSION}/{route}?page=1")
    tab.sign_in(name)
    tab.page.wait_for_selector(".pins")
    return tab


def carry(page: Any, from_: str, to: str) -> None:
    """Drag with the mouse, both ends in sight: vehicles stay above the stops of the route shown."""
    page.locator(from_).scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    a, b = page.locator(from_).bounding_box(), page.locator(to).bounding_box()
    assert b["y"] + b["height"] < a["y"]
    page.mouse.move(a["x"] + 10, a["y"] + 8)
    page.mouse.down()
    page.mouse.move(a["x"] + 14, a["y"] + 4, steps=3)
    page.mouse.move(b["x"] + 60, b["y"] + 8, steps=6)
    page.mouse.up()


def live(site: Site) -> list[Pin]:
    with site.database.read() as session:
        return list(session.exec(select(Pin).where(Pin.removed_at == None)).all())  # noqa: E711  (SQL)


def pin_rows(tab: Tab) -> list[list[str]]:
    rows: list[str] = tab.page.locator(".pins tbody tr").all_inner_texts()
    return [row.split("\t") for row in rows]


def test_another_dispatchers_pin_shows_at_its_commands_hint(open_tab: OpenTab, site: Site) -> None:
    store_work(site.database, VERSION)
    tab = opened(open_tab)
    assert "没有指定" in tab.page.inner_text(".pins")
    with site.database.read() as session:
        item = session.get_one(Route, f"{VERSION}/1").doc["stops"][0]["work_item"]
    pin(parts(site.database), PinWish(PLAN, item, exclude=True), "anna")
    site.hub.publish(hint_of("commands", PLAN))
    tab.until("document.querySelectorAll('.pins tbody tr').length === 1")
    assert pin_rows(tab)[0][1:3] == ["不做", "anna · 20:30"]


def test_a_stop_is_moved_by_menu_by_key_and_by_drag_and_planned_around(open_tab: OpenTab, site: Site) -> None:
    store_work(site.database, VERSION)
    tab = opened(open_tab)
    page: Any = tab.page
    assert "没有指定" in page.inner_text(".pins")
    page.click(f'[data-key="pin-{VERSION}/1-1"]')
    page.select_option("#confirm-dialog select", label="给 苏K·10001")
    assert tab.violations() == []
    page.click("#confirm-dialog button[type=submit]")
    page.wait_for_selector(".pins tbody tr")
    (row,) = pin_rows(tab)
    assert row[1:4] == ["给 苏K·10001", "dong · 20:30", "尚未"]
    assert "给 苏K·10001" in page.inner_text('tr[data-stop="1"] .pin')
    # The key moves the stop whose row has the focus; it is locked where it is.
    page.focus(f'[data-key="p-{VERSION}/1-3"]')
    page.keyboard.press("v")
    page.select_option("#confirm-dialog select", label="固定在 苏K·10000")
    page.keyboard.press("Enter")
    page.click("#confirm-dialog button[type=submit]")
    tab.until("document.querySelectorAll('.pins tbody tr').length === 2")
    assert sorted(row[3] for row in pin_rows(tab)) == ["尚未", "已照办"]
    carry(page, 'tr[data-stop="2"] td:nth-child(3)', f'.gantt-row:has([data-key="g-{VERSION}/2"])')
    tab.until("document.querySelectorAll('.pins tbody tr').length === 3")
    assert {(pin.vehicle, pin.actor) for pin in live(site)} == {("S-01", "dong"), ("S-00", "dong")}
    assert tab.violations() == []
    page.click(".pins tbody tr:nth-child(3) td button")
    tab.until("document.querySelectorAll('.pins tbody tr').length === 2")
    assert len(live(site)) == 2
    page.click("[data-key=replan]")
    page.fill("#confirm-dialog input", "东街封路")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pins [role=status]")
    with site.database.read() as session:
        (request,) = session.exec(select(PlanRequest)).all()
    assert request.reason == "asked:dong: 东街封路"
    with site.database.write() as session:
        session.get_one(PlanRequest, request.id).phase = "done"
        segments = [stop["ref"] for stop in session.get_one(Route, f"{VERSION}/1").doc["stops"]]
        streets = [session.get_one(Segment, id_) for id_ in segments]
        store_version(session, PLAN, 3, "proposed", [("S-01", streets[:1]), ("S-00", streets[1:])])
    site.hub.publish(f"plan:{PLAN}")
    page.click("[data-key=pin-newest]")
    tab.until(f"location.hash.includes('{PLAN}@3') && location.hash.includes('with=2')")
    page.wait_for_selector(".moved")
    assert tab.violations() == []
    assert tab.faults == []


def test_what_is_started_stays_and_is_said_in_a_line(open_tab: OpenTab, site: Site) -> None:
    store_work(site.database, VERSION)
    with site.database.write() as session:
        session.get_one(PlanVersion, VERSION).state = "active"
        route = session.get_one(Route, f"{VERSION}/1")
        doc = {**route.doc, "stops": [dict(stop) for stop in route.doc["stops"]]}
        doc["stops"][0].update(arrive=iso(NOW), start=iso(NOW), depart=iso(NOW))
        route.doc, route.start_at = doc, NOW
    tab = opened(open_tab)
    page = tab.page
    assert page.inner_text('tr[data-stop="1"] .pin') == "已开始"
    assert page.get_attribute('tr[data-stop="1"]', "draggable") != "true"
    page.focus(f'[data-key="p-{VERSION}/1-1"]')
    page.keyboard.press("v")
    page.wait_for_selector("#toast.bad")
    assert page.inner_text("#toast") == "苏K·10000 已出发去做，已开始的点不能调整"
    page.keyboard.press("l")
    tab.until("document.querySelector('.pins').innerText.includes('No pins')")
    assert tab.violations() == []


def test_who_only_looks_sees_pins_and_changes_nothing(open_tab: OpenTab, site: Site) -> None:
    store_work(site.database, VERSION)
    tab = opened(open_tab, "vera")
    assert tab.page.locator("td.pin button, .pins button, .whatif").count() == 0


def test_a_what_if_is_asked_followed_shown_and_never_taken_for_the_plan(open_tab: OpenTab, site: Site) -> None:
    store_work(site.database, VERSION)
    tab = opened(open_tab)
    page = tab.page
    page.click("[data-key=what-if]")
    page.click("[data-key=what-if-start]")
    page.wait_for_selector("#toast.bad")
    page.select_option("[data-key=what-if-without]", label="苏K·10001")
    # a street by its name and what it runs between; a hint draws the form anew, and nothing of it is lost
    page.focus("[data-key=what-if-close]")
    page.keyboard.type("海潮")
    assert "海潮东路（" in page.inner_text(".found-streets li >> nth=0")
    assert violations_at_top(tab) == []
    site.hub.publish(f"plan:{PLAN}")
    page.wait_for_timeout(1500)
    assert page.input_value("[data-key=what-if-close]") == "海潮"
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-key=what-if-open]")
    assert violations_at_top(tab) == []
    assert page.input_value("[data-key=what-if-without]") == "S-01"
    page.click("[data-key=what-if-start]")
    page.wait_for_selector(".whatif progress")
    with site.database.read() as session:
        shut = session.get_one(Segment, site.what_if.state["change"]["close"])
        assert (shut.name, site.what_if.state["change"]["without"]) == ("海潮东路", "S-01")
    assert "7 秒" in page.inner_text(".whatif [role=status]")
    assert violations_at_top(tab) == []
    with site.database.read() as session:
        site.what_if.told(session, VERSION, f"{PLAN}@1")
    page.wait_for_selector(".whatif .compared")
    assert "没有 苏K·10001" in page.inner_text(".whatif")
    rows = [row.split() for row in page.locator(".whatif .compared tbody tr").all_inner_texts()]
    assert rows[0] == ["任务", "13", "10", "−3"]
    page.click("[data-key=what-if-map]")
    tab.until("document.querySelector('#legend').innerText.includes('换车')")
    assert violations_at_top(tab) == []
    page.click("[data-key=real-vehicle]")
    page.click("#confirm-dialog button.danger")
    page.wait_for_selector("#toast:not(.bad)")
    (body,) = site.taken
    said = json.loads(body)
    assert (said["type"], said["kind"], said["ref"], said["status"]) == ("resource.status", "vehicle", "S-01", "out")
    page.click("[data-key=what-if-forget]")
    page.wait_for_selector("[data-key=what-if-start]")
    assert site.what_if.state is None
    page.select_option("[data-key=what-if-without]", label="苏K·10001")
    page.click("[data-key=what-if-start]")
    page.wait_for_selector(".whatif progress")
    assert site.what_if.state is not None
    site.what_if.state = {**site.what_if.state, "state": "failed", "text": "not worked out within 180 s"}
    page.wait_for_selector(".whatif [role=alert]")
    assert "not worked out within 180 s" in page.inner_text(".whatif [role=alert]")
    assert violations_at_top(tab) == []
