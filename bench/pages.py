"""The console under the eyes of many: one real browser, other clients that read as a page does, vehicles that report.

    python -m bench.pages --osm columbus_oh.osm.pbf --chromium /usr/bin/chromium

Every role runs as a process, as in bench.load. A page's own clock and the generator's are this machine's: what is shown
of a vehicle is as old as the page's clock less the report's time. The browser draws without a graphics card, on the
processors everything else uses.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import create_engine, text
from sqlmodel import select

from bench.load import percentiles, zone_of
from bench.load_sender import JSON_LINES, Rates, Sender
from bench.load_site import ACCOUNT, Site, usage
from bench.load_traffic import Traffic, add_vehicles
from bench.machine import machine
from bench.pages_steps import MARKS, WATCH, Steps, inputs, long_frames
from demo.city import build_demo_city
from dispatch.city.data import CityData
from dispatch.city.imports import add_geocode, apply_inputs, read_input
from dispatch.city.store import TABLES, get_city
from dispatch.city.streets_import import Naming
from models.database import Database
from models.migrate import upgrade
from models.times import iso
from sweepline.city import place_demo_fleet

LEAD_S = 2.0
CASES_A_SECOND = 50.0
SETTLE_LIMIT_S = 600.0
PAGE_LIMIT_MS = 120_000
DATA = b"data: "
READ_EVERY_S = 30.0
"""How often a page reads the vehicles again, besides what the stream says of them."""
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--enable-unsafe-swiftshader", "--enable-precise-memory-info"]

READ = """async (times) => {
  const { set } = await import("/static/js/store.js");
  const { get } = await import("/static/js/api.js");
  for (let n = 0; n < times; n++) set("vehicles", await get("/api/vehicles"));
}"""
"""What a page does each second with the vehicles, so many times as fast as it goes."""


def columbus(path: Path, folder: Path) -> CityData:
    """The streets of a file with a generated fleet."""
    database = Database(f"sqlite:///{folder / 'city.db'}")
    upgrade(database)
    with database.write() as session:
        apply_inputs(session, [read_input(path)], Naming("", "", ""))
        add_geocode(session, "000001")
        place_demo_fleet(session, 7)
    with database.read() as session:
        lists: dict[str, Any] = {name: list(session.exec(select(table)).all()) for name, table in TABLES}
        city = CityData(get_city(session), **lists)
        session.expunge_all()
    database.close()
    return city


class Clients(threading.Thread):
    """Clients that listen to the stream; the first `reading` of them read the vehicles as a page does."""

    def __init__(self, url: str, password: str, reading: int, listening: int) -> None:
        super().__init__(daemon=True)
        self._url, self._password = url, password
        self._reading, self._count = reading, reading + listening
        self._over = threading.Event()
        self.messages: list[int] = []
        self.bytes = 0
        self.read_s: list[float] = []
        self.faults: Counter[str] = Counter()

    def run(self) -> None:
        """Listen until told to stop."""
        asyncio.run(self._all())

    def end(self) -> None:
        """Stop, and wait for it."""
        self._over.set()
        self.join(30.0)

    async def _all(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(base_url=self._url, timeout=60.0, limits=limits) as client:
            answer = await client.post("/api/session", json={"name": ACCOUNT, "password": self._password})
            answer.raise_for_status()
            self.messages = [0] * self._count
            jobs = [asyncio.create_task(self._one(client, n)) for n in range(self._count)]
            while not self._over.is_set():
                await asyncio.sleep(0.1)
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)

    async def _one(self, client: httpx.AsyncClient, number: int) -> None:
        last = -READ_EVERY_S
        try:
            async with client.stream("GET", "/api/stream", timeout=None) as stream:
                stream.raise_for_status()
                async for piece in stream.aiter_raw():  # not taken apart: five hundred clients are one process here
                    self.messages[number] += piece.count(DATA)
                    self.bytes += len(piece)
                    if number < self._reading and time.monotonic() - last >= READ_EVERY_S:
                        last = time.monotonic()
                        (await client.get("/api/vehicles")).raise_for_status()
                        self.read_s.append(time.monotonic() - last)
        except httpx.HTTPError as error:
            self.faults[type(error).__name__] += 1


def file_cases(site: Site, traffic: Traffic, count: int) -> None:
    """Have so many complaints in, and wait until every one is a case."""
    sender = Sender(site.url, ACCOUNT, site.password, traffic, Rates(tickets_s=CASES_A_SECOND), [])
    began = time.time() + LEAD_S
    traffic.restart(datetime.fromtimestamp(began, UTC))
    asyncio.run(sender.run(began, count / CASES_A_SECOND))
    engine = create_engine(site.database_url)
    until = time.monotonic() + SETTLE_LIMIT_S
    with engine.connect() as connection:
        while time.monotonic() < until:
            stored = connection.execute(text("SELECT count(*) FROM inbox WHERE \"group\" = 'cases'")).scalar_one()
            connection.rollback()
            if stored >= sender.sent.accepted["tickets"]:
                break
            time.sleep(1.0)
    engine.dispose()


def use(page: Page, street: str, vehicle: str) -> None:
    """What a dispatcher does in a minute: tabs, search, a vehicle, layers, the map."""
    for key in ("]", "]", "[", "2", "3", "1"):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
    for words in (street, vehicle):
        page.click("#search")
        page.keyboard.type(words, delay=60)
        page.wait_for_timeout(500)
        page.keyboard.press("Enter")
        page.wait_for_timeout(800)
        page.keyboard.press("Escape")
    box = page.locator("#map").bounding_box()
    assert box is not None
    for n in range(3):
        page.mouse.click(box["x"] + box["width"] / 2 + 40 * n, box["y"] + box["height"] / 2)
        page.wait_for_timeout(500)
    page.keyboard.press("Escape")


def heap_mb(page: Page) -> float:
    """Megabytes the page's objects take, rubbish collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return round(float(used) / 2**20, 1)


def looked_at(site: Site, options: argparse.Namespace, street: str, vehicle: str) -> dict[str, Any]:
    """The browser's figures while vehicles report."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=options.chromium, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB")
        context.set_default_timeout(PAGE_LIMIT_MS)
        context.add_init_script(MARKS)
        page = context.new_page()
        page.goto(site.url)
        page.fill("#sign-in-name", ACCOUNT)
        page.fill("#sign-in-password", site.password)
        page.press("#sign-in-password", "Enter")
        page.wait_for_selector("html[data-ready=true]")
        useful = []
        for _ in range(options.loads):
            page.reload()
            page.wait_for_selector("html[data-ready=true]")
            useful.append(page.evaluate("window.readyMs / 1000"))
        page.evaluate(WATCH)
        page.evaluate("window.slow = []; window.frames = []")
        began = time.monotonic()
        while time.monotonic() - began < options.seconds:
            use(page, street, vehicle)
        ages, slow, frames = (page.evaluate(f"window.{name}") for name in ("ages", "slow", "frames"))
        heaps = [heap_mb(page)]
        for _ in range(4 if options.readings else 0):
            page.evaluate(READ, options.readings // 4)
            heaps.append(heap_mb(page))
        browser.close()
    return {
        "useful_s": {"median": round(sorted(useful)[len(useful) // 2], 2), "worst": round(max(useful), 2)},
        "vehicle_known": percentiles(ages["known"]) if ages["known"] else {},
        "vehicle_on_screen": (percentiles(ages["drawn"]) if ages["drawn"] else {}) | {"updates": len(ages["drawn"])},
        "interaction_ms": inputs(slow),
        "long_frames": long_frames(frames),
        "heap_mb": heaps,
    }


def report_positions(site: Site, traffic: Traffic, busy: threading.Event) -> Counter[str]:
    """Send each vehicle's report when it is due, while busy; the answers."""
    answers: Counter[str] = Counter()
    with httpx.Client(base_url=site.url, timeout=60.0) as client:
        answer = client.post("/api/session", json={"name": ACCOUNT, "password": site.password})
        client.headers["x-csrf-token"] = answer.json()["csrf"]
        began = time.time() + LEAD_S
        traffic.restart(datetime.fromtimestamp(began, UTC))
        tick = 0
        while busy.is_set():
            tick += 1
            due = tick * 0.1
            time.sleep(max(0.0, began + due - time.time()))
            body = b"\n".join(traffic.positions(due))
            if body:
                code = client.post("/api/events", content=body, headers={"content-type": JSON_LINES}).status_code
                answers[str(code)] += 1
    return answers


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One run from an empty folder to its report."""
    folder.chmod(0o755)  # PostgreSQL runs under its own account
    city = columbus(options.osm, folder) if options.osm else build_demo_city(7)
    city.city.zone = zone_of(1, datetime.now(UTC))
    vehicles = add_vehicles(city, options.vehicles)
    street = next(row.name for row in city.segments if row.name)
    site = Site(folder)
    try:
        site.start(city)
        traffic = Traffic(city, vehicles, 1.0, datetime.now(UTC), 1)
        file_cases(site, traffic, options.cases)
        if dead := site.dead():
            options.keep = True
            raise SystemExit(f"{', '.join(dead)} ended before anything was measured: see {folder}/*.log")
        clients = Clients(site.url, site.password, options.clients - 1, options.listeners)
        clients.start()
        busy = threading.Event()
        busy.set()
        answers: list[Counter[str]] = []
        sender = threading.Thread(target=lambda: answers.append(report_positions(site, traffic, busy)), daemon=True)
        sender.start()
        time.sleep(10.0)
        steps = Steps(site.services.broker, site.database_url, "L-")
        steps.start()
        before, began = usage(site.groups), time.monotonic()
        figures = looked_at(site, options, street, vehicles[0])
        after, took = usage(site.groups), time.monotonic() - began
        passed = steps.end()
        busy.clear()
        sender.join(60.0)
        clients.end()
        heard = sorted(clients.messages)
        return {
            "streets": len(city.segments),
            "vehicles": len(vehicles),
            "answers": dict(answers[0]) if answers else {},
            "vehicle_at": passed,
            **figures,
            "load": os.getloadavg(),
            "clients": {
                "open": len(heard),
                "messages_least_most": [heard[0], heard[-1]] if heard else [],
                "mb": round(clients.bytes / 2**20, 1),
                "vehicles_read": percentiles(clients.read_s) if clients.read_s else {},
                "faults": dict(clients.faults),
            },
            "console_cores": round((after["console"].cpu_s - before["console"].cpu_s) / took, 2),
            "dead": site.dead(),
        }
    finally:
        site.stop(keep=options.keep)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print one document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--osm", type=Path, default=None, help="streets to import; default: the demo city")
    parser.add_argument("--chromium", required=True, help="path of the browser")
    parser.add_argument("--vehicles", type=int, default=500, help="vehicles that report once a second")
    parser.add_argument("--cases", type=int, default=2000, help="complaints filed before")
    parser.add_argument("--clients", type=int, default=20, help="pages, the browser's one included")
    parser.add_argument("--listeners", type=int, default=0, help="further clients that only listen")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the page is used")
    parser.add_argument("--loads", type=int, default=3, help="how often the page is loaded")
    parser.add_argument("--readings", type=int, default=0, help="then vehicles are read so often; 28800: eight hours")
    parser.add_argument("--keep", action="store_true", help="leave the folder with its logs")
    options = parser.parse_args(arguments)
    body: dict[str, Any] = {"machine": machine(), "at": iso(datetime.now(UTC))}
    body |= run(options, Path(tempfile.mkdtemp(prefix="sweepline-pages-")))
    print(json.dumps(body, indent=1))


if __name__ == "__main__":
    main()
