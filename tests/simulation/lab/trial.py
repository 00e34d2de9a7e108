"""One fault at one seed: traffic, the strike, its end, the way back, the balance."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from models.errors import Unavailable
from tests.simulation.lab.health import BACK_LIMIT_S, Probe, settled
from tests.simulation.lab.site import Site
from tests.simulation.lab.traffic import Traffic
from tests.simulation.lab.ways_in import GaveUp

LEAD_S = 1.0
"""Traffic before the strike, so that there is something to strike."""
TAIL_S = 0.5


class Strike:
    """What a fault has at hand, and where it says what it hit."""

    def __init__(self, site: Site, seed: int, traffic: Traffic) -> None:
        self.site = site
        self.traffic = traffic
        self.rng = random.Random(seed)
        self.seed = seed
        self.hits: Counter[str] = Counter()
        self.since: float | None = None
        self.seen: dict[str, int] = {}

    def proof(self, what: str, count: int) -> None:
        """Something the fault did, counted. A fault without any has not struck."""
        self.hits[what] += count

    def demand(self, holds: bool, what: str) -> None:
        """Something the system must have done during the fault. Raises Broken where it has not."""
        if not holds:
            raise Broken(what)

    def until(self, what: str, there: Callable[[], bool], limit_s: float = 30.0, look_s: float = 0.05) -> None:
        """Wait for something that must come. Raises Broken where it does not."""
        deadline = time.monotonic() + limit_s
        while not _holds(there):
            if time.monotonic() > deadline:
                raise Broken(f"{what}: not within {limit_s:.0f} s")
            time.sleep(look_s)

    def hold(self, seconds: float) -> None:
        """Leave the fault in place."""
        time.sleep(seconds)

    def healed(self) -> None:
        """The fault ends now: from here on the way back is timed."""
        self.since = time.monotonic()


def _holds(there: Callable[[], bool]) -> bool:
    """Nothing holds that cannot be asked."""
    try:
        return there()
    except (Unavailable, httpx.TransportError):
        return False


class Broken(Exception):
    """The system did what it may not do."""


Act = Callable[[Strike], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A named way to hurt the system: strikes, waits, ends, in one function. `group` is its part of the table."""

    name: str
    group: str
    act: Act
    short: bool = False
    """Part of the short set."""


FAULTS: dict[str, Fault] = {}


def fault(name: str, group: str, short: bool = False) -> Callable[[Act], Act]:
    """Register a fault."""

    def register(act: Act) -> Act:
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, group, act, short)
        return act

    return register


@dataclass(slots=True)
class Outcome:
    """What one run showed. `struck` counts what the fault hit, by kind."""

    fault: str
    seed: int
    struck: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    applied: int = 0
    quarantined: int = 0
    missing: int = 0
    doubled: int = 0
    phantom: int = 0
    disorder: int = 0
    back_s: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    """Seconds the run itself took: traffic before it and the strike, the way back, until nothing waited."""
    wrong: list[str] = field(default_factory=list)
    ill: bool = False
    """The site is not as it was before: something is missing, doubled, or does not come back."""

    @property
    def passed(self) -> bool:
        return not self.wrong

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}


@contextmanager
def _traffic(site: Site, name: str, seed: int) -> Iterator[Traffic]:
    traffic = Traffic(site, name, seed)
    traffic.start()
    try:
        yield traffic
    finally:
        traffic.stop()


def run(site: Site, chosen: Fault, seed: int, number: int) -> Outcome:
    """One run on a site that is well. Whatever goes wrong is in the outcome's `wrong`."""
    outcome = Outcome(chosen.name, seed)
    start = len(site.ledger.lines)
    clock = [time.monotonic()]
    with _traffic(site, f"{chosen.name}-{seed}-{number}", seed) as traffic:
        strike = Strike(site, seed, traffic)
        time.sleep(LEAD_S)
        try:
            chosen.act(strike)
        except (Broken, GaveUp) as error:
            outcome.wrong.append(f"demand: {error}")
        except Exception as error:  # whatever the fault stumbled over is told, and the next one runs
            outcome.wrong.append(f"fault: {type(error).__name__}: {error}")
        clock.append(time.monotonic())
        traffic.telemetry(True)
        site.broker.proxy.heal()
        site.store.proxy.heal()
        back = Probe(site, strike.since).run()
        time.sleep(TAIL_S)
    clock.append(time.monotonic())
    if traffic.said == 0:
        outcome.wrong.append("no traffic")
    outcome.wrong += traffic.faults
    outcome.struck = dict(strike.hits)
    if not any(strike.hits.values()):
        outcome.wrong.append("did not strike")
    outcome.parts = {name: round(value, 1) for name, value in back.parts.items()}
    outcome.back_s = round(back.back_s, 1)
    outcome.wrong += back.late
    if outcome.back_s > BACK_LIMIT_S:
        outcome.wrong.append(f"back to normal only after {outcome.back_s} s")
    books = settled(site, start, max(5.0, BACK_LIMIT_S - back.back_s))
    for name in ("accepted", "applied", "quarantined", "missing", "doubled", "phantom", "disorder"):
        setattr(outcome, name, getattr(books, name))
    outcome.wrong += books.faults
    clock.append(time.monotonic())
    names = ("strike", "back", "settled")
    outcome.spent = {name: round(to - of, 1) for name, of, to in zip(names, clock[:-1], clock[1:], strict=True)}
    outcome.ill = bool(back.late or traffic.faults or books.faults)
    return outcome
