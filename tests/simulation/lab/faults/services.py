"""The broker and the database themselves: killed, frozen, emptied, full, interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import text
from sqlmodel import Session

from models.database import Database
from models.tables.city import Setting
from models.times import local_date
from tests.simulation.lab.events import Speaker
from tests.simulation.lab.health import GROUPS
from tests.simulation.lab.services import ROOT, Broker, Store
from tests.simulation.lab.site import Site
from tests.simulation.lab.trial import Strike, fault

DOWN_S = 2.0
FROZEN_S = 5.0
QUIET_S = 30.0
UNREAD = 8
FILL = bytes(1024 * 1024)
MIGRATION = """
import sys
from models.database import Database
from models.migrate import upgrade
upgrade(Database(sys.argv[1]))
"""
END_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


def killed(service: str, strike: Strike) -> None:
    """kill -9 of all its processes, and nobody there for a while."""
    one = SERVICE[service](strike.site)
    strike.proof(f"{service} processes dead", one.kill())
    strike.hold(DOWN_S)
    one.start()
    strike.healed()


def frozen(service: str, strike: Strike) -> None:
    """SIGSTOP of all its processes for a while, then SIGCONT."""
    one = SERVICE[service](strike.site)
    strike.proof(f"{service} processes stood still", one.freeze())
    strike.hold(FROZEN_S)
    one.thaw()
    strike.healed()


SERVICE: dict[str, Callable[[Site], Broker | Store]] = {
    "broker": lambda site: site.broker,
    "database": lambda site: site.store,
}
for _service in SERVICE:
    for _act in (killed, frozen):
        fault(f"{_service}-{_act.__name__}", _service)(partial(_act, _service))


@fault("broker-emptied", "broker")
def broker_emptied(strike: Strike) -> None:
    """All it held is gone. What was read is kept by the database; so is every complaint and alert, read or not.

    Telemetry the broker acknowledged and nobody had read is lost with it: devices are silent until all is read.
    """
    site = strike.site
    strike.traffic.telemetry(False)
    strike.hold(1.0)
    strike.until("telemetry read", lambda: _telemetry_read(site), QUIET_S, 0.3)
    with _unread(strike):
        site.broker.kill()
        strike.proof("bytes gone", site.broker.empty())
        site.broker.start()
    strike.healed()


@contextmanager
def _unread(strike: Strike) -> Iterator[None]:
    """Complaints are sent, and nobody reads them until the block ends."""
    workers = [strike.site.processes[name] for name in ("streams-1", "streams-2")]
    for worker in workers:
        worker.signal(signal.SIGSTOP)
    try:
        before = strike.traffic.said
        strike.until("complaints", lambda: strike.traffic.said >= before + UNREAD, QUIET_S, 0.2)
        strike.hold(1.0)
        strike.proof("messages unread", strike.site.driver.lag("cases", ("cases",)))
        yield
    finally:
        for worker in workers:
            worker.signal(signal.SIGCONT)


def _telemetry_read(site: Site) -> bool:
    return all(site.driver.lag(group, GROUPS[group]) == 0 for group in ("positions", "stations", "weather"))


def _delete(topic: str, strike: Strike) -> None:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=strike.site.broker.address)
    name = f"{strike.site.name}.{topic}"
    admin.delete_topics([name])
    strike.until("topic gone", lambda: name not in admin.list_topics())
    strike.proof("topics deleted", 1)
    admin.close()


@fault("topic-deleted-cases", "broker")
def topic_deleted_cases(strike: Strike) -> None:
    """With complaints on it that nobody has read: the database has them."""
    with _unread(strike):
        _delete("cases", strike)
    strike.healed()


@fault("topic-deleted-state", "broker")
def topic_deleted_state(strike: Strike) -> None:
    _delete("state", strike)
    strike.healed()


@fault("topic-deleted-timers", "broker")
def topic_deleted_timers(strike: Strike) -> None:
    _delete("timers", strike)
    strike.healed()


@fault("database-terminated", "database")
def database_terminated(strike: Strike) -> None:
    """An administrator ends every connection, several times."""
    for _ in range(4):
        with strike.site.database.read() as session:
            ended = session.execute(text(END_ALL)).all()
        strike.proof("connections ended", len(ended))
        strike.hold(strike.rng.uniform(0.3, 1))
    strike.healed()


@fault("database-disk-full", "database")
def database_disk_full(strike: Strike) -> None:
    """The file system of the tables has no byte left for a while."""
    store = strike.site.store
    strike.demand(store.disk is not None, "cannot be struck here: no right to mount a small file system")
    assert store.disk is not None
    log = store.folder / "log"
    before = log.read_text(errors="replace").count("No space left on device")
    ballast = store.disk / "ballast"
    deadline = time.monotonic() + QUIET_S
    with ballast.open("ab", buffering=0) as file:
        while time.monotonic() < deadline:
            try:
                file.write(FILL if time.monotonic() < deadline - QUIET_S + 2 else FILL[:4096])
            except OSError:
                if log.read_text(errors="replace").count("No space left on device") > before:
                    break
                strike.hold(0.1)
                for _ in range(8):  # a row may have found a page: larger writes, until one does not
                    _write_much(strike.site)
        strike.hold(3.0)
    strike.proof("writes refused", log.read_text(errors="replace").count("No space left on device") - before)
    ballast.unlink()
    strike.healed()


def _write_much(site: Site) -> None:
    """Use up the free pages the tables have left."""
    try:
        with site.database.write() as session:
            session.add(Setting(key=f"lab:{uuid.uuid4().hex}", value={"ballast": "x" * 1500}))
    except Exception:  # refused: that is what is wanted
        return


@fault("database-deadlock", "database")
def database_deadlock(strike: Strike) -> None:
    """Somebody's transaction and a recorder's hold what the other wants; the recorder's is the one that is ended."""
    site = strike.site
    day = local_date(Speaker("x").drill().event.received_at, site.context.zone)
    serial = f"case_serial:{day:%Y%m%d}"
    before = _deadlocks(site)
    done = threading.Event()

    def rival() -> None:
        while not done.is_set():
            with site.database.write() as session:
                session.execute(text("SET LOCAL deadlock_timeout = '60s'"))
                session.execute(text("LOCK TABLE report IN EXCLUSIVE MODE"))
                _wait_for_waiter(session, done)
                session.execute(text("SELECT 1 FROM setting WHERE key = :key FOR UPDATE"), {"key": serial})
            if _deadlocks(site) > before:
                return

    thread = threading.Thread(target=rival, daemon=True)
    thread.start()
    try:
        strike.until("a deadlock", lambda: _deadlocks(site) > before, 40.0, 0.5)
    finally:
        done.set()
        thread.join(QUIET_S)
    strike.proof("deadlocks", _deadlocks(site) - before)
    strike.healed()


def _wait_for_waiter(session: Session, done: threading.Event) -> None:
    """Until somebody waits for our lock on the reports."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'report'::regclass")
    while not done.is_set() and not session.execute(waiting).scalar():
        time.sleep(0.05)


def _deadlocks(site: Site) -> int:
    with site.database.read() as session:
        count = session.execute(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))
        return int(count.scalar() or 0)


@fault("database-killed-mid-migration", "database")
def database_killed_mid_migration(strike: Strike) -> None:
    """A second schema is being laid out when the database dies; afterwards the step is done again, whole."""
    store = strike.site.store
    schema = f"m{uuid.uuid4().hex[:8]}"
    with strike.site.database.write() as session:
        session.execute(text(f'CREATE SCHEMA "{schema}"'))
    url = store.url(schema, through_proxy=False)
    command = [sys.executable, "-c", MIGRATION, url]
    child = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    want = strike.rng.randrange(30, 120)
    strike.until("the migration under way", lambda: _locks_held(strike.site) > want, 30.0, 0.01)
    running = child.poll() is None
    strike.proof("database processes dead", store.kill())
    strike.demand(running and child.wait(QUIET_S) != 0, "the migration was over before the database died")
    strike.hold(DOWN_S)
    store.start()
    strike.healed()
    half = _tables(url, schema)
    strike.demand(half == set(), f"half a schema is left: {sorted(half)[:5]}")
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=QUIET_S * 2)
    strike.demand(again.returncode == 0, f"the migration does not run again: {again.stderr[-300:]}")
    here = _tables(store.url(strike.site.name, through_proxy=False), strike.site.name)
    strike.demand({t for t in here if "position" not in t} <= _tables(url, schema), "tables are missing")


def _locks_held(site: Site) -> int:
    """The most locks one transaction holds: a migration holds one on all it has made."""
    with site.database.read() as session:
        most = session.execute(text("SELECT max(n) FROM (SELECT count(*) n FROM pg_locks GROUP BY pid) x"))
        return int(most.scalar() or 0)


def _tables(url: str, schema: str) -> set[str]:
    database = Database(url)
    with database.read() as session:
        rows = session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = :s"), {"s": schema})
        found = {str(row[0]) for row in rows}
    database.close()
    return found
