"""The one place where parts are wired together: database, broker, recorders, views, planner, relay, printer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlmodel import Session, select

from config.rules_loader import load_rules
from config.settings import Settings, load_settings
from dispatch.accept import accept, quarantine, turned_away
from dispatch.approval import approve
from dispatch.city.store import load_streets
from dispatch.clockwork import start_clockwork
from dispatch.commands import run_command
from dispatch.context import Context
from dispatch.fallback import request_fallbacks
from dispatch.intake import BadLine, parse_body
from dispatch.response import SELF_START_STOP, closed_streets
from dispatch.streets import Streets
from dispatch.undo import request_undo
from dispatch.uow import UnitOfWork
from models.errors import Refused, Unavailable
from models.events.base import Event, Receipt
from models.tables.city import City, Setting
from models.tables.plans import Plan, PlanVersion
from printouts.printer import Printer
from routing.streets.match_network import MatchNetwork
from streams.door import Door
from streams.driver import Driver, Message
from streams.planner import Planner, PlannerParams
from streams.recorder import Recorder
from streams.recorders.cases import cases
from streams.recorders.positions import positions
from streams.recorders.projections import projections
from streams.recorders.resources import resources
from streams.recorders.stations import stations
from streams.recorders.timers import timers
from streams.recorders.weather import weather
from streams.recorders.work import work
from streams.relay import Relay
from streams.runner import Runner
from sweepline.clock import Clock, WallClock
from sweepline.elsewhere import Elsewhere, Gate
from sweepline.parts import match_network, open_database, open_driver, open_views
from sweepline.settling import Settling

log = structlog.get_logger(__name__)


def all_recorders(context: Context, network: Callable[[Session], MatchNetwork] = match_network) -> list[Recorder]:
    """Every recorder, in the order a settling round runs them: what has arrived is known before a timer decides."""
    return [
        resources(context),
        weather(context),
        stations(context),
        cases(context),
        positions(network),
        timers(context),
        work(),
        projections(),
    ]


@dataclass(frozen=True, slots=True)
class Options:
    """How a system is to run. `iterations` given: results do not depend on the machine's speed."""

    clock: Clock = field(default_factory=WallClock)
    rules: dict[str, Any] | None = None
    latency: bool = False
    replay: bool = False
    iterations: int | None = None
    seed: int | None = None
    streams_elsewhere: bool = False
    """Other processes run the role streams; settling hands them topic by topic and waits (for replays)."""
    holder: str = ""
    """Who claims plan requests. Empty: this machine, so that a restart goes on with what it had claimed."""


class System:
    """All roles over one data directory."""

    def __init__(self, data_dir: Path, options: Options | None = None, settings: Settings | None = None) -> None:
        self.data_dir = data_dir
        self.options = options or Options()
        self.settings = settings or load_settings(data_dir)
        self.clock = self.options.clock
        self.holder = self.options.holder or socket.gethostname()
        data_dir.mkdir(parents=True, exist_ok=True)
        self.rules = load_rules(data_dir / "sweepline.toml", self.options.rules)
        self.database = open_database(self.settings, data_dir)
        gate = Gate(open_driver(self.settings, data_dir, self.clock))
        self.driver: Driver = gate if self.options.streams_elsewhere else gate.driver
        self._streets: dict[tuple[str, frozenset[str]], Streets] = {}
        self._matching: dict[str, MatchNetwork] = {}
        self._planners: list[Planner] = []
        self.door = Door(self.driver.publish, self.rules.intake, None if self.clock.simulated else self._backlog)
        self.context = self._context()
        seed = self.options.seed if self.options.seed is not None else self.settings.seed
        planning = self.rules.planning
        self._planning = PlannerParams(
            seed=seed,
            iterations=self.options.iterations or self.settings.solver_iterations or None,
            seconds=planning.improve_seconds,
            processes=self.settings.solver_processes,
            holder=f"planner@{self.holder}",
        )
        self.planner = self.make_planner()
        self.relay = Relay(self.database, self.driver, self.clock, lambda topic, _key: self._settling.wrote(topic))
        self.printer = Printer(self.database, data_dir / "bundles", data_dir / "sheets", self.clock)
        self.runners = [Runner(self.database, self.driver, r, self.clock) for r in self.recorders()]
        reading = [Elsewhere(r, gate) for r in self.recorders()] if self.options.streams_elsewhere else self.runners
        self.views = open_views(self.settings, self.driver, self.database)
        self._settling = Settling(
            self.database, self.driver, self.relay, self.planner, self.printer, reading, self.views
        )

    def make_planner(self, **changes: Any) -> Planner:
        """A planner of this system's own settings, but for `changes`."""
        made = Planner(self.database, self.context, replace(self._planning, **changes), self.streets)
        self._planners.append(made)
        return made

    def _context(self) -> Context:
        with self.database.read() as session:
            city = session.exec(select(City)).first()
        return Context(
            rules=self.rules,
            city=city.code if city is not None else "",
            zone=city.zone if city is not None else "UTC",
            latency=self.options.latency,
            replay=self.options.replay,
        )

    def recorders(self) -> list[Recorder]:
        """Every recorder of this system."""
        return all_recorders(self.context, self.matching)

    def streets(self, session: Session) -> Streets:
        """The network of the open streets; kept until the city or its closures change."""
        city = session.exec(select(City)).one()
        key = (city.network_hash, closed_streets(session))
        if key not in self._streets:
            self._streets.clear()
            self._streets[key] = load_streets(session, key[1], self.context.rules.turns)
        return self._streets[key]

    def matching(self, session: Session) -> MatchNetwork:
        """The network tracks are matched to: every street, closed or not."""
        city = session.exec(select(City)).one()
        if city.network_hash not in self._matching:
            self._matching.clear()
            self._matching[city.network_hash] = match_network(session)
        return self._matching[city.network_hash]

    # -- in: events and commands ------------------------------------------------------------------------------------

    def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        """Write telemetry to the broker. Raises Unavailable, also while what room is left on disk is for commands."""
        if messages:
            if self.database.ballast is not None and self.database.ballast.is_low():
                raise Unavailable(f"disk is nearly full at {self.data_dir}: no telemetry is taken until there is room")
            self.door.publish([Message(topic, key.encode(), value) for topic, key, value in messages])
            for topic, _, _ in messages:
                self._settling.wrote(topic)

    def take(self, parsed: Sequence[Event | BadLine]) -> list[Receipt]:
        """Accept parsed events and bad lines, a receipt for each in order."""
        events = [entry for entry in parsed if isinstance(entry, Event)]
        receipts = iter(accept(self.database, self.publish, events))
        bad = [entry for entry in parsed if not isinstance(entry, Event)]
        if bad:
            with self.database.write() as session:
                for line in bad:
                    quarantine(session, self.clock(), None, line.raw, line.reason, line.text)
        return [
            next(receipts)
            if isinstance(entry, Event)
            else Receipt(status="quarantined", reason=entry.reason, text=entry.text)
            for entry in parsed
        ]

    def intake(self, body: bytes, content_type: str, actor: str) -> list[Receipt]:
        """An HTTP body as events; devices are held to their limits. Raises Refused, Unavailable."""
        parsed = parse_body(body, content_type, self.clock())
        signed = [e.model_copy(update={"actor": actor}) if isinstance(e, Event) and actor else e for e in parsed]
        verdicts = iter(self.door.verdicts([entry for entry in signed if isinstance(entry, Event)]))
        away = [turned_away(e, v) if isinstance(e, Event) and (v := next(verdicts)) else None for e in signed]
        taken = iter(self.take([entry for entry, receipt in zip(signed, away, strict=True) if receipt is None]))
        return [receipt or next(taken) for receipt in away]

    def _backlog(self) -> int:
        return self.driver.lag("positions", ("positions",))

    def approve(self, version_id: str, actor: str) -> PlanVersion:
        """Approve a plan version. Raises Stale, Refused."""
        return run_command(
            self.database,
            self.clock(),
            actor,
            "plan.approve",
            version_id.partition("@")[0],
            {"plan_version": version_id},
            lambda uow: approve(uow, self.context, version_id),
        )

    def undo(self, plan_code: str, actor: str) -> str:
        """Ask for a running plan as it was before its last approved change. Raises Stale, Refused."""
        values = {"plan": plan_code}
        now = self.clock()
        return run_command(
            self.database,
            now,
            actor,
            "plan.undo",
            plan_code,
            values,
            lambda uow: request_undo(uow, self.context, plan_code).id,
        )

    def stop_self_start(self, stopped: bool, actor: str) -> None:
        """One key stops all automatic starts until released."""

        def act(uow: UnitOfWork) -> None:
            row = uow.session.get(Setting, SELF_START_STOP)
            if row is None:
                uow.session.add(Setting(key=SELF_START_STOP, value={"on": stopped}))
            else:
                row.value = {"on": stopped}
            uow.audit("self_start.stopped" if stopped else "self_start.released", "self_start")

        run_command(self.database, self.clock(), actor, "self_start", "self_start", {"stopped": stopped}, act)

    def start_city(self) -> None:
        """What a city has from the end of its import on: its day, its standing timers, its fallback plans."""
        self.context = self._context()
        with self.database.write() as session:
            now = self.clock()
            uow = UnitOfWork(session, now, "start", "system:start")
            start_clockwork(uow, self.context, now)
            if session.exec(select(Plan).where(Plan.period == "fallback")).first() is None:
                request_fallbacks(uow, self.context, "import")

    def settle(self, now: datetime) -> None:
        """Run every role until nothing is left to do at `now`."""
        self._settling.settle(now)

    def give_back(self) -> None:
        """End solves and give back claimed plan requests, for other planners to take at once."""
        for planner in self._planners:
            try:
                planner.close()
            except Unavailable as error:
                log.warning("plan requests not given back, their leases will run out", error=str(error))

    def close(self) -> None:
        """Release children, consumers and connections."""
        self.give_back()
        for runner in self.runners:
            runner.close()
        for view in self.views:
            view.close()
        self.driver.close()
        self.database.close()


def require_city(system: System) -> City:
    """The city of a data directory. Raises Refused when there is none."""
    with system.database.read() as session:
        city = session.exec(select(City)).first()
    if city is None:
        raise Refused("no_city", f"{system.data_dir}: no city yet; import one with `sweepline city import`")
    return city
