"""Solomon's text files (Solomon 1987; Gehring & Homberger 1999): vehicle routing with time windows.

The objective is distance, the number of vehicles at most the file's. Distances and times are real numbers; here they
are ten-thousandths, rounded to nearest: a route's time is exact to some 0.001, a whole cost to some 0.005 and mostly
to the second decimal, to which best-known values are published. Costs are printed with four decimals.
"""

from __future__ import annotations

import re

import numpy as np

from routing.errors import BadInstance
from routing.instances.figures import CAPACITY_MAX, figure, number
from routing.instances.instance import Instance
from routing.instances.places import PLACES_MAX, direct, euclid, whole
from routing.problem import Mode, Problem, Task, Vehicle

_DECIMALS = 4
_COLUMNS = 7


def is_solomon(text: str) -> bool:
    """Whether the text has Solomon's headings."""
    return re.search(r"^VEHICLE\s*$.*^CUSTOMER\s*$", text, re.MULTILINE | re.DOTALL) is not None


def read_solomon(text: str, where: str) -> Instance:
    """Raises BadInstance with the line to blame."""
    lines = [(at, line.split()) for at, line in enumerate(text.splitlines(), 1) if line.strip()]
    words = [row for _, row in lines]
    fleet = next((k for k, row in enumerate(words) if row[0] == "NUMBER"), -1) + 1
    table = next((k for k, row in enumerate(words) if row[:2] == ["CUST", "NO."]), -1) + 1
    if fleet == 0 or table == 0 or fleet >= len(words) or len(words[fleet]) != 2 or not words[0]:
        raise BadInstance("vehicle or customer table is missing: truncated", where, "give the whole file")
    count = figure(words[fleet][0], "NUMBER", where, 1, PLACES_MAX)
    capacity = figure(words[fleet][1], "CAPACITY", where, 1, CAPACITY_MAX)
    rows = lines[table:]
    if len(rows) < 2 or len(rows) > PLACES_MAX:
        raise BadInstance(f"{len(rows)} locations: truncated or too many", where, f"give 2 to {PLACES_MAX}")
    scale = 10**_DECIMALS
    places, figures = [], []
    for expected, (line, row) in enumerate(rows):
        at = f"{where} line {line}"
        if len(row) != _COLUMNS or row[0] != str(expected):
            raise BadInstance("row is cut off or out of order", at, f"give location {expected} with 7 columns")
        places.append([float(number(word, "coordinate", at)) for word in row[1:3]])
        names = ("demand", "ready time", "due date", "service time")
        scales = (1, scale, scale, scale)
        figures.append([figure(w, name, at, scale=s) for w, name, s in zip(row[3:], names, scales, strict=True)])
        if figures[-1][1] > figures[-1][2]:
            raise BadInstance("due date lies before ready time", at, "swap them")
    distance = whole(euclid(np.array(places), where), "round", scale, where)
    size = len(rows)
    tasks = tuple(
        Task(str(i), (Mode(i, size + i),), (load,), service, 0, (ready, due))
        for i, (load, ready, due, service) in enumerate(figures)
        if i > 0
    )
    shift = (figures[0][1], figures[0][2])
    vehicles = tuple(Vehicle(f"v{k}", size, 0, (capacity,), (0,), shift) for k in range(1, min(count, size - 1) + 1))
    problem = Problem(direct(distance, timed=True), tasks, vehicles, (), ("load",))
    return Instance(
        words[0][0],
        "solomon",
        problem,
        tuple((str(i),) for i in range(1, size)),
        decimals=_DECIMALS,
        where=where,
    )
