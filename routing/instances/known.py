"""What is known about an instance from beside it: `bks.csv`, or a solution of the same name."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from routing.instances.instance import Instance

BESIDE_BYTES_MAX = 64 * 2**20
"""Largest file looked into."""

COST = re.compile(r"Cost\s*:?\s+(\d{1,18}(?:\.\d{1,9})?)\s*", re.IGNORECASE)
"""A solution file's line with its cost."""

_NUMBER = re.compile(r"\d{1,18}(\.\d{1,9})?")


def beside(path: Path, instance: Instance) -> tuple[int | None, bool]:
    """(best known cost in the unit inside, whether proven optimal).

    A row `<name>_distance` goes before `<name>`: Solomon's tables give the least distance under the first and, under
    the second, the distance with the fewest vehicles, which for us is a plan somebody found.
    """
    table = path.with_name("bks.csv")
    try:
        if table.is_file() and table.stat().st_size <= BESIDE_BYTES_MAX:
            with table.open(encoding="latin-1", newline="") as file:
                rows = {row.get("instance") or "": row for row in csv.DictReader(file)}
            for name in (f"{path.stem}_distance", path.stem):
                figure = (rows.get(name, {}).get("bks") or "").strip()
                if _NUMBER.fullmatch(figure):
                    return instance.stated_cost(figure), rows[name].get("proven_optimal") == "yes"
        solution = path.with_suffix(".sol")
        if solution.is_file() and solution != path and solution.stat().st_size <= BESIDE_BYTES_MAX:
            return _stated(solution.read_text(encoding="latin-1").splitlines(), instance), False
    except (OSError, csv.Error):
        return None, False  # what lies beside is a help, not an input
    return None, False


def _stated(lines: Iterable[str], instance: Instance) -> int | None:
    for line in lines:
        match = COST.fullmatch(line.strip())
        if match is not None:
            return instance.stated_cost(match[1])
    return None
