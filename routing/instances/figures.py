"""Numbers of instance files: read exactly, refused in one line where they are none, negative or too large."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from routing.errors import BadInstance

FIGURE_MAX = 100_000_000
"""Largest number read, after scaling: ten such arcs in a row still fit the engines' 32-bit tables."""

CAPACITY_MAX = 1_000_000_000
"""Largest capacity read; some files write 1e9 for "no limit"."""

NODES_MAX = 200_000
"""Largest network read, in nodes: twice a large city."""

_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})(e[+-]?\d{1,2})?", re.IGNORECASE)


def figure(word: str, what: str, where: str, least: int = 0, most: int = FIGURE_MAX, scale: int = 1) -> int:
    """`word` times `scale` as a whole number, halves up. Raises BadInstance outside `least` to `most`."""
    exact = number(word, what, where) * scale
    value = int(exact.to_integral_value(ROUND_HALF_UP))
    if scale == 1 and value != exact:
        raise BadInstance(f"{what} is {word}, no whole number", where, "give a whole number")
    if value < least or (exact < 0 <= least):
        raise BadInstance(f"{what} is {word}", where, f"give at least {least}")
    if value > most:
        raise BadInstance(f"{what} is {word}", where, f"give at most {most // scale}")
    return value


def number(word: str, what: str, where: str) -> Decimal:
    """`word` as an exact number. Raises BadInstance."""
    if _NUMBER.fullmatch(word) is None:
        raise BadInstance(f"{what} is {word[:20]!r}, no number", where, "give a number")
    return Decimal(word)


def keyed(header: dict[str, str], key: str, where: str, least: int = 0, most: int = FIGURE_MAX, scale: int = 1) -> int:
    """First figure under `key` of a header. Raises BadInstance where there is none."""
    words = header.get(key, "").split()
    if not words:
        raise BadInstance(f"{key} is missing: truncated", where, "give the whole file")
    return figure(words[0], key, where, least, most, scale)
