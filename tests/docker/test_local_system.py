"""`docker/local/system.sh`: the production set-up as processes of this machine, through a storm and through trouble.

One alert in → plan → approved → sheet out; then broker, database and all the rest go and come, and the console tells.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from console.accounts import make_account
from dispatch.city.store import store_city
from models.database import Database
from models.migrate import upgrade
from sweepline.health import ROLES
from tests.contract.line import KAFKA, POSTGRES
from tests.contract.test_planner_workers import CAP
from tests.small_city import small_city

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / "docker" / "local"
WAIT_S = 150.0
NAME, PASSWORD = "anna", "a good password"

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(not (KAFKA and POSTGRES), reason="needs SWEEPLINE_TEST_KAFKA and SWEEPLINE_TEST_POSTGRES"),
]


@dataclass
class LocalSystem:
    """What system.sh started, and how to ask it."""

    folder: Path
    env: dict[str, str]
    client: httpx.Client

    def sh(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = self.env | {"SWEEPLINE_KAFKA_DIR": f"{self.folder}/kafka", "SWEEPLINE_PG_DIR": f"{self.folder}/postgres"}
        command = [str(LOCAL / script), *arguments]
        with (self.folder / "script.out").open("w+") as out:  # services inherit it: a pipe would never be closed
            code = subprocess.run(command, env=env, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
            out.seek(0)
            return subprocess.CompletedProcess(command, code, out.read())

    def get(self, path: str) -> Any:
        return self.client.get(path).raise_for_status().json()

    def degree(self) -> str:
        degree: str = self.client.get("/api/health").json()["degree"]
        return degree

    def until(self, what: str, true: Callable[[], Any]) -> Any:
        limit = time.monotonic() + WAIT_S
        while True:
            try:
                if found := true():
                    return found
            except httpx.HTTPError as error:
                found = error
            assert time.monotonic() < limit, f"not within {WAIT_S} s: {what}; {found}; {self.tails()}"
            time.sleep(0.5)

    def tails(self) -> str:
        return "\n".join(f"{log.name}: {log.read_text()[-600:]}" for log in (self.folder / "run").glob("*.log"))


def free_port(count: int = 1) -> int:
    """So many ports in a row that are free now."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                for more in range(1, count):
                    with socket.socket() as other:
                        other.bind(("127.0.0.1", port + more))
            except OSError:
                continue
            return port


@pytest.fixture(scope="module")
def system() -> Iterator[LocalSystem]:
    folder = Path(tempfile.mkdtemp(prefix="sweepline-system."))
    folder.chmod(
        0o755
    )  # PostgreSQL runs as an account of its own where this is root: pytest's folders are closed to it
    port = free_port()
    env = {key: value for key, value in os.environ.items() if not key.startswith("SWEEPLINE_")} | {
        "PYTHONPATH": str(ROOT),
        "SWEEPLINE": f"{sys.executable} -m sweepline.cli",
        "SWEEPLINE_KAFKA_PORT": str(free_port(2)),
        "SWEEPLINE_KAFKA_HEAP": "256m",
        "SWEEPLINE_PG_PORT": str(free_port()),
        "SWEEPLINE_PORT": str(port),
    }
    (folder / "data").mkdir()
    (folder / "data" / "sweepline.toml").write_text("solver_processes = 1\n[rules.planning]\nimprove_seconds = 1\n")
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=(NAME, PASSWORD), timeout=60, trust_env=False)
    made = LocalSystem(folder, env, client)
    try:
        started = made.sh("system.sh", "start", str(folder))
        assert started.returncode == 0, started.stdout
        yield made
    finally:
        made.sh("system.sh", "stop", str(folder))
        client.close()
        shutil.rmtree(folder)


def url_of(system: LocalSystem) -> str:
    return f"postgresql+psycopg://sweepline@127.0.0.1:{system.env['SWEEPLINE_PG_PORT']}/sweepline"


def alert(number: int) -> bytes:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=number)
    onset, expires = now + timedelta(hours=4), now + timedelta(hours=30)
    text = CAP.format(sent=now.isoformat(), onset=onset.isoformat(), expires=expires.isoformat())
    return text.replace("<identifier>A1<", f"<identifier>A{number}<").encode()


def test_an_alert_becomes_an_approved_plan_and_a_printed_sheet(system: LocalSystem) -> None:
    database = Database(url_of(system))
    upgrade(database)
    with database.write() as session:
        make_account(session, NAME, "approver", PASSWORD, datetime.now(UTC))
        store_city(session, small_city())
    database.close()
    system.until(
        "every role makes progress", lambda: system.sh("system.sh", "status", str(system.folder)).returncode == 0
    )
    system.until("all is well", lambda: system.degree() == "well")
    assert system.client.post("/api/alerts", content=alert(1)).status_code == 202

    def proposed() -> Any:
        plans = [plan for plan in system.get("/api/plans") if plan["origin"].startswith("stage:")]
        return [v["id"] for plan in plans for v in plan["versions"] if v["state"] == "proposed"]

    def approved() -> bool:
        """A better version may come at that moment: then the newer one."""
        return any(system.client.post(f"/api/plans/{id_}/approve").status_code == 200 for id_ in proposed())

    system.until("a plan is approved", approved)
    pages = system.until("its sheets are printed", lambda: list((system.folder / "data" / "sheets").glob("*.pdf")))
    assert all(page.read_bytes().startswith(b"%PDF") for page in pages)
    system.until("the bundle is there", lambda: list((system.folder / "data" / "bundles").rglob("*.pdf")))


def test_a_role_that_is_killed_is_started_anew(system: LocalSystem) -> None:
    supervisor = int((system.folder / "run" / "views.pid").read_text())
    (child,) = children(supervisor)
    os.kill(child, signal.SIGKILL)
    system.until("another one is there", lambda: children(supervisor) not in ([], [child]))
    system.until("and makes progress", lambda: all_well(system))


def all_well(system: LocalSystem) -> bool:
    return system.sh("system.sh", "status", str(system.folder)).returncode == 0


def children(pid: int) -> list[int]:
    return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_without_a_broker_alerts_are_stored_and_telemetry_is_sent_again_later(system: LocalSystem) -> None:
    system.sh("kafka.sh", "kill9")
    system.until("it is noticed", lambda: system.degree() == "broker_away")
    assert system.client.post("/api/alerts", content=alert(2)).status_code == 202
    position = b'{"type": "vehicle.position", "vehicle": "S-1", "lon": 119.45, "lat": 32.78, "observed_at": "%s"}'
    line = position % datetime.now(UTC).isoformat().encode()
    refused = system.client.post("/api/events", content=line)
    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    assert system.sh("kafka.sh", "start").returncode == 0
    system.until("all is well again", lambda: system.degree() == "well")
    system.until("the alert came through", lambda: len(alerts(system)) == 2)
    system.until("telemetry too", lambda: system.client.post("/api/events", content=line).status_code == 202)


def alerts(system: LocalSystem) -> list[Any]:
    return [found for episode in system.get("/api/alerts")["episodes"] for found in episode["alerts"]]


def test_a_database_that_takes_no_changes_is_read_and_comes_back(system: LocalSystem) -> None:
    engine = create_engine(url_of(system), isolation_level="AUTOCOMMIT")

    def read_only(on: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(f"ALTER SYSTEM SET default_transaction_read_only = {on}"))
            connection.execute(text("SELECT pg_reload_conf()"))

    read_only("on")
    system.until("it is noticed", lambda: system.degree() == "database_read_only")
    assert system.get("/api/plans")
    assert system.client.post("/api/alerts", content=alert(3)).status_code == 503
    read_only("off")
    system.until("all is well again", lambda: system.degree() == "well")
    assert system.client.post("/api/alerts", content=alert(3)).status_code == 202
    engine.dispose()


def test_with_everything_dead_the_console_shows_what_it_knew_and_the_last_plans_are_printed(
    system: LocalSystem, tmp_path: Path
) -> None:
    browser = httpx.Client(base_url=system.client.base_url, timeout=60, trust_env=False)
    assert browser.post("/api/session", json={"name": NAME, "password": PASSWORD}).status_code == 200
    plans = browser.get("/api/plans").json()
    planner = int((system.folder / "run" / "planner.pid").read_text())
    os.kill(planner, signal.SIGTERM)
    system.sh("kafka.sh", "kill9")
    system.sh("postgres.sh", "stop")
    system.until("it is noticed", lambda: system.degree() == "all_away")
    known = browser.get("/api/plans")
    assert (known.status_code, known.json(), "x-as-of" in known.headers) == (200, plans, True)
    assert browser.get("/api/health").json()["print_last"].endswith(f"print-last --data {system.folder}/data")
    printed = subprocess.run(
        [*system.env["SWEEPLINE"].split(), "print-last", "--data", f"{system.folder}/data", "--out", str(tmp_path)],
        env=system.env | {"SWEEPLINE_DATABASE_URL": url_of(system), "SWEEPLINE_BROKER": "kafka://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert printed.returncode == 0, printed.stderr
    assert [page for page in tmp_path.rglob("*.pdf") if page.read_bytes().startswith(b"%PDF")]
    assert system.sh("system.sh", "start", str(system.folder)).returncode == 0
    system.until("all is well again", lambda: system.degree() == "well")
    browser.close()


def test_stop_ends_every_process(system: LocalSystem) -> None:
    supervisors = [int((system.folder / "run" / f"{role}.pid").read_text()) for role in ROLES]
    below = [child for pid in supervisors for child in children(pid)]
    assert len(below) == len(ROLES)
    assert system.sh("system.sh", "stop", str(system.folder)).returncode == 0
    assert [pid for pid in (*supervisors, *below) if Path(f"/proc/{pid}").exists()] == []
