"""Resources on the page: taking a truck out with a reason, what counts on it, and taking that back."""

from __future__ import annotations

import pytest
from sqlmodel import select

from models.tables.city import Facility, ResourceState, Segment
from models.tables.plans import Route
from tests.browser.conftest import OpenTab, Site

pytestmark = pytest.mark.browser

TRUCK = "[data-resource='vehicle:S-02']"


def test_a_truck_is_put_back_and_taken_out_again_with_a_reason(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(webgl=False, at="#/resources")
    tab.sign_in("dong")
    page = tab.page
    page.wait_for_selector(TRUCK)
    assert "C-20231218-D01-E@1" in page.inner_text(TRUCK), "the route that still counts on it"
    assert tab.violations() == []
    page.click("[data-key='back-vehicle:S-02']")
    page.wait_for_selector("#confirm-dialog[open]")
    page.click("#confirm-dialog .primary")
    tab.until(f"document.querySelector(\"{TRUCK} .chip\").innerText === '在用'")
    page.click("[data-key=resource-undo]")
    tab.until(f"document.querySelector(\"{TRUCK} .chip\").innerText === '停用'")
    page.focus("[data-key='limited-vehicle:S-02']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm-dialog[open]")
    page.fill("#confirm-dialog input", "只剩一个铲 <i>左</i>")
    page.keyboard.press("Enter")
    tab.until(f"document.querySelector(\"{TRUCK}\").innerText.includes('<i>左</i>')")
    assert tab.violations() == []
    with site.database.read() as session:
        assert session.get_one(ResourceState, "vehicle:S-02").status == "limited"
    page.select_option("[data-key=resource-kind]", "street")
    page.wait_for_selector("#panel-body .empty")
    assert tab.violations() == []
    page.click("#lang")
    assert "No street is closed" in page.inner_text("#panel-body")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    assert tab.faults == []


def test_a_street_is_closed_by_its_name_without_a_mouse(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(webgl=False, at="#/resources")
    tab.sign_in("dong")
    page = tab.page
    page.keyboard.press("l")
    page.wait_for_selector("[data-resource='facility:DEPOT-1']")
    assert "1 route in force needs it" in page.inner_text("[data-resource='facility:DEPOT-1']")
    page.focus("[data-key=resource-street]")
    page.keyboard.type("no such street")
    assert "Nothing found" in page.inner_text(".found-streets")
    for _ in "no such street":
        page.keyboard.press("Backspace")
    page.keyboard.type("street 2")
    page.keyboard.press("ArrowDown")
    assert tab.violations() == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm-dialog[open]")
    page.keyboard.type("burst main")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-resource^='street:']")
    text = page.inner_text("[data-resource^='street:']")
    assert "Street 2" in text and "burst main" in text
    with site.database.read() as session:
        row = session.exec(select(ResourceState).where(ResourceState.kind == "street")).one()
        assert (row.status, session.get_one(Segment, row.ref).name_en.startswith("Street 2")) == ("out", True)
    assert tab.faults == []


def test_pieces_of_a_street_that_run_between_the_same_are_told_apart(open_tab: OpenTab, site: Site) -> None:
    """Two streets without a crossing: three pieces from south to north, drawn either way; two from west to east."""
    pieces = (
        ("a1", "孪生路", "Twin Street", [[119.50, 32.7800], [119.50, 32.7810]], 111.0),
        ("a2", "孪生路", "Twin Street", [[119.50, 32.7830], [119.50, 32.7815]], 166.0),
        ("a3", "孪生路", "Twin Street", [[119.50, 32.7810], [119.50, 32.7815]], 55.0),
        ("b1", "横塘路", "Cross Lane", [[119.52, 32.7800], [119.51, 32.7801]], 936.0),
        ("b2", "横塘路", "Cross Lane", [[119.50, 32.7802], [119.51, 32.7801]], 936.0),
    )
    with site.database.write() as session:
        for id_, name, name_en, line, length in pieces:
            row = session.get_one(Segment, "g0000h").model_dump()
            ends = {"from_node": f"{id_}-0", "to_node": f"{id_}-1"}
            other = {"id": id_, "name": name, "name_en": name_en, "geometry": line, "length_m": length}
            session.add(Segment(**row | ends | other))
    tab = open_tab(webgl=False, at="#/resources")
    tab.sign_in("dong")
    page = tab.page
    page.wait_for_selector("[data-key=resource-street]")

    def found(text: str) -> dict[str, str]:
        page.fill("[data-key=resource-street]", text)
        buttons = page.locator(".found-streets button").all()
        return {
            button.get_attribute("data-key").removeprefix("resource-street-"): button.inner_text() for button in buttons
        }

    assert found("孪生路") == {
        "a1": "孪生路（路端至路端，北起第 3 段，共 3 段，111 米）",
        "a2": "孪生路（路端至路端，北起第 1 段，共 3 段，166 米）",
        "a3": "孪生路（路端至路端，北起第 2 段，共 3 段，55 米）",
    }
    page.keyboard.press("Escape")
    page.click("#lang")
    assert found("cross lane") == {
        "b1": "Cross Lane (end to end; 2 of 2 from the west, 936 m)",
        "b2": "Cross Lane (end to end; 1 of 2 from the west, 936 m)",
    }
    assert " of " not in found("street 2")["g0001v"], "one that no other is called as needs no number"
    assert tab.violations() == []
    assert tab.faults == []


def test_taking_a_facility_out_says_what_becomes_of_its_trips(open_tab: OpenTab, site: Site) -> None:
    with site.database.write() as session:
        for n in (1, 2):
            place = {"lon": 119.43, "lat": 32.78, "node": f"n0-{n}", "district": "D01", "kind": "transfer"}
            session.add(Facility(id=f"T-{n}", name=f"{n}号转运站", **place))
        route = session.get_one(Route, "C-20231218-D01-E@1/1")
        first, *others = route.doc["stops"]
        route.doc = {**route.doc, "stops": [first, {**others[0], "kind": "facility", "ref": "T-1"}, *others[1:]]}
    tab = open_tab(webgl=False, at="#/resources")
    tab.sign_in("dong")
    page = tab.page
    page.click("[data-key='out-facility:T-1']")
    assert "1 条执行中的线路需要它。这些线路改去最近的同类开放设施" in page.inner_text("#confirm-dialog p").replace(
        " 这", "这"
    )
    assert tab.violations() == []
    page.keyboard.press("Escape")
    page.click("[data-key='out-facility:T-2']")
    page.fill("#confirm-dialog input", "检修")
    page.keyboard.press("Enter")
    tab.until("document.querySelector(\"[data-resource='facility:T-2'] .chip\").innerText === '停用'")
    page.click("[data-key='out-facility:T-1']")
    assert "最后一处开放的同类设施" in page.inner_text("#confirm-dialog p")
    assert tab.faults == []
