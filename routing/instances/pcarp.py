"""Periodic CARP files (Chu, Labadi & Prins 2006): edges served several times in a week of five days.

A line is one direction of an edge (`inv` is the other); a served edge costs `Col`, a passed one `Trav`. `freq` services
fall on days of one of the paper's patterns: never the next day where two are wanted, not three days running where three
are, else any. (`minspac` and `maxspac` differ between the two directions of one edge and are not used.) The fleet is
as large as wanted on each day.
"""

from __future__ import annotations

import re
from itertools import combinations

from routing.errors import BadInstance
from routing.instances.figures import CAPACITY_MAX, NODES_MAX, figure, keyed
from routing.instances.instance import Instance, LinkList
from routing.problem import Mode, Problem, Repeat, Task, Vehicle

DAYS = 5
"""Days of the horizon, Monday to Friday."""

_ROW = re.compile(r"\s*arc\s*=\s*(\d{1,9})\s*,")
_FIELDS = ("From", "to", "Qty", "Trav", "Col", "inv", "freq")


def patterns(services: int) -> tuple[tuple[int, ...], ...]:
    """Allowed sets of days for so many services in a week, ascending."""
    every = combinations(range(1, DAYS + 1), services)
    if services == 2:
        return tuple(days for days in every if days[1] - days[0] > 1)
    if services == 3:
        return tuple(days for days in every if days[2] - days[0] > 2)
    return tuple(every)


def is_pcarp(text: str) -> bool:
    """Whether the text has lines of arcs with a frequency."""
    return "nbarcs" in text and re.search(r"^\s*arc\s*=.*freq\s*=", text, re.MULTILINE) is not None


def read_pcarp(text: str, where: str) -> Instance:
    """Raises BadInstance with the line to blame."""
    header: dict[str, str] = {}
    rows: dict[int, dict[str, int]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _ROW.match(line)
        if match is not None:
            if int(match[1]) in rows:
                raise BadInstance(f"arc {match[1]} is given twice", f"{where} line {number}", "give each arc once")
            rows[int(match[1])] = _row(line, f"{where} line {number}")
        elif "=" in line and not rows:
            key, value = line.split("=", 1)
            header[key.strip().upper()] = value.strip()
    count = keyed(header, "NBARCS", where, 1)
    if len(rows) != count:
        raise BadInstance(f"{len(rows)} of {count} arcs: truncated", where, "give the whole file")
    nodes = keyed(header, "NBNODES", where, 1, NODES_MAX)
    depot = keyed(header, "DEPOT", where, 1, nodes) - 1
    capacity = keyed(header, "CAPACITY", where, 1, CAPACITY_MAX)
    links, tasks, labels, repeats = _work(rows, nodes, where)
    days = tuple(Vehicle(f"d{day}", depot, depot, (capacity,), (0,), day=day) for day in range(1, DAYS + 1))
    problem = Problem(links.network(nodes), tasks, days, (), ("load",), unlimited_fleet=True, repeats=repeats)
    return Instance(header.get("NAME", "pcarp"), "pcarp", problem, labels, where=where)


def _row(line: str, where: str) -> dict[str, int]:
    found = {}
    for name in _FIELDS:
        match = re.search(rf"\b{name}\s*=\s*(-?\d+)", line)
        if match is None:
            raise BadInstance(f"{name} is missing: cut off", where, "give the whole file")
        found[name] = figure(match[1], name, where, least=-1 if name == "Qty" else 0)
    return found


def _work(
    rows: dict[int, dict[str, int]], nodes: int, where: str
) -> tuple[LinkList, tuple[Task, ...], tuple[tuple[str, ...], ...], tuple[Repeat, ...]]:
    links = LinkList()
    tasks: list[Task] = []
    labels: list[tuple[str, ...]] = []
    repeats: list[Repeat] = []
    for number, row in rows.items():
        u, v, other = row["From"], row["to"], rows.get(row["inv"])
        at = f"{where} arc {number}"
        if not (1 <= u <= nodes and 1 <= v <= nodes):
            raise BadInstance(f"arc from {u} to {v} leaves the {nodes} nodes", at, "name nodes of the file")
        if other is None or other["inv"] != number or (other["From"], other["to"]) != (v, u):
            raise BadInstance(f"inv={row['inv']} is not its opposite", at, "let the two name one another")
        if row["inv"] <= number:
            continue  # the depot's loop, or the other direction of an edge read already
        there, back = links.edge(u, v, row["Trav"])
        services, load = row["freq"], row["Qty"]
        if not 0 <= services <= DAYS or load < 0:
            raise BadInstance(f"{services} services of {load}", at, f"give 0 to {DAYS} services of at least 0")
        modes = (Mode(u - 1, v - 1, there), Mode(v - 1, u - 1, back))
        names = tuple(f"e{number}.{k}" for k in range(1, services + 1))
        tasks += [Task(name, modes, (load,), 0, row["Col"]) for name in names]
        labels += [(f"({u},{v})", f"({v},{u})")] * services
        if names:
            repeats.append(Repeat(names, patterns=patterns(services)))
    return links, tuple(tasks), tuple(labels), tuple(repeats)
