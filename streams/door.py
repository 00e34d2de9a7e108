"""The door for telemetry: limits each device, thins positions under load, shuts while the broker is away.

Everything here is before the log: what is turned away is told so and counted, and nothing of it is stored. Alerts,
complaints and commands do not come through here.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence

import structlog

from dispatch.decide.admission import Device, Verdict, admit
from dispatch.params import IntakeParams
from models.errors import Unavailable
from models.events.base import Event
from models.events.registry import TELEMETRY
from streams import metrics
from streams.driver import Message

log = structlog.get_logger(__name__)

DEVICES = 100_000
"""Devices remembered; the one not heard of longest is forgotten first."""
LOOK_S = 2.0
"""How often the backlog is looked at."""
SHUT_S = 5.0
"""How long the door stays shut once the broker did not answer; then one message tries it."""
WAITING = 16
"""Callers that may wait for the broker at a time: fewer than the console has threads, so complaints get through."""


class Door:
    """Safe to use from several threads. `backlog` asks how many positions wait in the log; None: never thin."""

    def __init__(
        self,
        publish: Callable[[Sequence[Message]], None],
        params: IntakeParams,
        backlog: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.turned_away: Counter[str] = Counter()
        """Events not let in, by reason."""
        self._too_often: Counter[str] = Counter()
        self._publish = publish
        self._params = params
        self._backlog = backlog
        self._clock = clock
        self._lock = threading.Lock()
        self._devices: OrderedDict[tuple[str, str], Device] = OrderedDict()
        self._waiting = threading.BoundedSemaphore(WAITING)
        self._sending = threading.Lock()
        self._shut_until = 0.0
        self._looked_at: float | None = None
        self._under_load = False

    def verdicts(self, events: Sequence[Event]) -> list[Verdict]:
        """For each event whether it is let in; anything but telemetry always is."""
        under_load = self._look()
        found: list[Verdict] = []
        with self._lock:
            for event in events:
                verdict: Verdict = ""
                if event.type in TELEMETRY:
                    name = (event.type, event.key)
                    self._devices[name], verdict = admit(self._devices.pop(name, None), event, under_load, self._params)
                if verdict:
                    self.turned_away[verdict] += 1
                    if verdict == "too_often":
                        self._too_often[event.key] += 1
                    metrics.count("sweepline_telemetry_turned_away_total", labels=(verdict,))
                found.append(verdict)
            while len(self._devices) > DEVICES:
                self._devices.popitem(last=False)
        if any(found):
            log.warning("telemetry turned away", too_often=found.count("too_often"), thinned=found.count("thinned"))
        return found

    def take_too_often(self) -> dict[str, int]:
        """How many events of which device were too many since the last call."""
        with self._lock:
            taken, self._too_often = dict(self._too_often), Counter()
        return taken

    def publish(self, messages: Sequence[Message]) -> None:
        """Write to the log. Raises Unavailable at once while the door is shut or too many wait for the broker."""
        try:
            self._pass(messages)
        except Unavailable:
            metrics.count("sweepline_telemetry_turned_away_total", len(messages), ("away",))
            raise

    def _pass(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        self._check_open()
        if not self._waiting.acquire(blocking=False):
            raise Unavailable("the broker is slow and enough telemetry waits for it: send again later")
        try:
            with self._sending:
                self._check_open()
                try:
                    self._publish(messages)
                except Unavailable:
                    self._shut_until = self._clock() + SHUT_S
                    raise
        finally:
            self._waiting.release()

    def _check_open(self) -> None:
        if self._clock() < self._shut_until:
            raise Unavailable("the broker is away: send telemetry again later")

    def _look(self) -> bool:
        """Whether positions are to be thinned, by a backlog looked at not long ago."""
        if self._backlog is None:
            return False
        now = self._clock()
        with self._lock:
            if self._looked_at is not None and now - self._looked_at < LOOK_S:
                return self._under_load
            self._looked_at = now
        try:
            self._under_load = now >= self._shut_until and self._backlog() > self._params.thin_backlog
        except Unavailable:
            log.warning("backlog not known, positions are not thinned")
            self._under_load = False
        return self._under_load
