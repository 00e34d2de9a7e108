"""The same log through 1 and 4 processes of the role streams, on Kafka and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.storm import KAFKA, POSTGRES, finish, services, start


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
