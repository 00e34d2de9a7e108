"""Services started once for many runs, and a site that is used again as long as it is well."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

import tests.simulation.lab.faults.clocks
import tests.simulation.lab.faults.events
import tests.simulation.lab.faults.floods
import tests.simulation.lab.faults.network
import tests.simulation.lab.faults.people
import tests.simulation.lab.faults.planners
import tests.simulation.lab.faults.power
import tests.simulation.lab.faults.printers
import tests.simulation.lab.faults.roles
import tests.simulation.lab.faults.services
import tests.simulation.lab.faults.workers  # noqa: F401
from tests.simulation.lab.health import Probe
from tests.simulation.lab.services import Broker, Store
from tests.simulation.lab.site import Site
from tests.simulation.lab.trial import FAULTS, Outcome, run

FIRST_LIMIT_S = 600.0
"""A new site compiles and loads everything at once."""


class Laboratory:
    """Used as a context: what it started, it stops."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.broker = Broker(folder / "kafka")
        self.store = Store(folder / "postgres")
        self._site: Site | None = None
        self._runs = 0

    def __enter__(self) -> Laboratory:
        self.broker.start()
        self.store.start()
        self.store.make_small_disk()
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None) -> None:
        self._leave()
        self.broker.stop()
        self.store.stop()
        self.store.free_small_disk()
        self.broker.proxy.close()
        self.store.proxy.close()

    def site(self) -> Site:
        """A site that is well."""
        if self._site is None:
            self.broker.start()  # a fault that failed may have left them down
            self.store.start()
            site = self._site = Site(self.folder / "sites", self.broker, self.store)
            site.start()
            back = Probe(site, time.monotonic()).run(FIRST_LIMIT_S)
            if back.late:
                logs = "\n".join(f"{name}: {process.tail()}" for name, process in site.processes.items())
                raise RuntimeError(f"the site does not start: {back.late}\n{logs}")
        return self._site

    def run(self, name: str, seed: int) -> Outcome:
        """One fault at one seed; after a run that left the site ill the next one gets a new one."""
        self._runs += 1
        try:
            outcome = run(self.site(), FAULTS[name], seed, self._runs)
        except RuntimeError as error:
            outcome = Outcome(name, seed, wrong=[str(error)], ill=True)
        if outcome.ill:
            self._leave()
        return outcome

    def _leave(self) -> None:
        if self._site is not None:
            site, self._site = self._site, None
            site.close()
