"""A recorder joins its group only when what it looks things up in is ready: making it is no stall."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dispatch import places
from streams.pulse import Pulse
from sweepline.compose import System
from sweepline.roles import PREPARE, role_loops


@pytest.mark.parametrize("group", sorted(PREPARE))
def test_what_a_recorder_needs_is_there_before_it_joins(
    city: Path, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_CACHE", {})
    system = System(city)
    ready: list[bool] = []
    runner = next(runner for runner in system.runners if runner.recorder.group == group)

    def join(_stop: threading.Event, _pulse: Pulse | None = None) -> None:
        assert runner.lag() == 0, "not a member yet, so nothing is held against it"
        ready.append(bool(system._matching if group == "positions" else places._CACHE))

    monkeypatch.setattr(runner, "run", join)
    loop = next(loop for loop in role_loops(system)["streams"] if loop.name == f"recorder {group}")
    loop.run(threading.Event(), Pulse(loop.name))
    system.close()
    assert ready == [True]
