"""Reports on the page: one key opens the list, its links are what the console serves, in both languages."""

from __future__ import annotations

from datetime import date

import pytest

from models.tables.work import StationDay
from tests.browser.conftest import OpenTab, Site

pytestmark = pytest.mark.browser

LINKS = "[...document.querySelectorAll('#reports-dialog a')].map((a) => a.getAttribute('href'))"


def test_reports_are_listed_and_lead_to_their_files(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.sign_in("vera")
    page = tab.page
    page.keyboard.press("r")
    page.wait_for_selector("#reports-dialog[open]")
    assert "交接班单" in page.inner_text("#reports-dialog")
    links = page.evaluate(LINKS)
    assert "/api/reports/storm.geojson?key=ep-1" in links and "/api/reports/day.pdf?key=2023-12-18" in links
    assert "/api/reports/crews.pdf?key=2023-12-18" in links
    assert {f"/api/reports/handover.{form}" for form in ("csv", "json", "xlsx")} <= set(links)
    status, kind = page.evaluate(
        "async (at) => { const a = await fetch(at); return [a.status, a.headers.get('Content-Type')]; }", links[0]
    )
    assert (links[0], status, kind) == ("/api/reports/handover.pdf", 200, "application/pdf")
    assert tab.violations() == []
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    page.click("#reports")
    page.wait_for_selector("#reports-dialog[open]")
    assert "Shift handover" in page.inner_text("#reports-dialog")
    assert tab.violations() == []


def test_a_day_that_is_over_gets_its_edition_by_keyboard(open_tab: OpenTab, site: Site) -> None:
    with site.database.write() as session:
        session.add(StationDay(station="ST-0", day=date(2023, 12, 12), state="missed", work_item="wi-old"))
    viewer = open_tab(width=390, height=800)
    viewer.sign_in("vera")
    viewer.page.keyboard.press("r")
    viewer.page.wait_for_selector("#reports-dialog[open]")
    assert "没有定稿" in viewer.page.inner_text("#reports-dialog")
    assert viewer.page.locator("[data-key='close-2023-12-12']").count() == 0
    too_wide = "document.querySelector('.reports').scrollWidth - document.querySelector('.reports').clientWidth"
    assert viewer.page.evaluate(too_wide) <= 0, "on a phone every form can be reached"

    tab = open_tab()
    tab.sign_in("dong")
    page = tab.page
    page.keyboard.press("r")
    page.wait_for_selector("#reports-dialog[open]")
    assert tab.violations() == []
    page.focus("[data-key='close-2023-12-12']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm-dialog[open]")
    assert tab.violations() == []
    page.keyboard.press("Enter")
    page.wait_for_selector("text=2023-12-12 已定稿")
    tab.until("document.querySelector(\"[data-key='close-2023-12-12']\") === null")
    assert "没有定稿" not in page.inner_text("#reports-dialog")
    assert tab.faults == []
