"""Too much at once: a sensor gone wild, trucks that come back from a day without network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.simulation.lab.events import Speaker
from tests.simulation.lab.site import SPARE
from tests.simulation.lab.trial import Strike, fault
from tests.simulation.lab.ways_in import Gateway, Http

STORM = 3000
BACKLOG = 600
PIECE = 300
HTTP_PIECE = 100


@fault("sensor-storm", "events")
def sensor_storm(strike: Strike) -> None:
    """One bin reports thousands of times within seconds."""
    speaker = Speaker(f"storm{strike.seed}-{strike.rng.randrange(10**9)}")
    gateway = Gateway(strike.site, strike.site.ledger)
    for _ in range(STORM // PIECE):
        gateway.say([speaker.level("ST-5", strike.rng.uniform(0, 60)) for _ in range(PIECE)])
    strike.proof("levels of one station", STORM)
    strike.healed()
    gateway.close()


@fault("store-and-forward-flood", "events")
def flood(strike: Strike) -> None:
    """Trucks send what they kept over hours, oldest first, some by the gateway and one over HTTP."""
    speaker = Speaker(f"flood{strike.seed}-{strike.rng.randrange(10**9)}")
    gateway = Gateway(strike.site, strike.site.ledger)
    begin = datetime.now(UTC) - timedelta(hours=3, seconds=strike.rng.randrange(600))
    for at in range(0, BACKLOG, PIECE):
        for vehicle in SPARE[:4]:
            times = [begin + timedelta(seconds=10 * n) for n in range(at, at + PIECE)]
            gateway.say([speaker.position(vehicle, time) for time in times])
    strike.proof("kept positions", 4 * BACKLOG)
    http = Http(strike.site, strike.site.ledger)
    for at in range(0, BACKLOG, HTTP_PIECE):
        http.say(*[speaker.position(SPARE[4], begin + timedelta(seconds=10 * n)) for n in range(at, at + HTTP_PIECE)])
    strike.proof("kept positions over HTTP", BACKLOG)
    strike.healed()
    gateway.close()
    http.close()
