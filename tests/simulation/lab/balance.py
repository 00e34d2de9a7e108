"""The balance: what the ledger says was taken against what the database shows was done with it.

missing   taken, but neither an effect nor a quarantine row
doubled   more effects than events: two reports of one complaint, or books that count more than there are rows
phantom   effects of what nobody ever sent
disorder  effects of one key whose transactions came in another order than they were said: by one sender, or by two of
          whom the second began when the first had his receipt (what is said at one time has no order)
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
        if not database.is_sqlite:  # effects and books of one instant, though recorders may still be at work
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        shown, kept = effects(session), held(session)
        reports = Counter(session.exec(select(Report.text)).all())
        taken = ledger.taken(start)
        result.accepted = len(taken)
        owed = []
        for entry in taken:
            if shown[entry.place]:
                result.applied += 1
            elif kept & {entry.place, f"{entry.source}:{entry.id}", f"raw/{entry.raw_hash}"}:
                result.quarantined += 1
            else:
                owed.append(entry)
        result.missing = result.tell("missing", (f"{entry.mark} {entry.place}" for entry in owed))
        twice = [f"{mark} x{count}" for mark, count in reports.items() if count > 1]
        result.doubled = result.tell("doubled", [*twice, *_overcounted(session, shown)])
        result.phantom = result.tell("phantom", set(shown) - ledger.tried())
        result.disorder = result.tell("disorder", _disorder(session, taken, ledger.spans()))
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


def _disorder(session: Session, taken: Sequence[Entry], spans: Mapping[str, tuple[int, int]]) -> list[str]:
    found = []
    for type_, question in ORDERED.items():
        written = {str(row[0]): int(row[1]) for row in session.execute(text(question))}
        mine = sorted((entry for entry in taken if entry.type == type_), key=lambda entry: entry.key)
        for key, entries in itertools.groupby(mine, key=lambda entry: entry.key):
            places = {
                entry.mark: entry.mark if type_ in INBOXED else entry.place.partition("/")[2] for entry in entries
            }
            order = [(mark, written[place]) for mark, place in places.items() if place in written]
            found += [f"{key}: {later} before {earlier}" for earlier, later in out_of_order(order, spans)]
    return found


def out_of_order(written: Sequence[tuple[str, int]], spans: Mapping[str, tuple[int, int]]) -> Iterator[tuple[str, str]]:
    """(said first, written first) of one key. `written`: mark and transaction in the order of the receipts; `spans`:
    the lines of the ledger at which a mark was sent and had its receipt.
    """
    last_of: dict[str, tuple[str, int]] = {}
    receipts: list[int] = []
    highest: list[tuple[int, str]] = []
    for mark, transaction in written:
        sender = mark.rpartition("-")[0]
        sent, receipt = spans[mark]
        before = bisect.bisect_left(receipts, sent)
        earlier = [last_of[sender]] if sender in last_of else []
        if before:
            earlier.append((highest[before - 1][1], highest[before - 1][0]))
        wrong = [other for other, of in earlier if of > transaction]
        if wrong:
            yield wrong[0], mark
        last_of[sender] = (mark, transaction)
        receipts.append(receipt)
        highest.append(max((transaction, mark), highest[-1]) if highest else (transaction, mark))
