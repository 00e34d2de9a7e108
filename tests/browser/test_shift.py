"""The shift handover on the page: what is open, a note, a takeover refused for what was not seen, the log."""

from __future__ import annotations

import pytest
from sqlmodel import select

from dispatch.desk import carry_out
from models.tables.people import LogNote, Takeover
from tests.browser.conftest import OpenTab, Site
from tests.console.sample_city import CONTEXT, NOW

pytestmark = pytest.mark.browser


def do(site: Site, who: str, name: str, **values: object) -> None:
    carry_out(site.database, CONTEXT, NOW, who, name, values)
    site.hub.publish(f"{name.partition('.')[0]}:some")


def test_a_shift_is_read_and_taken_over_by_keyboard(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(webgl=False)
    tab.sign_in("anna")
    page = tab.page
    page.keyboard.press("h")
    page.wait_for_selector(".shift")
    assert "还没有人在系统里接过班" in page.inner_text(".shift")
    assert page.locator("[data-matter]").count() == 6
    assert tab.violations() == []

    page.keyboard.press("w")
    page.wait_for_selector("#confirm-dialog textarea")
    assert tab.violations() == []
    page.keyboard.type("1号盐仓只剩 8 吨 <b>")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-note]")
    assert "1号盐仓只剩 8 吨 <b>" in page.inner_text("[data-note]")
    tab.until("document.querySelectorAll('.log li').length === 1")
    assert "写记录" in page.inner_text(".log")

    # somebody acts between reading and signing; the hint to this page is lost
    carry_out(site.database, CONTEXT, NOW, "dong", "alarm.acknowledge", {"ids": ["untold:t1"]})
    page.focus("[data-key=shift-take]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm-dialog[open]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#shift-changes")
    assert "有变： 改线未告知" in page.inner_text("#shift-changes")
    assert tab.violations() == []
    with site.database.read() as session:
        assert session.exec(select(Takeover)).all() == []
    tab.faults = [fault for fault in tab.faults if "409" not in fault]

    page.focus("[data-key=shift-take]")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    tab.until("document.querySelector('.shift header').innerText.includes('您（anna）当班')")
    assert page.locator("[data-key=shift-take]").count() == 0
    assert page.locator("#shift-changes").count() == 0
    with site.database.read() as session:
        row = session.exec(select(Takeover)).one()
        assert (row.no, row.taken_by, len(row.open)) == (1, "anna", 7)

    page.focus("[data-matter='alarm:untold:t1']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tab-alarms[aria-selected=true]")
    tab.until("document.activeElement.closest('[data-alarm]')?.dataset.alarm === 'untold:t1'")
    page.keyboard.press("h")
    page.focus("[data-matter='waiting:S-20231218-D01-N@2']")
    page.keyboard.press("Enter")
    tab.until("location.hash.startsWith('#/plans/S-20231218-D01-N@2')")
    assert tab.faults == []


def test_notes_are_struck_through_and_the_page_follows_others(open_tab: OpenTab, site: Site) -> None:
    do(site, "anna", "shift.note", text="桥面再看一次")
    tab = open_tab(at="#/shift")
    tab.sign_in("dong")
    page = tab.page
    page.click("[data-key^=strike]")
    page.fill("#confirm-dialog input", "看过了")
    page.click("#confirm-dialog .primary")
    page.wait_for_selector("[data-note] s")
    assert "dong 于" in page.inner_text("[data-note]") and "看过了" in page.inner_text("[data-note]")
    do(site, "anna", "shift.note", text="第二条")
    tab.until("document.querySelectorAll('[data-note]').length === 2")
    page.select_option("[data-key=log-people]", "people")
    tab.until("document.querySelectorAll('.log li').length === 3")
    assert tab.violations() == []
    with site.database.read() as session:
        assert {note.text: note.struck_by for note in session.exec(select(LogNote)).all()} == {
            "桥面再看一次": "dong",
            "第二条": "",
        }
    assert tab.faults == []


def test_nothing_open_and_earlier_shifts_on_a_phone_at_night_in_english(open_tab: OpenTab, site: Site) -> None:
    with site.database.write() as session:
        for table in ("alarm", "resourcestate", "case_file", "planversion"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
        for no, who in ((1, "dong"), (2, "anna")):
            row = Takeover(no=no, at=NOW, given_by="dong" if no == 2 else "", taken_by=who, open=[], open_hash="0")
            session.add(row)
    tab = open_tab(390, 844, at="#/shift")
    tab.sign_in("vera")
    page = tab.page
    page.click("#lang")
    page.click("#theme")
    assert "anna has the shift" in page.inner_text(".shift")
    assert "Nothing is open" in page.inner_text(".shift")
    assert page.locator("[data-key=shift-take], [data-key=shift-write]").count() == 0
    page.select_option("[data-key=log-shift]", "1")
    tab.until("document.querySelector('.shift').innerText.includes('Nothing was done in this shift yet.')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    site.hub.publish("alarm:some")
    page.wait_for_timeout(1000)
    edges = page.evaluate("document.querySelector('#tab-shift').getBoundingClientRect().toJSON()")
    assert edges["left"] >= 0 and edges["right"] <= 390, "the tab one is on is in sight"
    assert tab.violations() == []
    page.keyboard.press("?")
    assert "shift handover" in page.inner_text("#help-dialog")
    assert tab.faults == []
