"""How often somebody may try to sign in: failures within a window, counted an account and address, and an address."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=5)
PER_ACCOUNT = 5
"""Failures of one account from one address within WINDOW."""
PER_ADDRESS = 30
"""Failures from one address within WINDOW, whatever the account."""
KEY_LIMIT = 10_000
"""Keys remembered; the one untouched longest is forgotten first."""


class AttemptLimiter:
    """Counts failures in memory: a restart forgives, which is no help to somebody guessing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def wait_s(self, account: str, address: str, now: datetime) -> int:
        """Seconds until the next attempt is allowed, 0 for now."""
        with self._lock:
            return max(
                self._wait((account, address), PER_ACCOUNT, now),
                self._wait(("", address), PER_ADDRESS, now),
            )

    def failed(self, account: str, address: str, now: datetime) -> None:
        """Count a failure."""
        with self._lock:
            for key, limit in (((account, address), PER_ACCOUNT), (("", address), PER_ADDRESS)):
                times = self._failures.setdefault(key, deque(maxlen=limit))
                times.append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > KEY_LIMIT:
                self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """Forget the account's failures from this address."""
        with self._lock:
            self._failures.pop((account, address), None)

    def _wait(self, key: tuple[str, str], limit: int, now: datetime) -> int:
        times = self._failures.get(key)
        if times is None or len(times) < limit:
            return 0
        left = (times[0] + WINDOW - now).total_seconds()
        return max(0, int(left) + 1) if left > 0 else 0
