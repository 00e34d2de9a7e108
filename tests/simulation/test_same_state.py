"""One log, one seed, one state: on every database and broker, after three kill -9, and from a backup on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KAFKA = os.environ.get("SWEEPLINE_TEST_KAFKA", "")
POSTGRES = os.environ.get("SWEEPLINE_TEST_POSTGRES", "")
Env = dict[str, str]
KILL_SEED = 20231218
STEPS = 160
"""About as many steps as the short storm has."""


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
    out, _ = child.communicate(timeout=600)
    lines = out.splitlines()
    assert child.returncode == 0, "\n".join(lines[-30:])
    tables = dict(line.split()[1:3] for line in lines if line.startswith("table "))
    state = next(line.split() for line in lines if line.startswith("state "))
    assert state[3] == "True"
    return state[1], tables


def kill_after(child: subprocess.Popen[str], steps: int) -> int:
    """Kill -9 once so many steps are done; how many were."""
    assert child.stdout is not None
    seen = 0
    for line in child.stdout:
        seen += line.startswith("step ")
        if seen >= steps:
            break
    child.kill()
    child.wait()
    child.stdout.close()
    return seen


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    return finish(start(tmp_path_factory.mktemp("reference"), {}))


def test_three_kills_end_in_the_same_state(reference: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    chance = random.Random(KILL_SEED)
    killed = [kill_after(start(tmp_path, {}), chance.randint(1, STEPS // 3)) for _ in range(3)]
    assert all(killed), "each kill struck a process that was at work"
    state, tables = finish(start(tmp_path, {}))
    assert tables == reference[1]
    assert state == reference[0]


def read_steps(child: subprocess.Popen[str], steps: int) -> int:
    """Read on until so many more steps are done; how many were."""
    assert child.stdout is not None
    seen = 0
    while seen < steps and (line := child.stdout.readline()):
        seen += line.startswith("step ")
    return seen


def sweepline(settings: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("SWEEPLINE_")} | settings
    command = [sys.executable, "-m", "sweepline.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)


def drill(here: Path, there: Path, settings: Env, new_settings: Env) -> tuple[str, dict[str, str]]:
    """Back up in the middle of the storm, lose the place, restore elsewhere, go on to the end there."""
    child = start(here, settings)
    assert read_steps(child, STEPS // 4) == STEPS // 4
    backup = here.parent / "backup"
    saved = sweepline(settings, "db", "backup", "--data", here, backup)
    assert saved.returncode == 0, saved.stderr
    assert read_steps(child, 2) == 2, "the storm went on while the backup was made"
    child.kill()
    child.communicate()
    restored = sweepline(new_settings, "db", "restore", "--data", there, backup)
    assert restored.returncode == 0, restored.stderr
    verified = sweepline(new_settings, "db", "verify", "--data", there)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    return finish(start(there, new_settings))


def test_a_backup_made_in_the_storm_goes_on_to_the_same_state(
    reference: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    state, tables = drill(tmp_path / "here", tmp_path / "there", {}, {})
    assert tables == reference[1]
    assert state == reference[0]


@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="needs SWEEPLINE_TEST_POSTGRES")
def test_a_backup_of_postgres_goes_on_to_the_same_state(reference: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    from sqlalchemy import create_engine, make_url, text

    names = [f"drill_{uuid.uuid4().hex[:12]}" for _ in range(2)]
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    urls = [make_url(POSTGRES).set(database=name).render_as_string(hide_password=False) for name in names]
    (tmp_path / "here").mkdir()
    try:
        old, new = ({"SWEEPLINE_DATABASE_URL": url} for url in urls)
        state, tables = drill(tmp_path / "here", tmp_path / "there", old, new)
    finally:
        with engine.connect() as connection:
            for name in names:
                connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()
    assert tables == reference[1]
    assert state == reference[0]


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.skipif(not (KAFKA and POSTGRES), reason="needs SWEEPLINE_TEST_KAFKA and SWEEPLINE_TEST_POSTGRES")
def test_kafka_and_postgres_end_in_the_same_state(reference: tuple[str, dict[str, str]], tmp_path: Path) -> None:
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
    settings = {
        "SWEEPLINE_DATABASE_URL": make_url(POSTGRES).set(username=name).render_as_string(hide_password=False) + options,
        "SWEEPLINE_BROKER": f"kafka://{KAFKA}",
        "SWEEPLINE_TOPIC_PREFIX": f"{name}.",
    }
    try:
        kill_after(start(tmp_path, settings), 40)
        state, tables = finish(start(tmp_path, settings))
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
            connection.execute(text(f'DROP ROLE "{name}"'))
        engine.dispose()
    assert tables == reference[1]
    assert state == reference[0]
