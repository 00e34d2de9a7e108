"""A production set-up of its own on this machine: Kafka, PostgreSQL and every role as a process, all on loopback.

Everything lies in one folder and is ended by the ids of the processes that were started here.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from kafka import KafkaAdminClient
from sqlalchemy import create_engine, text

from console.accounts import make_account
from dispatch.city.data import CityData
from dispatch.city.store import store_city
from models.database import Database
from models.migrate import upgrade
from streams.kafka_topics import create_missing

ROOT = Path(__file__).resolve().parents[1]
ACCOUNT = "load"
READY_S = 300.0
STOP_S = 20.0
ROLES = ("console", "relay", "streams", "views", "planner", "printer")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Services:
    """Kafka and PostgreSQL in a folder, on free ports. `groups`: name → the ids of its first processes."""

    folder: Path
    groups: dict[str, list[int]] = field(default_factory=dict)
    database_url: str = ""
    broker: str = ""
    console_port: int = 0
    _env: dict[str, str] = field(default_factory=dict)

    def start(self, fsync: bool = True) -> None:
        """Start both."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        postgres, kafka, self.console_port = free_ports()
        self._env = {k: v for k, v in os.environ.items() if not k.startswith("SWEEPLINE_")} | {
            "SWEEPLINE_PG_DIR": str(self.folder / "postgres"),
            "SWEEPLINE_PG_PORT": str(postgres),
            "SWEEPLINE_PG_FSYNC": "on" if fsync else "off",
            "SWEEPLINE_KAFKA_DIR": str(self.folder / "kafka"),
            "SWEEPLINE_KAFKA_PORT": str(kafka),
            "OMP_NUM_THREADS": "1",
        }
        self.database_url = self._script("postgres.sh", "start")
        self._remember_commits()
        self.broker = self._script("kafka.sh", "start")
        self.groups["postgres"] = [int((self.folder / "postgres/data/postmaster.pid").read_text().split()[0])]
        self.groups["kafka"] = [int((self.folder / "kafka/pid").read_text())]

    def stop(self) -> None:
        """End both, if they run."""
        for script in ("kafka.sh", "postgres.sh"):
            if self._env:
                subprocess.run(
                    [ROOT / "docker/local" / script, "stop"], env=self._env, check=False, capture_output=True
                )

    def environment(self) -> dict[str, str]:
        """What a process of the product needs to use them."""
        return self._env | {
            "SWEEPLINE_DATABASE_URL": self.database_url,
            "SWEEPLINE_BROKER": f"kafka://{self.broker}",
            "SWEEPLINE_PORT": str(self.console_port),
        }

    def _script(self, name: str, what: str) -> str:
        done = subprocess.run(
            [ROOT / "docker/local" / name, what], env=self._env, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def _remember_commits(self) -> None:
        """Have PostgreSQL keep when each transaction committed: the measure of event → database."""
        engine = create_engine(self.database_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("ALTER SYSTEM SET track_commit_timestamp = on"))
        engine.dispose()
        self._script("postgres.sh", "stop")
        self._script("postgres.sh", "start")


@dataclass
class Site:
    """A running set-up. `groups`: name (kafka, postgres, a role) → the ids of its first processes."""

    folder: Path
    groups: dict[str, list[int]] = field(default_factory=dict)
    url: str = ""
    database_url: str = ""
    password: str = ""
    _roles: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.services = Services(self.folder)

    def start(self, city: CityData, streams: int = 1, toml: str = "", partitions: int = 0) -> None:
        """Services, topics, schema, city, account, then every role; returns when the console answers."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        (self.folder / "data" / "sweepline.toml").write_text(toml, encoding="utf-8")
        self.services.start()
        self.groups = dict(self.services.groups)
        self.database_url = self.services.database_url
        admin = KafkaAdminClient(bootstrap_servers=self.services.broker)
        create_missing(admin, "", partitions)
        admin.close()
        self._fill(city)
        self.url = f"http://127.0.0.1:{self.services.console_port}"
        for role in ROLES:
            for _ in range(streams if role == "streams" else 1):
                self.add(role)
        self._wait_for_console()

    def add(self, role: str) -> None:
        """One more process of a role."""
        out = (self.folder / f"{role}.log").open("ab")
        command = [sys.executable, "-m", "sweepline.cli", "worker", role, "--data", str(self.folder / "data")]
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.services.environment(), stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
        out.close()
        self._roles.append(process)
        self.groups.setdefault(role, []).append(process.pid)

    def end(self, role: str) -> None:
        """End the processes of a role in good order."""
        pids = self.groups.pop(role)
        mine = [process for process in self._roles if process.pid in pids]
        self._roles = [process for process in self._roles if process.pid not in pids]
        for process in mine:
            process.send_signal(signal.SIGTERM)
        for process in mine:
            process.wait(STOP_S)

    def dead(self) -> list[str]:
        """Roles that have ended by themselves."""
        ended = {process.pid for process in self._roles if process.poll() is not None}
        return [role for role, pids in self.groups.items() if ended.intersection(pids)]

    def stop(self, keep: bool = False) -> None:
        """End everything that was started here, and take the folder away unless it is to be kept."""
        for process in self._roles:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._roles:
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
        self.services.stop()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _fill(self, city: CityData) -> None:
        self.password = secrets.token_urlsafe(9)
        database = Database(self.database_url)
        upgrade(database)
        with database.write() as session:
            store_city(session, city)
            make_account(session, ACCOUNT, "dispatcher", self.password, datetime.now(UTC))
        database.close()

    def _wait_for_console(self) -> None:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            try:
                httpx.get(f"{self.url}/api/health", timeout=2.0)
                return
            except httpx.HTTPError:
                if self.dead():
                    break
                time.sleep(0.2)
        raise TimeoutError(f"the console does not answer; see {self.folder}/console.log")


def free_ports() -> tuple[int, int, int]:
    """Ports of loopback nobody has now: PostgreSQL, Kafka (which takes the next one too), console."""
    held: list[socket.socket] = []

    def bound(port: int = 0) -> int:
        held.append(socket.socket())
        held[-1].bind(("127.0.0.1", port))
        return int(held[-1].getsockname()[1])

    try:
        postgres, console = bound(), bound()
        while True:
            kafka = bound()
            try:
                bound(kafka + 1)
            except OSError:
                continue
            return postgres, kafka, console
    finally:
        for one in held:
            one.close()


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds so far, and memory now: each page shared by n processes counts one n-th in each."""

    cpu_s: float
    memory_b: int


def usage(groups: Mapping[str, list[int]]) -> dict[str, Usage]:
    """What each group has used: its first processes and all below them, ended children included."""
    processes: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        processes[int(entry.name)] = (int(stat[1]), sum(map(int, stat[11:15])) / TICKS)
    found = {}
    for name, pids in groups.items():
        tree = set(pids)
        while more := {pid for pid, (parent, _) in processes.items() if parent in tree and pid not in tree}:
            tree |= more
        cpu_s = sum(processes[pid][1] for pid in tree if pid in processes)
        found[name] = Usage(cpu_s, sum(_memory(pid) for pid in tree))
    return found


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
