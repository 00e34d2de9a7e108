"""VRPLIB files of the capacitated vehicle routing problem (X and its like).

Customers are visited straight from one another: rounded distances break the triangle rule, so a way through a third
customer must not exist. Each customer is therefore two nodes, way in and way out, which only a visit joins.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from routing.errors import BadInstance
from routing.instances.instance import Instance
from routing.network import IntArray, Network
from routing.problem import Mode, Problem, Task, Vehicle

CUSTOMERS_MAX = 4_000
"""Above this the full distance table (n² arcs) would not fit a laptop's memory."""

_KNOWN_SECTIONS = {"NODE_COORD", "DEMAND", "DEPOT", "EDGE_WEIGHT", "DISPLAY_DATA"}


def is_vrplib(text: str) -> bool:
    """Whether the text has VRPLIB's keys."""
    return "DIMENSION" in text and ("NODE_COORD_SECTION" in text or "EDGE_WEIGHT_SECTION" in text)


def read_cvrp(text: str, where: str) -> Instance:
    """Raises BadInstance with what is missing or not supported."""
    header, sections, ended = _split(text, where)
    kind = header.get("TYPE", "CVRP")
    if kind != "CVRP":
        raise BadInstance(f"VRPLIB of type {kind} is not read", where, "give a file of TYPE : CVRP")
    extra = sorted(set(sections) - _KNOWN_SECTIONS)
    if extra:
        raise BadInstance(f"section {extra[0]}_SECTION is not read", where, "give a plain CVRP file")
    size, capacity = _figure(header, "DIMENSION", where), _figure(header, "CAPACITY", where)
    if size > CUSTOMERS_MAX + 1:
        raise BadInstance(f"{size} locations, at most {CUSTOMERS_MAX + 1} are read", where, "give a smaller file")
    rows = sections.get("DEMAND", [])
    if len(rows) != size or "DEPOT" not in sections or not ended:
        raise BadInstance(f"{len(rows)} of {size} demands, or no DEPOT_SECTION or EOF: truncated", where, "give it all")
    demand = [int(row[1]) for row in rows]
    distance = _distances(header, sections, size, where)
    tasks = tuple(Task(str(i), (Mode(i, size + i),), (demand[i],), 0, 0) for i in range(1, size))
    vehicle = Vehicle("v", size, 0, (capacity,), (0,))
    problem = Problem(_direct(distance), tasks, (vehicle,), (), ("load",), unlimited_fleet=True)
    labels = tuple((str(i),) for i in range(1, size))
    return Instance(header.get("NAME", "cvrp"), "cvrp", problem, labels, where=where)


def _split(text: str, where: str) -> tuple[dict[str, str], dict[str, list[list[float]]], bool]:
    """(header, rows of each section, whether EOF was seen)."""
    header: dict[str, str] = {}
    sections: dict[str, list[list[float]]] = {}
    current: list[list[float]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped == "EOF":
            return header, sections, True
        section = re.fullmatch(r"([A-Z_]+)_SECTION\s*:?", stripped)
        if section is not None:
            current = sections.setdefault(section[1], [])
        elif ":" in stripped and current is None:
            key, value = stripped.split(":", 1)
            header[key.strip()] = value.strip().strip('"')
        elif stripped and current is not None:
            try:
                current.append([float(word) for word in stripped.split()])
            except ValueError:
                raise BadInstance("row cannot be read", f"{where} line {number}") from None
    return header, sections, False


def _figure(header: dict[str, str], key: str, where: str) -> int:
    try:
        return int(float(header[key]))
    except (KeyError, ValueError):
        raise BadInstance(f"{key} is missing or no number", where, "give the whole file") from None


def _distances(header: dict[str, str], sections: dict[str, Any], size: int, where: str) -> IntArray:
    kind = header.get("EDGE_WEIGHT_TYPE", "EUC_2D")
    if kind in ("EUC_2D", "CEIL_2D"):
        rows = sections.get("NODE_COORD", [])
        if len(rows) != size or any(len(row) != 3 for row in rows):
            raise BadInstance(f"{len(rows)} of {size} coordinates: truncated", where, "give the whole file")
        place = np.array(rows)[:, 1:]
        exact = np.sqrt(((place[:, None] - place[None]) ** 2).sum(-1))
        rounded: IntArray = (np.ceil(exact) if kind == "CEIL_2D" else np.floor(exact + 0.5)).astype(np.int64)
        return rounded
    shape = header.get("EDGE_WEIGHT_FORMAT", "")
    values = np.array([value for row in sections.get("EDGE_WEIGHT", []) for value in row])
    if kind == "EXPLICIT" and shape == "FULL_MATRIX" and len(values) == size * size:
        return values.reshape(size, size).astype(np.int64)
    if kind == "EXPLICIT" and shape == "LOWER_ROW" and len(values) == size * (size - 1) // 2:
        table = np.zeros((size, size), np.int64)
        table[np.tril_indices(size, -1)] = values.astype(np.int64)
        return table + table.T
    raise BadInstance(f"distances {kind} {shape} are cut off or not read", where, "give EUC_2D or a full matrix")


def _direct(distance: IntArray) -> Network:
    """Arcs from every way out (size + i) to every other way in (j)."""
    size = len(distance)
    out, into = np.nonzero(~np.eye(size, dtype=bool))
    cost = distance[out, into]
    return Network(
        2 * size,
        out.astype(np.int64) + size,
        into.astype(np.int64),
        cost.copy(),
        np.zeros(len(cost), np.int64),
        cost,
        np.full(len(cost), -1, np.int64),
    )
