"""Events that come twice, in the wrong order, too late, too early, broken, too big, or that no handler survives."""

from __future__ import annotations

import itertools
import json
import random
from datetime import UTC, datetime, timedelta

from sqlmodel import select

from models.events.base import MAX_EVENT_BYTES, Event, dump_event
from models.tables.flow import Books, Projection, Quarantine
from models.times import to_micros
from tests.simulation.lab.events import Said, Speaker
from tests.simulation.lab.site import SPARE
from tests.simulation.lab.trial import Strike, fault
from tests.simulation.lab.ways_in import Gateway, Http

MANY = 60
TIMES = 3
WAIT_S = 60.0


def _speaker(strike: Strike) -> tuple[Speaker, Gateway]:
    name = f"f{strike.seed}-{strike.rng.randrange(10**9)}"
    return Speaker(name), Gateway(strike.site, strike.site.ledger)


def _duplicates(strike: Strike) -> int:
    with strike.site.database.read() as session:
        return sum(row.duplicates for row in session.exec(select(Books)))


def _held(strike: Strike) -> int:
    with strike.site.database.read() as session:
        return len(session.exec(select(Quarantine.id)).all())


@fault("events-duplicated", "events")
def duplicated(strike: Strike) -> None:
    """Everything three times: telemetry by the gateway, complaints over HTTP."""
    speaker, gateway = _speaker(strike)
    before = _duplicates(strike)
    things = [speaker.position(SPARE[0]) for _ in range(MANY)] + [speaker.level("ST-5", 20.0) for _ in range(MANY)]
    gateway.say(things)
    for _ in range(TIMES - 1):
        gateway.say(things, quiet=True)
    http = Http(strike.site, strike.site.ledger)
    complaints = [speaker.complaint(strike.rng.randrange(100)) for _ in range(5)]
    for _ in range(TIMES):
        http.say(*complaints)
    strike.until("duplicates known", lambda: _duplicates(strike) >= before + len(things) * (TIMES - 1), WAIT_S, 0.3)
    strike.proof("duplicates", _duplicates(strike) - before)
    strike.healed()
    gateway.close()
    http.close()


@fault("events-shuffled", "events")
def shuffled(strike: Strike) -> None:
    """A vehicle's fixes in any order; the last good fix never goes back."""
    speaker, gateway = _speaker(strike)
    begin = datetime.now(UTC) - timedelta(minutes=5)
    things = [speaker.position(SPARE[1], begin + timedelta(seconds=n)) for n in range(MANY)]
    strike.rng.shuffle(things)
    times = [to_micros(datetime.fromisoformat(said.body["observed_at"])) for said in things]
    strike.proof("out of order", sum(b < a for a, b in itertools.pairwise(times)))
    for at in range(0, MANY, 7):
        gateway.say(things[at : at + 7])
        _never_back(strike, SPARE[1])
    strike.healed()
    gateway.close()


def _never_back(strike: Strike, vehicle: str) -> None:
    with strike.site.database.read() as session:
        row = session.get(Projection, f"vehicle:{vehicle}")
    seen = row.position if row is not None else 0
    last = strike.seen.get(vehicle, 0)
    strike.demand(seen >= last, f"the last position of {vehicle} went back")
    strike.seen[vehicle] = seen


@fault("events-late", "events")
def late(strike: Strike) -> None:
    """Fixes of two days ago, among those of now."""
    speaker, gateway = _speaker(strike)
    gateway.say([speaker.position(SPARE[2])])
    begin = datetime.now(UTC) - timedelta(days=2, seconds=strike.rng.randrange(3600))
    things = [speaker.position(SPARE[2], begin + timedelta(seconds=n)) for n in range(MANY)]
    for at in range(0, MANY, 10):
        gateway.say(things[at : at + 10])
        _never_back(strike, SPARE[2])
    strike.proof("late events", len(things))
    strike.healed()
    gateway.close()


@fault("events-future", "events")
def future(strike: Strike) -> None:
    """Fixes of tomorrow: quarantined, and not shown."""
    speaker, gateway = _speaker(strike)
    before = _held(strike)
    begin = datetime.now(UTC) + timedelta(days=1, seconds=strike.rng.randrange(3600))
    gateway.say([speaker.position(SPARE[3], begin + timedelta(seconds=n)) for n in range(MANY)])
    strike.until("quarantined", lambda: _held(strike) >= before + MANY, WAIT_S, 0.3)
    strike.proof("quarantined", _held(strike) - before)
    strike.healed()
    gateway.close()


def _broken(rng: random.Random, said: Said) -> bytes:
    """An event's bytes with something wrong with them."""
    raw = said.raw
    ways = [
        raw[: rng.randrange(1, len(raw))],
        bytes(rng.randrange(256) for _ in range(rng.randrange(1, 200))),
        raw.replace(b'"id"', b'"ID"'),
        raw.replace(b'"data":{', b'"data":[{', 1),
        raw.replace(said.event.id.encode(), b"\\u0000" + said.event.id.encode(), 1),
        json.dumps([1, said.event.id]).encode(),
        b"\xff\xfe" + raw,
        raw.replace(b'"time":"', b'"time":"not ', 1),
    ]
    return ways[rng.randrange(len(ways))]


@fault("events-corrupt", "events")
def corrupt(strike: Strike) -> None:
    """Bytes that are no event, on every topic people and devices write to."""
    speaker, gateway = _speaker(strike)
    before = _held(strike)
    thrown = set()
    for number in range(MANY // 2):
        said = speaker.position(SPARE[0])
        raw = _broken(strike.rng, said)
        topic = ("positions", "stations", "cases", "weather", "resources")[number % 5]
        gateway.throw(topic, said.event.key, said.mark, raw)
        thrown.add((topic, raw))
    strike.until("quarantined", lambda: _held(strike) >= before + len(thrown), WAIT_S, 0.3)
    strike.proof("bytes changed", len(thrown))
    strike.healed()
    gateway.close()


@fault("events-huge", "events")
def huge(strike: Strike) -> None:
    """Larger than any event may be: held with its bytes from the broker, refused over HTTP."""
    speaker, gateway = _speaker(strike)
    before = _held(strike)
    for topic in ("positions", "cases", "weather"):
        said = speaker.position(SPARE[0])
        raw = said.raw[:-1] + b',"more":"' + b"x" * (MAX_EVENT_BYTES + strike.rng.randrange(1000)) + b'"}'
        gateway.throw(topic, said.event.key, said.mark, raw)
    http = Http(strike.site, strike.site.ledger)
    answer = http.ask("POST", "/api/events", content=b"x" * (2 * MAX_EVENT_BYTES))
    strike.demand(answer.status_code == 413, f"a huge body was answered with {answer.status_code}")
    strike.until("quarantined", lambda: _held(strike) >= before + 3, WAIT_S, 0.3)
    strike.proof("too large", 4)
    strike.healed()
    gateway.close()
    http.close()


@fault("events-poison", "events")
def poison(strike: Strike) -> None:
    """Well-formed events no handler survives: of a type that has no business on their topic."""
    speaker, gateway = _speaker(strike)
    before = _held(strike)
    for topic, type_ in (("timers", "timer.due"), ("cases", "vehicle.position"), ("resources", "alert.received")):
        now = datetime.now(UTC)
        event = Event(
            source="poison",
            id=speaker.mark(),
            type=type_,
            key="poison",
            occurred_at=now,
            received_at=now,
            data={"kind": "no such kind", "key": "", "payload": {}},
        )
        gateway.throw(topic, "poison", speaker.mark(), dump_event(event))
    strike.until("quarantined", lambda: _held(strike) >= before + 3, WAIT_S, 0.3)
    strike.proof("poisoned", _held(strike) - before)
    strike.healed()
    gateway.close()


@fault("events-other-content", "events")
def other_content(strike: Strike) -> None:
    """The identity of an accepted complaint with other content: the first stands, the second is held."""
    speaker, gateway = _speaker(strike)
    http = Http(strike.site, strike.site.ledger)
    said = speaker.complaint(strike.rng.randrange(100))
    http.say(said)
    before = _held(strike)
    body = json.dumps({**said.body, "text": "something else"}).encode()
    answer = http.ask("POST", "/api/events", content=body, headers={"Content-Type": "application/x-ndjson"})
    strike.demand(answer.status_code == 422, f"other content was answered with {answer.status_code}")
    strike.proof("quarantined", _held(strike) - before)
    strike.healed()
    gateway.close()
    http.close()
