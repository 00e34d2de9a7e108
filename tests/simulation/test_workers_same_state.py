"""The same log through 1 and 4 processes of the role streams, on Kafka and PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.simulation.test_same_state import KAFKA, POSTGRES, finish, start


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    return finish(start(tmp_path_factory.mktemp("reference"), {}))


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


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.skipif(not (KAFKA and POSTGRES), reason="needs SWEEPLINE_TEST_KAFKA and SWEEPLINE_TEST_POSTGRES")
@pytest.mark.parametrize("count", [1, 4])
def test_streams_workers_end_in_the_same_state(
    count: int, reference: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    with services() as settings:
        workers = [start(tmp_path, settings, "streams") for _ in range(count)]
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
