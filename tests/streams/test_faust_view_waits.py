"""A view on Faust waits for what is away, and for what the broker does not tell of yet; it does not crash."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest

from models.errors import Unavailable
from streams.driver import Driver
from streams.pulse import Pulse
from streams.views import faust_app
from streams.views.faust_app import FaustView
from streams.views.last_fix import LAST_FIX


class Broker:
    """Tells of so many partitions."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions

    def ensure_topics(self) -> None:
        """They are there."""

    def end_offsets(self, topics: tuple[str, ...]) -> dict[tuple[str, int], int]:
        return {(topics[0], number): 0 for number in range(self.partitions)}


def view(partitions: int) -> FaustView:
    return FaustView(LAST_FIX, cast(Driver, Broker(partitions)), "127.0.0.1:1")


def test_a_topic_another_process_has_just_created_has_no_partitions_yet() -> None:
    with pytest.raises(Unavailable, match="topic positions has no partitions yet"):
        view(0).run_once()


def test_an_app_that_crashed_by_a_cancelled_task_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[int] = []
    stop = threading.Event()

    def run(*_: Any, **options: Any) -> None:
        starts.append(options["partitions"])
        if len(starts) == 1:
            raise asyncio.CancelledError
        stop.set()

    monkeypatch.setattr(faust_app, "run_faust_view", run)
    pulse = Pulse("last_fix")
    view(8).run(stop, pulse)
    assert starts == [8, 8]
