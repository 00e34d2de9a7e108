"""Reports on the page: one key opens the list, its links are what the console serves, in both languages."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenTab

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
