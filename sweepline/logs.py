"""Log lines on standard error, each message only so often: an outage must not fill the disk it is to be survived on."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

PER_MINUTE = 10
"""Lines of one message a minute; what differs between two lines of a message are its values."""
WINDOW_S = 60.0
MESSAGES = 1000
"""Messages remembered; the one not seen longest is forgotten first."""


class LineLimit:
    """Counts lines by message. The first line let through after others were held back says how many they were."""

    def __init__(self, per_minute: int = PER_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, list[float]] = OrderedDict()

    def held_back(self, message: str) -> int | None:
        """None: hold this line back. Else it may be written, and so many before it were held back."""
        now = self._clock()
        with self._lock:
            began, lines, held = self._seen.pop(message, [now, 0.0, 0.0])
            if now - began >= WINDOW_S:
                began, lines = now, 0.0
            through = lines < self._per_minute
            self._seen[message] = [began, lines + 1, 0.0] if through else [began, lines, held + 1]
            while len(self._seen) > MESSAGES:
                self._seen.popitem(last=False)
            return int(held) if through else None


class LimitEvents:
    """structlog processor: drops what is over the limit, tells the number with the next."""

    def __init__(self, limit: LineLimit) -> None:
        self._limit = limit

    def __call__(self, _logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """One line."""
        held = self._limit.held_back(f"{method} {line.get('event')}")
        if held is None:
            raise structlog.DropEvent
        if held:
            line["held_back"] = held
        return line


class LimitRecords(logging.Filter):
    """The same for lines of libraries (kafka, faust, uvicorn), by their text before values are put in."""

    def __init__(self, limit: LineLimit) -> None:
        super().__init__()
        self._limit = limit

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        held = self._limit.held_back(f"{record.name} {record.levelno} {record.msg}")
        if held:
            record.msg = f"{record.msg} (held back before this: {held})"
        return held is not None


def set_up_logging(level: str) -> None:
    """Structured lines on standard error, from `level` on."""
    number = getattr(logging, level.upper())
    limit = LineLimit()
    logging.basicConfig(level=number, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.filters = [LimitRecords(limit)]
    others = [each for each in structlog.get_config()["processors"] if not isinstance(each, LimitEvents)]
    structlog.configure(
        processors=[LimitEvents(limit), *others],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
