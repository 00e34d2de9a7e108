"""Turns what the console's door turned away into alarms: one a device that floods, closed when it has subsided."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError

from dispatch.alarms import open_keys
from dispatch.floods import FLOODS, QUIET, flooding, subsided
from dispatch.uow import UnitOfWork
from models.database import Database
from models.times import iso
from streams.door import Door
from streams.pulse import Pulse, keep_on

log = structlog.get_logger(__name__)

LOOK_S = 10.0


class FloodWatch:
    """Looks at the door every LOOK_S. Of several consoles each knows its own door only."""

    def __init__(self, database: Database, door: Door, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._door = door
        self._clock = clock
        self._began = clock()
        self._waiting: Counter[str] = Counter()
        self._last: dict[str, datetime] = {}

    def run(self, stop: threading.Event, pulse: Pulse) -> None:
        """Look until `stop`."""
        keep_on(pulse, stop, self.look, LOOK_S)

    def look(self) -> int:
        """Look once; 0. Raises Unavailable while the database is away; what was counted waits."""
        now = self._clock()
        counted = self._door.take_too_often()
        self._waiting.update(counted)
        self._last.update(dict.fromkeys(counted, now))
        with self._database.read() as session:
            known = open_keys(session, FLOODS)
        over = [device for device in sorted(known) if now - self._last.get(device, self._began) >= QUIET]
        if over or self._waiting.keys() - known:
            try:
                with self._database.write() as session:
                    uow = UnitOfWork(session, now, f"floods@{iso(now)}", "system:door")
                    flooding(uow, self._waiting)
                    for device in over:
                        subsided(uow, device)
            except IntegrityError:
                log.info("another console raised the same alarm at this moment")
                return 0
        self._waiting.clear()
        self._last = {device: at for device, at in self._last.items() if now - at < QUIET}
        return 0
