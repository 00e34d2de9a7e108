"""A plan version as a full page: who does what when, stops and loads, cost, what is left out, the difference."""

from __future__ import annotations

import pytest
from sqlmodel import select

from models.tables.city import Segment
from models.tables.plans import PlanVersion, Route
from tests.browser.conftest import OpenTab, Site
from tests.console.sample_city import store_version

pytestmark = pytest.mark.browser

PLAN = "S-20231218-D01-N"
VERSION = f"{PLAN}@2"
AREAS = "(kind) => [...document.querySelectorAll(`.gantt .doing-${kind}`)].filter((p) => p.getAttribute('d')).length"


def prepare(site: Site) -> None:
    """A wait before a stop, a visit to a facility, terms, and a task left out whose street is known."""
    with site.database.write() as session:
        route = session.get_one(Route, f"{VERSION}/1")
        doc = {**route.doc, "stops": [dict(stop) for stop in route.doc["stops"]]}
        doc["stops"][1]["start"] = doc["stops"][1]["depart"]
        doc["stops"][2]["kind"] = "facility"
        route.doc = doc
        version = session.get_one(PlanVersion, VERSION)
        version.verdict = {"feasible": True, "cost": 1000, "terms": {"travel": 700, "service": 300, "prizes": 0}}
        version.unserved = [{"task": "wi-g0000h/1", "work_item": "wi-g0000h", "ref": "g0000h", "reason": "time"}]


def test_the_page_shows_what_the_version_holds(open_tab: OpenTab, site: Site) -> None:
    prepare(site)
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    page.click(f'[data-key="{VERSION}"]')
    page.wait_for_selector(".detail .grid")
    page.keyboard.press("f")
    page.wait_for_selector(".gantt svg")
    tab.until("location.hash.includes('page=1')")
    assert page.locator(".gantt svg").count() == 2
    assert [page.evaluate(AREAS, kind) for kind in ("drive", "work", "facility", "wait")] == [2, 2, 1, 1]
    assert "等待 60 秒" in page.locator(".gantt svg").first.get_attribute("aria-label")
    terms = page.inner_text(".figures-table").split()
    assert terms == ["行驶", "700", "70", "%", "作业", "300", "30", "%", "合计", "1,000"]
    assert "文游中路" in page.inner_text(".two section:last-child")
    assert "时间不够" in page.inner_text(".two section:last-child")
    page.click("[data-key=explain]")
    tab.until("document.querySelector('.two section:last-child').innerText.includes('最省')")
    assert "受限于：班次时长" in page.inner_text(".two section:last-child")
    assert "苏K·10000 班次延长 11 分" in page.inner_text(".two section:last-child")
    page.click(f'[data-key="g-{VERSION}/1"]')
    page.wait_for_selector(".table tbody tr")
    rows = page.locator("section .table").first.locator("tbody tr")
    assert rows.count() == 7
    assert rows.nth(1).locator("td").nth(2).inner_text() == "60 秒"
    assert page.locator("tr.facility").count() == 1
    assert "最高 630 千克" in page.inner_text(".load-chart"), "seven stops of 90 kg"
    page.click("[data-key=difference]")
    page.wait_for_selector(".difference table.vehicles")
    # One of the seven stops of the first truck is a facility here, which is no work.
    changed = page.locator(".difference table.vehicles tbody tr")
    assert [changed.nth(i).inner_text().split()[:4] for i in range(2)] == [
        ["苏K·10000", "6", "→", "6"], ["苏K·10001", "3", "→", "5"]]  # fmt: skip
    assert tab.violations() == []
    page.keyboard.press("n")
    assert tab.violations() == []
    page.keyboard.press("Escape")
    page.wait_for_selector(".detail .grid")
    page.go_back()
    page.wait_for_selector(".gantt svg")
    assert tab.faults == []


def test_the_page_opens_from_its_address_on_a_phone(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(390, 844, at=f"#/plans/{VERSION}/2?page=1")
    tab.sign_in("vera")
    page = tab.page
    page.keyboard.press("l")
    page.wait_for_selector(".load-chart, section .table")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.violations() == []
    assert tab.faults == []


def test_any_two_versions_are_compared_in_numbers_stops_and_on_the_map(open_tab: OpenTab, site: Site) -> None:
    with site.database.write() as session:
        main = [s for s in session.exec(select(Segment).order_by(Segment.id)).all() if s.road_class == "main"]
        routes = {r.vehicle: r for r in session.exec(select(Route).where(Route.plan_version == VERSION)).all()}
        first = [stop["ref"] for stop in routes["S-00"].doc["stops"]]
        other = [s for s in main if s.id in first[1:]]
        store_version(session, PLAN, 3, "proposed", [("S-01", [*other, next(s for s in main if s.id == first[0])])])
    tab = open_tab(at=f"#/plans/{PLAN}@3?page=1&with=1")
    tab.sign_in("vera")
    page = tab.page
    page.wait_for_selector(".compared")
    assert page.locator("[data-key=compare-with] option").all_inner_texts()[0].startswith("第 2 版 · 待批准")
    tab.until("document.querySelector('[data-key=compare-with]').value === '1'")
    rows = [row.split() for row in page.locator(".compared tbody tr").all_inner_texts()]
    assert rows[0] == ["任务", "10", "8", "−2"]
    assert "换车" in page.inner_text("#legend")
    page.focus("[data-key=compare-with]")
    page.keyboard.press("ArrowUp")
    tab.until("location.hash.includes('with=2')")
    tab.until("document.querySelector('.moved tbody tr')")
    moved = page.locator(".moved tbody tr").all_inner_texts()
    assert sum("换车" in row and "苏K·10000" in row and "苏K·10001" in row for row in moved) == len(first)
    page.click("[data-key=compare-map]")
    assert tab.violations() == []
    page.keyboard.press("n")
    page.keyboard.press("l")
    tab.until("document.querySelector('#legend').innerText.includes('Other vehicle')")
    assert tab.violations() == []
    page.go_back()
    tab.until("location.hash.includes('with=1')")
    page.wait_for_selector(".compared")
    page.click("[data-key=difference]")
    tab.until("!location.hash.includes('with=')")
    assert page.locator(".compared").count() == 0
    assert "1 ·" in page.inner_text("#legend"), "the routes again"
    assert tab.faults == []


def test_a_version_that_is_not_there_is_said_and_a_plan_of_one_version_says_so(open_tab: OpenTab) -> None:
    tab = open_tab(at=f"#/plans/{VERSION}?page=1&with=77")
    tab.sign_in("vera")
    tab.page.wait_for_selector("#toast.bad")
    tab.until("!location.hash.includes('with=')")
    tab.page.evaluate("location.hash = '#/plans/C-20231218-D01-E@1?page=1'")
    tab.until("document.querySelector('.detail.page')?.innerText.includes('此方案只有一个版本')")
