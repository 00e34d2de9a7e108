"""Hints to open pages: `kind:id` says that something changed and is to be read again. Carries no data.

Publishing never blocks and never fails: a client that does not keep up loses its waiting hints and gets one `resync`
instead, after which it reads everything again. Safe to call from any thread.

Vehicles move so often that their new places are sent themselves. A client that does not keep up gets the last of each.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

QUEUE_LIMIT = 512
"""Hints waiting for one client before they are replaced by `resync`."""

CLIENT_LIMIT = 1024
"""Open subscriptions of one hub; one more is refused with HubFull."""

RESYNC = "resync"


class HubFull(Exception):
    """More clients than CLIENT_LIMIT."""


class Subscription:
    """One client's waiting hints, in order, each once; and the newest place of each vehicle that has moved."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[str] = deque()
        self._present: set[str] = set()
        self._moved: dict[str, bytes] = {}
        self._wake: Callable[[], None] | None = None

    def on_hint(self, wake: Callable[[], None] | None) -> None:
        """Have `wake` called (from the publisher's thread) whenever something is waiting; at once if it is already."""
        with self._lock:
            self._wake = wake
            call = wake is not None and bool(self._waiting or self._moved)
        if call and wake is not None:
            wake()

    def put(self, hint: str) -> None:
        """Add a hint; one that is already waiting is not added again."""
        with self._lock:
            if hint in self._present or RESYNC in self._present:
                return
            if len(self._waiting) >= QUEUE_LIMIT:
                self._waiting.clear()
                self._present.clear()
                hint = RESYNC
            self._waiting.append(hint)
            self._present.add(hint)
            wake = self._wake
        if wake is not None:
            wake()

    def move(self, places: Mapping[str, bytes]) -> None:
        """Have new places of vehicles wait, instead of older ones of the same."""
        with self._lock:
            self._moved.update(places)
            wake = self._wake
        if wake is not None:
            wake()

    @property
    def hinted(self) -> bool:
        """Whether hints are waiting."""
        return bool(self._waiting)

    def moved(self) -> list[bytes]:
        """Take all waiting places."""
        with self._lock:
            places, self._moved = self._moved, {}
        return list(places.values())

    def drain(self) -> list[str]:
        """Take all waiting hints."""
        with self._lock:
            hints = list(self._waiting)
            self._waiting.clear()
            self._present.clear()
        return hints


class Hub:
    """Fans hints out to every subscription."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: set[Subscription] = set()

    def publish(self, hint: str) -> None:
        """Tell every client that `kind:id` changed."""
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.put(hint)

    def move(self, places: Mapping[str, bytes]) -> None:
        """Tell every client where vehicles are now: vehicle → its place as it is sent (`places.packed`)."""
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.move(places)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """A subscription for as long as the context is open. Raises HubFull."""
        client = Subscription()
        with self._lock:
            if len(self._clients) >= CLIENT_LIMIT:
                raise HubFull(f"{CLIENT_LIMIT} live connections are open; close some pages")
            self._clients.add(client)
        try:
            yield client
        finally:
            with self._lock:
                self._clients.discard(client)

    @property
    def clients(self) -> int:
        """Open subscriptions."""
        with self._lock:
            return len(self._clients)
