"""`demo`: the demo city's storm, to its end at once or live on the console."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlmodel import select

from console.hub import Hub
from demo.city import build_demo_city
from demo.driver import TICK, DemoDriver, stored_progress
from demo.script import build_script
from dispatch.city.store import store_city
from dispatch.summary import summary
from models.errors import Refused, Unavailable
from models.tables.city import City, Setting
from models.times import parse_time
from streams.pulse import Pulse
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System
from sweepline.following import follow
from sweepline.live import JOIN_S, console_of, serve, stop_on_signals
from sweepline.roles import Running, start_lookout
from sweepline.running import keep_beating, runner_lease
from sweepline.users import demo_sign_in

SEED_KEY = "demo_seed"
SELF_START_MIN = 10
ITERATIONS = 2_000
"""Engines work by iterations, not seconds, so that a seed gives one result on every machine."""
LIVE_TICK = timedelta(seconds=30)
ZONE = "Asia/Shanghai"


def start_instant() -> datetime:
    """Midnight before the storm day, 18 December 2023 in Gaoyou."""
    return parse_time("2023-12-17T16:00:00Z")


def demo_options(clock: SimulatedClock, seed: int) -> Options:
    """How the demo's system runs."""
    rules = {"snow": {"self_start_min": SELF_START_MIN}}
    return Options(clock=clock, rules=rules, latency=True, iterations=ITERATIONS, seed=seed)


def open_demo(
    data: Path, seed: int, tick: timedelta = TICK, streams_elsewhere: bool = False
) -> tuple[System, DemoDriver]:
    """The demo system of a directory, made on first use; one that was begun goes on. Raises Refused, Unavailable."""
    at = _prepare(data, seed)
    clock = SimulatedClock(at)
    system = System(data, replace(demo_options(clock, seed), streams_elsewhere=streams_elsewhere))
    with system.database.read() as session:
        script = build_script(seed, session)
        fresh = stored_progress(session) is None
    if fresh:
        system.start_city()
        system.settle(clock())
    return system, DemoDriver(system, script, seed, start_instant(), clock.move_to, tick)


def _prepare(data: Path, seed: int) -> datetime:
    """Store the demo city unless it is there; where the clock stands."""
    system = System(data, Options(clock=SimulatedClock(start_instant())))
    try:
        with system.database.read() as session:
            city = session.exec(select(City)).first()
            kept = session.get(Setting, SEED_KEY)
            progress = stored_progress(session)
        if city is not None and kept is None:
            raise Refused("not_demo", f"{data}: holds another city; give the demo a directory of its own with --data")
        if kept is not None and kept.value["seed"] != seed:
            raise Refused(
                "other_seed", f"{data}: holds the demo of seed {kept.value['seed']}; use it or another --data"
            )
        if city is None:
            with system.database.write() as session:
                store_city(session, build_demo_city(seed))
                session.add(Setting(key=SEED_KEY, value={"seed": seed}))
        return progress.at if progress is not None else start_instant()
    finally:
        system.close()


@contextmanager
def _sole(system: System, data: Path) -> Iterator[threading.Event]:
    """The runner lease, kept while the context is open; the event is set when it is lost."""
    lost = threading.Event()
    with runner_lease(system) as generation:
        if generation is None:
            raise Unavailable(f"{data}: another process runs here; stop it, or wait 15 s after it died")
        keep_beating(system, generation, lost)
        try:
            yield lost
        finally:
            lost.set()


def demo_once(data: Path, seed: int, as_json: bool) -> int:
    """To the end of the 19th; prints the summary. 0, or 1 when something the demo promises did not hold."""
    system, driver = open_demo(data, seed)
    try:
        with _sole(system, data) as lost:
            _with_bar(driver, lost)
        if not driver.progress.finished:
            raise Unavailable(f"{data}: another process took over before the end")
        body = _summary(system, driver, seed)
    finally:
        system.close()
    (data / "summary.json").write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")
    if as_json:
        print(json.dumps(body, ensure_ascii=False))
    else:
        print(in_words(body, data))
    return 0


def _with_bar(driver: DemoDriver, lost: threading.Event) -> None:
    total = (driver.end - driver.start).total_seconds()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("storm", total=total)

        def on_step(at: datetime) -> None:
            bar.update(task, completed=(at - driver.start).total_seconds(), description=_local(at))

        driver.run(on_step, stop=lost.is_set)


def _local(at: datetime) -> str:
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo(ZONE)).strftime("%d %b %H:%M")


def _summary(system: System, driver: DemoDriver, seed: int) -> dict[str, Any]:
    with system.database.read() as session:
        body = summary(session, seed, driver.start, driver.end, driver.progress.accepted)
    body["events"]["refused"] = driver.progress.refused
    return body


def in_words(body: dict[str, Any], data: Path) -> str:
    """The summary as a dispatcher would tell it."""
    snow, stations, cases, events = body["snow"], body["stations"], body["cases"], body["events"]
    real = [p for p in body["plans"] if not p["fallback"]]
    driven = [p for p in real if p["status"] in ("active", "closed")]
    share = 100 * snow["treated_before_onset_m"] / max(1, snow["priority_length_m"])
    lines = [
        f"{body['city']['name']}, seed {body['seed']}: {_local(parse_time(body['clock']['start']))} to "
        f"{_local(parse_time(body['clock']['end']))}",
        f"Snow: {snow['treated_before_onset_m'] / 1000:.1f} of {snow['priority_length_m'] / 1000:.1f} km of bridges, "
        f"ramps, main and secondary streets treated before onset ({share:.1f} %), "
        f"{len(snow['exceptions'])} exceptions.",
        f"Waste: {stations['cleared']} of {stations['total']} station-days cleared.",
        f"Complaints: {cases['received']} received, {cases['merged']} merged, {cases['closed']} closed, "
        f"{cases['open']} open.",
        f"Plans: {len(real)} versions, {len(driven)} driven, "
        f"{sum(not p['feasible'] for p in real)} failed their check, "
        f"{sum(len(p['unserved']) for p in driven)} tasks unserved.",
        f"Events: {events['accepted']} accepted = {events['applied']} applied + {events['quarantined']} quarantined; "
        f"{events['duplicates']} repeated, {events.get('refused', 0)} refused.",
        f"Sheets: {len(body['sheets'])} in {data / 'sheets'}; merged by plan in {data / 'bundles'}.",
        f"State: {body['state_hash']}",
        "See it live with `make console`.",
    ]
    return "\n".join(lines)


def demo_live(data: Path, port: int, speed: float, seed: int) -> int:
    """The same, live: the console on 127.0.0.1, the clock at `speed`."""
    system, driver = open_demo(data, seed, LIVE_TICK)
    hub = Hub()
    try:
        with _sole(system, data) as stop:
            stop_on_signals(stop)
            name, password = demo_sign_in(system.database)
            thread = threading.Thread(
                target=driver.run, args=(lambda at: hub.publish("clock:demo"), speed, stop.is_set), daemon=True
            )
            thread.start()
            print(f"console: http://127.0.0.1:{port}   sign in as {name} with {password}", flush=True)
            print(f"the storm plays at {speed:g} simulated seconds a second; stop with Ctrl-C", flush=True)
            hints, pages = Pulse("hints"), Pulse("pages")
            running = Running(stop)
            running.start("hints", partial(follow, system.driver, hub), hints)
            lookout = start_lookout(system, running, [hints, pages], solver=False)  # the driver makes the plans
            serve(console_of(system, hub, lookout), "127.0.0.1", port, stop, pages)
            running.join(JOIN_S)
            thread.join(timeout=60)
    finally:
        system.close()
    return 0
