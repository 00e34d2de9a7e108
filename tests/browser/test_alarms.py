"""Alarms on the page: from a row being opened to the sound, the list, acknowledging, the shelf and a flood."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from dispatch.alarms import shelf_time_over
from dispatch.uow import UnitOfWork
from models.tables.flow import Alarm, AuditRow
from tests.browser.conftest import OpenTab, Site, Tab
from tests.console.sample_city import NOW

pytestmark = pytest.mark.browser

COUNT_TONES = """window.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) { window.tones += 1; return start.apply(this, at); };
null"""
ROWS = "[...document.querySelectorAll('[data-alarm]')].map((row) => row.dataset.alarm)"
SILENT = "vehicle_silent:S-00"


def raise_alarm(site: Site, kind: str, *keys: str, priority: int = 2, minutes_ago: float = 0, **detail: str) -> None:
    """As any part of the system does, with its hint."""
    with site.database.write() as session:
        for key in keys:
            uow = UnitOfWork(session, NOW - timedelta(minutes=minutes_ago), f"test:{kind}:{key}", "system")
            uow.open_alarm(kind, key, priority, **detail)
    site.hub.publish(f"alarm:{kind}:{keys[0]}")


def rows_are(tab: Tab, *ids: str) -> None:
    tab.until(f"{ROWS}.join() === '{','.join(ids)}'")


def test_an_alarm_sounds_is_acknowledged_shelved_and_comes_back(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab()
    tab.page.evaluate(COUNT_TONES)
    tab.sign_in("dong")
    page = tab.page
    page.click("#tab-alarms")
    rows_are(tab, "untold:t1")
    raise_alarm(site, "vehicle_silent", "S-00", minutes_ago=3, vehicle="S-00", heard_at="2023-12-18T12:17:00Z")
    rows_are(tab, "untold:t1", SILENT)
    assert page.evaluate("window.tones") == 2, "two tones for one that is important"
    assert "苏K·10000" in page.inner_text(f"[data-alarm='{SILENT}']")
    assert "20:17" in page.inner_text(f"[data-alarm='{SILENT}']"), "the last fix, in the city's time"
    assert page.inner_text("#tab-alarms .count.bad") == "2"
    assert tab.violations() == []
    page.focus(f"[data-key='shelve-{SILENT}']")
    page.keyboard.press("k")
    tab.until(f"document.querySelector(\"[data-alarm='{SILENT}']\").innerText.includes('dong')")
    page.click(f"[data-key='shelve-{SILENT}']")
    page.wait_for_selector("#confirm-dialog[open]")
    assert tab.violations() == []
    page.fill("#confirm-dialog input", "车在洗车台，信号被挡")
    page.select_option("#confirm-dialog select", "30")
    page.keyboard.press("Tab")
    page.click("#confirm-dialog .primary")
    page.wait_for_selector("[data-key=shelf]")
    page.click("[data-key=shelf]")
    assert "车在洗车台" in page.inner_text("details[data-open=shelf]")
    assert "21:00" in page.inner_text("details[data-open=shelf]")
    with site.database.write() as session:
        shelf_time_over(UnitOfWork(session, NOW + timedelta(minutes=30), "timer", "system"), SILENT)
        audit = select(AuditRow.action, AuditRow.actor).where(AuditRow.subject == f"alarm:{SILENT}")
        actions = session.exec(audit).all()
    assert actions == [("alarm.opened", "system"), ("alarm.acknowledged", "dong"), ("alarm.shelved", "dong"),
                       ("alarm.unshelved", "system")]  # fmt: skip
    page.click("[data-key=sound]")
    tones = page.evaluate("window.tones")
    site.hub.publish(f"alarm:{SILENT}")
    page.wait_for_selector(f"[data-key='ack-{SILENT}']")
    assert page.evaluate("window.tones") == tones, "switched off it is quiet"
    page.click("[data-key=ack-all]")
    tab.until("document.querySelectorAll('.alarm.new').length === 0")
    with site.database.read() as session:
        assert {row.acknowledged_by for row in session.exec(select(Alarm).where(Alarm.state != "closed"))} == {"dong"}
    assert tab.faults == []


def test_a_flood_is_one_group_that_is_acknowledged_as_one(open_tab: OpenTab, site: Site) -> None:
    stations = [f"ST-{n}:2023-12-18" for n in range(12)]
    raise_alarm(site, "station_missed", *stations, minutes_ago=2)
    tab = open_tab(390, 844, at="#/alarms")
    tab.sign_in("dong")
    page = tab.page
    page.wait_for_selector(".flood")
    assert page.locator("#panel-body > [data-alarm]").count() == 1
    assert "× 12" in page.inner_text(".flood summary")
    assert "12" in page.inner_text(".flood summary .first-out"), "the group says that the first of all is in it"
    assert page.locator(".bars .flood").count() == 1, "more than ten in ten minutes"
    page.click(".flood summary")
    assert page.locator(".flood [data-alarm]").count() == 12
    firsts = page.locator(".flood [data-alarm]:has(.first-out)")
    assert [row.get_attribute("data-alarm") for row in firsts.all()] == ["station_missed:ST-0:2023-12-18"]
    assert tab.violations() == []
    page.click(".flood > .row [data-key^=ack-]")
    tab.until("document.querySelectorAll('.flood .alarm.new').length === 0")
    assert page.locator(".flood[open]").count() == 1, "what was unfolded stays so"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.faults == []


def test_without_alarms_the_list_says_so_and_a_viewer_gets_no_buttons(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(at="#/alarms")
    tab.sign_in("vera")
    assert tab.page.locator("[data-alarm] button.primary, [data-key^=shelve]").count() == 0
    with site.database.write() as session:
        UnitOfWork(session, NOW, "test", "system").close_alarm("untold", "t1")
    site.hub.publish("alarm:untold:t1")
    tab.page.wait_for_selector("#panel-body .empty")
    assert tab.violations() == []
