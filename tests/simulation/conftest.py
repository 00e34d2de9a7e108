"""What tests of the storm share."""

from __future__ import annotations

import pytest

from tests.simulation.storm import finish, start


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """The state hash and the hash of each table of a storm that ran to its end undisturbed, embedded."""
    return finish(start(tmp_path_factory.mktemp("reference"), {}))
