"""The roles of a live system as loops, each run in a thread of its own until `stop`."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlmodel import select

from dispatch.places import place_index
from models.errors import Unavailable
from models.tables.city import City
from streams.housekeeping import prune
from streams.planner import QUICK_PHASES
from streams.runner import Runner
from streams.timers import fire_due
from streams.watchdog import Watchdog
from sweepline.compose import System

HOUSEKEEPING_S = 3600.0
TIMER_PAUSE_S = 0.5
PLANNER_PAUSE_S = 0.1
IMPROVER_PAUSE_S = 0.5
PRINTER_PAUSE_S = 1.0
AWAY_PAUSE_S = 5.0

Loop = Callable[[threading.Event], None]


def role_loops(system: System, role: str = "") -> list[tuple[str, Loop]]:
    """(name, loop) of one role of the production set-up; all of them for ""."""
    loops: dict[str, list[tuple[str, Loop]]] = {
        "streams": [
            *[(f"recorder {r.recorder.group}", r.run) for r in system.runners],
            *[(f"watchdog {r.recorder.group}", _watchdog(system, r).run) for r in system.runners],
        ],
        "views": [(f"view {view.name}", view.run) for view in system.views],
        "relay": [
            ("relay", system.relay.run),
            ("timers", lambda stop: _loop(stop, TIMER_PAUSE_S, lambda: fire_due(system.database, system.clock()))),
            ("housekeeping", lambda stop: _loop(stop, HOUSEKEEPING_S, lambda: _keep_house(system))),
        ],
        "planner": [("planner", lambda stop: _plan(system, stop)), ("improver", lambda stop: _improve(system, stop))],
        "printer": [("printer", lambda stop: _loop(stop, PRINTER_PAUSE_S, system.printer.print_due))],
    }
    return loops[role] if role else [loop for group in loops.values() for loop in group]


def start_threads(system: System, stop: threading.Event, role: str = "") -> list[threading.Thread]:
    """The loops of a role, or of every role, in threads. From now on the ballast is kept."""
    if system.database.ballast is not None:
        system.database.ballast.keep()
    threads = [
        threading.Thread(target=loop, args=(stop,), name=name, daemon=True) for name, loop in role_loops(system, role)
    ]
    for thread in threads:
        thread.start()
    return threads


def _keep_house(system: System) -> int:
    """At every start and then hourly: old inbox rows, sent messages and positions go."""
    return prune(system.database, system.clock(), system.settings.position_days)


def _watchdog(system: System, runner: Runner) -> Watchdog:
    """Ends the process with 70 when a recorder has work waiting and commits nothing for 30 s."""
    recorder = runner.recorder
    return Watchdog(recorder.group, lambda: system.driver.lag(recorder.group, recorder.topics), lambda: runner.batches)


def _plan(system: System, stop: threading.Event) -> None:
    """First plans and insertions, on one solver process that is kept warm."""
    quick = system.make_planner(phases=QUICK_PHASES, processes=min(1, system.settings.solver_processes))
    quick.warm()
    _look_around(system)
    _loop(stop, PLANNER_PAUSE_S, lambda: quick.run_due(system.clock(), stop=stop))
    quick.close()


def _look_around(system: System) -> None:
    """Have the network and the index of places ready before the first complaint asks for them."""
    try:
        with system.database.read() as session:
            if session.exec(select(City)).first() is not None:
                system.streets(session)
                place_index(session)
    except Unavailable:
        return


def _improve(system: System, stop: threading.Event) -> None:
    """Improvements, on processes that are given back when there is nothing to improve."""
    slow = system.make_planner(phases=("improve",), rests=True, holder=f"improver@{system.holder}")

    def once() -> int:
        slow.rest()
        return slow.run_due(system.clock(), stop=stop)

    _loop(stop, IMPROVER_PAUSE_S, once)
    slow.close()


def _loop(stop: threading.Event, pause_s: float, work_once: Callable[[], int]) -> None:
    """Work while there is some, else pause; a service that is away is tried again."""
    while not stop.is_set():
        try:
            if not work_once():
                stop.wait(pause_s)
        except Unavailable:
            stop.wait(min(pause_s * 5, AWAY_PAUSE_S))
