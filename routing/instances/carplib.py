"""CARPLIB files with Spanish keys (gdb, val, egl): required edges with cost and demand, one depot, one capacity.

A solution costs the traversal of every edge passed, served or not. The number of vehicles is free.
"""

from __future__ import annotations

import re

from routing.errors import BadInstance
from routing.instances.figures import CAPACITY_MAX, FIGURE_MAX, NODES_MAX, figure, keyed
from routing.instances.instance import Instance, LinkList
from routing.problem import Mode, Problem, Task, Vehicle

_EDGE = re.compile(r"\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)\s*coste\s+(\d+)(?:\s+demanda\s+(\d+))?\s*$", re.IGNORECASE)
_KEYS = {
    "VERTICES": (1, NODES_MAX),
    "ARISTAS_REQ": (0, FIGURE_MAX),
    "ARISTAS_NOREQ": (0, FIGURE_MAX),
    "CAPACIDAD": (1, CAPACITY_MAX),
    "DEPOSITO": (1, NODES_MAX),
}
"""What the header must say, and between which figures."""


def is_carplib(text: str) -> bool:
    """Whether the text has CARPLIB's keys."""
    return "LISTA_ARISTAS_REQ" in text.upper()


def read_carplib(text: str, where: str) -> Instance:
    """Raises BadInstance with the line to blame."""
    header: dict[str, str] = {}
    edges: list[tuple[int, int, int, int, bool]] = []
    required = True
    for number, line in enumerate(text.splitlines(), 1):
        upper = line.strip().upper()
        if upper.startswith("LISTA_ARISTAS"):
            required = upper.startswith("LISTA_ARISTAS_REQ")
        elif line.lstrip().startswith("("):
            match = _EDGE.match(line)
            if match is None or (required and match[4] is None):
                raise BadInstance("edge cannot be read", f"{where} line {number}")
            u, v, cost, demand = (figure(word or "0", "figure", f"{where} line {number}") for word in match.groups())
            edges.append((u, v, cost, demand, required))
        elif ":" in line:
            key, value = line.split(":", 1)
            header[key.strip().upper()] = value.strip()
    figures = {key: keyed(header, key, where, *limits) for key, limits in _KEYS.items()}
    for key, wanted in (("ARISTAS_REQ", True), ("ARISTAS_NOREQ", False)):
        found = sum(1 for edge in edges if edge[4] is wanted)
        if found != figures[key]:
            raise BadInstance(f"{found} of {figures[key]} edges under {key}: truncated", where, "give the whole file")
    name = header.get("NOMBRE", "carp") or "carp"
    return _build(name, figures, edges, where)


def _build(name: str, figures: dict[str, int], edges: list[tuple[int, int, int, int, bool]], where: str) -> Instance:
    links = LinkList()
    tasks: list[Task] = []
    labels: list[tuple[str, ...]] = []
    nodes, depot = figures["VERTICES"], figures["DEPOSITO"] - 1
    if depot >= nodes:
        raise BadInstance(f"DEPOSITO {depot + 1} is none of the {nodes} vertices", where, "name one of them")
    for u, v, cost, demand, required in edges:
        if not (1 <= u <= nodes and 1 <= v <= nodes):
            raise BadInstance(f"edge ({u},{v}) leaves the {nodes} vertices", where)
        there, back = links.edge(u, v, cost)
        if required:
            modes = (Mode(u - 1, v - 1, there), Mode(v - 1, u - 1, back))
            tasks.append(Task(f"e{len(tasks) + 1}", modes, (demand,), 0, cost))
            labels.append((f"({u},{v})", f"({v},{u})"))
    vehicle = Vehicle("v", depot, depot, (figures["CAPACIDAD"],), (0,))
    problem = Problem(links.network(nodes), tuple(tasks), (vehicle,), (), ("load",), unlimited_fleet=True)
    return Instance(name, "carplib", problem, tuple(labels), where=where)
