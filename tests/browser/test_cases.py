"""Cases on the page: closing several with an answer and taking it back, merging, splitting, the file and the board."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from dispatch.cases import record_complaint
from dispatch.uow import UnitOfWork
from models.events.base import Event
from models.tables.flow import AuditRow
from models.tables.work import Case, Report
from tests.browser.conftest import OpenTab, Site, Tab
from tests.console.sample_city import CONTEXT, NOW, STEP_DEG

pytestmark = pytest.mark.browser

ICE, FULL = "321084-20231218-00001", "321084-20231218-00002"
ROWS = "[...document.querySelectorAll('[data-case]')].map((row) => row.dataset.case).join()"


def complain(site: Site, minutes_ago: int, east: float, text: str) -> str:
    """A complaint as the stream's recorder takes it, with its hint."""
    at = NOW - timedelta(minutes=minutes_ago)
    data = {"kind": "litter", "lon": 119.43 + east * STEP_DEG, "lat": 32.78, "text": text, "channel": "12345"}
    event = Event(source="c", id=f"c{minutes_ago}", type="complaint.received", key="c", occurred_at=at, received_at=at,
                  data=data)  # fmt: skip
    with site.database.write() as session:
        number = record_complaint(UnitOfWork(session, at, f"c:{minutes_ago}", "system:cases"), CONTEXT, event).number
    site.hub.publish(f"case:{number}")
    return number


def state_of(site: Site, number: str) -> tuple[str, str]:
    with site.database.read() as session:
        case = session.get_one(Case, number)
        return case.state, case.answer


def shows(tab: Tab, *numbers: str) -> None:
    tab.until(f"{ROWS} === '{','.join(numbers)}'")


def test_several_are_closed_with_one_answer_and_taken_back(open_tab: OpenTab, site: Site, tmp_path: Path) -> None:
    tab = open_tab(webgl=False, at="#/cases")
    tab.sign_in("dong")
    page = tab.page
    shows(tab, FULL, ICE)
    litter = complain(site, 30, 1.0, "纸屑 <b>满地</b>")
    shows(tab, FULL, ICE, litter)
    assert "<b>满地</b>" in page.inner_text(f"[data-case='{litter}']")
    assert tab.violations() == []
    page.focus(f"[data-key='pick-{litter}']")
    page.keyboard.press("Space")
    page.check(f"[data-key='pick-{ICE}']")
    assert "已选 2 件" in page.inner_text("#panel-foot")
    assert tab.violations() == []
    page.click("[data-key=bulk-close]")
    page.wait_for_selector("#confirm-dialog[open]")
    assert "结案 2 件" in page.inner_text("#confirm-dialog")
    page.fill("#confirm-dialog input", "已派人清理")
    page.click("#confirm-dialog .primary")
    shows(tab, FULL)
    assert state_of(site, ICE) == state_of(site, litter) == ("closed", "已派人清理")
    page.click("[data-key=case-undo]")
    shows(tab, FULL, ICE, litter)
    assert state_of(site, ICE) == state_of(site, litter) == ("reported", "")
    with site.database.read() as session:
        rows = session.exec(select(AuditRow.action, AuditRow.actor).where(AuditRow.subject == f"case:{litter}")).all()
    assert rows == [("case.opened", "system:cases"), ("case.closed", "dong"), ("case.reopened", "dong")]
    assert tab.faults == []


def test_a_preview_says_how_many_it_is_done_with_and_why_not_the_others(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(webgl=False, at="#/cases")
    tab.sign_in("dong")
    page = tab.page
    page.check(f"[data-key='pick-{FULL}']")
    page.click("[data-key=bulk-accept]")
    page.wait_for_selector("[data-key=case-undo]")
    page.click("[data-key=case-all]")
    page.click("[data-key=bulk-accept]")
    page.wait_for_selector("#confirm-dialog[open]")
    said = page.inner_text("#confirm-dialog")
    assert "1 件" in said and "另有 1 件不能：已在处理" in said
    page.keyboard.press("Escape")
    assert (state_of(site, FULL)[0], state_of(site, ICE)[0]) == ("in_progress", "reported")
    assert tab.faults == []


def test_several_get_a_priority_with_a_count_first_and_each_its_own_back(open_tab: OpenTab, site: Site) -> None:
    with site.database.write() as session:
        session.get_one(Case, ICE).priority = "low"
    tab = open_tab(webgl=False, at="#/cases")
    tab.sign_in("dong")
    page = tab.page
    shows(tab, FULL, ICE)
    assert "可缓" in page.inner_text(f"[data-case='{ICE}']")
    page.click("[data-key=case-all]")
    page.focus("[data-key=bulk-priority]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm-dialog[open]")
    assert page.locator("#confirm-dialog option").all_inner_texts() == [
        "紧急：变更 2 件",
        "普通：变更 1 件",
        "可缓：变更 1 件",
    ]
    assert tab.violations() == []
    page.click("#confirm-dialog .primary")
    page.wait_for_selector("[data-key=case-undo]")
    assert "紧急：2 件" in page.inner_text("#panel-foot")
    assert priorities(site) == {ICE: "urgent", FULL: "urgent"}
    assert page.locator("[data-case] .chip.warn").all_inner_texts() == ["紧急", "紧急"]
    assert tab.violations() == []
    page.click("[data-key=case-undo]")
    tab.until("document.querySelectorAll('[data-case] .chip.warn').length === 0")
    assert priorities(site) == {ICE: "low", FULL: "normal"}
    page.select_option("[data-key=cases-order]", "priority")
    shows(tab, FULL, ICE)
    page.click(f"[data-key='{ICE}']")
    page.click("[data-key=case-priority]")
    page.wait_for_selector("#confirm-dialog[open]")
    page.click("#confirm-dialog .primary")
    page.wait_for_selector("[data-file] .chip.warn")
    assert priorities(site) == {ICE: "urgent", FULL: "normal"}
    page.click("[data-key=case-back]")
    shows(tab, ICE, FULL)
    assert tab.faults == []


def priorities(site: Site) -> dict[str, str]:
    with site.database.read() as session:
        return {case.number: case.priority for case in session.exec(select(Case))}


def test_duplicates_are_merged_and_split_again_and_the_file_tells_it(open_tab: OpenTab, site: Site) -> None:
    first, second = complain(site, 40, 1.0, "一袋垃圾"), complain(site, 20, 1.5, "还是那袋垃圾")
    tab = open_tab(webgl=False, at="#/cases")
    tab.sign_in("dong")
    page = tab.page
    for number in (second, first):
        page.check(f"[data-key='pick-{number}']")
    page.click("[data-key=bulk-merge]")
    page.wait_for_selector("#confirm-dialog[open]")
    assert first in page.inner_text("#confirm-dialog"), "the older one is kept"
    page.click("#confirm-dialog .primary")
    shows(tab, FULL, ICE, first)
    page.click(f"[data-key='{first}']")
    page.wait_for_selector(f"[data-file='{first}']")
    tab.until(f"location.hash.startsWith('#/cases/{first}')")
    assert "还是那袋垃圾" in page.inner_text(".detail")
    assert tab.violations() == []
    page.click("[data-key^=split-] >> nth=1")
    tab.until("document.querySelectorAll('[data-key^=split-]').length === 0")
    assert "拆出一次反映" in page.inner_text(".detail")
    with site.database.read() as session:
        told = session.exec(select(Report.case).where(Report.text == "还是那袋垃圾")).one()
    assert told not in (first, second)
    page.click("[data-key=case-back]")
    page.wait_for_selector(f"[data-case='{told}']")
    assert tab.faults == []


def test_the_board_has_a_column_a_state_and_a_viewer_gets_no_buttons(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(webgl=False, at="#/cases?page=1")
    tab.sign_in("vera")
    page = tab.page
    page.wait_for_selector(".board")
    assert page.locator(".board section").count() == 3
    assert page.locator(".board section >> nth=0").locator("article").count() == 2
    assert tab.violations() == []
    page.click("[data-key=lang], #lang")
    assert tab.violations() == []
    page.click("[data-key=case-board]")
    shows(tab, FULL, ICE)
    assert page.locator("#panel-body input[type=checkbox]").count() == 0
    page.click(f"[data-key='{ICE}']")
    page.wait_for_selector(f"[data-file='{ICE}']")
    assert page.locator("[data-key=case-close]").count() == 0
    assert tab.violations() == []
    assert tab.faults == []
