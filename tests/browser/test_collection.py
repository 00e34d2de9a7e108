"""The collection day on the page: from a station cleared to the ledger's figures."""

from __future__ import annotations

import pytest
from sqlmodel import select

from models.tables.work import StationDay
from tests.browser.conftest import OpenTab, Site
from tests.console.sample_city import NOW

pytestmark = pytest.mark.browser

CLEARED = "document.querySelector('[data-district=D01] td:nth-of-type(2)').innerText"


def test_the_ledger_follows_what_is_cleared(open_tab: OpenTab, site: Site) -> None:
    with site.database.write() as session:
        for row in session.exec(select(StationDay)):
            row.state, row.cleared_at = "open", None
    tab = open_tab(webgl=False, at="#/stations")
    tab.sign_in("vera")
    page = tab.page
    page.focus("[data-key=collection]")
    page.keyboard.press("Enter")
    tab.until(f"{CLEARED} === '0'")
    tab.until("location.hash.startsWith('#/stations?page=1')")
    assert "苏K·10002" in page.inner_text("[data-route='C-20231218-D01-E@1/1']")
    assert tab.violations() == []
    with site.database.write() as session:
        station = session.exec(select(StationDay)).first()
        assert station is not None
        station.state, station.cleared_at = "cleared", NOW
    site.hub.publish("station:ST-0")
    tab.until(f"{CLEARED} === '1'")
    page.click("#lang")
    assert "Clearance by district" in page.inner_text("#panel-body")
    assert tab.violations() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    with site.database.write() as session:
        for row in session.exec(select(StationDay)):
            session.delete(row)
    site.hub.publish("station:ST-0")
    page.wait_for_selector("#panel-body .empty")
    assert tab.violations() == []
    assert tab.faults == []
