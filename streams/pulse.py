"""Signs of progress of a loop, and the loop itself: works, pauses, tries again what a service being away held up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from models.errors import Unavailable
from streams import metrics

log = structlog.get_logger(__name__)

STALL_S = 60.0
"""A loop that has not come round for this long hangs: longer than a broker that is away holds a call up."""
FIRST_PAUSE_S = 0.2
MAX_PAUSE_S = 5.0
SAY_AGAIN_S = 60.0
"""How often a loop that waits says so: an outage is a few lines, not thousands."""


class Pulse:
    """One loop's progress: when it last came round, and what it waits for. `clock` counts seconds and never back."""

    def __init__(self, name: str, limit_s: float = STALL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.waits_for = ""
        """What service is away, in words; empty while all goes well."""
        self._limit_s = limit_s
        self._clock = clock
        self._turned_at = clock()
        self._said_at = 0.0

    def turned(self) -> None:
        """The loop has come round, having done what there was to do."""
        self._turned_at = self._clock()
        if self.waits_for:
            log.warning("goes on", loop=self.name)
            self.waits_for = ""

    def waits(self, what: str) -> None:
        """The loop has come round, but a service is away."""
        self._turned_at = self._clock()
        if not self.waits_for:
            metrics.count("sweepline_waits_total", labels=(self.name,))
        if not self.waits_for or self._turned_at - self._said_at >= SAY_AGAIN_S:
            log.warning("waiting", loop=self.name, error=what)
            self._said_at = self._turned_at
        self.waits_for = what

    @property
    def stalled(self) -> bool:
        """Whether the loop has not come round for longer than anything it does may take."""
        return self._clock() - self._turned_at > self._limit_s


def keep_on(pulse: Pulse, stop: threading.Event, once: Callable[[], int], idle_s: float = 0.0) -> None:
    """Call `once` until `stop`: again at once while there is work, after `idle_s` when there was none.

    A service that is away is tried again, in place, with growing pauses up to 5 s.
    """
    pause = FIRST_PAUSE_S
    while not stop.is_set():
        try:
            busy = once()
        except Unavailable as error:
            pulse.waits(str(error))
            stop.wait(pause)
            pause = min(pause * 2, MAX_PAUSE_S)
            continue
        pulse.turned()
        pause = FIRST_PAUSE_S
        if not busy and idle_s:
            stop.wait(idle_s)
