"""The degree of trouble on the page: always there, a banner while something is away, gone by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from models.tables.plans import Approval
from streams.heart import FRESH_S
from tests.browser.conftest import OpenTab, Site

pytestmark = pytest.mark.browser

SHOWN = "!document.getElementById('trouble').hidden"
VERSION = "S-20231218-D01-N@2"
REAL_TIME = """async () => {
  const { now, set, state } = await import("/static/js/store.js");
  set("status", { ...state.status, simulated: false });
  return Math.abs(now() - Date.parse(state.status.now));
}"""
"""How far the page's idea of the city's time is from what the console last said, in ms."""


def test_a_planner_that_is_away_shows_a_banner_that_leaves_by_itself(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    tab.until("document.querySelector('#degree .chip') !== null")
    assert page.inner_text("#degree") == "一切正常"
    assert page.is_hidden("#trouble")
    site.planner_beats(ago_s=FRESH_S + 1)
    tab.until(SHOWN)
    assert page.inner_text("#trouble strong") == "排班服务中断"
    assert "自 " in page.inner_text("#trouble")
    page.keyboard.press("l")
    assert page.inner_text("#trouble strong") == "Planner away"
    assert "fallback plans hold" in page.inner_text("#trouble")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    site.planner_beats()
    tab.until(f"!({SHOWN})")
    assert page.inner_text("#degree") == "All well"
    assert tab.faults == []


def test_without_a_database_the_page_shows_what_was_last_known_and_how_to_print(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    plans = page.inner_text("#panel-body")
    assert "S-20231218-D01-N" in plans
    file = Path(str(site.database.engine.url.database))
    site.database.close()
    aside = [part.rename(part.with_name(f"aside-{part.name}")) for part in file.parent.glob(f"{file.name}*")]
    file.mkdir()
    site.lookout.look()
    tab.until(SHOWN)
    assert page.inner_text("#trouble strong") == "数据库中断"
    assert "sweepline print-last --data" in page.inner_text("#trouble code")
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    assert page.inner_text("#panel-body") == plans
    tab.until("document.getElementById('trouble').innerText.includes('显示的是')")
    file.rmdir()
    for part in aside:
        part.rename(part.with_name(part.name.removeprefix("aside-")))
    site.planner_beats()
    tab.until(f"!({SHOWN})")


def test_a_console_that_does_not_answer_is_told_by_the_page_itself(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab()
    tab.sign_in()
    tab.until("document.querySelector('#degree .chip') !== null")
    tab.page.context.set_offline(True)
    tab.until(SHOWN)
    assert tab.page.inner_text("#trouble strong") == "控制台无应答"
    assert "sweepline print-last" in tab.page.inner_text("#trouble code")
    tab.page.context.set_offline(False)
    tab.until(f"!({SHOWN})")


def test_what_is_done_without_a_line_is_said_not_to_be_sure_and_done_once_afterwards(
    open_tab: OpenTab, site: Site
) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    page.click(f'[data-key="{VERSION}"]')
    page.wait_for_selector("#approve")
    page.context.set_offline(True)
    for _ in range(2):
        page.click("#approve")
        page.click("#confirm-dialog .primary")
        tab.until("document.querySelector('#toast').textContent.includes('操作可能未执行')")
        assert page.is_visible("#toast") and "bad" in str(page.get_attribute("#toast", "class"))
    assert approvals(site) == 0
    page.context.set_offline(False)
    tab.until(f"!({SHOWN})")
    assert approvals(site) == 0, "nothing is sent behind anybody's back"
    page.click("#approve")
    page.click("#confirm-dialog .primary")
    page.wait_for_selector(".detail .chip.info")
    assert approvals(site) == 1


def approvals(site: Site) -> int:
    with site.database.read() as session:
        return len(session.exec(select(Approval).where(Approval.plan_version == VERSION)).all())


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_browser_whose_clock_is_wrong_shows_the_citys_time(open_tab: OpenTab, site: Site, hours: int) -> None:
    tab = open_tab()
    tab.page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=hours))
    tab.sign_in()
    assert "20:30:00" in tab.page.inner_text("#clock")
    assert tab.page.evaluate(REAL_TIME) < 60_000
