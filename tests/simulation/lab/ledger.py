"""What was sent and what was taken: an append-only file of JSON lines, each on the disk before the sender goes on."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

TAKEN = ("accepted", "duplicate", "quarantined")
"""Answers after which the system owes the event. `duplicate`: an earlier try came through although nobody said so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `what`: sent, or the receipt's status. `mark` names an event for good; `key` is the unit of order.

    `place` is where its effect must be: the table's primary key, joined by `@`. `raw_hash` is that of the bytes: what
    is no event, and what the console cannot take, is held under it.
    """

    what: str
    mark: str
    type: str
    source: str
    id: str
    key: str
    place: str
    raw_hash: str = ""


class Ledger:
    """Append, then fsync, then return. Lines are kept in memory as well."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self.lines: list[Entry] = []

    def write(self, *entries: Entry) -> None:
        with self._lock:
            for entry in entries:
                self._file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self.lines.extend(entries)

    def taken(self, start: int = 0) -> list[Entry]:
        """The first receipt of each event from a line on, in the order of the receipts."""
        seen: dict[str, Entry] = {}
        for line in list(self.lines)[start:]:
            if line.what in TAKEN:
                seen.setdefault(line.mark, line)
        return list(seen.values())

    def spans(self) -> dict[str, tuple[int, int]]:
        """Mark → the lines at which it was first sent and had its first receipt; those without one are left out."""
        sent: dict[str, int] = {}
        found: dict[str, tuple[int, int]] = {}
        for number, line in enumerate(list(self.lines)):
            sent.setdefault(line.mark, number)
            if line.what in TAKEN:
                found.setdefault(line.mark, (sent[line.mark], number))
        return found

    def tried(self) -> set[str]:
        """The places of everything ever sent, whatever became of it."""
        return {line.place for line in list(self.lines)}

    def close(self) -> None:
        self._file.close()
