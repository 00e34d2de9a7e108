"""The heart of a role's process: writes its Heartbeat row, and ends a process one of whose loops hangs.

A row tells progress, not life: `progress_at` moves only while every loop comes round and none waits for a service.
`clock` is the machine's, never a simulated one: a heartbeat is about processes, not about the city.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete
from sqlmodel import Session, col, select

from models.database import Database
from models.errors import Unavailable
from models.tables.flow import Heartbeat
from streams.pulse import Pulse
from streams.watchdog import EXIT_CODE

log = structlog.get_logger(__name__)

BEAT_S = 5.0
FRESH_S = 20.0
"""A row not written for this long belongs to a process that is dead, hangs, or cannot reach the database."""
KEPT = timedelta(days=1)
"""Rows of processes that ended without a word are removed after this."""
WORKING, WAITING, STALLED = "working", "waiting", "stalled"


class Heart:
    """Beats for one role of this process. `end` ends the process with a code."""

    def __init__(
        self,
        database: Database,
        role: str,
        holder: str,
        pulses: Sequence[Pulse],
        clock: Callable[[], datetime],
        end: Callable[[int], None] = os._exit,
    ) -> None:
        self._database = database
        self._role = role
        self._holder = holder
        self._pulses = pulses
        self._clock = clock
        self._end = end
        self._since = clock()
        self._progress_at = self._since
        self._beating = threading.Lock()

    def beat(self) -> str:
        """Write the row; the state in it. Safe to call from several threads. Raises Unavailable."""
        with self._beating:
            return self._beat()

    def _beat(self) -> str:
        state, note = self._state()
        now = self._clock()
        if state == WORKING:
            self._progress_at = now
        with self._database.write() as session:
            row = session.get(Heartbeat, (self._role, self._holder))
            if row is None:
                gone = (col(Heartbeat.role) == self._role, col(Heartbeat.beat_at) < now - KEPT)
                session.execute(delete(Heartbeat).where(*gone))
                row = Heartbeat(
                    role=self._role, holder=self._holder, since=self._since, beat_at=now, progress_at=self._progress_at
                )
                session.add(row)
            row.beat_at, row.progress_at, row.state, row.note = now, self._progress_at, state, note[:200]
        return state

    def run(self, stop: threading.Event) -> None:
        """Beat every few seconds until `stop`, then take the row away. A loop that hangs ends the process with 70."""
        while True:
            try:
                self.beat()
            except Unavailable as error:
                log.info("no heartbeat written", role=self._role, error=str(error))
            hanging = [pulse.name for pulse in self._pulses if pulse.stalled]
            if hanging and not stop.is_set():
                log.critical("stalled", role=self._role, loops=hanging)
                self._end(EXIT_CODE)
            if stop.wait(BEAT_S):
                break
        try:
            with self._database.write() as session:
                mine = (col(Heartbeat.role) == self._role, col(Heartbeat.holder) == self._holder)
                session.execute(delete(Heartbeat).where(*mine))
        except Unavailable as error:
            log.info("heartbeat not taken away, it will go stale", role=self._role, error=str(error))

    def _state(self) -> tuple[str, str]:
        """(state, which loop and why)."""
        for pulse in self._pulses:
            if pulse.stalled:
                return STALLED, f"{pulse.name} hangs"
        for pulse in self._pulses:
            if pulse.waits_for:
                return WAITING, f"{pulse.name}: {pulse.waits_for}"
        return WORKING, ""


def list_beats(session: Session, role: str = "") -> list[Heartbeat]:
    """The rows of a role, or of all."""
    query = select(Heartbeat).order_by(col(Heartbeat.role), col(Heartbeat.holder))
    return list(session.exec(query.where(Heartbeat.role == role) if role else query).all())


def gone_holders(session: Session, role: str, now: datetime) -> set[str]:
    """Processes of a role that have stopped beating without a word: killed, hanging, or cut off from the database."""
    old = col(Heartbeat.beat_at) < now - timedelta(seconds=FRESH_S)
    return set(session.exec(select(Heartbeat.holder).where(Heartbeat.role == role, old)).all())


def is_well(row: Heartbeat, now: datetime) -> bool:
    """Whether the process does what it can: it beats, and no loop hangs. Waiting for a service is no fault of its."""
    return row.state != STALLED and now - row.beat_at < timedelta(seconds=FRESH_S)
