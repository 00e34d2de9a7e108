"""A snow storm from the desk: alert, plan, approval, sheets, the night's driving, sheets handed back. The whole system
runs behind the page, on a clock of its own; once it is worked by mouse, once by keyboard alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from models.tables.flow import AuditRow
from models.tables.plans import Approval, Plan, Sheet
from models.tables.work import WorkItem
from tests.browser.conftest import PASSWORD, WAIT_LIMIT_S, Desk, Tab
from tests.sweepline.storm_line import cap

pytestmark = pytest.mark.browser

TABS_LIMIT = 120
"""Presses of Tab after which something is out of reach."""
NO_WEBGL = (
    "const get = HTMLCanvasElement.prototype.getContext;"
    "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
    " return /webgl/.test(kind) ? null : get.call(this, kind, ...rest); };"
)
MOUSED = "window.moused = false; addEventListener('pointerdown', () => { window.moused = true; }, true);"
SKIP_TOUR = 'localStorage.setItem("sweepline.tour", "1");'
WORDS = {
    "zh": {"banner": "降雪", "sheets": "任务单 1/1", "approved": "已批准", "back": "已交回", "print": "重印"},
    "en": {
        "banner": "Snow",
        "sheets": "sheets 1/1",
        "approved": "is approved",
        "back": "handed back",
        "print": "Print",
    },
}


class Mouse:
    def __init__(self, tab: Tab) -> None:
        self.tab, self.page = tab, tab.page

    def enter(self) -> None:
        self.tab.sign_in("anna")

    def go(self, name: str) -> None:
        self.page.click(f"#tab-{name}")

    def use(self, selector: str) -> None:
        self.page.locator(selector).first.click()

    def approve(self) -> None:
        self.page.click("#approve")

    def confirm(self) -> None:
        self.page.click("#confirm-dialog .primary")


class Keyboard:
    """Nothing but keys: what cannot be reached by Tab within TABS_LIMIT presses fails."""

    def __init__(self, tab: Tab) -> None:
        self.page = tab.page

    def enter(self) -> None:
        self.page.wait_for_selector("#sign-in:not([hidden])")
        for word in ("anna", PASSWORD):
            self.page.keyboard.type(word)
            self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("html[data-ready=true]")
        self.page.keyboard.press("l")

    def go(self, name: str) -> None:
        """By its own key, else from tab to tab."""
        key = {"snow": "s", "shift": "h"}.get(name)
        if key:
            self.page.keyboard.press(key)
        for _ in range(20):
            if self.page.get_attribute(f"#tab-{name}", "aria-selected") == "true":
                return
            self.page.keyboard.press("]")
        raise AssertionError(f"no way to {name}")

    def use(self, selector: str) -> None:
        self.reach(selector)
        self.page.keyboard.press("Enter")

    def reach(self, selector: str) -> None:
        seen = []
        for _ in range(TABS_LIMIT):
            if self.page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
            self.page.keyboard.press("Tab")
            seen.append(self.page.evaluate("document.activeElement.outerHTML.slice(0, 60)"))
        raise AssertionError(f"{selector} is not reached by Tab: {seen[-30:]}")

    def approve(self) -> None:
        self.page.keyboard.press("a")

    def confirm(self) -> None:
        self.page.wait_for_selector("#confirm-dialog[open]")
        self.page.keyboard.press("Enter")


@pytest.fixture
def tab(chromium: Any, desk: Desk, request: pytest.FixtureRequest) -> Iterator[tuple[Tab, list[str]]]:
    """A page on the desk's console, and the addresses of PDF files that came from it, in whatever window."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(WAIT_LIMIT_S * 1000)
    context.add_init_script(MOUSED + SKIP_TOUR + ("" if request.param else NO_WEBGL))
    papers: list[str] = []

    def heard(answer: Any) -> None:
        if answer.status == 200 and answer.headers.get("content-type") == "application/pdf":
            papers.append(answer.url.removeprefix(desk.url))

    context.on("response", heard)
    made = Tab(context.new_page())
    made.page.on("console", lambda m: made.faults.append(m.text) if m.type == "error" else None)
    made.page.on("pageerror", lambda error: made.faults.append(str(error)))
    made.page.goto(desk.url)
    yield made, papers
    context.close()


@pytest.mark.parametrize(
    ("tab", "hands_of", "language"),
    [(True, Mouse, "zh"), (False, Keyboard, "en")],
    indirect=["tab"],
    ids=["mouse-zh-webgl", "keyboard-en-canvas"],
)
def test_from_the_alert_to_the_sheet_handed_back(
    desk: Desk, tab: tuple[Tab, list[str]], hands_of: type[Mouse] | type[Keyboard], language: str
) -> None:
    window, papers = tab
    page, words = window.page, WORDS[language]
    hands = hands_of(window)
    hands.enter()
    assert page.evaluate("window.sweeplineMap.kind") == ("webgl" if hands_of is Mouse else "canvas")

    # the warning comes, and a plan waits to be approved
    assert desk.line.send(cap()) == ["accepted"]
    desk.line.go(minutes=2)
    plan = desk.one(select(Plan).where(Plan.service == "salting", Plan.period != "fallback"))
    newest = f"{plan.code}@{plan.latest}"
    page.wait_for_selector(f".version[data-key='{newest}']")
    assert words["banner"] in page.inner_text("#banner")
    hands.use(f".version[data-key='{newest}']")
    page.wait_for_selector("#approve")
    hands.use(".routes .route")
    page.wait_for_selector(".route[aria-expanded=true]")
    hands.approve()
    hands.confirm()
    window.until("!document.querySelector('#approve')")
    approval = desk.one(select(Approval).where(Approval.plan_version == newest))
    assert approval is not None and approval.actor == "anna"
    assert words["approved"] in page.inner_text("#toast")

    # its sheets are printed, and one is looked at on paper
    desk.settle()
    window.until(f"document.querySelector('#panel-body').innerText.includes({words['sheets']!r})")
    hands.go("tell")
    page.wait_for_selector("[data-sheet] .links a")
    sheet = page.get_attribute("[data-sheet]", "data-sheet")
    hands.use(f"[data-sheet='{sheet}'] .links a")
    until = time.monotonic() + WAIT_LIMIT_S
    while f"/sheets/{sheet}.pdf" not in papers and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert f"/sheets/{sheet}.pdf" in papers
    page.bring_to_front()

    # the trucks drive; their tracks prove the streets, on the page as in the rows
    desk.line.go(step=5, hours=1, minutes=30)
    hands.go("snow")
    window.until("/[1-9][0-9]* *%/.test(document.querySelector('.snow .stage-box').innerText)")
    with desk.line.system.database.read() as session:
        states = set(session.exec(select(WorkItem.state).where(WorkItem.origin == plan.origin)).all())
    assert "done" in states

    # the crew is back and gives in its sheet
    hands.go("tell")
    page.wait_for_selector(f"[data-key='back-{sheet}']")
    hands.use(f"[data-key='back-{sheet}']")
    hands.confirm()
    window.until(f"document.querySelector(\"[data-sheet='{sheet}']\").innerText.includes('anna')")
    assert words["back"] in page.inner_text(f"[data-sheet='{sheet}']")
    assert desk.one(select(Sheet).where(Sheet.code == sheet)).state == "handed_back"
    deeds = select(AuditRow).where(AuditRow.subject == f"sheet:{sheet}", AuditRow.action == "sheet.handed_back")
    assert desk.one(deeds).actor == "anna"
    assert page.evaluate("window.moused") == (hands_of is Mouse)
    assert window.faults == []
