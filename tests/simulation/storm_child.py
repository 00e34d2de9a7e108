"""The storm on the small city, run to its end by a process of its own so that it can be killed.

    python -m tests.simulation.storm_child DIR [STEPS]

Prints the state hash. Database and broker come from the settings. With STEPS it stops after so many steps.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import select

from config.settings import load_settings
from demo.driver import DemoDriver, stored_progress
from demo.script import StormScript, build_script
from dispatch.city.store import store_city
from dispatch.state_hash import state_hash, table_hashes
from models.tables.city import City
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System
from tests.small_city import small_city

SEED = 5
START = datetime(2023, 12, 18, 7, 50, tzinfo=UTC)
END = datetime(2023, 12, 18, 17, 0, tzinfo=UTC)
RULES = {"snow": {"self_start_min": 10}}


def short_script(script: StormScript) -> StormScript:
    events = tuple(event for event in script.events if START < event.at <= END)
    return replace(script, start=START, end=END, events=events)


def open_storm(folder: Path) -> tuple[System, DemoDriver]:
    settings = load_settings(folder).model_copy(update={"solver_processes": 0})
    clock = SimulatedClock(START)
    first = System(folder, Options(clock=clock), settings)
    with first.database.read() as session:
        progress = stored_progress(session)
        there = session.exec(select(City)).first() is not None
    if not there:
        with first.database.write() as session:
            store_city(session, small_city())
    first.close()
    if progress is not None:
        clock = SimulatedClock(progress.at)
    options = Options(clock=clock, rules=RULES, latency=True, iterations=100, seed=SEED)
    system = System(folder, options, settings)
    if progress is None:
        system.start_city()
        system.settle(clock())
    with system.database.read() as session:
        script = short_script(build_script(SEED, session))
    return system, DemoDriver(system, script, SEED, START, clock.move_to)


def main(folder: Path, steps: int = 0) -> None:
    system, driver = open_storm(folder)
    done = 0

    def on_step(_at: datetime) -> None:
        nonlocal done
        done += 1
        print(f"step {done}", flush=True)

    driver.run(on_step, stop=lambda: bool(steps) and done >= steps)
    with system.database.read() as session:
        for name, value in table_hashes(session).items():
            print(f"table {name} {value}")
        print(f"state {state_hash(session)} {driver.progress.accepted} {driver.progress.finished}", flush=True)
    system.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
