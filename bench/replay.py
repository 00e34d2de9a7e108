"""The demo's event log through the embedded system, and through 1 and 4 streams workers on Kafka and PostgreSQL.

    python -m bench.replay --workers 1,4

Each run plays the same seeded storm: the log is what trucks, stations, people and the weather send. With workers, the
driver only plays, relays and plans; the role streams runs in processes of its own that share the partitions, and the
clock moves on when they have read everything. Prints the hash of the log and of the state of each run; exit code 1
when two differ. Services run on ports and in a folder of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from bench.load_site import ROOT, Services
from bench.machine import machine
from dispatch.state_hash import state_hash, table_hashes
from models.ids import content_hash
from models.tables.flow import StoredEvent
from models.times import iso
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System
from sweepline.demo import demo_options, open_demo, start_instant
from sweepline.roles import start_roles

STOP_S = 30.0
CITY_LOOK_S = 0.5


def read_streams(data: Path, options: Options) -> None:
    """The role streams from when there is a city until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    system = System(data, options)
    while not system.context.city:
        system.close()
        if stop.wait(CITY_LOOK_S):
            return
        system = System(data, options)
    running = start_roles(system, stop, ("streams",))
    stop.wait()
    running.join(STOP_S)
    system.close()


def log_hash(session: Session) -> str:
    """The hash of everything that came in as a row; positions, levels and readings are in the state."""
    rows = session.exec(select(StoredEvent.source, StoredEvent.id, StoredEvent.content_hash)).all()
    return content_hash(json.dumps(sorted(map(list, rows))))


def play(data: Path, seed: int, workers: int) -> dict[str, Any]:
    """The demo to its end in this process, with or without streams workers beside it."""
    began = time.monotonic()
    system, driver = open_demo(data, seed, streams_elsewhere=workers > 0)
    try:
        driver.run(lambda _at: None)
        with system.database.read() as session:
            return {
                "workers": workers,
                "accepted": driver.progress.accepted,
                "log": log_hash(session),
                "state_hash": state_hash(session),
                "tables": table_hashes(session),
                "seconds": round(time.monotonic() - began),
            }
    finally:
        system.close()


def run(folder: Path, seed: int, workers: int) -> dict[str, Any]:
    """One run from an empty folder: embedded for 0 workers, else with services of its own."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("SWEEPLINE_")}
    command = [sys.executable, "-m", "bench.replay", "--seed", str(seed), "--folder", str(folder / "data")]
    services = Services(folder)
    started: list[subprocess.Popen[bytes]] = []
    try:
        if workers:
            services.start()
            env = services.environment()
        for _ in range(workers):
            started.append(subprocess.Popen([*command, "--part", "streams"], cwd=ROOT, env=env))
        player = [*command, "--part", str(workers)]
        done = subprocess.run(player, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
        assert all(process.poll() is None for process in started), "a worker has ended before the storm has"
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(STOP_S)
        services.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """All runs, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,4", help="numbers of streams workers, with commas")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "streams":
        read_streams(options.folder, demo_options(SimulatedClock(start_instant()), options.seed))
        return 0
    if options.part:
        print(json.dumps(play(options.folder, options.seed, int(options.part))))
        return 0
    place = Path(tempfile.mkdtemp(prefix="sweepline-replay-"))
    place.chmod(0o755)  # PostgreSQL runs under its own account
    runs = [run(place / str(n), options.seed, n) for n in (0, *map(int, options.workers.split(",")))]
    differing = sorted(
        {name for one in runs for name, value in one["tables"].items() if value != runs[0]["tables"][name]}
    )
    for one in runs:
        del one["tables"]
    same = len({(one["log"], one["state_hash"]) for one in runs}) == 1
    body = {
        "machine": machine(),
        "at": iso(datetime.now(UTC)),
        "same": same,
        "differing_tables": differing,
        "runs": runs,
    }
    print(json.dumps(body, indent=1))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
