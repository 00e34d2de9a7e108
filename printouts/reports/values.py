"""A report as the typesetter takes it: blocks one under the other, all words chosen, all times local."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from printouts.values import EMPTY, Words

Cell = str | Words
"""A cell's text; Words stand in both languages."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a report. `kind` says which fields it uses:

    heading (title, note); facts (facts: label and value, `large` for the figures that matter); table (columns, widths,
    align as a letter l c r a column, rows, `empty` where there is none, `left_out` rows not on paper); chart (svg);
    note (title); room (title, lines to write on); signatures (columns: who signs).
    """

    kind: str
    title: Words = EMPTY
    note: Words = EMPTY
    facts: tuple[tuple[Words, Cell], ...] = ()
    large: bool = False
    columns: tuple[Words, ...] = ()
    widths: tuple[str, ...] = ()
    align: str = ""
    rows: tuple[tuple[Cell, ...], ...] = ()
    empty: Words = EMPTY
    left_out: int = 0
    svg: str = ""
    lines: int = 0


@dataclass(frozen=True, slots=True)
class ReportData:
    """One report. `code` is what it is called (in the page's head), `flag` stands in a frame when not empty.

    `created` (Unix seconds) is the PDF's date: the newest thing the report knows, so that it stays the same.
    """

    code: str
    title: Words
    subtitle: Words
    city: Words
    flag: Words
    blocks: tuple[Block, ...] = field(default=())
    attribution: str = ""
    created: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain lists, dictionaries, strings and numbers."""
        return asdict(self)
