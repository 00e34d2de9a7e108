"""`up` and `worker`: the live system."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from console.app import create_app
from console.deps import ConsoleDeps
from console.hub import Hub
from dispatch.desk import carry_out
from models.errors import Refused, Unavailable
from printouts.bundle import slip_name
from streams import metrics
from streams.pulse import Pulse
from sweepline.compose import Options, System, require_city
from sweepline.explainer import Explainer
from sweepline.following import follow
from sweepline.health import ROLES
from sweepline.lookout import Lookout
from sweepline.photos import Photos
from sweepline.replanning import ask_again, pin, started_work
from sweepline.reports import report_file
from sweepline.roles import Running, start_lookout, start_roles
from sweepline.running import holder_name, keep_beating, open_system, runner_lease
from sweepline.tracing import set_up_tracing
from sweepline.whatif_desk import WhatIfDesk

GRACE_S = 2
"""Live connections never end by themselves: this long after a signal they are cut."""
NOTIFY_S = 5
JOIN_S = 5.0
END_S = 7.0
"""A role ends within 10 s of a signal, whatever it hangs on."""
START_PAUSE_S = 2.0
INTERNAL = 70


def console_of(system: System, hub: Hub, lookout: Lookout) -> Any:
    """The console over a system."""
    return create_app(
        ConsoleDeps(
            database=system.database,
            clock=system.clock,
            subscribe=hub.subscribe,
            intake=system.intake,
            approve=system.approve,
            undo=system.undo,
            pin=lambda wish, who: pin(system, wish, who),
            ask_again=lambda code, who, words: ask_again(system, code, who, words),
            started=lambda code: started_work(system, code),
            stop_self_start=system.stop_self_start,
            command=lambda name, values, who: carry_out(
                system.database, system.context, system.clock(), who, name, values
            ),
            report=lambda *which: report_file(system.database, system.clock(), *which),
            explain=Explainer(system.data_dir),
            what_if=WhatIfDesk(system.data_dir, system.rules.planning.improve_seconds),
            photos=Photos(system.data_dir / "photos"),
            sheets_dir=system.data_dir / "sheets",
            slip_name=slip_name,
            condition=lambda: lookout.condition,
            print_last=f"sweepline print-last --data {system.data_dir}",
            answered=_answered,
            metrics=metrics.exposition,
            simulated=system.clock.simulated,
        )
    )


def _answered(method: str, status: int, seconds: float) -> None:
    metrics.count("sweepline_requests_total", labels=(method, str(status)))
    metrics.observe("sweepline_request_seconds", seconds, (method,))


def serve(app: Any, host: str, port: int, stop: threading.Event, pulse: Pulse | None = None) -> None:
    """Serve until `stop` or a signal; `pulse` is told while the event loop turns."""

    async def turned() -> None:
        if pulse is not None:
            pulse.turned()

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
        callback_notify=turned,
        timeout_notify=NOTIFY_S,
    )
    server = uvicorn.Server(config)

    def watch() -> None:
        stop.wait()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    server.run()
    stop.set()


def stop_on_signals(stop: threading.Event) -> None:
    """SIGTERM and SIGINT set `stop`. uvicorn hands on a signal it got, which would end the process on the spot."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


def run_up(data: Path, port: int) -> int:
    """All roles in this process, on DIR's runner lease. Raises Unavailable when another process has it."""
    system = open_system(data)
    set_up_tracing(system.settings.otlp_endpoint, "up", system.holder)
    hub = Hub()
    stop = threading.Event()
    stop_on_signals(stop)
    try:
        require_city(system)
        with runner_lease(system) as generation:
            if generation is None:
                raise Unavailable(f"{data}: another process runs here already")
            threading.Thread(target=system.start_city, name="start", daemon=True).start()
            running = start_roles(system, stop)
            keep_beating(system, generation, stop)
            chosen = port or system.settings.port
            print(
                f"console: http://{system.settings.host}:{chosen}  (add a sign-in with `sweepline user add`)",
                flush=True,
            )
            hints, pages = Pulse("hints"), Pulse("pages")
            running.start("hints", partial(follow, system.driver, hub), hints)
            app = console_of(system, hub, start_lookout(system, running, [hints, pages]))
            serve(app, system.settings.host, chosen, stop, pages)
            system.give_back()
            running.join(JOIN_S)
    finally:
        system.close()
    return INTERNAL if running.crashed else 0


def run_worker(role: str, data: Path) -> int:
    """One role until SIGTERM or SIGINT, which end it within 10 s. 0; 70 when a loop crashed."""
    if role not in ROLES:
        raise Refused("usage", f"worker {role}: roles are {', '.join(ROLES)}")
    stop = threading.Event()
    stop_on_signals(stop)
    threading.Thread(target=_end_in_time, args=(stop,), daemon=True, name="end").start()
    system = wait_for_system(data, stop)
    if system is None:
        return 0
    settings = system.settings
    set_up_tracing(settings.otlp_endpoint, role, system.holder)
    if settings.metrics_port and role != "console":
        metrics.serve(settings.metrics_host, settings.metrics_port)
    try:
        running = _start_console(system, stop) if role == "console" else start_roles(system, stop, [role])
        print(json.dumps({"role": role, "holder": system.holder, "since": datetime.now(UTC).isoformat()}), flush=True)
        stop.wait()
        system.give_back()
        running.join(JOIN_S)
    finally:
        system.close()
    return INTERNAL if running.crashed else 0


def wait_for_system(data: Path, stop: threading.Event) -> System | None:
    """The system of DIR as soon as its database answers and has a city; None when told to stop meanwhile."""
    pulse = Pulse("start")
    while not stop.is_set():
        try:
            system = System(data, Options(holder=holder_name()))  # several may run on one machine
            if system.context.city:
                pulse.turned()
                return system
            system.close()
            pulse.waits(f"{data}: no city yet; import one with `sweepline city import`")
        except Unavailable as error:
            pulse.waits(str(error))
        stop.wait(START_PAUSE_S)
    return None


def _start_console(system: System, stop: threading.Event) -> Running:
    """The console's loops: it serves, and hands on hints of what other roles wrote."""
    hub = Hub()
    running = Running(stop)
    hints = Pulse("hints")
    running.start("hints", partial(follow, system.driver, hub), hints)
    pages = Pulse("pages")
    settings = system.settings
    app = console_of(system, hub, start_lookout(system, running, [hints, pages]))

    def pages_served(_stop: threading.Event, pulse: Pulse) -> None:
        serve(app, settings.host, settings.port, stop, pulse)

    running.start("pages", pages_served, pages)
    return running


def _end_in_time(stop: threading.Event) -> None:
    """What hangs on a service that is away does not hold up the end: nothing is lost by it, by design."""
    stop.wait()
    time.sleep(END_S)
    print("sweepline: not all loops have ended in time; what they were at is done again", file=sys.stderr, flush=True)
    os._exit(0)
