"""Running every role to rest in one thread, step by step: for commands, `demo --once` and tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from models.database import Database
from printouts.printer import Printer
from streams.driver import Driver
from streams.planner import Planner
from streams.relay import Relay
from streams.runner import Runner
from streams.timers import fire_due
from streams.topics import TOPICS
from streams.views.embedded import EmbeddedView
from sweepline.elsewhere import Elsewhere

if TYPE_CHECKING:
    from streams.views.faust_app import FaustView

SETTLE_ROUNDS = 200
"""More rounds than this without coming to rest is a broken invariant, not load."""
POLL_WAIT_S = 0.2
VIEW_WAIT_S = 0.02


class Settling:
    """Knows which topics hold messages that recorders have not read yet, so that a round asks the broker little."""

    def __init__(
        self,
        database: Database,
        driver: Driver,
        relay: Relay,
        planner: Planner,
        printer: Printer,
        runners: Sequence[Runner | Elsewhere],
        views: Sequence[EmbeddedView | FaustView],
    ) -> None:
        self._database = database
        self._driver = driver
        self._relay = relay
        self._planner = planner
        self._printer = printer
        self._runners = runners
        self._views = views
        self._unread = set(TOPICS)

    def wrote(self, topic: str) -> None:
        """Something new is on a topic."""
        self._unread.add(topic)

    def settle(self, now: datetime) -> None:
        """Run every role until nothing is left to do at `now`: outbox empty, lag 0, no open request due.

        In a fixed order, whatever the broker: what has arrived is recorded, recorder by recorder; then timers fire;
        then plans are made; then sheets are printed.
        """
        for _ in range(SETTLE_ROUNDS):
            done = self._drain() + fire_due(self._database, now) + self._drain()
            done += self._planner.run_due(now, datetime.now(UTC)) + self._printer.print_due()
            if not done and not self._views_behind():
                return
        raise RuntimeError(f"no rest after {SETTLE_ROUNDS} rounds at {now}")

    def _drain(self) -> int:
        """Send the outbox and have each recorder read all of its topics, until nothing new comes of it."""
        done = 0
        while True:
            while sent := self._relay.run_once():
                done += sent
            if not self._unread:
                return done
            unread, self._unread = self._unread, set()
            for runner in self._runners:
                if unread.intersection(runner.recorder.topics):
                    done += self._read_all(runner)

    def _read_all(self, runner: Runner | Elsewhere) -> int:
        """Have one recorder read until its group has no lag."""
        done = runner.run_once(0.0)
        while self._driver.lag(runner.recorder.group, runner.recorder.topics) > 0:
            done += runner.run_once(POLL_WAIT_S)
        return done

    def _views_behind(self) -> bool:
        """Bring the views up; True when they had something to do, whose states are then to be recorded."""
        behind = False
        for view in self._views:
            while view.run_once(0.0 if not behind else VIEW_WAIT_S) or view.behind():
                behind = True
        if behind:
            self._unread.add("state")
        return behind
