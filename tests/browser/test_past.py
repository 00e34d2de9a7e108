"""The map of another instant, and the map that goes with a vehicle: from stored rows to the page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.tables.flow import Projection
from models.times import iso
from tests.browser.conftest import OpenTab, Site, Tab
from tests.console.sample_city import NOW
from tests.console.test_past import drive

pytestmark = pytest.mark.browser

HASH = "decodeURIComponent(location.hash)"
CENTRE = "window.sweeplineMap.where().slice(1).join()"
BANNER = "document.getElementById('past-banner')?.textContent ?? ''"


def fix(site: Site, lon: float) -> None:
    """The view's newest place of S-00, with its hint."""
    with site.database.write() as session:
        row = session.get_one(Projection, "vehicle:S-00")
        row.value = {**row.value, "lon": lon, "observed_at": iso(NOW)}
    site.hub.publish("vehicle:S-00")


def follows(tab: Tab) -> bool:
    return bool(tab.page.evaluate("!document.getElementById('follow').hidden"))


def drag(tab: Tab) -> None:
    """Pull the map until it is seen to be moved by hand: the map looks at the mouse once a frame."""
    mouse = tab.page.mouse
    mouse.move(300, 300)  # beside what is said of the vehicle, which is not to be pulled
    mouse.down()
    for step in range(40):
        mouse.move(300 - 4 * step, 300)
        tab.page.wait_for_timeout(50)
        if not follows(tab):
            break
    mouse.up()
    assert not follows(tab)


def test_a_followed_vehicle_stays_in_sight_until_the_map_is_moved(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(at="#/vehicles")
    tab.sign_in("vera")
    page = tab.page
    page.keyboard.press("g")
    page.wait_for_selector("#toast.bad")
    assert not follows(tab), "nothing is picked"
    page.click('[data-key="S-00"]')
    page.wait_for_selector(".maplibregl-popup [data-key=follow]")
    page.keyboard.press("g")
    tab.until(f"{HASH}.includes('follow=S-00')")
    assert "苏K·10000" in page.inner_text("#follow")
    fix(site, 119.4500)
    tab.until(f"{CENTRE} === '119.4500,32.7800'")
    assert tab.violations() == []
    drag(tab)
    tab.until(f"!{HASH}.includes('follow=')")
    page.click(".maplibregl-popup [data-key=follow]")
    assert follows(tab)
    page.keyboard.press("Escape")
    page.wait_for_selector("#follow", state="hidden")
    assert page.locator(".maplibregl-popup").count() == 1, "one thing at a time"
    assert tab.faults == []


def test_following_from_an_address_on_the_canvas_map(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(webgl=False, at="#/vehicles?follow=S-00")
    tab.sign_in("vera")
    tab.until(f"{CENTRE} === '119.4320,32.7800'")
    fix(site, 119.4400)
    tab.until(f"{CENTRE} === '119.4400,32.7800'")
    drag(tab)


def test_a_past_day_is_shown_played_and_left_by_keys(open_tab: OpenTab, site: Site) -> None:
    drive(site.database, "S-00", 7200, 0, 30)
    tab = open_tab(webgl=False, at="#/stations?follow=S-00&past=2023-12-18T11:30Z&colour=age")
    tab.sign_in("vera")
    page = tab.page
    # An hour before the sample's now: the vehicle is 60 minutes of a thousandth of a degree along, no station cleared.
    tab.until(f"{CENTRE} === '119.4900,32.7800'")
    assert "12/18" in page.evaluate(BANNER)
    assert "19:30" in page.evaluate(BANNER), "in the city's time"
    assert page.locator("#panel-body .chip.good").count() == 0
    site.hub.publish("vehicle:*")
    site.hub.publish("station:ST-0")
    assert tab.violations() == []
    page.select_option("#past-speed", "300")
    page.focus("#past-slider")
    page.keyboard.press("PageUp")
    tab.until(f"{BANNER}.includes('19:45')")
    tab.until(f"{CENTRE} === '119.5050,32.7800'")
    assert page.locator("#panel-body .chip.good").count() == 0, "a hint of now changes nothing"
    page.keyboard.press("p")
    tab.until("document.querySelectorAll('#panel-body .chip.good').length === 1")  # cleared at 20:00
    page.keyboard.press("p")
    tab.until(f"{HASH}.includes('past=2023-12-18T12:')")
    assert page.evaluate("Number(window.sweeplineMap.where()[1])") > 119.51, "it drove on"
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.wait_for_selector("#past", state="hidden")
    tab.until(f"!{HASH}.includes('past=')")
    assert tab.faults == []


def test_playing_to_the_end_stops_at_now(open_tab: OpenTab, site: Site) -> None:
    drive(site.database, "S-00", 600, 0, 30)
    tab = open_tab(webgl=False, at="#/vehicles?past=2023-12-18T12:29Z")
    tab.sign_in("vera")
    tab.page.wait_for_selector("#past-play")
    tab.page.click("#past-play")
    tab.until(f"{BANNER}.includes('20:30')")
    tab.until("document.getElementById('past-play').getAttribute('aria-pressed') === 'false'")
    tab.page.click("#past-leave")
    tab.page.wait_for_selector("#past", state="hidden")
    assert tab.faults == []


def test_where_positions_are_gone_or_none_were_sent_the_bar_says_which(open_tab: OpenTab, site: Site) -> None:
    drive(site.database, "S-00", 40 * 3600, 40 * 3600, 60)
    at = (NOW - timedelta(days=9)).strftime("%Y-%m-%dT%H:%MZ")
    tab = open_tab(390, 844, webgl=False, at=f"#/vehicles?past={at}")
    tab.sign_in("vera")
    tab.until("document.getElementById('past-empty')?.textContent.includes('保存期')")
    assert tab.violations() == []
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    tab.page.fill("#past-day", "2023-12-18")
    tab.until("document.getElementById('past-empty').textContent.includes('24')")


def test_nothing_is_done_to_a_case_as_it_was(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(webgl=False, at="#/cases")
    tab.sign_in("dong")
    page = tab.page
    page.wait_for_selector("[data-key=case-all]")
    page.keyboard.press("t")
    page.wait_for_selector("#past-banner:not([hidden])")
    page.wait_for_selector("[data-key=case-all]", state="detached")
    assert page.locator("[data-key^=pick-]").count() == 0
    page.keyboard.press("t")
    page.wait_for_selector("[data-key=case-all]")
    assert tab.faults == []
