"""One contract, every driver and database: the pairs the product may be run on.

Kafka and PostgreSQL take part when SWEEPLINE_TEST_KAFKA (host:port) and SWEEPLINE_TEST_POSTGRES (a URL) are set. Each
test gets topics and groups of its own (a prefix) and a database schema of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from models.database import Database
from models.migrate import upgrade
from tests.contract.line import KAFKA, POSTGRES, Clock, Line, database_url

PAIRS = [
    ("log-sqlite", True),
    ("log-postgres", bool(POSTGRES)),
    ("kafka-postgres", bool(KAFKA and POSTGRES)),
]
"""Broker and database, and whether they are at hand. `test_pairs.py` says which are left out."""


@pytest.fixture(params=[pair for pair, there in PAIRS if there])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Line]:
    broker, kind = request.param.split("-")
    name = f"t{uuid.uuid4().hex[:12]}"
    if kind == "postgres":
        schema(f'CREATE SCHEMA "{name}"')
    database = Database(database_url(kind, tmp_path, name))
    upgrade(database)
    made = Line(broker, kind, tmp_path, database, Clock(), name)
    try:
        made.driver().ensure_topics()
        yield made
    finally:
        for driver in made.drivers:
            driver.close()
        database.close()
        if broker == "kafka":
            drop_topics(f"{name}.")
        if kind == "postgres":
            schema(f'DROP SCHEMA "{name}" CASCADE')


def schema(statement: str) -> None:
    database = Database(POSTGRES)
    with database.write() as session:
        session.execute(text(statement))
    database.close()


def drop_topics(prefix: str) -> None:
    """Leave the broker as it was found."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=KAFKA)
    admin.delete_topics([topic for topic in admin.list_topics() if topic.startswith(prefix)])
    admin.close()
