"""The storm on the small city as processes of their own (`storm_child.py`), and services for them alone."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KAFKA = os.environ.get("SWEEPLINE_TEST_KAFKA", "")
POSTGRES = os.environ.get("SWEEPLINE_TEST_POSTGRES", "")


def start(folder: Path, settings: dict[str, str], *more: str) -> subprocess.Popen[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("SWEEPLINE_")} | settings
    return subprocess.Popen(
        [sys.executable, "-m", "tests.simulation.storm_child", str(folder), *more],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(child: subprocess.Popen[str]) -> tuple[str, dict[str, str]]:
    """The state hash and the hash of each table of a child that ran to its end."""
    out, _ = child.communicate(timeout=300)
    lines = out.splitlines()
    assert child.returncode == 0, "\n".join(lines[-30:])
    tables = dict(line.split()[1:3] for line in lines if line.startswith("table "))
    state = next(line.split() for line in lines if line.startswith("state "))
    assert state[3] == "True"
    return state[1], tables


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """A schema and a role of its own in PostgreSQL, topics of its own in Kafka, as settings."""
    from sqlalchemy import create_engine, make_url, text

    from models.database import Database
    from models.migrate import upgrade

    name = f"same_state_{uuid.uuid4().hex[:12]}"
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE SCHEMA "{name}"'))
        connection.execute(text(f'CREATE ROLE "{name}" LOGIN'))
    options = f"?options=-csearch_path%3D{name},public"
    owner = Database(POSTGRES + options)
    upgrade(owner, role=name)  # everything then runs as a role that owns nothing
    owner.close()
    try:
        yield {
            "SWEEPLINE_DATABASE_URL": make_url(POSTGRES).set(username=name).render_as_string(hide_password=False)
            + options,
            "SWEEPLINE_BROKER": f"kafka://{KAFKA}",
            "SWEEPLINE_TOPIC_PREFIX": f"{name}.",
        }
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
            connection.execute(text(f'DROP ROLE "{name}"'))
        engine.dispose()
