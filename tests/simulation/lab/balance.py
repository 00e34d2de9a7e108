"""The balance: what the ledger says was taken against what the database shows was done with it.

missing   taken, but neither an effect nor a quarantine row
doubled   more effects than events: two reports of one complaint, or books that count more than there are rows
phantom   effects of what nobody ever sent
disorder  effects of one key whose transactions came in another order than their receipts
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlmodel import Session, col, select

from models.database import Database
from models.tables.flow import Books, Inbox, Quarantine
from models.tables.weather import Reading
from models.tables.work import Level, Position, Report
from models.times import to_micros
from tests.simulation.lab.ledger import Entry, Ledger

SHOWN = 5
INBOXED = {"complaint.received": "cases", "resource.status": "resources", "alert.received": "weather"}
"""Types whose effect is known by the inbox row of a recorder's group."""
ORDERED = {
    "vehicle.position": "SELECT vehicle || '@' || observed_at, xmin::text::bigint FROM position",
    "station.level": "SELECT station || '@' || observed_at, xmin::text::bigint FROM level",
    "complaint.received": "SELECT text, xmin::text::bigint FROM report",
}
"""Rows that are written once: the transaction that wrote them (xmin) says in what order."""


@dataclass(slots=True)
class Balance:
    """The books of a stretch of the ledger. `faults` in words, a few of each kind."""

    accepted: int = 0
    applied: int = 0
    quarantined: int = 0
    missing: int = 0
    doubled: int = 0
    phantom: int = 0
    disorder: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def even(self) -> bool:
        owed = self.accepted - self.applied - self.quarantined
        return owed == self.missing == self.doubled == self.phantom == self.disorder == 0

    def tell(self, what: str, which: Iterable[object]) -> int:
        """Note a few of what is wrong; how many there are."""
        found = list(which)
        if found:
            self.faults.append(f"{what}: {', '.join(map(str, found[:SHOWN]))}{' ...' if len(found) > SHOWN else ''}")
        return len(found)


def effects(session: Session) -> Counter[str]:
    """Every place where an event shows, and how often."""
    found: Counter[str] = Counter()
    for vehicle, at in session.exec(select(Position.vehicle, Position.observed_at)):
        found[f"vehicle.position/{vehicle}@{to_micros(at)}"] += 1
    for station, at in session.exec(select(Level.station, Level.observed_at)):
        found[f"station.level/{station}@{to_micros(at)}"] += 1
    for device, at in session.exec(select(Reading.device, Reading.observed_at)):
        found[f"reading.received/{device}@{to_micros(at)}"] += 1
    applied = select(Inbox.group, Inbox.source, Inbox.event_id).where(
        Inbox.outcome == "applied", col(Inbox.group).in_(INBOXED.values())
    )
    type_of = {group: type_ for type_, group in INBOXED.items()}
    for group, source, id_ in session.exec(applied):
        if source != "sweepline":
            found[f"{type_of[group]}/{source}:{id_}"] += 1
    return found


def held(session: Session) -> set[str]:
    """Quarantine rows, by the place of their event and by the hash of their bytes."""
    rows = session.exec(select(Quarantine.source, Quarantine.event_id, Quarantine.raw_hash)).all()
    return {f"{source}:{id_}" for source, id_, _ in rows if id_} | {f"raw/{digest}" for _, _, digest in rows}


def balance(database: Database, ledger: Ledger, start: int = 0) -> Balance:
    """The balance of the ledger from a line on; doubles, phantoms and the books are those of the whole."""
    result = Balance()
    with database.read() as session:
        shown, kept = effects(session), held(session)
        reports = Counter(session.exec(select(Report.text)).all())
        taken = ledger.taken(start)
        result.accepted = len(taken)
        owed = []
        for entry in taken:
            if shown[entry.place]:
                result.applied += 1
            elif entry.place in kept or f"{entry.source}:{entry.id}" in kept:
                result.quarantined += 1
            else:
                owed.append(entry)
        result.missing = result.tell("missing", (f"{entry.mark} {entry.place}" for entry in owed))
        twice = [f"{mark} x{count}" for mark, count in reports.items() if count > 1]
        result.doubled = result.tell("doubled", [*twice, *_overcounted(session, shown)])
        result.phantom = result.tell("phantom", set(shown) - ledger.tried())
        result.disorder = result.tell("disorder", _disorder(session, taken))
    return result


def _overcounted(session: Session, shown: Counter[str]) -> list[str]:
    """Groups whose books count more applied events than there are effects."""
    there = Counter(place.partition("/")[0] for place in shown.elements())
    booked: Counter[str] = Counter()
    for row in session.exec(select(Books)):
        booked[row.group] += row.applied
    expected = {
        "positions": there["vehicle.position"],
        "stations": there["station.level"],
        "weather": there["reading.received"] + there["alert.received"],
        "cases": there["complaint.received"],
        "resources": there["resource.status"],
    }
    return [f"books of {group}: {booked[group]} for {n} effects" for group, n in expected.items() if booked[group] > n]


def _disorder(session: Session, taken: Sequence[Entry]) -> list[str]:
    found = []
    for type_, question in ORDERED.items():
        written = {str(row[0]): int(row[1]) for row in session.execute(text(question))}
        mine = [entry for entry in taken if entry.type == type_]
        for key, entries in itertools.groupby(sorted(mine, key=lambda entry: entry.key), key=lambda entry: entry.key):
            places = [entry.mark if type_ in INBOXED else entry.place.partition("/")[2] for entry in entries]
            order = [(written[place], place) for place in places if place in written]
            found += [f"{key}: {b[1]} before {a[1]}" for a, b in itertools.pairwise(order) if b[0] < a[0]]
    return found
