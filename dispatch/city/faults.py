"""Faults found in an import file: all of them at once, each with its line."""

from __future__ import annotations

from dataclasses import dataclass

MAX_FAULTS = 2000
"""Reading a file stops after this many faults; more help nobody."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. `line` is 1-based, 0 for the whole file. `text` says what is wrong and what to do."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"


class Faults:
    """The faults of one file, in the order found, and notes on what was ignored."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.rows: list[Fault] = []
        self.notes: list[str] = []

    def add(self, line: int, text: str) -> None:
        """One more fault; silently bounded by MAX_FAULTS."""
        if len(self.rows) < MAX_FAULTS:
            self.rows.append(Fault(self.file, line, text))
