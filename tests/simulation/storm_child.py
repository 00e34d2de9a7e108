"""The storm on the small city, run to its end by a process of its own so that it can be killed.

    python -m tests.simulation.storm_child DIR [STEPS | elsewhere | streams]

Prints the state hash. Database and broker come from the settings. With STEPS it stops after so many steps; with
`elsewhere` it reads nothing itself but waits for processes that were started with `streams`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import select

from bench.replay import read_streams
from config.settings import load_settings
from demo.driver import DemoDriver, stored_progress
from demo.script import StormScript, build_script
from dispatch.city.store import store_city
from dispatch.state_hash import state_hash, table_hashes
from models.tables.city import City
from sweepline.clock import Clock, SimulatedClock
from sweepline.compose import Options, System
from tests.small_city import small_city

SEED = 5
START = datetime(2023, 12, 18, 7, 50, tzinfo=UTC)
END = datetime(2023, 12, 18, 17, 0, tzinfo=UTC)
RULES = {"snow": {"self_start_min": 10}}


def short_script(script: StormScript) -> StormScript:
    events = tuple(event for event in script.events if START < event.at <= END)
    return replace(script, start=START, end=END, events=events)


def storm_options(clock: Clock, elsewhere: bool = False) -> Options:
    return Options(
        clock=clock, rules=RULES, latency=True, iterations=100, seed=SEED, streams_elsewhere=elsewhere, holder="storm"
    )


def open_storm(folder: Path, elsewhere: bool = False) -> tuple[System, DemoDriver]:
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
    system = System(folder, storm_options(clock, elsewhere), settings)
    if progress is None:
        system.start_city()
        system.settle(clock())
    with system.database.read() as session:
        script = short_script(build_script(SEED, session))
    return system, DemoDriver(system, script, SEED, START, clock.move_to)


def main(folder: Path, steps: int = 0, elsewhere: bool = False) -> None:
    system, driver = open_storm(folder, elsewhere)
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
    where, what = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "0"
    if what == "streams":
        read_streams(where, storm_options(SimulatedClock(START)))
    else:
        main(where, 0 if what == "elsewhere" else int(what), what == "elsewhere")
