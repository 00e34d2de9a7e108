"""Opening a data directory for a command: which clock, whose lease, and running all roles until idle."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog

from models.database import Database
from models.errors import BrokerAway, Refused, Unavailable
from models.tables.city import Setting
from models.times import iso, parse_time
from streams.leases import acquire, heartbeat, release
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System

log = structlog.get_logger(__name__)

LEASE = "runner"
LEASE_S = 15.0
BEAT_S = 5.0
CLOCK_KEY = "clock"


def holder_name() -> str:
    """Who this process is in a lease."""
    return f"{socket.gethostname()}:{os.getpid()}"


def open_system(data_dir: Path, clock: str | None = None, options: Options | None = None) -> System:
    """The system over DIR. `clock` sets DIR's clock to an instant; once set, later commands go on from there.

    Raises Refused for a directory that is not there or a time without zone.
    """
    if not (data_dir / "sweepline.db").exists() and not os.environ.get("SWEEPLINE_DATABASE_URL"):
        raise Refused(
            "no_data", f"{data_dir}: no Sweepline data here; start with `sweepline city import --data {data_dir}`"
        )
    base = options or Options()
    system = System(data_dir, base)
    try:
        at = parse_time(clock) if clock else _stored_clock(system.database)
    except ValueError as error:
        system.close()
        raise Refused(
            "bad_clock", f"--clock {clock}: {error}; give ISO 8601 with a zone, as 2013-01-24T21:30Z"
        ) from error
    if at is None:
        return system
    system.close()
    stored = _simulated(data_dir, base, at)
    with stored.database.write() as session:
        row = session.get(Setting, CLOCK_KEY)
        if row is None:
            session.add(Setting(key=CLOCK_KEY, value={"at": iso(at)}))
        elif clock:
            row.value = {"at": iso(at)}
    return stored


def _simulated(data_dir: Path, base: Options, at: datetime) -> System:
    return System(
        data_dir,
        Options(SimulatedClock(at), base.rules, base.latency, base.replay, base.iterations, base.seed),
    )


def _stored_clock(database: Database) -> datetime | None:
    with database.read() as session:
        row = session.get(Setting, CLOCK_KEY)
        return parse_time(row.value["at"]) if row is not None else None


@contextmanager
def runner_lease(system: System) -> Iterator[int | None]:
    """DIR's runner lease for as long as the context is open: its generation, or None where another process has it."""
    generation = acquire(system.database, LEASE, holder_name(), datetime.now(UTC), LEASE_S)
    try:
        yield generation
    finally:
        if generation is not None:
            release(system.database, LEASE, holder_name(), generation)


def run_until_idle(system: System) -> bool:
    """Run all roles to rest if nobody else does; False where another process holds the lease and will do it.

    Raises BrokerAway, Unavailable.
    """
    with runner_lease(system) as generation:
        if generation is None:
            return False
        if system.context.city:
            system.start_city()
        system.settle(system.clock())
        return True


@contextmanager
def stored_already() -> Iterator[None]:
    """Around what follows from what a command has stored: while the broker is away it comes later, and that is said.

    The command itself is done: given again it would only be a duplicate.
    """
    try:
        yield
    except BrokerAway as error:
        text = " ".join(str(error).split())
        print(f"sweepline: stored; {text}; what follows from it comes when it is back", file=sys.stderr)


def keep_beating(system: System, generation: int, stop: threading.Event) -> threading.Thread:
    """Keep the lease in a thread; when another process has taken it, `stop` is set.

    While the database is away or its disk full nobody can take the lease either: this one goes on trying.
    """

    def beat() -> None:
        while not stop.wait(BEAT_S):
            try:
                if not heartbeat(system.database, LEASE, holder_name(), generation, datetime.now(UTC)):
                    print(
                        f"sweepline: {system.data_dir}: another process has taken over; this one stops", file=sys.stderr
                    )
                    stop.set()
            except Unavailable as error:
                log.warning("lease not kept", error=str(error))

    thread = threading.Thread(target=beat, daemon=True, name="lease")
    thread.start()
    return thread
