"""Which attachment each vehicle goes out with, decided before an engine that knows fixed skills plans the routes.

In an unlimited fleet every alternative becomes a vehicle of its own, so nothing is given away. In a limited one
vehicles are fitted one after the other, each with what lets it do most of the work that few others can do yet: a
decision by rule, not the best one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from routing.plan import Plan
from routing.problem import Problem, Task, Vehicle


@dataclass(frozen=True, slots=True)
class Fitted:
    """The problem with vehicles that have chosen, the start for it, and how its vehicles are called in the other."""

    problem: Problem
    start: Plan | None
    names: dict[str, str]

    def back(self, plan: Plan) -> Plan:
        """A plan for the fitted problem as one for the problem it was made from."""
        if not self.names:
            return plan
        routes, numbers = [], Counter[str]()
        for route in plan.routes:
            own = self.names[route.vehicle.rpartition("#")[0]]
            numbers[own] += 1
            routes.append(replace(route, vehicle=f"{own}#{numbers[own]}"))
        return replace(plan, routes=tuple(routes))


def fitted(problem: Problem, start: Plan | None = None) -> Fitted:
    """The problem without choices; the very same object where it has none.

    What a vehicle has begun (`frozen`) and what it does in `start` it can still do, where one alternative allows it.
    """
    if not any(vehicle.attachments for vehicle in problem.vehicles):
        return Fitted(problem, start, {})
    tasks = {task.id: task for task in problem.tasks}
    if problem.unlimited_fleet:
        fleet, names = list[Vehicle](), dict[str, str]()
        for vehicle in problem.vehicles:
            for number, choice in enumerate(_choices(vehicle)):
                fleet.append(replace(choice, id=f"{vehicle.id}~{number}"))
                names[fleet[-1].id] = vehicle.id
        own = replace(problem, vehicles=tuple(fleet))
        return Fitted(own, None if start is None else _renamed(start, own, names, tasks), names)
    return Fitted(replace(problem, vehicles=_limited(problem, start, tasks)), start, {})


def _renamed(start: Plan, problem: Problem, names: dict[str, str], tasks: dict[str, Task]) -> Plan:
    """A start's copies by the names of alternatives that can do their work; others are left out."""
    routes = []
    for number, route in enumerate(start.routes, 1):
        needs = [tasks[stop.ref].skills for stop in route.stops if stop.kind == "task" and stop.ref in tasks]
        for choice in problem.vehicles:
            if names[choice.id] == route.vehicle.rpartition("#")[0] and all(need <= choice.skills for need in needs):
                routes.append(replace(route, vehicle=f"{choice.id}#{number}"))
                break
    return replace(start, routes=tuple(routes))


def _limited(problem: Problem, start: Plan | None, tasks: dict[str, Task]) -> tuple[Vehicle, ...]:
    bound: dict[str, list[Task]] = {}
    for vehicle in problem.vehicles:
        bound[vehicle.id] = [tasks[stop.ref] for stop in vehicle.frozen if stop.kind == "task"]
    for route in () if start is None else start.routes:
        served = [tasks[stop.ref] for stop in route.stops if stop.kind == "task" and stop.ref in tasks]
        bound[route.vehicle] = bound.get(route.vehicle, []) + served
    able: Counter[str] = Counter()
    fleet = list(problem.vehicles)
    order = sorted(range(len(fleet)), key=lambda i: (bool(fleet[i].attachments), not bound[fleet[i].id], i))
    for i in order:
        choices = [c for c in _choices(fleet[i]) if all(task.skills <= c.skills for task in bound[c.id])]
        fleet[i] = max(choices or _choices(fleet[i]), key=lambda choice: _worth(problem, choice, able))
        able.update(task.id for task in problem.tasks if task.skills <= fleet[i].skills)
    return tuple(fleet)


def _choices(vehicle: Vehicle) -> list[Vehicle]:
    """The vehicle with each of its alternatives."""
    if not vehicle.attachments:
        return [vehicle]
    return [replace(vehicle, skills=vehicle.skills | more, attachments=()) for more in vehicle.attachments]


def _worth(problem: Problem, choice: Vehicle, able: Counter[str]) -> float:
    """Work it can do, in seconds of service, shared with the vehicles that can do it already."""
    return sum(
        (task.service_s + 1) / (1 + able[task.id]) ** 2 for task in problem.tasks if task.skills <= choice.skills
    )
