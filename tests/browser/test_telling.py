"""Telling on the page: from an approved change to the tick, the slip and the sheet that comes back."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from models.tables.plans import Sheet, Telling
from models.tables.work import WorkItem
from tests.browser.conftest import OpenTab, Site
from tests.console.sample_city import approve_change, put_station_on_route

pytestmark = pytest.mark.browser


def test_a_changed_route_is_told_and_a_sheet_handed_back(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(at="#/tell")
    tab.sign_in("dong")
    page = tab.page
    assert "没有待告知的改线" in page.inner_text("#panel-body")
    assert tab.violations() == []
    approve_change(site.database, site.sheets_dir)
    site.hub.publish("plan:S-20231218-D01-N")
    tab.until("document.querySelectorAll('[data-telling]').length === 2")
    first = page.locator("[data-telling]", has_text="张伟")
    text = first.inner_text()
    assert "苏K·10000" in text
    assert "第 7 点起：增加 1 处" in text
    assert re.search(r"剩 6:00", text), "the city's clock stands still here"
    assert first.locator("a.phone").get_attribute("href") == "tel:13900000001"
    assert first.locator("a", has_text="改线单").get_attribute("href").endswith("/slip.pdf")
    assert page.inner_text("#tab-tell .count") == "2"
    assert tab.violations() == []
    first.locator("[data-key^=told-radio]").focus()
    page.keyboard.press("Enter")
    tab.until("document.querySelectorAll('[data-telling]').length === 1")
    page.click("[data-key=told]")
    assert "dong，电台" in page.inner_text("details[data-open=told]")
    with site.database.read() as session:
        told = session.exec(select(Telling).where(Telling.told_by == "dong")).one()
        assert (told.how, told.vehicle) == ("radio", "S-00")
    sheet = page.locator("[data-sheet]", has_text="张伟")
    code = sheet.get_attribute("data-sheet")
    assert sheet.locator("a", has_text="重印").get_attribute("href") == f"/sheets/{code}.pdf"
    sheet.locator("[data-key^=back]").click()
    page.fill("#confirm-dialog input", "2, 5")
    page.click("#confirm-dialog .primary")
    tab.until(f"document.querySelector('[data-sheet={code}]').innerText.includes('dong')")
    with site.database.read() as session:
        assert session.get_one(Sheet, code).state == "handed_back"
    page.locator("[data-telling] [data-key^=route]").click()
    page.wait_for_selector(".route[aria-expanded=true]")
    assert tab.faults == []


def test_on_a_phone_in_english_the_list_fits(open_tab: OpenTab, site: Site) -> None:
    approve_change(site.database, site.sheets_dir)
    tab = open_tab(390, 844, at="#/tell")
    tab.sign_in("vera")
    page = tab.page
    page.keyboard.press("l")
    assert "From stop 7 on: 1 added" in page.inner_text("#panel-body")
    assert page.locator("[data-key^=told-], [data-key^=back-]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.keyboard.press("n")
    assert tab.violations() == []


def test_a_scanned_stop_opens_its_tick(open_tab: OpenTab, site: Site) -> None:
    code = put_station_on_route(site.database)
    tab = open_tab(at="#/stations")
    tab.sign_in("dong")
    page = tab.page
    page.keyboard.press("/")
    page.keyboard.type(f"SL1:{code}/1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm-dialog[open]")
    assert "2号投放点" in page.inner_text("#confirm-dialog h2")
    assert code in page.inner_text("#confirm-dialog p")
    assert tab.violations() == []
    page.keyboard.press("Enter")
    page.wait_for_selector("#toast:not(.bad)")
    with site.database.read() as session:
        assert session.get_one(WorkItem, "wi-1").state == "done"
    page.keyboard.press("/")
    page.keyboard.type(f"SL1:{code}/2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#toast.bad")
    assert "轨迹" in page.inner_text("#toast"), "a street is not ticked"
    assert page.locator("#confirm-dialog[open]").count() == 0
