"""One reading for many pages: what all of them ask for at about the same moment is read from the database once."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable

AGE_S = 0.25
"""An answer this old is read anew; as long as hints are gathered for (console/api/stream.py)."""


class Shared:
    """Answers by name, each read by one caller while the others wait for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._kept: dict[str, tuple[float, bytes]] = {}

    def answer(self, name: str, read: Callable[[], bytes]) -> bytes:
        """The answer of this name, its reading begun no longer than AGE_S ago. What `read` raises keeps nothing."""
        with self._locks[name]:
            began, body = self._kept.get(name, (0.0, b""))
            now = self._clock()
            if not body or now - began >= AGE_S:
                body = read()
                self._kept[name] = (now, body)
            return body
