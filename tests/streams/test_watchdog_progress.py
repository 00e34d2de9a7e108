"""The watchdog: no progress with work waiting for 30 s ends the process with 70, and nothing else does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from models.errors import Unavailable
from streams.driver import Driver
from streams.views.faust_app import FaustView, Signs
from streams.views.last_fix import LAST_FIX
from streams.watchdog import Watchdog


class World:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.lag: int | None = 0
        self.batches = 0
        self.ended: list[int] = []
        self.dog = Watchdog("g", self.ask, lambda: self.batches, lambda: self.seconds, self.ended.append)

    def ask(self) -> int:
        if self.lag is None:
            raise Unavailable("broker is away")
        return self.lag

    def at(self, seconds: float) -> bool:
        self.seconds = seconds
        return self.dog.check()


def test_a_stalled_group_ends_the_process() -> None:
    world = World()
    assert world.at(100)
    world.lag = 5
    assert world.at(105)
    assert world.at(129.9)
    assert not world.at(130)
    assert world.ended == [70]


def test_slow_progress_is_progress() -> None:
    world = World()
    world.lag = 5
    for second in range(0, 300, 29):
        world.batches += 1
        assert world.at(second)
    assert world.ended == []


def test_a_broker_that_is_away_is_not_held_against_the_process() -> None:
    world = World()
    world.lag = 5
    assert world.at(20)
    world.lag = None
    assert world.at(60)
    world.lag = 5
    assert world.at(89)
    assert not world.at(91)


def test_a_view_makes_progress_though_an_offset_is_not_known_yet() -> None:
    """Faust has no offset of a partition while the broker is slow to answer."""
    view = FaustView(LAST_FIX, cast(Driver, None), "nowhere:1")
    recovery = SimpleNamespace(active_offsets={"positions-0": None, "positions-1": 7})
    view._made(Signs(None, SimpleNamespace(tp_committed_offsets={"positions-0": 5}), recovery))
    before = view.progress()
    recovery.active_offsets["positions-0"] = 3
    assert view.progress() > before
