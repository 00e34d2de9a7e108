"""Drives the demo: moves the simulated clock from one due time to the next, and only at rest.

Each step is written down before it is taken (`demo` setting: the instant, how far the script was played) and after it
(what was sent). Killed anywhere, the next start takes the same step again with the same input, which every part of
the system takes as a repetition.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlmodel import Session, col, select

from demo.fleet_tracks import FleetTracks
from demo.people import acts, perform
from demo.script import ScriptEvent, StormScript
from dispatch.accept import accept_row, quarantine
from dispatch.context import Context
from dispatch.intake import BadLine, parse_body
from dispatch.streets import Streets
from models.database import Database
from models.errors import Refused
from models.events.base import Event, dump_event
from models.events.registry import TELEMETRY, TOPIC_OF_TYPE
from models.tables.city import Setting
from models.tables.flow import Timer
from models.tables.plans import Plan, PlanRequest, PlanVersion, Route
from models.tables.work import StationDay
from models.times import iso, parse_time

KEY = "demo"
TICK = timedelta(minutes=5)
"""How often trucks and stations are asked what they have to report; live, more often."""
OPEN_PHASES = ("greedy", "improve", "insert", "replan")


class SystemHandle(Protocol):
    """What the driver needs of the system; compose's System has it."""

    database: Database
    context: Context

    def settle(self, now: datetime) -> None:
        """Run every role until nothing is left to do at `now`."""

    def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        """Write telemetry to the broker."""

    def streets(self, session: Session) -> Streets:
        """The street network."""


@dataclass(slots=True)
class Progress:
    """Where the demo stands. `played` counts script events sent, `ticked` is the last tick's instant."""

    at: datetime
    ticked: datetime
    played: int
    accepted: int
    refused: int
    rest: bool
    finished: bool

    def as_value(self) -> dict[str, Any]:
        """As stored."""
        return {
            "at": iso(self.at),
            "ticked": iso(self.ticked),
            "played": self.played,
            "accepted": self.accepted,
            "refused": self.refused,
            "rest": self.rest,
            "finished": self.finished,
        }


def stored_progress(session: Session) -> Progress | None:
    """The demo's standing in a data directory; None before its first step."""
    row = session.get(Setting, KEY)
    if row is None:
        return None
    value = row.value
    return Progress(
        at=parse_time(value["at"]),
        ticked=parse_time(value["ticked"]),
        played=value["played"],
        accepted=value["accepted"],
        refused=value["refused"],
        rest=value["rest"],
        finished=value["finished"],
    )


class DemoDriver:
    """One storm, step by step."""

    def __init__(
        self,
        system: SystemHandle,
        script: StormScript,
        seed: int,
        start: datetime,
        move_clock: Callable[[datetime], None],
        tick: timedelta = TICK,
    ) -> None:
        self._system = system
        self._script = script
        self._move_clock = move_clock
        self._tick_every = tick
        self.start, self.end = start, script.end
        with system.database.read() as session:
            self._tracks = FleetTracks(seed, system.streets(session))
            found = stored_progress(session)
        self.progress = found or Progress(start, start, 0, 0, 0, rest=True, finished=False)

    def run(
        self, on_step: Callable[[datetime], None], speed: float = 0.0, stop: Callable[[], bool] = lambda: False
    ) -> None:
        """To the end, or until `stop`. `speed` simulated seconds a real second; 0: as fast as it goes."""
        while not self.progress.finished and not stop():
            at = self.progress.at if not self.progress.rest else self.next_at()
            if speed > 0:
                self._wait((at - self.progress.at).total_seconds() / speed, stop)
            if not stop():
                self.step(at)
                on_step(at)

    @staticmethod
    def _wait(seconds: float, stop: Callable[[], bool]) -> None:
        until = time.monotonic() + seconds
        while not stop() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def next_at(self) -> datetime:
        """The next due time: script, timer, plan, person, or the next tick."""
        progress = self.progress
        due = [progress.ticked + self._tick_every, self.end]
        if progress.played < len(self._script.events):
            due.append(self._script.events[progress.played].at)
        with self._system.database.read() as session:
            timer = session.exec(
                select(Timer.due_at).where(Timer.state == "pending").order_by(col(Timer.due_at))
            ).first()
            request = session.exec(
                select(PlanRequest.next_at)
                .where(col(PlanRequest.phase).in_(OPEN_PHASES))
                .order_by(col(PlanRequest.next_at))
            ).first()
            due += [at for at in (timer, request) if at is not None]
            due += [act.at for act in acts(session)[:1]]
        return max(min(due), progress.at)

    def step(self, at: datetime) -> None:
        """Move to `at`, bring in what is due then, and run to rest."""
        progress = self.progress
        if progress.rest:
            progress.at, progress.rest = at, False
            self._save()
        self._move_clock(at)
        self._play(at)
        sent = self._tick(at) if at >= progress.ticked + self._tick_every or at >= self.end else 0
        for act in self._due_acts(at):
            perform(self._system.database, self._system.context, act)
        self._system.settle(at)
        progress.accepted += sent
        if sent or at >= progress.ticked + self._tick_every:
            progress.ticked = at
        progress.rest, progress.finished = True, at >= self.end
        self._save()

    def _due_acts(self, at: datetime) -> list[Any]:
        with self._system.database.read() as session:
            return [act for act in acts(session) if act.at <= at]

    def _save(self) -> None:
        with self._system.database.write() as session:
            self._write(session)

    def _write(self, session: Session) -> None:
        row = session.get(Setting, KEY)
        if row is None:
            session.add(Setting(key=KEY, value=self.progress.as_value()))
        else:
            row.value = self.progress.as_value()

    def _play(self, at: datetime) -> None:
        """Send the script's events that are due, each in one transaction with the mark that it was sent."""
        while self.progress.played < len(self._script.events):
            event = self._script.events[self.progress.played]
            if event.at > at:
                return
            self._send(event)

    def _send(self, entry: ScriptEvent) -> None:
        """Rows and the mark together; telemetry first (it may be repeated), then the mark."""
        progress = self.progress
        events, bad, refused = self._parsed(entry)
        telemetry = [e for e in events if e.type in TELEMETRY]
        self._system.publish([(TOPIC_OF_TYPE[e.type], e.key, dump_event(e)) for e in telemetry])
        with self._system.database.write() as session:
            for event in events:
                if event.type in TELEMETRY or accept_row(session, event).status != "duplicate":
                    progress.accepted += 1
            for line in bad:
                quarantine(session, entry.at, None, line.raw, line.reason, line.text)
            progress.accepted += len(bad)
            progress.played += 1
            progress.refused += refused
            self._write(session)

    def _parsed(self, entry: ScriptEvent) -> tuple[list[Event], list[BadLine], int]:
        """Events, bad lines, and 1 when the whole input was refused."""
        if entry.kind == "breakdown":
            return [self._breakdown(entry)], [], 0
        try:
            parsed = parse_body(entry.body, entry.content_type, entry.at)
        except Refused:
            return [], [], 1
        events = [e for e in parsed if not isinstance(e, BadLine)]
        return events, [e for e in parsed if isinstance(e, BadLine)], 0

    def _breakdown(self, entry: ScriptEvent) -> Event:
        """The busiest ploughing truck breaks down: most stops still ahead, then the smallest name."""
        with self._system.database.read() as session:
            rows = session.exec(
                select(Route)
                .join(PlanVersion, col(PlanVersion.id) == col(Route.plan_version))
                .join(Plan, col(Plan.code) == col(PlanVersion.plan))
                .where(Plan.service == "ploughing", PlanVersion.state == "active")
            ).all()
        if not rows:
            raise Refused("no_truck", "no truck is ploughing at the time of the breakdown")
        ahead = {
            route.vehicle: sum(1 for stop in route.doc["stops"] if parse_time(stop["depart"]) > entry.at)
            for route in rows
        }
        return self._script.breakdown(min(ahead, key=lambda vehicle: (-ahead[vehicle], vehicle)), entry.at)

    def _tick(self, at: datetime) -> int:
        """What trucks and stations have to report since the last tick; how many events."""
        before = self.progress.ticked
        with self._system.database.read() as session:
            fixes = self._tracks.fixes(session, before, at)
            cleared: dict[str, datetime] = {}
            for row in session.exec(select(StationDay).where(col(StationDay.cleared_at) <= before)).all():
                if row.cleared_at is not None:
                    cleared[row.station] = max(cleared.get(row.station, row.cleared_at), row.cleared_at)
        events = [*fixes, *self._script.levels(before, at, cleared)]
        self._system.publish([(TOPIC_OF_TYPE[e.type], e.key, dump_event(e)) for e in events])
        return len(events)
