"""What all tests share: no test fails because a machine is busy, and what takes long begins first."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("sweepline", deadline=None)
settings.load_profile("sweepline")

LONG = ("tests/simulation/", "tests/browser/", "tests/contract/", "tests/sweepline/")
"""With two workers that take file after file, a long one at the end would be waited for by an idle one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first, else as they were."""
    items.sort(key=lambda item: next((n for n, folder in enumerate(LONG) if item.nodeid.startswith(folder)), len(LONG)))
