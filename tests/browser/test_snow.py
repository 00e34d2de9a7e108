"""The snow room: countdowns, stages by class, what is untreated and why, what may start by itself and its key."""

from __future__ import annotations

import pytest
from sqlmodel import select

from models.tables.weather import Response
from models.tables.work import WorkItem
from tests.browser.conftest import OpenTab, Site
from tests.console.sample_city import store_work

pytestmark = pytest.mark.browser

VERSION = "S-20231218-D01-N@2"


def test_the_room_counts_down_and_says_what_is_left_and_why(open_tab: OpenTab, site: Site) -> None:
    store_work(site.database, VERSION)
    with site.database.write() as session:
        done = session.exec(select(WorkItem).where(WorkItem.origin == "stage:st-pretreat")).all()[:3]
        for item in done:
            item.state = "done"
    tab = open_tab()
    tab.sign_in("dong")
    page = tab.page
    page.keyboard.press("s")
    page.wait_for_selector(".snow")
    tab.until("location.hash.startsWith('#/snow')")
    clocks = page.locator(".clocks dd").all_inner_texts()
    assert clocks[0] == "01:30:00", "the clock of the test stands still"
    assert clocks[1] == "08:30:00"
    first = page.locator(".stage-box").first
    assert "已完成 3 / 12（25 %）" in first.inner_text()
    assert "计划用盐 1.1 吨" in first.inner_text() and "270 千克" in first.inner_text()
    assert "未处理 9：方案待批准 9" in first.inner_text()
    page.click("[data-key=untreated-st-pretreat]")
    page.wait_for_selector(".stage-box details[open] tbody tr")
    assert page.locator(".stage-box details tbody tr").count() == 9
    assert tab.violations() == []
    page.keyboard.press("n")
    assert tab.violations() == []
    page.click("[data-key=snow-stop]")
    page.wait_for_selector(".snow .chip.bad")
    assert page.locator("[data-key=snow-stop]").count() == 0
    page.keyboard.press("l")
    tab.until("document.querySelector('.snow').innerText.includes('3 of 12 done (25 %)')")
    assert tab.violations() == []
    page.click(f'[data-key="snow-{VERSION}"]')
    page.wait_for_selector(".detail .grid")
    tab.until(f"decodeURIComponent(location.hash).includes('{VERSION}')")
    assert tab.faults == []


def test_with_no_response_the_room_says_what_to_do(open_tab: OpenTab, site: Site) -> None:
    with site.database.write() as session:
        session.exec(select(Response)).one().state = "closed"
    tab = open_tab(390, 844, at="#/snow")
    tab.sign_in("vera")
    page = tab.page
    tab.until("document.querySelector('#panel-body').innerText.includes('没有进行中的除雪响应')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.violations() == []
