"""The address says what is shown: kept, sent on, gone back to; and each view passes axe-core."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenTab

pytestmark = pytest.mark.browser

VERSION = "S-20231218-D01-N@2"
SHOWN = "decodeURIComponent(location.hash)"


def test_each_step_is_in_the_address_and_can_be_gone_back_to(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    tab.until(f"{SHOWN}.startsWith('#/plans?map=')")
    page.click(f'[data-key="{VERSION}"]')
    tab.until(f"{SHOWN}.startsWith('#/plans/{VERSION}?')")
    page.wait_for_selector(".route")
    page.click(".route >> nth=1")
    tab.until(f"{SHOWN}.startsWith('#/plans/{VERSION}/2?')")
    page.keyboard.press("2")
    page.click("#tab-vehicles")
    page.click('[data-key="S-00"]')
    tab.until(f"{SHOWN}.startsWith('#/vehicles?see=vehicles:S-00&colour=age&map=')")
    assert tab.violations() == []
    page.go_back()
    tab.until(f"{SHOWN}.startsWith('#/vehicles?colour=age')")
    page.go_back()
    tab.until(f"{SHOWN}.startsWith('#/plans/{VERSION}/2?colour=age&map=')")
    page.wait_for_selector('.route[aria-expanded="true"] >> nth=0')
    page.go_back()
    page.go_back()
    page.wait_for_selector(f'[data-key="{VERSION}"]')
    assert page.locator(".detail").count() == 0
    page.go_forward()
    page.wait_for_selector(".detail .grid")
    assert tab.violations() == []
    assert tab.faults == []


def test_an_address_sent_to_somebody_opens_the_same_view(open_tab: OpenTab) -> None:
    tab = open_tab(at=f"#/plans/{VERSION}/2?see=stations:ST-1&colour=class&map=14.5,119.4380,32.7840")
    tab.sign_in()
    page = tab.page
    assert page.locator('.route[aria-expanded="true"]').inner_text().startswith("2 ·")
    assert "2号投放点" in page.inner_text(".maplibregl-popup")
    assert page.is_checked("input[name=mode][value=class]")
    place = "window.sweeplineMap.where().join()"
    assert page.evaluate(place) == "14.5,119.4380,32.7840"
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    assert page.evaluate(place) == "14.5,119.4380,32.7840"
    page.evaluate("location.hash = '#/plans/NOPE@9'")
    page.wait_for_selector("#toast.bad")
    page.wait_for_selector(f'[data-key="{VERSION}"]')
    tab.until(f"{SHOWN}.startsWith('#/plans?')")


def test_an_address_opens_on_the_canvas_map_as_well(open_tab: OpenTab) -> None:
    tab = open_tab(webgl=False, at="#/nonsense/%E0%A4?see=street:g0000h&map=14.5,119.4380,32.7840")
    tab.sign_in()
    assert tab.page.evaluate("window.sweeplineMap.where().join()") == "14.5,119.4380,32.7840"
    assert "文游中路" in tab.page.inner_text("#map")
    assert tab.page.get_attribute("#tab-plans", "aria-selected") == "true"
