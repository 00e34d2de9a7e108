"""Roles as processes: waits for what is away, comes up, tells its progress, ends in time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dispatch.city.store import store_city
from models.database import Database
from models.migrate import upgrade
from models.tables.flow import Heartbeat
from streams.heart import list_beats
from tests.contract.conftest import drop_topics, schema
from tests.contract.line import KAFKA, POSTGRES, database_url
from tests.small_city import small_city
from tests.sweepline.forwarding import Forward

ROOT = Path(__file__).parents[2]
WAIT_S = 90.0
END_S = 30.0
"""A role ends within 10 s of a signal; a test machine may be busy with six of them and more."""
ROLES = ("streams", "views", "planner")
"""One on the broker and the database, one on the broker, one on the database; tests/docker has all six."""
SWEEPLINE = [sys.executable, "-c", "from sweepline.cli import main; main()"]

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(not (KAFKA and POSTGRES), reason="needs SWEEPLINE_TEST_KAFKA and SWEEPLINE_TEST_POSTGRES"),
]


@dataclass
class Site:
    """A city of its own, its settings, and the two ports by which roles reach its services."""

    folder: Path
    database: Database
    env: dict[str, str]
    postgres: Forward
    kafka: Forward
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, role: str) -> None:
        with (self.folder / f"{role}.log").open("ab") as log:
            self.processes[role] = subprocess.Popen(
                [*SWEEPLINE, "worker", role, "--data", str(self.folder)],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def said(self, role: str) -> str:
        return (self.folder / f"{role}.log").read_text(encoding="utf-8")

    def health(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*SWEEPLINE, "health", "--data", str(self.folder), "--json", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)

    def missing(self) -> object:
        return json.loads(self.health().stdout or "{}").get("missing")

    def beats(self) -> dict[str, Heartbeat]:
        with self.database.read() as session:
            return {row.role: row for row in list_beats(session)}

    def until(self, what: str, true: object) -> None:
        assert callable(true)
        limit = time.monotonic() + WAIT_S
        while True:
            for role, process in self.processes.items():
                assert process.poll() is None, f"{role} has ended: {self.said(role)[-2000:]}"
            if true():
                return
            said = {role: self.said(role)[-2000:] for role in self.processes}
            assert time.monotonic() < limit, f"not within {WAIT_S} s: {what}; {self.beats()}; {said}"
            time.sleep(0.3)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    name = f"t{uuid.uuid4().hex[:12]}"
    schema(f'CREATE SCHEMA "{name}"')
    direct = database_url("postgres", tmp_path, name)
    database = Database(direct)
    upgrade(database)
    with database.write() as session:
        store_city(session, small_city())
    at, (host, _, port) = urlsplit(direct), KAFKA.partition(":")
    assert at.hostname is not None and at.port is not None
    postgres, kafka = Forward(at.hostname, at.port), Forward(host, int(port))
    env = {key: value for key, value in os.environ.items() if not key.startswith("SWEEPLINE_")} | {
        "PYTHONPATH": str(ROOT),
        "SWEEPLINE_DATABASE_URL": direct.replace(f":{at.port}/", f":{postgres.port}/"),
        "SWEEPLINE_BROKER": f"kafka://127.0.0.1:{kafka.port}",
        "SWEEPLINE_TOPIC_PREFIX": f"{name}.",
        "SWEEPLINE_SOLVER_PROCESSES": "1",
        "SWEEPLINE_PORT": "0",
    }
    made = Site(tmp_path, database, env, postgres, kafka)
    yield made
    for process in made.processes.values():
        process.kill()
        process.wait()
    postgres.close()
    kafka.close()
    database.close()
    drop_topics(f"{name}.")
    schema(f'DROP SCHEMA "{name}" CASCADE')


def test_roles_wait_come_up_tell_their_progress_and_end(site: Site) -> None:
    for role in ROLES:
        site.start(role)
    site.until("each has said that it waits", lambda: all("waiting" in site.said(role) for role in ROLES))
    assert site.beats() == {}
    assert site.health("--role", "planner").returncode == 75
    site.postgres.open()
    site.until("each has a heartbeat", lambda: set(site.beats()) == set(ROLES))
    site.until("recorders wait for the broker", lambda: site.beats()["streams"].state == "waiting")
    assert site.beats()["planner"].state == "working", "plans are made from rows: no broker is needed"
    site.kafka.open()
    working = dict.fromkeys(ROLES, "working")
    site.until("all work", lambda: {role: row.state for role, row in site.beats().items()} == working)
    site.until("health misses only who was not started", lambda: site.missing() == ["relay", "printer", "console"])
    assert site.health().returncode == 1
    assert site.health("--role", "views").returncode == 0
    for process in site.processes.values():
        process.send_signal(signal.SIGTERM)
    codes = {role: process.wait(timeout=END_S) for role, process in site.processes.items()}
    assert codes == dict.fromkeys(ROLES, 0)
    assert site.beats() == {}, "who ends says so"
    assert site.health("--role", "views").returncode == 1
