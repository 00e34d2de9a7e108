"""FILE.sol: routes as text, and back.

Node problems follow VRPLIB (`Route #1: 31 46 35`). Problems with links write one line a route, required edges and arcs
in the direction served, required nodes as `nK`, facility visits as `fK`, deadheading left out:
`Route #1: (1,2) (2,7) n5 f17`. An optional word before the colon names the vehicle type. `Cost N` comes last.
"""

from __future__ import annotations

import re
from dataclasses import replace

from routing.engines.assemble import Tour, Visit, finder_for, price, time_route, vehicle_name
from routing.errors import BadSolution, NoPath
from routing.instances.instance import Instance
from routing.plan import Plan, Verdict, Violation

ROUTES_MAX = 100_000
"""Routes read from one file."""

_ROUTE = re.compile(r"Route\s+#(\d+)\s*(?:\S+\s*)?:(.*)", re.IGNORECASE)
_COST = re.compile(r"Cost:?\s+(\d+)(?:\.0+)?\s*", re.IGNORECASE)


def write_solution(instance: Instance, plan: Plan) -> str:
    """The text of FILE.sol."""
    number = {task.id: i for i, task in enumerate(instance.problem.tasks)}
    places = {facility.id: i for i, facility in enumerate(instance.problem.facilities)}
    lines = []
    for k, route in enumerate(plan.routes, 1):
        words = [
            instance.labels[number[stop.ref]][stop.mode]
            if stop.kind == "task"
            else instance.facility_labels[places[stop.ref]]
            for stop in route.stops
        ]
        lines.append(f"Route #{k}: {' '.join(words)}")
    return "\n".join([*lines, f"Cost {plan.cost}", ""])


def read_solution(instance: Instance, text: str, where: str) -> tuple[Plan, tuple[Violation, ...]]:
    """The plan in a file, and what in it names nothing of the instance or cannot be driven.

    The plan's cost is the one stated. Raises BadSolution where the text holds no routes or no cost.
    """
    words, cost = _parse(text, where)
    table: dict[str, list[tuple[int, int]]] = {}
    for t, names in enumerate(instance.labels):
        for m, name in enumerate(names):
            table.setdefault(name, []).append((t, m))
    places = {name: i for i, name in enumerate(instance.facility_labels)}
    finder = finder_for(instance.problem)
    faults: list[Violation] = []
    taken: set[int] = set()
    timed = []
    for k, route in enumerate(words, 1):
        visits = []
        for word in route:
            if word in places:
                visits.append(Visit(True, places[word], 0))
                continue
            options = table.get(word)
            if options is None:
                faults.append(Violation("unknown", f"route {k}", f"{word} is nothing the instance requires"))
                continue
            t, m = next((option for option in options if option[0] not in taken), options[0])
            taken.add(t)
            visits.append(Visit(False, t, m))
        if not visits:
            continue
        tour = Tour(0, vehicle_name(instance.problem, 0, k), tuple(visits))
        try:
            timed.append(time_route(instance.problem, finder, tour))
        except NoPath as error:
            faults.append(Violation("path", f"route {k}", str(error)))
    plan = price(instance.problem, timed, (), where, 0, 0)
    return replace(plan, cost=cost, terms={}), tuple(faults)


def with_faults(verdict: Verdict, faults: tuple[Violation, ...]) -> Verdict:
    """The checker's verdict together with what the file itself got wrong."""
    return replace(verdict, feasible=verdict.feasible and not faults, violations=(*faults, *verdict.violations))


def _parse(text: str, where: str) -> tuple[list[list[str]], int]:
    """(words of each route, stated cost)."""
    routes: list[list[str]] = []
    cost: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        route, total = _ROUTE.fullmatch(line.strip()), _COST.fullmatch(line.strip())
        if route is not None and len(routes) < ROUTES_MAX:
            routes.append(re.sub(r"\s*,\s*", ",", route[2]).replace("( ", "(").replace(" )", ")").split())
        elif total is not None:
            cost = int(total[1])
        elif cost is None:
            raise BadSolution("line is neither a route nor a cost", f"{where} line {number}", "give a .sol file")
    if not routes or cost is None:
        what = "no routes" if not routes else "no Cost line: truncated"
        raise BadSolution(what, where, "give a whole .sol file")
    return routes, cost
