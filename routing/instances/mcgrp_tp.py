"""MCGRP with turn penalties (Vidal 2017): required nodes, edges and arcs, and a list of turns.

A solution costs the links passed, a served link once, and the turns between them. A turn (i, j, k) goes from any link
i-j into any link j-k. Turns of infinite cost and turns that are not listed are forbidden; at the depot unlisted ones
are free. A node is served in passing: it has one mode for each link that arrives there, and the turn out of that link
counts. The fleet has `#Vehicles` vehicles, -1 means as many as wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from routing.errors import BadInstance
from routing.instances.figures import CAPACITY_MAX, NODES_MAX, figure, keyed
from routing.instances.instance import Instance, LinkList, turn_costs
from routing.network import Network
from routing.problem import Mode, Problem, Task, Vehicle

_COLUMNS = {"NODES": 3, "EDGES": 5, "ARCS": 5, "TURNS": 4}
_COUNTS = {"NODES": "#NODES", "EDGES": "#EDGES", "ARCS": "#ARCS", "TURNS": "#NB-TURNS"}
_REQUIRED = {"NODES": ("#REQUIRED-N", 2), "EDGES": ("#REQUIRED-E", 3), "ARCS": ("#REQUIRED-A", 3)}
_FORBIDDEN = re.compile(r"\+?(inf|infinity|1e[2-9]\d|[1-9]\d{9,}(\.0*)?)", re.IGNORECASE)
_TURNS_MAX = 5_000_000

Rows = dict[str, list[list[str]]]
Turns = tuple[list[tuple[int, int, int]], frozenset[tuple[int, int]]]


@dataclass(slots=True)
class _Work:
    """Tasks read so far, and how a solution file names them."""

    tasks: list[Task] = field(default_factory=list)
    labels: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, name: str, modes: tuple[Mode, ...], demand: int, cost: int, labels: tuple[str, ...]) -> None:
        self.tasks.append(Task(name, modes, (demand,), 0, cost))
        self.labels.append(labels)


def is_mcgrp_tp(text: str) -> bool:
    """Whether the text has the turn variant's header and tables."""
    return "#Nb-Turns" in text and re.search(r"^-+NODES-+\s*$", text, re.MULTILINE) is not None


def read_mcgrp_tp(text: str, where: str) -> Instance:
    """Raises BadInstance with the line to blame."""
    header, rows = _split(text, where)
    nodes = keyed(header, "#NODES", where, 1, NODES_MAX)
    depot = keyed(header, "DEPOT", where, 1, nodes)
    _count(header, rows, where)
    links, work, into = _links(rows, nodes, where)
    served = _Work()
    for index, quantity, required, *_ in rows["NODES"]:
        if figure(required, "IS-REQUIRED", where, most=1):
            node = figure(index, "node", where, 1, nodes)
            modes = [Mode(node - 1, node - 1, via=arc) for arc in into.get(node, [])]
            if node == depot or not modes:
                modes.append(Mode(node - 1, node - 1))
            demand = figure(quantity, f"quantity of node {node}", where)
            served.add(f"n{node}", tuple(modes), demand, 0, (f"n{node}",) * len(modes))
    priced, forbidden = _turns(rows["TURNS"], links, depot, where)
    network: Network = links.network(nodes, turn_costs(priced), forbidden)
    capacity = keyed(header, "CAPACITY", where, 1, CAPACITY_MAX)
    unlimited = header.get("#VEHICLES", "") == "-1"
    count = 1 if unlimited else keyed(header, "#VEHICLES", where, 1, 100_000)
    tasks = (*served.tasks, *work.tasks)
    names = ["v"] if unlimited else [f"v{k}" for k in range(1, min(count, len(tasks)) + 1)]
    vehicles = tuple(Vehicle(name, depot - 1, depot - 1, (capacity,), (0,)) for name in names)
    problem = Problem(network, tasks, vehicles, (), ("load",), unlimited_fleet=unlimited)
    labels = (*served.labels, *work.labels)
    return Instance(header.get("NAME", "mcgrp_tp"), "mcgrp_tp", problem, labels, where=where)


def _split(text: str, where: str) -> tuple[dict[str, str], Rows]:
    header: dict[str, str] = {}
    rows: Rows = {name: [] for name in _COLUMNS}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("INDEX"):
            continue
        title = re.fullmatch(r"-+([A-Z]*)-+", words[0])
        if title is not None:
            section = title[1] if title[1] in _COLUMNS else ""
        elif section:
            if len(words) < _COLUMNS[section]:
                raise BadInstance("row is cut off", f"{where} line {number}", "give the whole file")
            rows[section].append(words)
        elif ":" in line:
            key, value = line.split(":", 1)
            header[key.strip().upper()] = value.strip()
    return header, rows


def _count(header: dict[str, str], rows: Rows, where: str) -> None:
    """Refuse tables that are not as long as the header says."""
    for section, key in _COUNTS.items():
        wanted, found = keyed(header, key, where, most=_TURNS_MAX), len(rows[section])
        if wanted != found:
            raise BadInstance(f"{found} of {wanted} rows under {section}: truncated", where, "give the whole file")
    for section, (key, column) in _REQUIRED.items():
        wanted = keyed(header, key, where)
        found = sum(row[column] == "1" for row in rows[section])
        if wanted != found:
            raise BadInstance(f"{found} of {wanted} required under {section}: truncated", where, "give the whole file")


def _links(rows: Rows, nodes: int, where: str) -> tuple[LinkList, _Work, dict[int, list[int]]]:
    """(links, tasks on them, arcs arriving at each node)."""
    links, work = LinkList(), _Work()
    into: dict[int, list[int]] = {}
    for section in ("EDGES", "ARCS"):
        for number, (i, j, quantity, required, price, *_) in enumerate(rows[section], 1):
            at = f"{where} {section} row {number}"
            u, v = figure(i, "node", at, 1, nodes), figure(j, "node", at, 1, nodes)
            cost, demand = figure(price, "TR-COST", at), figure(quantity, "QTY", at)
            arcs = links.edge(u, v, cost) if section == "EDGES" else (links.arc(u, v, cost),)
            for arc in arcs:
                into.setdefault(links.head[arc] + 1, []).append(arc)
            if figure(required, "IS-REQUIRED", at, most=1):
                modes = tuple(Mode(links.tail[arc], links.head[arc], arc) for arc in arcs)
                labels = (f"({u},{v})", f"({v},{u})")[: len(arcs)]
                work.add(f"{section[0].lower()}{number}", modes, demand, cost, labels)
    return links, work, into


def _turns(rows: list[list[str]], links: LinkList, depot: int, where: str) -> Turns:
    """(priced turns, forbidden ones) as pairs of arcs."""
    between: dict[tuple[int, int], list[int]] = {}
    leaving: dict[int, list[int]] = {}
    for arc, (tail, head) in enumerate(zip(links.tail, links.head, strict=True)):
        between.setdefault((tail + 1, head + 1), []).append(arc)
        leaving.setdefault(tail, []).append(arc)
    priced: dict[tuple[int, int], int] = {}
    banned: set[tuple[int, int]] = set()
    for number, (i, j, k, price, *_) in enumerate(rows, 1):
        at = f"{where} TURNS row {number}"
        u, v, w = (figure(word, "node", at, 1, NODES_MAX) for word in (i, j, k))
        if (u, v) not in between or (v, w) not in between:
            raise BadInstance(f"turn ({u},{v},{w}) is between links that do not exist", at, "list turns of links only")
        never = _FORBIDDEN.fullmatch(price) is not None
        cost = 0 if never else figure(price, "turn cost", at)
        for first in between[u, v]:
            for second in between[v, w]:
                priced[first, second] = cost
                if never:
                    banned.add((first, second))
    for first, head in enumerate(links.head):
        if head != depot - 1:
            banned.update((first, second) for second in leaving.get(head, []) if (first, second) not in priced)
    turns = [(first, second, cost) for (first, second), cost in priced.items() if (first, second) not in banned]
    return turns, frozenset(banned)
