"""Reading import files: GeoJSON features and CSV rows with their lines. No database here."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dispatch.city.faults import Faults
from models.errors import Refused

MAX_FILE_BYTES = 64_000_000
MAX_ROWS = 200_000
_FEATURES = re.compile(r'"features"\s*:\s*\[')


@dataclass(frozen=True, slots=True)
class Entry:
    """A feature or a row: its line, its values by lower-case name, and (features only) its geometry and number."""

    line: int
    values: dict[str, Any]
    geometry: dict[str, Any] | None = None
    feature_id: str = ""
    number: int = 0

    def fault(self, faults: Faults, text: str) -> None:
        """A fault of this entry; features are named by number too, as many files have them all on one line."""
        faults.add(self.line, f"feature {self.number}: {text}" if self.number else text)


def read_text(path: Path) -> str:
    """The file as text. Raises Refused when it is missing, too large or not UTF-8."""
    if not path.is_file():
        raise Refused("no_file", f"{path}: no such file")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Refused("too_large", f"{path}: over {MAX_FILE_BYTES // 1_000_000} MB; split it")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("not_utf8", f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error


def looks_like_json(text: str) -> bool:
    """True for a text that begins as a JSON object."""
    return text.lstrip()[:1] == "{"


def read_features(path: Path, text: str, faults: Faults) -> list[Entry]:
    """The features of a GeoJSON FeatureCollection. Raises Refused when the file as a whole is none."""
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("not_json", f"{path}: not JSON ({error}); give a GeoJSON FeatureCollection") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise Refused("not_geojson", f"{path}: no features in it; give a GeoJSON FeatureCollection")
    if len(features) > MAX_ROWS:
        raise Refused("too_many", f"{path}: more than {MAX_ROWS} features; split it")
    lines = _feature_lines(text, len(features))
    entries = []
    for number, (line, feature) in enumerate(zip(lines, features, strict=True), 1):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        if not isinstance(geometry, dict) or not isinstance(geometry.get("coordinates"), list):
            faults.add(line, f"feature {number} is without geometry; give it coordinates")
            continue
        values = {str(k).lower(): v for k, v in (feature.get("properties") or {}).items() if v is not None}
        entries.append(Entry(line, values, geometry, str(feature.get("id", "")), number))
    return entries


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _feature_lines(text: str, count: int) -> list[int]:
    """The line on which each feature begins; 0 where it cannot be told."""
    found = _FEATURES.search(text)
    if found is None:
        return [0] * count
    decoder = json.JSONDecoder()
    at, line, counted = found.end(), text.count("\n", 0, found.end()) + 1, found.end()
    lines: list[int] = []
    while len(lines) < count:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        line, counted = line + text.count("\n", counted, at), at
        try:
            _, at = decoder.raw_decode(text, at)
        except ValueError:
            return [0] * count
        lines.append(line)
    return lines


def read_rows(path: Path, text: str, known: frozenset[str], required: frozenset[str], faults: Faults) -> list[Entry]:
    """The rows of a CSV file whose header names columns. Unknown and missing columns are faults of line 1."""
    reader = csv.reader(io.StringIO(text), strict=True)
    entries: list[Entry] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        for name in sorted(set(header) - known):
            faults.add(1, f"unknown column {name!r}; the columns are {', '.join(sorted(known))}")
        for name in sorted(required - set(header)):
            faults.add(1, f"column {name!r} is missing")
        for name in sorted({name for name in header if header.count(name) > 1}):
            faults.add(1, f"column {name!r} comes twice")
        if faults.rows:
            return []
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                faults.add(reader.line_num, f"{len(row)} values for {len(header)} columns")
                continue
            entries.append(Entry(reader.line_num, {n: c.strip() for n, c in zip(header, row, strict=True)}))
            if len(entries) > MAX_ROWS:
                raise Refused("too_many", f"{path}: more than {MAX_ROWS} rows; split it")
    except csv.Error as error:
        faults.add(reader.line_num, f"not CSV: {error}")
    return entries


def csv_header(text: str) -> frozenset[str]:
    """The column names of a CSV text."""
    first = text.lstrip().splitlines()[:1]
    return frozenset(name.strip().lower() for name in next(csv.reader(first), [])) if first else frozenset()


class Values:
    """Typed reading of one entry's values; every bad one is a fault of the entry's line."""

    def __init__(self, entry: Entry, faults: Faults) -> None:
        self._entry, self._faults = entry, faults

    def text(self, *names: str, default: str = "") -> str:
        """The first of these names that has a value."""
        for name in names:
            value = self._entry.values.get(name)
            if value is not None and str(value).strip():
                return str(value).strip()
        return default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds; the default where the value is empty."""
        text = self.text(name)
        if not text:
            return default
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if number != number or number != int(number) or not low <= number <= high:
            self._entry.fault(self._faults, f"{name} is {text!r}; give a whole number from {low} to {high}")
            return default
        return int(number)

    def choice(self, name: str, allowed: tuple[str, ...], default: str = "") -> str:
        """One of the allowed words."""
        text = self.text(name, default=default)
        if text not in allowed:
            self._entry.fault(self._faults, f"{name} is {text!r}; give one of {', '.join(allowed)}")
        return text

    def clock(self, name: str) -> int | None:
        """Minutes of a clock time HH:MM, 24:00 included; None (and a fault) when it is none."""
        text = self.text(name)
        found = re.fullmatch(r"(\d{1,2}):(\d{2})", text)
        minutes = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else -1
        if not 0 <= minutes <= 1440:
            self._entry.fault(self._faults, f"{name} is {text!r}; give a clock time such as 06:00")
            return None
        return minutes

    def given(self, name: str, text: str) -> None:
        """A fault when `text` is empty."""
        if not text:
            self._entry.fault(self._faults, f"{name} is empty")

    def known(self, name: str, text: str, there: Callable[[str], bool], what: str) -> None:
        """A fault when `text` is given but names nothing known."""
        if text and not there(text):
            self._entry.fault(self._faults, f"{name} {text!r} is no {what} of this city")
