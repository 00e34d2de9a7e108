"""A real console on a loopback port and a real Chromium: set SWEEPLINE_TEST_CHROMIUM to its path."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from console.accounts import make_account
from console.app import create_app
from console.deps import ConsoleDeps
from console.hub import Hub
from console.vendor import VENDOR
from dispatch.desk import carry_out
from models.database import Database
from models.errors import Refused, Stale
from models.events.base import Receipt
from models.tables.city import Setting
from models.tables.flow import Heartbeat
from models.tables.plans import Approval, PlanVersion
from printouts.bundle import slip_name
from streams import metrics
from streams.pulse import Pulse
from streams.sqlite_log import SqliteLog
from sweepline.following import follow
from sweepline.live import console_of
from sweepline.lookout import Lookout
from sweepline.photos import Photos
from sweepline.replanning import ask_again, pin, started_work
from sweepline.reports import report_file
from tests.complaints import take_complaints
from tests.console.sample_city import CONTEXT, EXPLAINED, NOW, ToldWhatIf, build_sample, open_database, parts
from tests.small_city import stored_small_city
from tests.sweepline.storm_line import Line

PASSWORD = "a good password"
START_LIMIT_S = 60
WAIT_LIMIT_S = int(os.environ.get("SWEEPLINE_TEST_WAIT_S", "30"))
"""A busy machine needs longer."""
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
AXE_RUN = """async () => (await axe.run(document, { resultTypes: ["violations"],
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })).violations
  .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`)"""
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
]


@dataclass
class Site:
    """A running console: its address, database and hub."""

    url: str
    database: Database
    hub: Hub
    lookout: Lookout
    sheets_dir: Path
    what_if: ToldWhatIf
    taken: list[bytes]

    def planner_beats(self, ago_s: float = 0.0) -> None:
        """A planner's last heartbeat, and the lookout's look at it."""
        at = datetime.now(UTC) - timedelta(seconds=ago_s)
        with self.database.write() as session:
            session.merge(Heartbeat(role="planner", holder="here:1", since=at, beat_at=at, progress_at=at))
        self.lookout.look()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """For a file: its driver keeps an event loop running, in which tests of other files cannot start one."""
    path = os.environ.get("SWEEPLINE_TEST_CHROMIUM", "")
    if not path:
        pytest.skip("SWEEPLINE_TEST_CHROMIUM is not set: no browser to drive")
    if not (VENDOR / "maplibre" / "maplibre-gl.mjs").is_file():
        pytest.skip("browser libraries are not fetched: run `python -m console.vendor`")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    database, hub = open_database(tmp_path / "sweepline.db"), Hub()
    build_sample(database, sheets)
    log = SqliteLog(tmp_path / "log.db", lambda: NOW)
    with database.write() as session:
        for name, role in (("anna", "approver"), ("dong", "dispatcher"), ("vera", "viewer")):
            make_account(session, name, role, PASSWORD, NOW)

    taken: list[bytes] = []

    def intake(body: bytes, content_type: str, actor: str) -> list[Receipt]:
        taken.append(body)
        return take_complaints(database, body, content_type, actor, lambda number: hub.publish(f"case:{number}"))

    def approve(version: str, actor: str) -> None:
        with database.write() as session:
            row = session.get(PlanVersion, version)
            assert row is not None
            if row.state != "proposed":
                raise Stale("stale_version", f"{version} has been overtaken")
            row.state = "approved"
            session.add(Approval(plan_version=version, actor=actor, at=NOW))

    def stop_self_start(stopped: bool, actor: str) -> None:
        with database.write() as session:
            row = session.get(Setting, "self_start_stopped")
            assert row is not None
            row.value = {"on": stopped, "by": actor}

    def undo(plan: str, actor: str) -> str:
        raise Refused("nothing_to_undo", f"{plan}: nothing was approved within the last minutes")

    what_if = ToldWhatIf()
    lookout = Lookout(database, log, lambda: None)
    deps = ConsoleDeps(
        database=database,
        clock=lambda: NOW,
        subscribe=hub.subscribe,
        intake=intake,
        approve=approve,
        undo=undo,
        pin=lambda wish, who: pin(parts(database), wish, who),
        ask_again=lambda code, who, words: ask_again(parts(database), code, who, words),
        started=lambda code: started_work(parts(database), code),
        stop_self_start=stop_self_start,
        command=lambda name, values, who: carry_out(database, CONTEXT, NOW, who, name, values),
        report=lambda *which: report_file(database, NOW, *which),
        explain=lambda version: EXPLAINED,
        what_if=what_if,
        photos=Photos(tmp_path / "photos"),
        sheets_dir=sheets,
        slip_name=slip_name,
        condition=lambda: lookout.condition,
        print_last=f"sweepline print-last --data {tmp_path}",
        answered=lambda *_: None,
        metrics=metrics.exposition,
        simulated=True,
    )
    server = uvicorn.Server(uvicorn.Config(create_app(deps), port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + START_LIMIT_S
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    made = Site(f"http://127.0.0.1:{port}", database, hub, lookout, sheets, what_if, taken)
    made.planner_beats()
    yield made
    server.should_exit = True
    thread.join(timeout=10)
    log.close()
    database.close()


@dataclass
class Desk:
    """The whole system running behind its console: the system, the console's address, what its pages are told."""

    line: Line
    url: str
    hub: Hub

    def settle(self) -> None:
        self.line.system.settle(self.line.clock())

    def one(self, query: Any) -> Any:
        with self.line.system.database.read() as session:
            return session.exec(query).first()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    stored_small_city(tmp_path)
    line, hub, stop = Line(tmp_path), Hub(), threading.Event()
    system = line.system
    hints = threading.Thread(target=follow, args=(system.driver, hub, stop, Pulse("hints")), daemon=True)
    hints.start()
    with system.database.write() as session:
        make_account(session, "anna", "approver", PASSWORD, datetime.now(UTC))
    system.settle(line.clock())
    lookout = Lookout(system.database, system.driver, lambda: None, solver=False)
    lookout.look()
    app = console_of(system, hub, lookout)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + START_LIMIT_S
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield Desk(line, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", hub)
    server.should_exit = True
    stop.set()
    thread.join(timeout=10)
    hints.join(timeout=10)
    system.close()


@dataclass
class Tab:
    """A page with what went wrong on it and where it asked."""

    page: Any
    faults: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def sign_in(self, name: str = "anna") -> None:
        """Sign in and wait for the map's page to be complete."""
        self.page.fill("#sign-in-name", name)
        self.page.fill("#sign-in-password", PASSWORD)
        self.page.click("#sign-in-form button[type=submit]")
        self.page.wait_for_selector("html[data-ready=true]")

    def violations(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA on the page as it is now."""
        assert AXE.is_file(), "axe-core is not fetched: run `python -m console.vendor`"
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE.read_text())
        found: list[str] = self.page.evaluate(AXE_RUN)
        return found

    def until(self, expression: str) -> None:
        """Wait for an expression to be true. Asked from outside, since the page's policy forbids it evaluated text.

        What it asks about may not have been drawn yet: a missing element is false.
        """
        limit = time.monotonic() + WAIT_LIMIT_S
        missing = "if (error instanceof TypeError) return false; throw error"
        asked = f"() => {{ try {{ return {expression} }} catch (error) {{ {missing} }} }}"
        while not self.page.evaluate(asked):
            assert time.monotonic() < limit, f"not within {WAIT_LIMIT_S} s: {expression}"
            self.page.wait_for_timeout(100)


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(chromium: Any, site: Site) -> Iterator[OpenTab]:
    contexts: list[Any] = []

    def open_(width: int = 1366, height: int = 768, webgl: bool = True, at: str = "", new: bool = False) -> Tab:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        contexts.append(context)
        context.set_default_timeout(WAIT_LIMIT_S * 1000)
        if not new:
            context.add_init_script('localStorage.setItem("sweepline.tour", "1")')
        if not webgl:
            context.add_init_script(
                "const get = HTMLCanvasElement.prototype.getContext;"
                "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
                " return /webgl/.test(kind) ? null : get.call(this, kind, ...rest); };"
            )
        tab = Tab(context.new_page())
        tab.page.on("console", lambda m: tab.faults.append(m.text) if m.type == "error" else None)
        tab.page.on("pageerror", lambda error: tab.faults.append(str(error)))
        tab.page.on("request", lambda r: None if _own(r.url, site.url) else tab.foreign.append(r.url))
        tab.page.goto(f"{site.url}/{at}")
        return tab

    yield open_
    for context in contexts:
        context.close()


def _own(url: str, site_url: str) -> bool:
    return url.startswith((site_url + "/", "data:", f"blob:{site_url}"))
