"""The roles of a live system as loops, each run in a thread of its own until `stop`, watched by a heart a role."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from dispatch.places import place_index
from models.database import Database
from models.errors import Unavailable
from models.tables.city import City
from streams import metrics
from streams.heart import Heart
from streams.housekeeping import prune
from streams.planner import QUICK_PHASES
from streams.pulse import MAX_PAUSE_S, STALL_S, Pulse, keep_on
from streams.runner import Runner
from streams.solver_pool import GREEDY_LIMIT_S, ITERATIONS_LIMIT_S, KILL_FACTOR
from streams.timers import fire_due
from streams.watchdog import Watchdog
from sweepline.compose import System
from sweepline.floods import FloodWatch
from sweepline.lookout import Lookout
from sweepline.parts import open_driver
from sweepline.photos import sweep

log = structlog.get_logger(__name__)

Loop = Callable[[threading.Event, Pulse], None]

HOUSEKEEPING_S = 3600.0
TIMER_PAUSE_S = 0.5
PLANNER_PAUSE_S = 0.25
IMPROVER_PAUSE_S = 0.5
PRINTER_PAUSE_S = 1.0
PREPARE_LIMIT_S = 600.0
"""How long a recorder may take to make ready; that it commits is its watchdog's business."""
PREPARE: dict[str, Callable[[System, Session], object]] = {
    "positions": lambda system, session: system.matching(session),
    "cases": lambda _system, session: place_index(session),
}
"""Group → what it looks things up in."""
PRINTER_LIMIT_S = 900.0
"""All sheets of a large city after a start, before the printer counts as hanging."""


@dataclass(frozen=True, slots=True)
class RoleLoop:
    """One loop of a role. `limit_s`: how long it may take to come round; 0: it has no pulse (a watchdog, a start)."""

    name: str
    run: Loop
    limit_s: float = STALL_S


@dataclass
class Running:
    """Roles at work: their threads, and what made one end that should not have."""

    stop: threading.Event
    threads: list[threading.Thread] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)

    def start(self, name: str, run: Loop, pulse: Pulse) -> None:
        """One loop in a thread."""

        def guarded() -> None:
            try:
                run(self.stop, pulse)
            except Exception:
                log.exception("crashed", loop=name)
                self.crashed.append(name)
                self.stop.set()

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self.threads.append(thread)
        thread.start()

    def join(self, limit_s: float) -> bool:
        """Wait for all threads to end, so long in all; whether they did."""
        until = time.monotonic() + limit_s
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self.threads)


def role_loops(system: System) -> dict[str, list[RoleLoop]]:
    """The loops of each role of the production set-up but the console, which serves."""
    database, clock = system.database, system.clock
    solve_s = STALL_S + (
        ITERATIONS_LIMIT_S
        if system.settings.solver_iterations
        else max(system.rules.planning.improve_seconds, GREEDY_LIMIT_S) * KILL_FACTOR + GREEDY_LIMIT_S
    )
    return {
        "streams": [
            *[RoleLoop(f"recorder {r.recorder.group}", _recorder(system, r), PREPARE_LIMIT_S) for r in system.runners],
            *[_watchdog(r.recorder.group, r.lag, partial(_batches, r)) for r in system.runners],
        ],
        "views": [*[RoleLoop(f"view {view.name}", view.run) for view in system.views], *_view_watchdogs(system)],
        "relay": [
            RoleLoop("city", lambda stop, pulse: _start_city(system, stop, pulse), 0),
            RoleLoop("relay", system.relay.run),
            RoleLoop("timers", _repeat(lambda: fire_due(database, clock()), TIMER_PAUSE_S)),
            RoleLoop("housekeeping", _repeat(lambda: _keep_house(system), HOUSEKEEPING_S), HOUSEKEEPING_S * 2),
        ],
        "planner": [
            RoleLoop("planner", lambda stop, pulse: _plan(system, stop, pulse), solve_s),
            RoleLoop("improver", lambda stop, pulse: _improve(system, stop, pulse), solve_s),
        ],
        "printer": [RoleLoop("printer", _repeat(lambda: _print(system), PRINTER_PAUSE_S), PRINTER_LIMIT_S)],
    }


def start_roles(system: System, stop: threading.Event, roles: Iterable[str] = ()) -> Running:
    """These roles, or all of them, each loop in a thread. One that fails for no foreseen reason stops them all.

    From now on the ballast is kept.
    """
    if system.database.ballast is not None:
        system.database.ballast.keep()
    running = Running(stop)
    loops = role_loops(system)
    for role in roles or loops:
        pulses: list[Pulse] = []
        for loop in loops[role]:
            pulse = Pulse(loop.name, loop.limit_s)
            if loop.limit_s:
                pulses.append(pulse)
            running.start(loop.name, loop.run, pulse)
        start_heart(system, running, role, pulses)
    return running


def start_heart(
    system: System, running: Running, role: str, pulses: list[Pulse], database: Database | None = None
) -> Heart:
    """Have a role's heartbeats written in a thread."""
    heart = Heart(database or system.database, role, system.holder, pulses, lambda: datetime.now(UTC))
    running.start(f"heart {role}", lambda stop, _pulse: heart.run(stop), Pulse(role))
    return heart


def start_lookout(system: System, running: Running, pulses: list[Pulse], solver: bool = True) -> Lookout:
    """Have the console's heart beat, its lookout look and its door watched for floods, on connections of their own."""
    database = Database(system.database.url)
    heart = start_heart(system, running, "console", pulses, database)
    driver = open_driver(system.settings, system.data_dir, system.clock)
    lookout = Lookout(database, driver, heart.beat, solver=solver)
    running.start("lookout", lookout.run, Pulse("lookout"))
    running.start("floods", FloodWatch(database, system.door, system.clock).run, Pulse("floods"))
    return lookout


def _start_city(system: System, stop: threading.Event, pulse: Pulse) -> None:
    """Open the day and set the standing timers, once at the start."""
    while not stop.is_set():
        try:
            system.start_city()
            return
        except IntegrityError:
            log.info("the city was started by another process at this moment")
            return
        except Unavailable as error:
            pulse.waits(str(error))
            stop.wait(MAX_PAUSE_S)


def _keep_house(system: System) -> int:
    """At every start and then hourly: old inbox rows, sent messages, positions and removed photos go."""
    gone = sweep(system.database, system.data_dir / "photos", system.clock())
    return gone + prune(system.database, system.clock(), system.settings.position_days)


def _recorder(system: System, runner: Runner) -> Loop:
    """A recorder that makes ready what it looks things up in before it joins its group.

    In a large city, or on a busy machine, that takes longer than a watchdog waits for the first commit.
    """

    def run(stop: threading.Event, pulse: Pulse) -> None:
        try:
            with system.database.read() as session:
                if runner.recorder.group in PREPARE and session.exec(select(City)).first() is not None:
                    PREPARE[runner.recorder.group](system, session)
        except Unavailable as error:
            pulse.waits(str(error))
        runner.run(stop, pulse)

    return run


def _print(system: System) -> int:
    printed = system.printer.print_due()
    metrics.count("sweepline_versions_printed_total", printed)
    return printed


def _batches(runner: Runner) -> int:
    return runner.batches


def _watchdog(group: str, lag: Callable[[], int], progress: Callable[[], int]) -> RoleLoop:
    """Ends the process with 70 when a reader has work waiting and commits nothing for 30 s."""
    dog = Watchdog(group, lag, progress)
    return RoleLoop(f"watchdog {group}", lambda stop, _pulse: dog.run(stop), 0)


def _view_watchdogs(system: System) -> list[RoleLoop]:
    """For the views on Kafka. An embedded one commits each time it comes round: its pulse says as much."""
    if system.settings.broker == "sqlite":
        return []
    from streams.views.faust_app import FaustView

    views = [view for view in system.views if isinstance(view, FaustView)]
    return [_watchdog(view.view.group, view.lag, view.progress) for view in views]


def _repeat(once: Callable[[], int], pause_s: float) -> Loop:
    return lambda stop, pulse: keep_on(pulse, stop, once, pause_s)


def _plan(system: System, stop: threading.Event, pulse: Pulse) -> None:
    """First plans and insertions, on one solver process that is kept warm."""
    quick = system.make_planner(phases=QUICK_PHASES, processes=min(1, system.settings.solver_processes))
    quick.turned = pulse.turned
    quick.warm()
    _look_around(system)
    keep_on(pulse, stop, lambda: quick.run_due(system.clock(), stop=stop), PLANNER_PAUSE_S)


def _look_around(system: System) -> None:
    """Have the network and the index of places ready before the first complaint asks for them."""
    try:
        with system.database.read() as session:
            if session.exec(select(City)).first() is not None:
                system.streets(session)
                place_index(session)
    except Unavailable:
        return


def _improve(system: System, stop: threading.Event, pulse: Pulse) -> None:
    """Improvements, on processes that are given back when there is nothing to improve."""
    slow = system.make_planner(phases=("improve",), rests=True, holder=f"improver@{system.holder}")
    slow.turned = pulse.turned

    def once() -> int:
        slow.rest()
        return slow.run_due(system.clock(), stop=stop)

    keep_on(pulse, stop, once, IMPROVER_PAUSE_S)
