"""Which pairs of broker and database this run of the contract suite covers."""

from __future__ import annotations

import os

import pytest


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.parametrize("variable", ["SWEEPLINE_TEST_KAFKA", "SWEEPLINE_TEST_POSTGRES"])
def test_services_take_part_in_the_contract(variable: str) -> None:
    if not os.environ.get(variable):
        pytest.skip(f"{variable} is not set: the contract ran without that service")
    assert ":" in os.environ[variable]
