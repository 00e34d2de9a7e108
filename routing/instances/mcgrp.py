"""MCGRP (NEARP) files: required nodes, edges and arcs.

A solution costs the traversal of every link passed, a served link once; the service cost column is not added. The
number of vehicles is free.
"""

from __future__ import annotations

import re

from routing.errors import BadInstance
from routing.instances.figures import CAPACITY_MAX, FIGURE_MAX, NODES_MAX, figure, keyed
from routing.instances.instance import Instance, LinkList
from routing.problem import Mode, Problem, Task, Vehicle

_SECTIONS = ("ReN.", "ReE.", "ReA.", "EDGE", "ARC")
_COLUMNS = {"ReN.": 3, "ReE.": 6, "ReA.": 6, "EDGE": 4, "ARC": 4}
_ROW_NAMES = {"ReN.": r"N\d+", "ReE.": r"E\d+", "ReA.": r"A\d+", "EDGE": r"NrE\d+", "ARC": r"NrA\d+"}
_COUNTS = ("#EDGES", "#ARCS", "#REQUIRED N", "#REQUIRED E", "#REQUIRED A")
_KEYS = {
    "CAPACITY": (1, CAPACITY_MAX),
    "DEPOT NODE": (1, NODES_MAX),
    "#NODES": (1, NODES_MAX),
    **dict.fromkeys(_COUNTS, (0, FIGURE_MAX)),
}
"""What the header must say, and between which figures."""


def is_mcgrp(text: str) -> bool:
    """Whether the text has MCGRP's header and a section of required work."""
    return "#Required N" in text and re.search(r"^Re[NEA]\.", text, re.MULTILINE) is not None


def read_mcgrp(text: str, where: str) -> Instance:
    """Raises BadInstance with the line to blame."""
    header: dict[str, str] = {}
    rows: dict[str, list[list[int]]] = {name: [] for name in _SECTIONS}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if words[0] in _SECTIONS:
            section = words[0]
        elif section and re.fullmatch(_ROW_NAMES[section], words[0]) is None:
            section = ""  # a remark after the rows; the counts below tell whether any are missing
        elif section:
            if len(words) < _COLUMNS[section]:
                raise BadInstance("row is cut off", f"{where} line {number}", "give the whole file")
            rows[section].append(_numbers(words[: _COLUMNS[section]], f"{where} line {number}"))
        elif ":" in line:
            key, value = line.split(":", 1)
            header[key.strip().upper()] = value.strip()
    figures = {key: keyed(header, key, where, *limits) for key, limits in _KEYS.items()}
    expected = {
        "ReN.": figures["#REQUIRED N"],
        "ReE.": figures["#REQUIRED E"],
        "ReA.": figures["#REQUIRED A"],
        "EDGE": figures["#EDGES"] - figures["#REQUIRED E"],
        "ARC": figures["#ARCS"] - figures["#REQUIRED A"],
    }
    for name, count in expected.items():
        if len(rows[name]) != count:
            found = len(rows[name])
            raise BadInstance(f"{found} of {count} rows under {name}: truncated", where, "give the whole file")
    best = header.get("OPTIMAL VALUE", "-1")
    known = int(best) if re.fullmatch(r"0*[1-9]\d{0,14}", best) else None
    return _build(header.get("NAME", "mcgrp"), figures, rows, known, where)


def _numbers(words: list[str], where: str) -> list[int]:
    """A row's numbers, its name (N5, NrE3) reduced to its number."""
    digits = re.sub(r"\D", "", words[0])
    return [figure(word, "figure", where) for word in (digits, *words[1:])]


def _build(
    name: str, figures: dict[str, int], rows: dict[str, list[list[int]]], known: int | None, where: str
) -> Instance:
    nodes = figures["#NODES"]
    links = LinkList()
    tasks: list[Task] = []
    labels: list[tuple[str, ...]] = []
    ends = [(row[1], row[2]) for section in _SECTIONS[1:] for row in rows[section]]
    ends += [(row[0], row[0]) for row in rows["ReN."]]
    for u, v in [*ends, (figures["DEPOT NODE"],) * 2]:
        if not (1 <= u <= nodes and 1 <= v <= nodes):
            raise BadInstance(f"link or node ({u},{v}) leaves the {nodes} nodes", where)
    for node, demand, _ in rows["ReN."]:
        tasks.append(Task(f"n{node}", (Mode(node - 1, node - 1),), (demand,), 0, 0))
        labels.append((f"n{node}",))
    for number, u, v, cost, demand, _ in rows["ReE."]:
        there, back = links.edge(u, v, cost)
        modes = (Mode(u - 1, v - 1, there), Mode(v - 1, u - 1, back))
        tasks.append(Task(f"e{number}", modes, (demand,), 0, cost))
        labels.append((f"({u},{v})", f"({v},{u})"))
    for number, u, v, cost, demand, _ in rows["ReA."]:
        tasks.append(Task(f"a{number}", (Mode(u - 1, v - 1, links.arc(u, v, cost)),), (demand,), 0, cost))
        labels.append((f"({u},{v})",))
    for _, u, v, cost in rows["EDGE"]:
        links.edge(u, v, cost)
    for _, u, v, cost in rows["ARC"]:
        links.arc(u, v, cost)
    depot = figures["DEPOT NODE"] - 1
    vehicle = Vehicle("v", depot, depot, (figures["CAPACITY"],), (0,))
    problem = Problem(links.network(nodes), tuple(tasks), (vehicle,), (), ("load",), unlimited_fleet=True)
    return Instance(name, "mcgrp", problem, tuple(labels), best_known=known, proven=known is not None, where=where)
