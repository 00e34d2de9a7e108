"""How long the line takes, wall clock: alert → plans, complaint → proposal, start → first answer."""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import Session, col, select

from bench.alerts import snow_alert
from bench.machine import machine
from demo.city import build_demo_city
from dispatch.city.store import store_city
from models.tables.city import Station
from models.tables.plans import Plan, PlanRequest, PlanVersion
from models.times import iso
from sweepline.city import import_command
from sweepline.clock import WallClock
from sweepline.compose import Options, System
from sweepline.roles import start_roles

LIMIT_S = 300.0
POLL_S = 0.02


def wait(system: System, ready: Callable[[Session], bool]) -> float:
    """Seconds until a condition of the rows holds."""
    began = time.perf_counter()
    while time.perf_counter() - began < LIMIT_S:
        with system.database.read() as session:
            if ready(session):
                return time.perf_counter() - began
        time.sleep(POLL_S)
    raise TimeoutError(f"not reached within {LIMIT_S} s")


def salting_plans(session: Session) -> list[str]:
    """Codes of the pretreat plans."""
    rows = session.exec(select(Plan.code).where(Plan.service == "salting", Plan.period != "fallback")).all()
    return list(rows)


def alert_to_plan(system: System, geocode: str, districts: int) -> dict[str, float]:
    """From the alert's receipt to the first, then the improved plan of every district."""

    def first(session: Session) -> bool:
        codes = salting_plans(session)
        made = session.exec(
            select(PlanVersion.plan).where(col(PlanVersion.plan).in_(codes), PlanVersion.feasible)
        ).all()
        return len(codes) == districts and len(set(made)) == districts

    def improved(session: Session) -> bool:
        codes = salting_plans(session)
        phases = session.exec(select(PlanRequest.phase).where(col(PlanRequest.plan).in_(codes))).all()
        return bool(phases) and set(phases) == {"done"}

    system.intake(snow_alert(system.clock(), geocode), "application/xml", "")
    began = time.perf_counter()
    wait(system, first)
    first_s = time.perf_counter() - began
    wait(system, improved)
    return {"first_plan_s": round(first_s, 2), "improved_s": round(time.perf_counter() - began, 2)}


def complaints(system: System, count: int) -> dict[str, Any]:
    """From a complaint's receipt to the stored proposal, into a collection plan under way."""
    with system.database.read() as session:
        stations = session.exec(select(Station).order_by(Station.id)).all()
        plan = session.exec(select(Plan).where(Plan.service == "collection", Plan.period != "fallback")).first()
        assert plan is not None
        version = session.exec(select(PlanVersion).where(PlanVersion.plan == plan.code)).all()[-1]
    system.approve(version.id, "bench")
    places = [s for s in stations if s.district == plan.district][:: max(1, len(stations) // (4 * count))][:count]
    took: list[float] = []
    for n, place in enumerate(places):
        body = {"type": "complaint.received", "id": f"bench-{n}", "kind": "litter", "lon": place.lon, "lat": place.lat}
        began = time.perf_counter()
        system.intake(json.dumps(body).encode(), "application/json", "")

        def proposed(session: Session, n: int = n) -> bool:
            rows = session.exec(select(PlanRequest).where(col(PlanRequest.reason).like("case:%"))).all()
            return sum(row.phase == "done" for row in rows) > n

        wait(system, proposed)
        took.append(time.perf_counter() - began)
    return {"count": len(took), "median_s": round(statistics.median(took), 3), "max_s": round(max(took), 3)}


def running(folder: Path, work: Callable[[System], dict[str, Any]]) -> dict[str, Any]:
    """Run all roles in threads on the wall clock while `work` measures."""
    system = System(folder, Options(clock=WallClock()))
    stop = threading.Event()
    running = start_roles(system, stop)
    try:
        return work(system)
    finally:
        stop.set()
        running.join(30)
        system.close()


def demo_city(folder: Path) -> dict[str, Any]:
    """Alert and complaints on the demo city."""
    first = System(folder, Options(clock=WallClock()))
    with first.database.write() as session:
        store_city(session, build_demo_city(7))
    first.close()

    def work(system: System) -> dict[str, Any]:
        found: dict[str, Any] = {"alert": alert_to_plan(system, "321084", 4)}
        with system.database.write() as session:
            from dispatch.collection import open_day, plan_run
            from dispatch.uow import UnitOfWork
            from models.times import local_date

            now = system.clock()
            uow = UnitOfWork(session, now, "bench", "bench")
            day = local_date(now, system.context.zone)
            runs = dict.fromkeys(system.rules.collection.runs, ("00:00", "00:00", "23:59"))
            rules = system.rules.model_copy(
                update={"collection": system.rules.collection.model_copy(update={"runs": runs})}
            )
            open_day(uow, system.context, day)
            plan_run(uow, type(system.context)(rules, system.context.city, system.context.zone), day, "E")
        wait(system, lambda s: _settled(s))
        found["complaint"] = complaints(system, 10)
        return found

    return running(folder, work)


def _settled(session: Session) -> bool:
    rows = session.exec(
        select(PlanRequest).join(Plan, col(Plan.code) == col(PlanRequest.plan)).where(Plan.service == "collection")
    ).all()
    return bool(rows) and all(row.phase in ("done", "failed") for row in rows)


def charlottetown(folder: Path, shared: Path) -> dict[str, Any]:
    """The same alert on Charlottetown with a demo fleet."""
    pbf = shared / "data/streets/charlottetown_pe_2026.osm.pbf"
    import_command([pbf], folder, fleet="demo", geocode="bench", zone="America/Halifax", fallback=False, as_json=True)
    return running(folder, lambda system: {"alert": alert_to_plan(system, "bench", 1)})


def up(folder: Path) -> dict[str, Any]:
    """`sweepline up` on an imported city: seconds to the first answer, resident memory at rest."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    command = [sys.executable, "-m", "sweepline.cli", "up", "--data", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=1.0)
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        answered = time.perf_counter() - began
        time.sleep(60)
        return {"answers_s": round(answered, 2), "rest_mb": round(_resident(process.pid) / 2**20)}
    finally:
        process.terminate()
        process.wait(timeout=30)


def _resident(pid: int) -> int:
    """Resident bytes of a process and its children."""
    total = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(entry.name) == pid or int(stat[1]) == pid:
            total += int(stat[21]) * os.sysconf("SC_PAGE_SIZE")
    return total


def main() -> None:
    """Run all and print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SWEEPLINE_SHARED", "../shared")))
    shared = parser.parse_args().shared
    body: dict[str, Any] = {"machine": machine(), "at": iso(datetime.now(UTC))}
    with tempfile.TemporaryDirectory() as place:
        body["demo_city"] = demo_city(Path(place) / "demo")
        body["up"] = up(Path(place) / "demo")
        if shared.is_dir():
            body["charlottetown"] = charlottetown(Path(place) / "charlottetown", shared)
    print(json.dumps(body, indent=1))


if __name__ == "__main__":
    main()
