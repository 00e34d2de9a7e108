"""`up` and `worker`: the live system."""

from __future__ import annotations

import json
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn

from console.app import create_app
from console.deps import ConsoleDeps
from console.hub import Hub
from models.errors import Refused, Unavailable
from sweepline.compose import Options, System, require_city
from sweepline.roles import start_threads
from sweepline.running import holder_name, keep_beating, open_system, runner_lease

GRACE_S = 2
"""Live connections never end by themselves: this long after a signal they are cut."""
KIND_OF_TOPIC = {
    "positions": "vehicle",
    "stations": "station",
    "cases": "case",
    "plans": "plan",
    "planning": "plan",
    "weather": "alert",
    "resources": "resource",
    "work": "work",
    "timers": "clock",
}
"""What a message on a topic is about, for pages that read it again."""


def hint_of(topic: str, key: str) -> str:
    """The hint `kind:id` of a message."""
    return key if topic == "state" else f"{KIND_OF_TOPIC.get(topic, topic)}:{key}"


def console_of(system: System, hub: Hub) -> Any:
    """The console over a system."""
    return create_app(
        ConsoleDeps(
            database=system.database,
            clock=system.clock,
            subscribe=hub.subscribe,
            intake=system.intake,
            approve=system.approve,
            undo=system.undo,
            stop_self_start=system.stop_self_start,
            sheets_dir=system.data_dir / "sheets",
            simulated=system.clock.simulated,
        )
    )


def serve(app: Any, host: str, port: int, stop: threading.Event) -> None:
    """Serve until `stop` or a signal."""
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S
    )
    server = uvicorn.Server(config)

    def watch() -> None:
        stop.wait()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    server.run()
    stop.set()


def run_up(data: Path, port: int) -> int:
    """All roles in this process, on DIR's runner lease. Raises Unavailable when another process has it."""
    system = open_system(data)
    hub = Hub()
    stop = threading.Event()
    try:
        require_city(system)
        with runner_lease(system) as generation:
            if generation is None:
                raise Unavailable(f"{data}: another process runs here already")
            system.on_hint(lambda topic, key: hub.publish(hint_of(topic, key)))
            threads = [threading.Thread(target=system.start_city, name="start", daemon=True)]
            threads[0].start()
            threads += start_threads(system, stop)
            threads.append(keep_beating(system, generation, stop))
            chosen = port or system.settings.port
            print(
                f"console: http://{system.settings.host}:{chosen}  (add a sign-in with `sweepline user add`)",
                flush=True,
            )
            serve(console_of(system, hub), system.settings.host, chosen, stop)
            for thread in threads:
                thread.join(timeout=10)
    finally:
        system.close()
    return 0


ROLES = ("streams", "views", "planner", "relay", "printer", "console")


def run_worker(role: str, data: Path) -> int:
    """One role until SIGTERM or SIGINT."""
    if role not in ROLES:
        raise Refused("usage", f"worker {role}: roles are {', '.join(ROLES)}")
    system = System(data, Options(holder=holder_name()))  # several may run on one machine
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        require_city(system)
        if role == "console":
            hub = Hub()
            topics = sorted(KIND_OF_TOPIC)
            tail = threading.Thread(
                target=system.driver.tail,
                args=(topics, lambda r: hub.publish(hint_of(r.topic, r.key.decode())), stop),
                daemon=True,
            )
            tail.start()
            serve(console_of(system, hub), system.settings.host, system.settings.port, stop)
            return 0
        threads = start_threads(system, stop, role)
        print(json.dumps({"role": role, "holder": holder_name(), "since": datetime.now(UTC).isoformat()}), flush=True)
        stop.wait()
        for thread in threads:
            thread.join(timeout=10)
    finally:
        system.close()
    return 0
