"""One log, one seed, one state: on every database and broker, after three kill -9, from a backup on, and through one
process that does everything or four of the role streams."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.simulation.storm import KAFKA, POSTGRES, ROOT, finish, services, start

Env = dict[str, str]
KILL_SEED = 20231218
STEPS = 160
"""About as many steps as the short storm has."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """The state hash and the hash of each table of a storm that ran to its end undisturbed, embedded."""
    return finish(start(tmp_path_factory.mktemp("reference"), {}))


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
    with services() as settings:
        kill_after(start(tmp_path, settings), 40)
        state, tables = finish(start(tmp_path, settings))
    assert tables == reference[1]
    assert state == reference[0]


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.skipif(not (KAFKA and POSTGRES), reason="needs SWEEPLINE_TEST_KAFKA and SWEEPLINE_TEST_POSTGRES")
def test_four_streams_workers_end_in_the_same_state(reference: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    with services() as settings:
        workers = [start(tmp_path, settings, "streams") for _ in range(4)]
        try:
            state, tables = finish(start(tmp_path, settings, "elsewhere"))
            assert all(worker.poll() is None for worker in workers)
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.communicate(timeout=60)
    assert tables == reference[1]
    assert state == reference[0]
