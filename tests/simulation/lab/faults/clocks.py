"""Wrong clocks: a process whose machine is an hour behind or two days ahead, while it runs and back again."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from tests.simulation.lab.processes import Process
from tests.simulation.lab.services import ROOT
from tests.simulation.lab.trial import Strike, fault

LIBRARIES = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
LIBRARY = next(iter(sorted(map(str, LIBRARIES))), "")
SLEEP = Path(__file__).parents[1] / "wrong_clock"
WRONG_S = 6.0
UP_S = 60.0
BY = {"back": timedelta(hours=-1), "forward": timedelta(days=2)}
NEAR = timedelta(minutes=2)


def _dial(process: Process, data: Path) -> Path:
    return data / f"{process.name}.clock"


def _set(process: Process, data: Path, offset: timedelta) -> None:
    """Turn the clock of a process, while it runs. Written beside and renamed: it is read at any time."""
    dial = _dial(process, data)
    fresh = dial.with_suffix(".new")
    fresh.write_text(f"{offset.total_seconds():+.0f}s\n")
    fresh.rename(dial)


def _on_a_clock_of_its_own(strike: Strike, process: Process) -> None:
    """Start it again under libfaketime, its clock right at first."""
    data = strike.site.data
    if process.env.get("LD_PRELOAD") == LIBRARY:
        return
    _set(process, data, timedelta())
    process.env |= {
        "LD_PRELOAD": LIBRARY,
        "FAKETIME_TIMESTAMP_FILE": str(_dial(process, data)),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": os.pathsep.join([str(SLEEP), str(ROOT)]),
    }
    old = process.signal(signal.SIGTERM)
    strike.until(f"{process.name} is started again", lambda: process.pid != old, UP_S)
    strike.until(f"{process.name} is up", lambda: strike.site.beat(process) is not None, UP_S, 0.3)


def _runs_by(strike: Strike, process: Process, offset: timedelta) -> bool:
    """Whether what the process last wrote has this clock's time."""
    beat = strike.site.beat(process)
    return beat is not None and abs(beat.beat_at - datetime.now(UTC) - offset) < NEAR


def wrong_clock(name: str, way: str, strike: Strike) -> None:
    """Turned while it runs, kept wrong for a while, turned back."""
    strike.demand(bool(LIBRARY), "cannot be struck here: the package libfaketime is missing")
    process = strike.site.processes[name]
    _on_a_clock_of_its_own(strike, process)
    _set(process, strike.site.data, BY[way])
    strike.until("the clock is wrong", lambda: _runs_by(strike, process, BY[way]), UP_S, 0.3)
    strike.proof(f"heartbeats {way}", 1)
    strike.hold(WRONG_S)
    _set(process, strike.site.data, timedelta())
    strike.healed()
    strike.until("the clock is right", lambda: _runs_by(strike, process, timedelta()), UP_S, 0.3)


for _name in ("streams-1", "planner-1", "relay", "printer", "console"):
    for _way in BY:
        fault(f"clock-{_way}-{_name}", "clocks")(partial(wrong_clock, _name, _way))
