"""One installation on real services: a schema, a topic prefix, a data directory, and the roles as processes."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlmodel import col, select

from config.settings import load_settings
from console.accounts import make_account
from dispatch.city.data import CityData
from dispatch.city.store import store_city
from models.database import Database
from models.migrate import upgrade
from models.tables.city import Vehicle
from models.tables.flow import Heartbeat
from streams.kafka_driver import KafkaDriver
from sweepline.compose import Options, System
from tests.simulation.lab.ledger import Ledger
from tests.simulation.lab.processes import Process, Supervisor
from tests.simulation.lab.services import Broker, Store, free_ports
from tests.small_city import small_city

NAME, PASSWORD = "lab", "a long enough word"
ROLES = {
    "streams-1": "streams",
    "streams-2": "streams",
    "views": "views",
    "planner-1": "planner",
    "planner-2": "planner",
    "relay": "relay",
    "printer": "printer",
    "console": "console",
}
"""The processes of a site and the role of each: two where a second one must take over."""
RULES = "[rules.planning]\nimprove_seconds = 1\n"
"""Improvements are not what is tested here, and the machine is small."""


SPARE = tuple(f"F-{n}" for n in range(1, 7))
"""Vehicles without work, for what the faults themselves send."""


def lab_city() -> CityData:
    """The small city, and vehicles that only report where they are."""
    city = small_city()
    city.vehicles += [
        Vehicle(id=id_, plate=id_, kind="sweeper", district="D01", depot="depot", skills=[]) for id_ in SPARE
    ]
    return city


class Site:
    """A running installation with the small city, behind the proxies of its services."""

    def __init__(self, folder: Path, broker: Broker, store: Store) -> None:
        self.name = f"lab{uuid.uuid4().hex[:8]}"
        self.data = folder / self.name
        self.data.mkdir(parents=True)
        self.broker, self.store = broker, store
        self.console_port = free_ports(1)[0]
        (self.data / "sweepline.toml").write_text(RULES)
        self.database = Database(store.url(self.name, through_proxy=False))
        """The laboratory's own eye: not through the proxy."""
        self.env = self._environment()
        self._lay_out()
        self.driver = KafkaDriver(broker.address, f"{self.name}.")
        self.ledger = Ledger(self.data / "ledger.jsonl")
        self.processes = {name: Process(name, role, self.data, self.env, self.data) for name, role in ROLES.items()}
        self._supervisor = Supervisor(list(self.processes.values()))

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("SWEEPLINE_")}
        return {
            **inherited,
            "OMP_NUM_THREADS": "1",
            "SWEEPLINE_DATABASE_URL": self.store.url(self.name),
            "SWEEPLINE_BROKER": f"kafka://{self.broker.address}",
            "SWEEPLINE_TOPIC_PREFIX": f"{self.name}.",
            "SWEEPLINE_PORT": str(self.console_port),
            "SWEEPLINE_SOLVER_PROCESSES": "1",
        }

    def _lay_out(self) -> None:
        """Schema, city, account, clockwork: what `city import` and `user add` leave behind."""
        outside = Database(self.store.url("public", through_proxy=False))
        with outside.write() as session:
            session.execute(text(f'CREATE SCHEMA "{self.name}"'))
        outside.close()
        upgrade(self.database)
        with self.database.write() as session:
            store_city(session, lab_city())
            make_account(session, NAME, "approver", PASSWORD, datetime.now(UTC))
        ours = {key: value for key, value in self.env.items() if key.startswith("SWEEPLINE_")}
        system = System(self.data, Options(holder="lab"), load_settings(self.data, ours))
        system.start_city()
        self.context = system.context
        system.close()

    def start(self) -> None:
        self._supervisor.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    def holding(self, role: str) -> Process:
        """The first process of a role."""
        return next(self.processes[name] for name, of in ROLES.items() if of == role)

    def beat(self, process: Process) -> Heartbeat | None:
        """The newest heartbeat a process has written, None before its first."""
        with self.database.read() as session:
            rows = session.exec(select(Heartbeat).where(col(Heartbeat.holder).endswith(f":{process.pid}")))
            return rows.first()

    def close(self) -> None:
        """Stop the roles; the files stay for whoever wants to see what happened."""
        self._supervisor.close()
        self.driver.close()
        self.database.close()
        self.ledger.close()
