"""Many pages on one console process, and nothing else: how long a vehicle's place takes to all of them.

    python -m bench.listeners --pages 500 --vehicles 500

One process serves the console over the demo city and is told of so many places a second, as the view tells them;
this one holds the pages' connections open. A place's age is what passed from its telling to its arrival here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from bench.load import percentiles
from bench.load_site import usage
from bench.machine import machine
from config.settings import Settings
from console.accounts import COOKIE, make_account
from console.hub import Hub
from console.places import packed
from demo.city import build_demo_city
from dispatch.city.store import store_city
from models.database import Database
from models.migrate import upgrade
from models.times import iso, parse_time
from sweepline.compose import System
from sweepline.following import MOVES_S
from sweepline.live import console_of
from sweepline.lookout import Lookout

PASSWORD = "held by nobody"
JUDGED_EVERY = 10
"""One page in so many has its messages looked into: to look into all would take longer than to send them."""
SETTLE_S = 5.0
LINE_LIMIT = 2**20


def serve(folder: str, vehicles: int, told: Connection) -> None:
    """The console's process: its port is told, then places move for ever."""
    database = Database(f"sqlite:///{folder}/sweepline.db")
    upgrade(database)
    with database.write() as session:
        store_city(session, build_demo_city(7))
        make_account(session, "page", "viewer", PASSWORD, datetime.now(UTC))
    database.close()
    system, hub = System(Path(folder), settings=Settings(solver_processes=0)), Hub()
    lookout = Lookout(system.database, system.driver, lambda: None, solver=False)
    lookout.look()
    server = uvicorn.Server(uvicorn.Config(console_of(system, hub, lookout), port=0, log_level="warning"))

    def move() -> None:
        while not server.started:
            time.sleep(0.05)
        told.send(server.servers[0].sockets[0].getsockname()[1])
        turn, share = 0, max(1, round(1 / MOVES_S))
        while True:
            time.sleep(MOVES_S)
            now = iso(datetime.now(UTC))
            value = {"lon": -83.001234, "lat": 39.961234, "observed_at": now, "speed_kmh": 31.4, "heading_deg": 90.0}
            places = {f"L-{n:05d}": packed(f"L-{n:05d}", value) for n in range(turn, vehicles, share)}
            hub.move({name: place for name, place in places.items() if place is not None})
            turn = (turn + 1) % share

    threading.Thread(target=move, daemon=True).start()
    server.run()


async def listen(port: int, cookie: str, seconds: float, number: int, found: dict[str, Any]) -> None:
    """One page for so long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LINE_LIMIT)
    writer.write(f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {COOKIE}={cookie}\r\n\r\n".encode())
    status = (await reader.readline()).split(b" ")[1]
    if status != b"200":
        found["refused"] += 1
        return
    try:
        async with asyncio.timeout(seconds):
            while line := await reader.readline():
                found["bytes"] += len(line)
                if line.startswith(b"data: [["):
                    found["messages"][number] += 1
                    if number % JUDGED_EVERY == 0 and time.monotonic() > found["from"]:
                        age = time.time() - parse_time(json.loads(line[6:])[-1][3]).timestamp()
                        found["ages"].append(age)
        found["ended"] += 1
    except TimeoutError:
        writer.close()


async def listen_all(port: int, cookie: str, options: argparse.Namespace) -> dict[str, Any]:
    """All pages for so long; what they got."""
    found: dict[str, Any] = {"messages": [0] * options.pages, "bytes": 0, "refused": 0, "ended": 0, "ages": []}
    found["from"] = time.monotonic() + SETTLE_S
    whole = options.seconds + SETTLE_S
    await asyncio.gather(*(listen(port, cookie, whole, number, found) for number in range(options.pages)))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print one document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--vehicles", type=int, default=500, help="vehicles that move once a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(arguments)
    here, there = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory(prefix="sweepline-listeners-") as folder:
        child = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, options.vehicles, there))
        child.start()
        try:
            port = here.recv()
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:
                client.post("/api/session", json={"name": "page", "password": PASSWORD}).raise_for_status()
                cookie = client.cookies[COOKIE]
            before, began = usage({"console": [child.pid or 0]})["console"], time.monotonic()
            found = asyncio.run(listen_all(port, cookie, options))
            after, took = usage({"console": [child.pid or 0]})["console"], time.monotonic() - began
        finally:
            child.terminate()
            child.join()
    body = {
        "machine": machine(),
        "at": iso(datetime.now(UTC)),
        "pages": options.pages,
        "refused": found["refused"],
        "ended": found["ended"],
        "messages_least_most": [min(found["messages"]), max(found["messages"])],
        "mb_s": round(found["bytes"] / 2**20 / took, 1),
        "age": percentiles(found["ages"]) if found["ages"] else {},
        "console_cores": round((after.cpu_s - before.cpu_s) / took, 2),
        "console_mb": round(after.memory_b / 2**20),
        "load": os.getloadavg(),
    }
    print(json.dumps(body, indent=1))


if __name__ == "__main__":
    main()
