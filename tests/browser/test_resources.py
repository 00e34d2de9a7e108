"""Resources on the page: taking a truck out with a reason, what counts on it, and taking that back."""

from __future__ import annotations

import pytest

from models.tables.city import ResourceState
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
