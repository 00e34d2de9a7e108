"""A vehicle's new place: from the report that is sent in to the page, and what repairs a message that is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlmodel import select

from models.tables.city import Vehicle
from models.tables.flow import Projection
from models.times import iso
from tests.browser.conftest import PASSWORD, WAIT_LIMIT_S, Desk, OpenTab, Tab

pytestmark = pytest.mark.browser

KNOWN = """async (id) => {
  const { state } = await import("/static/js/store.js");
  const { lon, lat, observed_at } = state.vehicles.find((one) => one.id === id);
  return observed_at && [lon, lat, Date.parse(observed_at)];
}"""
"""Where the page has a vehicle, and from when."""
READ_AGAIN = "async () => (await import('/static/js/store.js')).load('vehicles')"
DRAWN = """(id) => {
  const { map, vehicles } = window.sweeplineMap, at = vehicles.drawn().get(id);
  return at && map.unproject(at).toArray().map((degrees) => degrees.toFixed(4));
}"""


@pytest.fixture
def tab(chromium: Any, desk: Desk) -> Iterator[Tab]:
    """A page on the desk's console."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(WAIT_LIMIT_S * 1000)
    context.add_init_script('localStorage.setItem("sweepline.tour", "1")')
    made = Tab(context.new_page())
    made.page.goto(desk.url)
    made.sign_in("anna")
    yield made
    context.close()


def report(desk: Desk, vehicle: str, lon: float, lat: float) -> float:
    """Send in where a vehicle is now, as its device does, and have the view look; the report's time in milliseconds."""
    at = desk.line.clock()
    place = {"lon": lon, "lat": lat, "speed_kmh": 20.0, "heading_deg": 90.0}
    line = {"type": "vehicle.position", "vehicle": vehicle, "observed_at": iso(at), **place}
    answer = httpx.post(
        f"{desk.url}/api/events",
        content=json.dumps(line),
        headers={"content-type": "application/x-ndjson"},
        auth=("anna", PASSWORD),
    )
    assert answer.status_code == 202, answer.text
    for view in desk.line.system.views:
        view.run_once()
    return at.timestamp() * 1000


def store(desk: Desk) -> None:
    """Have the recorders do what waits for them."""
    for runner in desk.line.system.runners:
        while runner.run_once():
            pass


def knows(tab: Tab, vehicle: str, place: list[float]) -> None:
    for _ in range(WAIT_LIMIT_S * 10):
        if tab.page.evaluate(KNOWN, vehicle) == place:
            return
        tab.page.wait_for_timeout(100)
    raise AssertionError(f"{tab.page.evaluate(KNOWN, vehicle)} and not {place}")


def test_a_report_reaches_the_page_before_the_database_knows_of_it_and_is_not_undone(desk: Desk, tab: Tab) -> None:
    vehicle = desk.one(select(Vehicle.id))
    readings: list[str] = []
    tab.page.on("request", lambda request: readings.append(request.url))
    at = report(desk, vehicle, 119.4501, 32.7801)
    place = [119.4501, 32.7801, at]
    knows(tab, vehicle, place)
    assert desk.one(select(Projection).where(Projection.key == f"vehicle:{vehicle}")) is None
    assert not any(url.endswith("/api/vehicles") for url in readings), "it came by the stream"
    tab.until(f"window.sweeplineMap.vehicles.drawn().has('{vehicle}')")
    assert tab.page.evaluate(DRAWN, vehicle) == ["119.4501", "32.7801"]

    tab.page.evaluate(READ_AGAIN)
    assert tab.page.evaluate(KNOWN, vehicle) == place, "a reading that is behind does not move it back"
    store(desk)
    tab.page.evaluate(READ_AGAIN)
    assert tab.page.evaluate(KNOWN, vehicle) == place
    row = desk.one(select(Projection).where(Projection.key == f"vehicle:{vehicle}"))
    assert [row.value["lon"], row.value["lat"]] == place[:2]


def test_a_message_that_is_lost_is_repaired_by_the_next_reading(desk: Desk, tab: Tab) -> None:
    vehicle = desk.one(select(Vehicle.id))
    desk.hub.move = lambda places: None  # type: ignore[method-assign]
    at = report(desk, vehicle, 119.4502, 32.7802)
    store(desk)
    assert tab.page.evaluate(KNOWN, vehicle) is None
    tab.page.evaluate(READ_AGAIN)
    knows(tab, vehicle, [119.4502, 32.7802, at])


def test_vehicles_are_not_old_because_the_citys_time_came_later_than_they(open_tab: OpenTab) -> None:
    tab = open_tab(at="#/vehicles")
    lost: list[Any] = []

    def lose_first(route: Any) -> None:
        lost.append(route)
        if len(lost) == 1:
            route.abort()
        else:
            route.continue_()

    tab.page.route("**/api/status", lose_first)
    tab.sign_in("vera")
    tab.page.evaluate("async () => (await import('/static/js/store.js')).load('status')")
    tab.until("!document.querySelector('[data-key=S-00]').innerText.includes('前的位置')")
