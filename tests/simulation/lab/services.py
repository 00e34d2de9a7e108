"""A broker and a database of the laboratory's own, by docker/local's scripts, each behind a proxy."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from sqlalchemy import text

from models.database import Database
from tests.simulation.lab.proxy import Proxy

ROOT = Path(__file__).resolve().parents[3]
LOCAL = ROOT / "docker" / "local"
SCRIPT_S = 120
ANSWER_S = 60.0
DISK_BYTES = 192 * 1024 * 1024


def free_ports(count: int, row: int = 1) -> list[int]:
    """Ports free now, each the first of `row` free ones."""
    found: list[int] = []
    held: list[socket.socket] = []
    while len(found) < count:
        first = socket.socket()
        first.bind(("127.0.0.1", 0))
        held.append(first)
        port = first.getsockname()[1]
        try:
            for step in range(1, row):
                more = socket.socket()
                more.bind(("127.0.0.1", port + step))
                held.append(more)
        except OSError:
            continue
        found.append(port)
    for one in held:
        one.close()
    return found


def children(pid: int) -> list[int]:
    """The processes below one, from /proc."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            below.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        for child in below.get(todo.pop(), ()):
            found.append(child)
            todo.append(child)
    return found


def signal_all(pids: list[int], number: signal.Signals) -> int:
    """Send a signal; how many processes got it."""
    hit = 0
    for pid in pids:
        try:
            os.kill(pid, number)
            hit += 1
        except ProcessLookupError:
            continue
    return hit


def _script(name: str, what: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [str(LOCAL / name), what],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=SCRIPT_S,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise RuntimeError(f"{name} {what}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + ANSWER_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"nobody answers on port {port}") from None
            time.sleep(0.1)


class Broker:
    """Kafka. Clients reach it through the proxy, since that is the address it gives out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port = free_ports(1, row=2)[0]
        self.proxy = Proxy(free_ports(1)[0], port)
        self.port = port
        self._env = {
            "SWEEPLINE_KAFKA_DIR": str(folder),
            "SWEEPLINE_KAFKA_PORT": str(port),
            "SWEEPLINE_KAFKA_ADVERTISED": str(self.proxy.port),
            "SWEEPLINE_KAFKA_HEAP": "384m",
        }

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.proxy.port}"

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    def start(self) -> None:
        _script("kafka.sh", "start", self._env)
        wait_for_port(self.port)

    def stop(self) -> None:
        _script("kafka.sh", "stop", self._env)

    def kill(self) -> int:
        """kill -9; how many processes died."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]:
            time.sleep(0.05)
        return 1

    def empty(self) -> int:
        """Remove its data; bytes removed. It must be down."""
        size = sum(file.stat().st_size for file in (self.folder / "log").rglob("*") if file.is_file())
        shutil.rmtree(self.folder / "log")
        return size

    def freeze(self) -> int:
        return signal_all([self.pid], signal.SIGSTOP)

    def thaw(self) -> int:
        return signal_all([self.pid], signal.SIGCONT)


class Store:
    """PostgreSQL. The product reaches it through the proxy, the laboratory's own questions go straight to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self.proxy = Proxy(free_ports(1)[0], self.port)
        self.disk: Path | None = None
        self._env = {"SWEEPLINE_PG_DIR": str(folder), "SWEEPLINE_PG_PORT": str(self.port)}

    def url(self, schema: str, through_proxy: bool = True, more: str = "") -> str:
        port = self.proxy.port if through_proxy else self.port
        return (
            f"postgresql+psycopg://sweepline@127.0.0.1:{port}/sweepline?options=-csearch_path%3D{schema},public{more}"
        )

    @property
    def pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        _script("postgres.sh", "start", self._env)
        wait_for_port(self.port)

    def make_small_disk(self) -> None:
        """Have new tables on a file system of their own, which can be filled; none where mounting is not allowed."""
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", disk], check=False).returncode:
            return
        (disk / "tables").mkdir()
        owner = (self.folder / "data").stat()
        os.chown(disk / "tables", owner.st_uid, owner.st_gid)
        outside = Database(self.url("public", through_proxy=False))
        with outside.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE TABLESPACE small LOCATION '{disk / 'tables'}'"))
            connection.execute(text("ALTER DATABASE sweepline SET default_tablespace = small"))
        outside.close()
        self.disk = disk

    def free_small_disk(self) -> None:
        if self.disk is not None:
            subprocess.run(["umount", "-l", self.disk], check=False)

    def stop(self) -> None:
        _script("postgres.sh", "stop", self._env)

    def kill(self) -> int:
        """kill -9 of the whole cluster; how many processes died."""
        pid = self.pid
        return signal_all([pid, *children(pid)], signal.SIGKILL)

    def freeze(self) -> int:
        """SIGSTOP of the whole cluster; how many processes stand still."""
        pid = self.pid
        return signal_all([pid, *children(pid)], signal.SIGSTOP)

    def thaw(self) -> int:
        pid = self.pid
        return signal_all([pid, *children(pid)], signal.SIGCONT)
