"""Which instances are run, and what their costs are held against."""

from __future__ import annotations

import csv
from pathlib import Path

from routing.instances.instance import Instance

SETS = (
    *("gdb", "val", "egl", "mcgrp", "mcgrp-tp", "carp_if_tp", "pcarp"),
    *("X", "hfvrp", "solomon", "gh200", "mtvrptwr", "pcvrptw"),
)
"""Folders of the shared benchmarks."""

SIXTY = {
    "gdb": ("gdb4", "gdb10", "gdb8", "gdb13", "gdb11", "gdb23"),
    "val": ("val2C", "val3B", "val5D", "val7B", "val9D", "val10D"),
    "egl": ("egl-e1-B", "egl-e3-C", "egl-e4-C", "egl-s1-B", "egl-s3-C", "egl-s4-B"),
    "mcgrp": (
        *("mggdb_0.45_19", "mggdb_0.40_12", "mggdb_0.30_18", "mgval_0.30_3A", "mgval_0.40_6B", "mgval_0.25_7A"),
        *("BHW1", "mgval_0.40_10C", "mgval_0.30_10A", "CBMix7", "DI-NEARP-n422-Q8k", "DI-NEARP-n699-Q2k"),
    ),
    "mcgrp-tp": ("BHW6-TP", "CBMix7-TP", "p09-17", "DI-NEARP-n240-Q8k-TP", "p14-34", "DI-NEARP-n699-Q8k-TP"),
    "carp_if_tp": (
        *("Cen-IF-TP-b-21", "Cen-IF-TP-c-16", "Act-IF-TP-a"),
        *("P1-vc2-IF-TP-2", "P1-IF-TP-4", "P2-IF-TP-a"),
    ),
    "pcarp": ("gdb19", "gdb10", "gdb23", "val6", "val20", "val34"),
    "X": ("X-n101-k25", "X-n214-k11", "X-n308-k13", "X-n502-k39", "X-n749-k98", "X-n979-k58"),
    "hfvrp": ("X134-FSMD", "X219-HD", "X303-FSMFD", "X429-HVRP", "X641-FSMFD", "X957-HD"),
    "solomon": ("C109", "R112", "RC101", "C204", "R208", "RC208"),
    "gh200": ("c1_2_4", "r1_2_7", "rc1_2_10", "c2_2_7", "r2_2_4", "rc2_2_1"),
    "mtvrptwr": ("C201R0.25", "R206R0.5", "RC208R0.75", "C2_2_09R0.75", "R2_2_02R0.25", "RC2_2_04R0.25"),
    "pcvrptw": ("C1_10_1", "C2_10_1", "R1_10_1", "R2_10_1", "RC1_10_1", "RC2_10_1"),
}
"""Instances of the long runs, spread over sizes and named before any was measured (mcgrp: six with a known optimum, six
without). A name that the folder has not is passed over."""

PUBLISHED = {
    "P1-IF-TP-4": "44851.2",
    "P1-vc2-IF-TP-2": "28219.5",
    "Cen-IF-TP-b-21": "19586.4",
    "Cen-IF-TP-c-16": "30457.4",
}
"""Costs published with the carp_if_tp set (graph partitioning matheuristic), in seconds."""

NOT_INSTANCES = (".sol", ".csv", ".md")


def files_of(shared: Path, name: str, only: str, long: bool) -> list[Path]:
    """Instance files of a set, in order: all, those with `only` in the name, or those of the long runs."""
    folder = shared / "benchmarks" / name
    files = sorted(path for path in folder.iterdir() if path.suffix not in NOT_INSTANCES)
    if long:
        files = [path for path in files if path.stem in SIXTY.get(name, ())]
    return [path for path in files if any(part in path.stem for part in only.split(","))]


def reference(path: Path, instance: Instance) -> tuple[int | None, str]:
    """(cost to hold a run against, what it is): best known, a published cost, or a peer's in `reference.csv`."""
    if instance.best_known is not None:
        return instance.best_known, "optimum" if instance.proven else "best known"
    if path.stem in PUBLISHED:
        return instance.stated_cost(PUBLISHED[path.stem]), "published"
    table = path.with_name("reference.csv")
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["instance"] == path.stem:
                    return instance.stated_cost(row["cost"]), "HGS-CARP 60 s"
    return None, ""
