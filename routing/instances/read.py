"""Reading an instance by its content, and what is known about it from beside it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from routing.errors import BadInstance
from routing.instances.carplib import is_carplib, read_carplib
from routing.instances.cvrp import is_vrplib, read_cvrp
from routing.instances.instance import Instance
from routing.instances.mcgrp import is_mcgrp, read_mcgrp

INSTANCE_BYTES_MAX = 64 * 2**20
"""Largest file read."""


def read_text(path: Path) -> str:
    """The file's text. Raises BadInstance where there is none to read."""
    try:
        size = path.stat().st_size
        if size > INSTANCE_BYTES_MAX:
            raise BadInstance(f"{size} bytes, at most {INSTANCE_BYTES_MAX} are read", str(path), "give a smaller file")
        return path.read_text(encoding="latin-1")
    except OSError as error:
        raise BadInstance(f"cannot be opened ({error.strerror})", str(path), "give the path of a file") from None


def read_instance(path: Path) -> Instance:
    """Any file we know, whatever its suffix. Raises BadInstance."""
    text = read_text(path)
    where = str(path)
    if is_carplib(text):
        instance = read_carplib(text, where)
    elif is_mcgrp(text):
        instance = read_mcgrp(text, where)
    elif is_vrplib(text):
        instance = read_cvrp(text, where)
    else:
        raise BadInstance("is no instance of a known kind, or truncated", where)
    if not instance.problem.tasks:
        raise BadInstance("nothing to serve in it", where)
    if instance.best_known is not None:
        return instance
    best, proven = beside(path)
    return replace(instance, best_known=best, proven=proven)


def beside(path: Path) -> tuple[int | None, bool]:
    """(best known cost, whether proven optimal) from `bks.csv` or a `.sol` file beside the instance."""
    table = path.with_name("bks.csv")
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("instance") == path.stem and (row.get("bks") or "").isdecimal():
                    return int(row["bks"]), row.get("proven_optimal") == "yes"
    solution = path.with_suffix(".sol")
    if solution.is_file() and solution != path and solution.stat().st_size <= INSTANCE_BYTES_MAX:
        for line in solution.read_text(encoding="latin-1").splitlines():
            words = line.split()
            if len(words) == 2 and words[0].rstrip(":").lower() == "cost" and words[1].isdecimal():
                return int(words[1]), False
    return None, False
