"""CSV with a header: levels, positions, complaints, readings, resource status. The header says which."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from dispatch.intake.lines import line_of
from dispatch.intake.outcome import BadLine
from models.errors import Refused
from models.events.base import Event

OPTIONAL_ALWAYS = frozenset({"id", "source", "occurred_at"})
COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "vehicle.position": (("vehicle", "observed_at", "lon", "lat"), ("speed_kmh", "heading_deg", "tools")),
    "station.level": (("station", "observed_at", "level_pct"), ()),
    "reading.received": (("device", "observed_at"), ("air_c", "road_c", "precipitation_mm_h", "snow_depth_cm")),
    "complaint.received": (("kind", "lon", "lat"), ("text", "channel", "contact")),
    "resource.status": (("kind", "ref", "status", "since"), ("until", "reason")),
}
"""Type → (columns it must have, columns it may have)."""
NUMBERS = frozenset(
    ("lon", "lat", "speed_kmh", "heading_deg", "level_pct", "air_c", "road_c", "precipitation_mm_h", "snow_depth_cm")
)
TOOL_LETTERS = {"s": "spreader", "p": "plough", "l": "lift", "b": "broom"}


def find_table(header: str) -> tuple[str, list[str]] | None:
    """(type, columns) of a CSV header, or None when it is no header of ours. Raises Refused on unknown columns."""
    try:
        row = next(csv.reader([header], strict=True), [])
    except csv.Error:
        return None
    columns = [name.strip().lower() for name in row]
    for type_, (needed, optional) in COLUMNS.items():
        if set(needed) <= set(columns):
            unknown = set(columns) - set(needed) - set(optional) - OPTIONAL_ALWAYS
            if unknown:
                raise Refused("unknown_column", f"CSV of {type_}: unknown column {sorted(unknown)[0][:40]!r}")
            if len(set(columns)) < len(columns):
                raise Refused("double_column", f"CSV of {type_}: a column stands twice in the header")
            return type_, columns
    return None


def csv_rows(
    type_: str, columns: list[str], lines: Iterable[tuple[int, bytes]], received_at: datetime
) -> Iterator[Event | BadLine]:
    """Events of the lines below a header. One row a line: a quoted text may not hold a line break."""
    for number, raw in lines:
        if not raw.strip():
            continue
        try:
            row = next(csv.reader([raw.decode("utf-8").rstrip("\r\n")], strict=True), [])
        except UnicodeDecodeError:
            yield BadLine(number, raw, "not_utf8", f"line {number}: not UTF-8")
            continue
        except csv.Error as error:
            yield BadLine(number, raw, "not_csv", f"line {number}: {error}")
            continue
        if len(row) != len(columns):
            text = f"line {number}: {len(row)} fields, the header has {len(columns)}"
            yield BadLine(number, raw, "not_csv", text)
            continue
        yield line_of({"type": type_, **_values(columns, row)}, raw, number, received_at)


def _values(columns: list[str], row: list[str]) -> dict[str, Any]:
    """Cells to JSON values; empty cells are left out, text that should be a number stays for the model to refuse."""
    values: dict[str, Any] = {}
    for name, cell in zip(columns, row, strict=True):
        text = cell.strip()
        if not text:
            continue
        if name == "tools":
            values[name] = {TOOL_LETTERS.get(letter, letter): True for letter in text}
        elif name in NUMBERS:
            try:
                values[name] = float(text)
            except ValueError:
                values[name] = text
        else:
            values[name] = text
    return values
