"""Waste collection with two limits, unloading sites, a shift and turn penalties by angle (MCARPTIF-TP).

Cost is time, in thousandths of the file's second: serving or driving links, turns, and `DUMPING_COST` at each visit to
a site; a vehicle unloads before it goes home and is back within `MAX_DURATION`. The fleet is as large as wanted.

Each link has a shape, x y from its first node to its second. The angle between the last stretch of one link and the
first of the next says which of the four `TURN_PENALTY` figures counts: straight below 45 degrees, a U-turn from 135 on
and wherever an edge is driven straight back, else right or left. Coordinates count as they are (longitudes are not
shortened), and a shape counts in the order the file gives, as in the routes published with these files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from routing.errors import BadInstance
from routing.instances.figures import CAPACITY_MAX, NODES_MAX, figure, keyed, number
from routing.instances.instance import Instance, LinkList, turn_costs
from routing.problem import Facility, Mode, Problem, Task, Vehicle

_DECIMALS = 3
_SCALE = 10**_DECIMALS
_LOAD_SCALE = 1_000
_SECTIONS = ("REQ_EDGES", "NOREQ_EDGES", "REQ_ARCS", "NOREQ_ARCS")
_COLUMNS = 7
_STRAIGHT_DEG = 45.0
_U_TURN_DEG = 135.0
_SERVICE_MAX = 1_000_000_000

Vector = tuple[float, float]


@dataclass(slots=True)
class _Streets:
    """Links read so far: their arcs, the heading each begins and ends with, and the tasks on them."""

    links: LinkList = field(default_factory=LinkList)
    begins: list[Vector] = field(default_factory=list)
    ends: list[Vector] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    labels: list[tuple[str, ...]] = field(default_factory=list)
    number: dict[str, int] = field(default_factory=dict)

    def node(self, name: str) -> int:
        """A node's number from 1, in the order met."""
        return self.number.setdefault(name, len(self.number) + 1)


def is_carp_if_tp(text: str) -> bool:
    """Whether the text has dumping sites and turn penalties."""
    return all(key in text for key in ("DUMPING_SITES", "TURN_PENALTY", "LIST_"))


def read_carp_if_tp(text: str, where: str) -> Instance:
    """Raises BadInstance with the line to blame."""
    header, rows = _split(text, where)
    streets = _Streets()
    for section in _SECTIONS:
        wanted = keyed(header, section, where)
        if wanted != len(rows[section]):
            what = f"{len(rows[section])} of {wanted} rows under LIST_{section}: truncated"
            raise BadInstance(what, where, "give the whole file")
        for at, words in rows[section]:
            _add(streets, section, words, at)
    capacity = _figures(header, "CAPACITY", where, 2, _LOAD_SCALE, least=1)
    sites = header.get("DUMPING_SITES", "").split()
    dumping_s = _figures(header, "DUMPING_COST", where, len(sites), _SCALE)
    depot_name = (header.get("DEPOT", "").split() or [""])[0]
    if not sites or depot_name == "" or len(set(sites)) != len(sites):
        raise BadInstance(
            "DEPOT or DUMPING_SITES is missing or given twice", where, "name the depot and each site once"
        )
    depot = streets.node(depot_name) - 1
    facilities = tuple(
        Facility(f"f{site}", streets.node(site) - 1, "unload", cost, cost)
        for site, cost in zip(sites, dumping_s, strict=True)
    )
    shift_s = keyed(header, "MAX_DURATION", where, 1, _SERVICE_MAX, _SCALE)
    turns = turn_costs(_turns(streets, _figures(header, "TURN_PENALTY", where, 4, _SCALE)), timed=True)
    nodes = len(streets.number)
    if nodes > NODES_MAX:
        raise BadInstance(f"{nodes} nodes, at most {NODES_MAX} are read", where, "give a smaller file")
    problem = Problem(
        streets.links.network(nodes, turns, timed=True),
        tuple(streets.tasks),
        (Vehicle("v", depot, depot, tuple(capacity), (0, 0), (0, shift_s)),),
        facilities,
        ("volume", "mass"),
        unload_at_end=True,
        unlimited_fleet=True,
    )
    names = tuple(facility.id for facility in facilities)
    name = header.get("NAME", "carp_if_tp")
    return Instance(name, "carp_if_tp", problem, tuple(streets.labels), names, decimals=_DECIMALS, where=where)


def _split(text: str, where: str) -> tuple[dict[str, str], dict[str, list[tuple[str, list[str]]]]]:
    """(header, rows of each list with their line)."""
    header: dict[str, str] = {}
    rows: dict[str, list[tuple[str, list[str]]]] = {name: [] for name in _SECTIONS}
    section = ""
    for number_, line in enumerate(text.splitlines(), 1):
        words = line.rstrip().split("\t")
        if words[0].startswith("LIST_"):
            section = words[0].removeprefix("LIST_").rstrip(": ")
            if section not in rows:
                raise BadInstance(f"list {words[0][:30]} is not known", f"{where} line {number_}")
        elif section and words[0]:
            rows[section].append((f"{where} line {number_}", words))
        elif words[0]:
            header[words[0]] = " ".join(words[1:])
    return header, rows


def _figures(header: dict[str, str], key: str, where: str, count: int, scale: int, least: int = 0) -> list[int]:
    words = header.get(key, "").split()
    if len(words) != count:
        raise BadInstance(f"{len(words)} of {count} figures under {key}", where, f"give {count}")
    return [figure(word, key, where, least, CAPACITY_MAX, scale) for word in words]


def _add(streets: _Streets, section: str, words: list[str], where: str) -> None:
    """One link: its arcs, headings, and its task where it is required."""
    if len(words) < _COLUMNS:
        raise BadInstance("row is cut off", where, "give the whole file")
    u, v = streets.node(words[0]), streets.node(words[1])
    service_s = figure(words[2], "service time", where, 0, _SERVICE_MAX, _SCALE)
    drive_s = figure(words[3], "travel time", where, 0, _SERVICE_MAX, _SCALE)
    loads = tuple(figure(word, "load", where, scale=_LOAD_SCALE) for word in words[4:6])
    shape = [_point(text, where) for text in words[6].split(",")]
    if len(shape) < 2:
        raise BadInstance("shape has one point", where, "give at least two")
    first, last = _towards(shape[0], shape[1]), _towards(shape[-2], shape[-1])
    edge = section.endswith("EDGES")
    arcs = streets.links.edge(u, v, drive_s) if edge else (streets.links.arc(u, v, drive_s),)
    streets.begins += [first, (-last[0], -last[1])][: len(arcs)]
    streets.ends += [last, (-first[0], -first[1])][: len(arcs)]
    if not section.startswith("NOREQ"):
        modes = tuple(Mode(streets.links.tail[arc], streets.links.head[arc], arc) for arc in arcs)
        streets.tasks.append(Task(f"t{len(streets.tasks) + 1}", modes, loads, service_s, service_s))
        streets.labels.append((f"({words[0]},{words[1]})", f"({words[1]},{words[0]})")[: len(arcs)])


def _point(text: str, where: str) -> Vector:
    words = text.split()
    if len(words) != 2:
        raise BadInstance(f"point {text[:30]!r} cannot be read", where, "give x and y")
    return float(number(words[0], "coordinate", where)), float(number(words[1], "coordinate", where))


def _towards(start: Vector, end: Vector) -> Vector:
    return end[0] - start[0], end[1] - start[1]


def _turns(streets: _Streets, penalties: list[int]) -> list[tuple[int, int, int]]:
    """Every turn of one arc into another with its cost."""
    links = streets.links
    leaving: dict[int, list[int]] = {}
    for arc, tail in enumerate(links.tail):
        leaving.setdefault(tail, []).append(arc)
    straight, right, left, back = penalties
    turns = []
    for first, head in enumerate(links.head):
        x1, y1 = streets.ends[first]
        for second in leaving.get(head, []):
            x2, y2 = streets.begins[second]
            angle = math.degrees(math.atan2(x1 * y2 - y1 * x2, x1 * x2 + y1 * y2))
            if links.reverse[first] == second or abs(angle) >= _U_TURN_DEG:
                cost = back
            elif abs(angle) < _STRAIGHT_DEG:
                cost = straight
            else:
                cost = left if angle > 0 else right
            turns.append((first, second, cost))
    return turns
