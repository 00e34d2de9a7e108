"""The text of a VRPLIB file: its header, its sections of rows, and the distances they state."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import numpy as np

from routing.errors import BadInstance
from routing.instances.figures import FIGURE_MAX, figure, keyed
from routing.instances.places import PLACES_MAX, Floats, euclid
from routing.network import IntArray

WHOLE = "give the whole file"


@dataclass(slots=True)
class Sheet:
    """Header words by key; rows of each section (named without its `_SECTION`) as words; whether EOF was seen."""

    where: str
    header: dict[str, str] = field(default_factory=dict)
    sections: dict[str, list[list[str]]] = field(default_factory=dict)
    ended: bool = False

    @property
    def size(self) -> int:
        """Number of locations."""
        size = keyed(self.header, "DIMENSION", self.where, 2)
        if size > PLACES_MAX:
            raise BadInstance(f"{size} locations, at most {PLACES_MAX} are read", self.where, "give a smaller file")
        return size

    def column(self, section: str, rows: int, width: int = 1, least: int = 0, scale: int = 1) -> list[list[int]]:
        """`width` figures of each of `rows` rows, which are numbered from 1. Raises BadInstance."""
        found = self.sections.get(section, [])
        if len(found) != rows:
            raise BadInstance(f"{len(found)} of {rows} rows under {section}_SECTION: truncated", self.where, WHOLE)
        table = []
        for number, words in enumerate(found, 1):
            where = f"{self.where} {section}_SECTION row {number}"
            if len(words) != width + 1 or words[0] != str(number):
                raise BadInstance("row is cut off or out of order", where, f"give rows 1 to {rows} in order")
            table.append([figure(word, "figure", where, least, scale=scale) for word in words[1:]])
        return table


def split(text: str, where: str) -> Sheet:
    """Raises BadInstance where the end is missing."""
    sheet = Sheet(where)
    current: list[list[str]] | None = None
    for line in text.splitlines():
        stripped = line.strip()
        if stripped == "EOF":
            sheet.ended = True
            break
        section = re.fullmatch(r"([A-Z_]+)_SECTION\s*:?", stripped)
        if section is not None:
            current = sheet.sections.setdefault(section[1], [])
        elif ":" in stripped and current is None:
            key, value = stripped.split(":", 1)
            sheet.header[key.strip()] = value.strip().strip('"')
        elif stripped and current is not None:
            current.append(stripped.split())
    if not sheet.ended or "DEPOT" not in sheet.sections:
        raise BadInstance("no DEPOT_SECTION or EOF: truncated", where, WHOLE)
    depots = [row[0] for row in sheet.sections["DEPOT"] if row and row[0] != "-1"]
    if depots != ["1"]:
        raise BadInstance(f"depots {', '.join(depots)[:60] or 'none'}", where, "give one depot, location 1")
    return sheet


def distances(sheet: Sheet) -> tuple[Floats, bool]:
    """(distance between every two locations, whether it is exact Euclid and still to be rounded)."""
    where, size = sheet.where, sheet.size
    kind = sheet.header.get("EDGE_WEIGHT_TYPE", "EUC_2D")
    if kind in ("EUC_2D", "CEIL_2D"):
        rows = sheet.sections.get("NODE_COORD", [])
        if len(rows) != size or any(len(row) != 3 for row in rows):
            raise BadInstance(f"{len(rows)} of {size} coordinates: truncated", where, WHOLE)
        return euclid(_floats([word for row in rows for word in row[1:]], where).reshape(size, 2), where), True
    shape = sheet.header.get("EDGE_WEIGHT_FORMAT", "")
    values = _floats([word for row in sheet.sections.get("EDGE_WEIGHT", []) for word in row], where)
    if values.min(initial=0.0) < 0 or values.max(initial=0.0) > FIGURE_MAX:
        raise BadInstance("a distance is negative or too large", where, f"give 0 to {FIGURE_MAX}")
    if kind == "EXPLICIT" and shape == "FULL_MATRIX" and len(values) == size * size:
        return values.reshape(size, size), False
    if kind == "EXPLICIT" and shape == "LOWER_ROW" and len(values) == size * (size - 1) // 2:
        table = np.zeros((size, size))
        table[np.tril_indices(size, -1)] = values
        return table + table.T, False
    raise BadInstance(f"distances {kind} {shape} are cut off or not read", where, "give EUC_2D or a full matrix")


def _floats(words: list[str], where: str) -> Floats:
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise BadInstance("a coordinate or distance is no number", where, "give numbers") from None
    if not all(map(math.isfinite, values)):
        raise BadInstance("a coordinate or distance is not finite", where, "give numbers")
    return np.array(values, np.float64)


def integers(table: Floats) -> IntArray:
    """A stated matrix as whole numbers, fractions cut off as VRPLIB readers do."""
    return table.astype(np.int64)
