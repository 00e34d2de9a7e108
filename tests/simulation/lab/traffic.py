"""A steady day: trucks and bins by a gateway, trucks and readings over HTTP, people's complaints, streets, drills."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from tests.simulation.lab.events import Speaker
from tests.simulation.lab.site import Site
from tests.simulation.lab.ways_in import Gateway, GaveUp, Http

STATIONS = [f"ST-{n}" for n in range(1, 5)]
"""The others are left to the faults: one sender a key, so that its order is known."""
PACE_S = {"gateway": 0.15, "devices": 0.25, "people": 0.8}
JOIN_S = 200.0


class Traffic:
    """Three senders, each a thread that waits for its receipts, so what they say of a key has one order."""

    def __init__(self, site: Site, name: str, seed: int) -> None:
        self.faults: list[str] = []
        self.said = 0
        self._site = site
        self._stop = threading.Event()
        self._telemetry = threading.Event()
        self._telemetry.set()
        self._speaker = Speaker(name)
        self._rng = random.Random(seed)
        self._threads = [
            threading.Thread(target=self._guard, args=(work,), daemon=True, name=f"{name} {work.__name__}")
            for work in (self._gateway, self._devices, self._people)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def telemetry(self, on: bool) -> None:
        """Have devices be silent for a while; people go on."""
        if on:
            self._telemetry.set()
        else:
            self._telemetry.clear()

    def stop(self) -> None:
        """No more; what was sent is sent until there is a receipt for it."""
        self._stop.set()
        for thread in self._threads:
            thread.join(JOIN_S)

    def _guard(self, work: Callable[[random.Random], None]) -> None:
        try:
            work(random.Random(self._rng.random()))
        except GaveUp as error:
            self.faults.append(str(error))

    def _pause(self, who: str, rng: random.Random) -> bool:
        while who != "people" and not self._telemetry.wait(0.1) and not self._stop.is_set():
            pass
        return not self._stop.wait(PACE_S[who] * rng.uniform(0.5, 1.5))

    def _gateway(self, rng: random.Random) -> None:
        gateway = Gateway(self._site, self._site.ledger)
        while self._pause("gateway", rng):
            things = [self._speaker.position(vehicle) for vehicle in ("S-1", "S-2")]
            things.append(self._speaker.level(rng.choice(STATIONS), rng.uniform(0, 60)))
            gateway.say(things)
            self.said += len(things)
        gateway.close()

    def _devices(self, rng: random.Random) -> None:
        http = Http(self._site, self._site.ledger)
        while self._pause("devices", rng):
            http.say(self._speaker.position("C-1"), self._speaker.reading(f"R-{rng.randrange(3)}"))
            self.said += 2
        http.close()

    def _people(self, rng: random.Random) -> None:
        http = Http(self._site, self._site.ledger)
        number = 0
        while self._pause("people", rng):
            number += 1
            choices = [
                lambda: self._speaker.complaint(rng.randrange(100)),
                lambda: self._speaker.status("M-1", rng.choice(["limited", "back"])),
                self._speaker.drill,
            ]
            http.say(choices[number % 3]())
            self.said += 1
        http.close()
