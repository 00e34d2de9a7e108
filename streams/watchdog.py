"""The watchdog asks for progress, not for life: work waits, and nothing is committed for 30 s → exit 70.

The supervisor then starts the process anew. A service that is away is not the process's fault: while lag cannot be
asked, nothing is held against it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import structlog

from models.errors import Unavailable

log = structlog.get_logger(__name__)

STALL_S = 30.0
CHECK_S = 5.0
EXIT_CODE = 70


class Watchdog:
    """Watches one group. `lag()` is what it has not committed, `progress()` any number that changes when it commits.

    `clock` counts seconds and never goes back; `end` ends the process with a code.
    """

    def __init__(
        self,
        name: str,
        lag: Callable[[], int],
        progress: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
        end: Callable[[int], None] = os._exit,
        stall_s: float = STALL_S,
    ) -> None:
        self._name = name
        self._lag = lag
        self._progress = progress
        self._clock = clock
        self._end = end
        self._stall_s = stall_s
        self._last = progress()
        self._since = clock()

    def check(self) -> bool:
        """Look once; False (and `end(70)`) when the group has stalled."""
        now = self._clock()
        seen = self._progress()
        try:
            idle = seen != self._last or self._lag() == 0
        except Unavailable:
            idle = True
        if idle:
            self._last, self._since = seen, now
            return True
        if now - self._since < self._stall_s:
            return True
        log.critical("stalled", group=self._name, seconds=now - self._since)
        self._end(EXIT_CODE)
        return False

    def run(self, stop: threading.Event) -> None:
        """Look every few seconds until `stop`."""
        while not stop.wait(CHECK_S):
            self.check()
