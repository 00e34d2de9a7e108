"""The running system on a disk that fills up: commands go on for a while, then it only reads, then all is well."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.ballast import LOW_WATER
from models.database import Database
from models.errors import Unavailable
from models.tables.city import Setting
from tests.small_disk import fill, small_disk
from tests.sweepline.conftest import ITERATIONS, Command, newest

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60.0
FIX = '{"type":"vehicle.position","vehicle":"S-1","observed_at":"2023-12-18T07:5%d:00Z","lon":119.45,"lat":32.78}'


@pytest.fixture
def data(storm_template: Path, tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 48) as place:
        yield Path(shutil.copytree(storm_template, place / "data"))


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, "waited for a minute"
        time.sleep(0.1)


def fill_the_database(data: Path) -> None:
    """Write until nothing more goes in."""
    database = Database(f"sqlite:///{data / 'sweepline.db'}")
    for n in range(10_000):
        try:
            with database.write() as session:
                session.merge(Setting(key=f"filler{n}", value={"x": "x" * 20_000}))
        except Unavailable:
            break
    database.close()


def test_a_full_disk_and_back(data: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPLINE_BALLAST_MB", "8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    says = data.parent.parent / "up.log"
    fixes = data.parent.parent / "fixes.jsonl"
    with says.open("w") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "sweepline.cli", "up", "--data", str(data), "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "SWEEPLINE_SOLVER_PROCESSES": "0", "SWEEPLINE_SOLVER_ITERATIONS": ITERATIONS},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "console:" in says.read_text())
        assert (data / "ballast").exists()
        fixes.write_text(FIX % 1)
        assert command("send", fixes, "--data", data).code == 0

        filler = fill(data.parent, leave=LOW_WATER // 2)
        assert command("plan", "approve", newest(data), "--data", data).code == 0, "the last commands still go through"
        assert not (data / "ballast").exists()
        fixes.write_text(FIX % 2)
        refused = command("send", fixes, "--data", data)
        assert refused.code == 75 and "disk is nearly full" in refused.err

        fill(data.parent)
        fill_the_database(data)
        fill(data.parent)
        full = command("plan", "make", "S-20231218-D01-N", "--data", data)
        assert full.code == 75 and len(full.err.splitlines()) == 1 and "disk is full" in full.err
        assert command("plan", "show", newest(data), "--data", data).code == 0, "reading goes on"
        wait_until(lambda: "lease not kept" in says.read_text())
        assert up.poll() is None

        filler.unlink()
        wait_until(lambda: (data / "ballast").exists())
        assert command("send", fixes, "--data", data).code == 0
        assert command("plan", "make", "S-20231218-D01-N", "--data", data).code == 0
        assert up.poll() is None
    finally:
        up.terminate()
        up.wait(60)
