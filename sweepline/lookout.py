"""The console's lookout: asks database, broker and planners every few seconds, so that nobody else has to wait.

Each question is asked in a thread of its own and given a limit: a service that is frozen takes connections and never
answers. It has its own connections, which no hanging request can use up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import text

from dispatch.decide.trouble import ALL_AWAY, BROKER_AWAY, DEGREES, READ_ONLY, SOLVER_AWAY, assess
from models.database import Database
from models.errors import ReadOnly, Unavailable
from models.tables.flow import Heartbeat
from streams import metrics
from streams.driver import Driver
from streams.heart import FRESH_S, WAITING, is_well, list_beats
from streams.pulse import Pulse, keep_on

log = structlog.get_logger(__name__)

LOOK_S = 3.0
ANSWER_S = 6.0
"""Who has not answered by then is away: longer than a connection may take to be made (5 s)."""


class Question:
    """Asks one thing again and again, in a thread; never twice at a time."""

    def __init__(self, name: str, ask: Callable[[], object]) -> None:
        self._name = name
        self._ask = ask
        self._thread: threading.Thread | None = None
        self._fault: Exception | None = None

    def put(self) -> None:
        """Begin to ask, unless the last asking still goes on."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name=f"ask {self._name}", daemon=True)
            self._thread.start()

    def fault(self) -> Exception | None:
        """Why it was not answered; None when all is well."""
        if self._thread is not None:
            self._thread.join(ANSWER_S)
            if self._thread.is_alive():
                return Unavailable(f"{self._name}: no answer for {ANSWER_S:.0f} s")
        return self._fault

    def _run(self) -> None:
        try:
            self._ask()
            self._fault = None
        except Unavailable as error:
            self._fault = error


class Lookout:
    """Holds the condition of the system. `write` changes something harmless in the database, as a heartbeat does.

    `solver` False: plans are made inside this process by whoever drives it (the demo), so nobody is missed.
    """

    def __init__(
        self,
        database: Database,
        driver: Driver,
        write: Callable[[], object],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        solver: bool = True,
    ) -> None:
        self._database = database
        self._driver = driver
        self._clock = clock
        self._solver = solver
        self._beats: list[Heartbeat] = []
        self._reading = Question("database", self._read)
        self._writing = Question("writing to the database", write)
        self._broker = Question("broker", driver.ping)
        self._trust_from = clock()
        """Who could not write a heartbeat for a while is not missed at once."""
        self.condition = assess(None, frozenset(), clock())

    def run(self, stop: threading.Event, pulse: Pulse) -> None:
        """Look every few seconds until `stop`."""
        keep_on(pulse, stop, self.look, LOOK_S)

    def look(self) -> int:
        """Look once; 0."""
        for question in (self._reading, self._writing, self._broker):
            question.put()
        now = self._clock()
        found = set()
        if self._broker.fault() is not None:
            found.add(BROKER_AWAY)
        if self._reading.fault() is not None:
            found.add(ALL_AWAY)
        elif isinstance(self._writing.fault(), ReadOnly):
            found.add(READ_ONLY)
        if found & {ALL_AWAY, READ_ONLY}:
            self._trust_from = now + timedelta(seconds=FRESH_S)
        elif now >= self._trust_from:
            found |= self._told(now)
        for degree in DEGREES[1:]:
            metrics.show("sweepline_trouble", int(degree in found), (degree,))
        before, self.condition = self.condition, assess(self.condition, frozenset(found), now)
        if before.degree != self.condition.degree:
            log.warning("degree of trouble", degree=self.condition.degree, before=before.degree)
        return 0

    def _told(self, now: datetime) -> set[str]:
        """What the heartbeats tell: no planner at work, a relay that cannot reach the broker."""
        found = set()
        alive = [row for row in self._beats if is_well(row, now)]
        if self._solver and not any(row.role == "planner" for row in alive):
            found.add(SOLVER_AWAY)
        relays = [row for row in alive if row.role == "relay"]
        if relays and all(row.state == WAITING and "broker" in row.note for row in relays):
            found.add(BROKER_AWAY)
        return found

    def _read(self) -> None:
        with self._database.read() as session:
            session.execute(text("SELECT 1"))
            self._beats = list_beats(session)
