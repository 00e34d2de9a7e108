"""FILE.sol: routes as text, and back.

Node problems follow VRPLIB (`Route #1: 31 46 35`, a depot number inside a route is a reload). Problems with links write
one line a route, required edges and arcs in the direction served, required nodes as `nK`, facility visits as `fK`,
deadheading left out: `Route #1: (1,2) (2,7) n5 f17`. A word before the colon names a vehicle. `Day d` stands before a
day's routes. Where vehicles are of several kinds and the file numbers them, a route's number is its vehicle's. Routes
may be empty. `Cost N` comes last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np

from routing.checker import check
from routing.engines.assemble import Tour, Visit, finder_for, ports_of, price, time_route, vehicle_name
from routing.errors import BadSolution, NoPath
from routing.instances import documents
from routing.instances.instance import Instance
from routing.instances.known import COST
from routing.paths.search import PathFinder
from routing.plan import Plan, Route, Unserved, Verdict, Violation

ROUTES_MAX = 100_000
"""Routes read from one file."""

_ROUTE = re.compile(r"Route\s+#(\d{1,9})\s*(?:(\S+)\s*)?:(.*)", re.IGNORECASE)
_DAY = re.compile(r"Day\s+(\d{1,9})\s*:?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Line:
    """One route as written: its number, the word before its colon, the day it stands under, its stops."""

    number: int
    vehicle: str
    day: int | None
    words: tuple[str, ...]


def write_solution(instance: Instance, plan: Plan) -> str:
    """The text of FILE.sol; a plan's document for a problem's."""
    if instance.kind == documents.KIND:
        return documents.write_plan(plan)
    by_vehicle = {vehicle.id: v for v, vehicle in enumerate(instance.problem.vehicles)}
    lines: list[tuple[int, int, str]] = []
    used: dict[int, int] = {}
    for k, route in enumerate(plan.routes, 1):
        v = by_vehicle[_own(instance, route.vehicle)]
        number = k
        if instance.fleet:
            used[v] = used.get(v, -1) + 1
            number = instance.fleet[v].start + used[v]
        lines.append((instance.problem.vehicles[v].day, number, _words(instance, route)))
    text: list[str] = []
    day = 0
    for at, number, words in sorted(lines, key=lambda line: line[:2]):
        if at != day:
            day = at
            text.append(f"Day {day}")
        text.append(f"Route #{number}: {words}".rstrip())
    return "\n".join([*text, f"Cost {instance.cost_text(plan.cost)}", ""])


def read_solution(instance: Instance, text: str, where: str) -> tuple[Plan, tuple[Violation, ...]]:
    """The plan in a file, and what in it names nothing of the instance or cannot be driven.

    The plan's cost is the one stated; a plan may have no routes. Tasks with a prize that no route serves are left for
    it. Raises BadSolution where the text holds no cost.
    """
    if instance.kind == documents.KIND:
        return documents.read_plan(text, where), ()
    lines, stated = _parse(text, where)
    reader = _Reader(instance, finder_for(instance.problem))
    timed = []
    for line in lines:
        label = f"route {line.number}"
        visits = reader.visits(line.words, label)
        if not visits:
            continue
        tour = reader.tour(line, visits)
        if tour is None:
            reader.fault("unknown", label, "the fleet has no vehicle for it")
            continue
        try:
            timed.append(time_route(instance.problem, reader.finder, tour))
        except NoPath as error:
            reader.fault("path", label, str(error))
    left = [
        Unserved(task.id, "prize")
        for t, task in enumerate(instance.problem.tasks)
        if task.prize is not None and t not in reader.taken
    ]
    plan = price(instance.problem, timed, left, where, 0, 0)
    return replace(plan, cost=instance.stated_cost(stated, plan.cost), terms={}), tuple(reader.faults)


def as_written(instance: Instance, plan: Plan) -> Plan:
    """The plan FILE.sol says: it does not write which side a node is served from, and the cheapest way through counts.

    The very same plan where that is no cheaper.
    """
    if instance.kind == documents.KIND or not any(
        len(task.modes) > 1 and len(set(names)) < len(names)
        for task, names in zip(instance.problem.tasks, instance.labels, strict=True)
    ):
        return plan
    again, _ = read_solution(instance, write_solution(instance, plan), plan.engine)
    found = replace(plan, routes=again.routes, terms={})
    found = replace(found, cost=check(instance.problem, found).cost)
    return found if found.cost < plan.cost and check(instance.problem, found).feasible else plan


def with_faults(verdict: Verdict, faults: tuple[Violation, ...]) -> Verdict:
    """The checker's verdict together with what the file itself got wrong."""
    return replace(verdict, feasible=verdict.feasible and not faults, violations=(*faults, *verdict.violations))


@dataclass(slots=True)
class _Reader:
    """Names of an instance, and what routes have taken of it so far."""

    instance: Instance
    finder: PathFinder
    tasks: dict[str, list[tuple[int, list[int]]]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    copies: dict[int, int] = field(default_factory=dict)
    faults: list[Violation] = field(default_factory=list)

    def __post_init__(self) -> None:
        for t, names in enumerate(self.instance.labels):
            for name in dict.fromkeys(names):
                modes = [m for m, label in enumerate(names) if label == name]
                self.tasks.setdefault(name, []).append((t, modes))

    def fault(self, code: str, where: str, text: str) -> None:
        self.faults.append(Violation(code, where, text))

    def visits(self, words: tuple[str, ...], where: str) -> list[list[Visit]]:
        """For each word the visits it may mean: one facility, or the modes of one task of that name."""
        places = {name: i for i, name in enumerate(self.instance.facility_labels)}
        found: list[list[Visit]] = []
        for word in words:
            if word in places:
                found.append([Visit(True, places[word], 0)])
                continue
            options = self.tasks.get(word)
            if options is None:
                self.fault("unknown", where, f"{word[:40]} is nothing the instance requires")
                continue
            t, modes = next((option for option in options if option[0] not in self.taken), options[0])
            self.taken.add(t)
            found.append([Visit(False, t, m) for m in modes])
        return found

    def tour(self, line: _Line, visits: list[list[Visit]]) -> Tour | None:
        """The route with its vehicle and its cheapest modes, or None where the fleet has no vehicle left for it."""
        problem = self.instance.problem
        v = self.vehicle(line)
        if v is None:
            return None
        self.copies[v] = self.copies.get(v, 0) + 1
        name = vehicle_name(problem, v, self.copies[v])
        return Tour(v, name, tuple(self.cheapest(v, visits)))

    def vehicle(self, line: _Line) -> int | None:
        """Index of the vehicle a line means: by day, by number, by word, else the next one."""
        problem, fleet = self.instance.problem, self.instance.fleet
        if line.day is not None:
            return next((v for v, one in enumerate(problem.vehicles) if one.day == line.day), None)
        if fleet:
            return next((v for v, numbers in enumerate(fleet) if line.number in numbers), None)
        word = line.vehicle.strip("[]()")
        named = next((v for v, one in enumerate(problem.vehicles) if one.id == word), None)
        if named is not None or problem.unlimited_fleet:
            return named or 0
        return next((v for v in range(len(problem.vehicles)) if v not in self.copies), None)

    def cheapest(self, v: int, layers: list[list[Visit]]) -> list[Visit]:
        """One visit a layer so that the way through all of them costs least (dynamic programme over layers)."""
        if all(len(layer) == 1 for layer in layers):
            return [layer[0] for layer in layers]
        problem = self.instance.problem
        vehicle = problem.vehicles[v]
        finder = self.finder.of(vehicle.profile)
        reached, cost = [finder.leave(vehicle.start)], np.zeros(1, np.int64)
        chosen = []
        for layer in layers:
            ports = [ports_of(problem, finder, visit) for visit in layer]
            through = cost[:, None] + finder.table(reached, [entry for entry, _ in ports]).cost
            chosen.append(through.argmin(0))
            reached, cost = [leave for _, leave in ports], through.min(0)
        if vehicle.end is not None:
            cost = cost + finder.table(reached, [finder.reach(vehicle.end)]).cost[:, 0]
        at, way = int(cost.argmin()), []
        for layer, before in zip(reversed(layers), reversed(chosen), strict=True):
            way.append(layer[at])
            at = int(before[at])
        return way[::-1]


def _own(instance: Instance, name: str) -> str:
    """Id of the problem's vehicle behind a route's vehicle."""
    return name.rpartition("#")[0] if instance.problem.unlimited_fleet else name


def _words(instance: Instance, route: Route) -> str:
    number = {task.id: i for i, task in enumerate(instance.problem.tasks)}
    places = {facility.id: i for i, facility in enumerate(instance.problem.facilities)}
    return " ".join(
        instance.labels[number[stop.ref]][stop.mode]
        if stop.kind == "task"
        else instance.facility_labels[places[stop.ref]]
        for stop in route.stops
        if stop.kind != "break"
    )


def _parse(text: str, where: str) -> tuple[list[_Line], str]:
    """(routes, stated cost as written)."""
    lines: list[_Line] = []
    cost: str | None = None
    day: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        stripped = line.strip()
        route, total, heading = _ROUTE.fullmatch(stripped), COST.fullmatch(stripped), _DAY.fullmatch(stripped)
        if route is not None and len(lines) < ROUTES_MAX:
            words = re.sub(r"\s*,\s*", ",", route[3]).replace("( ", "(").replace(" )", ")").split()
            lines.append(_Line(int(route[1]), route[2] or "", day, tuple(words)))
        elif heading is not None:
            day = int(heading[1])
        elif total is not None:
            cost = total[1]
        elif cost is None:
            raise BadSolution("line is neither a route nor a cost", f"{where} line {number}", "give a .sol file")
    if cost is None:
        raise BadSolution("no Cost line: truncated", where, "give a whole .sol file")
    return lines, cost
