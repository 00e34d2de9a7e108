"""`up` as a process: told to end it gives back what it holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from sqlmodel import select

from models.database import Database
from models.tables.flow import Heartbeat, Lease

ROOT = Path(__file__).parents[2]
SWEEPLINE = [sys.executable, "-c", "from sweepline.cli import main; main()"]
END_S = 60.0


def test_up_tells_its_progress_and_ends_in_order(city: Path) -> None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("SWEEPLINE_")}
    env |= {"PYTHONPATH": str(ROOT), "SWEEPLINE_SOLVER_PROCESSES": "0", "SWEEPLINE_PORT": "0"}
    command = [*SWEEPLINE, "up", "--data", str(city)]
    up = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    assert up.stdout is not None
    assert "console: http" in up.stdout.readline()
    health = [*SWEEPLINE, "health", "--data", str(city), "--role", "relay"]
    told = subprocess.run(health, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    up.send_signal(signal.SIGTERM)
    assert up.wait(timeout=END_S) == 0
    up.stdout.close()
    database = Database(f"sqlite:///{city / 'sweepline.db'}")
    with database.read() as session:
        assert session.exec(select(Heartbeat)).all() == []
        assert {row.name: row.holder for row in session.exec(select(Lease)).all()} == {"runner": ""}
    database.close()
