"""Why a task is not served, and what would let it be. Pure: the engine that inserts is passed in.

Nothing is guessed. Each limit is lifted on its own (load, shift, window, skill, one more vehicle), the task is put into
the plan where that is cheapest, and what the route then exceeds is the relaxation: the amount by which the limit must
give way. It is tried once more with just that amount before it is told. Where no single limit is to blame, two are
lifted together, then more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

from routing.plan import Plan, Route
from routing.problem import HORIZON_S, Problem, Task, Vehicle

CAPACITY, TIME, WINDOW, SKILL, VEHICLE, PRIZE = "capacity", "time", "window", "skill", "vehicle", "prize"
LIMITS = (CAPACITY, TIME, WINDOW, SKILL)
"""Limits that are lifted one at a time, and together where none alone is to blame."""
ONE_MORE = "+1"
"""Ending of the id of a vehicle that is one more of its kind."""

Insert = Callable[[Problem, Plan, Sequence[str]], Plan]
"""(problem, plan, task ids) -> the plan with the tasks put in where they cost least, or listed unserved."""


@dataclass(frozen=True, slots=True)
class Change:
    """One limit that gives way. `on` is a vehicle's or the task's id.

    `kind` capacity: `amount` more of commodity `what`; time: a shift longer by `amount` seconds; window: begun `amount`
    seconds after it closes; skill: `what`; vehicle: one more like `on`; prize: worth `amount` more.
    """

    kind: str
    on: str
    amount: int = 0
    what: str = ""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What would let a task be served, by which vehicle, and what serving it then costs (its prize not set off)."""

    changes: tuple[Change, ...]
    vehicle: str
    added_cost: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a task is left out. `reason` is the plan's word; `binds` the limits each of which alone keeps it out.

    Where no limit alone does, `binds` has those that do together, and `together` is true. `relaxations` come cheapest
    first; none means that nothing of the kind helps (the place cannot be reached).
    """

    task: str
    reason: str
    binds: tuple[str, ...]
    together: bool
    relaxations: tuple[Relaxation, ...]

    def to_json(self) -> dict[str, Any]:
        """A document of plain lists, strings and numbers."""
        return asdict(self)


def explain_unserved(
    problem: Problem, plan: Plan, insert: Insert, tasks: Iterable[str] | None = None
) -> tuple[Explanation, ...]:
    """An explanation for each unserved task of a plan, or for those named among them."""
    wanted = None if tasks is None else set(tasks)
    prober = _Prober(problem, plan, insert)
    return tuple(
        prober.explain(entry.task, entry.reason) for entry in plan.unserved if wanted is None or entry.task in wanted
    )


def relaxed(problem: Problem, changes: Iterable[Change]) -> Problem:
    """The problem with limits that give way by just these amounts."""
    for change in changes:
        if change.kind in (WINDOW, PRIZE):
            tasks = tuple(_task(task, change) if task.id == change.on else task for task in problem.tasks)
            problem = replace(problem, tasks=tasks)
        elif change.kind == VEHICLE:
            like = next(vehicle for vehicle in problem.vehicles if vehicle.id == change.on)
            problem = replace(problem, vehicles=(*problem.vehicles, _one_more(like)))
        else:
            names = problem.commodities
            fleet = (_vehicle(v, change, names) if v.id == change.on else v for v in problem.vehicles)
            problem = replace(problem, vehicles=tuple(fleet))
    return problem


def _task(task: Task, change: Change) -> Task:
    if change.kind == WINDOW:
        return replace(task, window=(task.window[0], task.window[1] + change.amount))
    return replace(task, prize=(task.prize or 0) + change.amount)


def _vehicle(vehicle: Vehicle, change: Change, commodities: Sequence[str]) -> Vehicle:
    if change.kind == TIME:
        return replace(vehicle, shift=(vehicle.shift[0], vehicle.shift[1] + change.amount))
    if change.kind == SKILL:
        return replace(vehicle, skills=vehicle.skills | {change.what})
    more = [change.amount if name == change.what else 0 for name in commodities]
    return replace(vehicle, capacity=tuple(a + b for a, b in zip(vehicle.capacity, more, strict=True)))


def _one_more(like: Vehicle) -> Vehicle:
    """One more of a kind, ready where the others go home to."""
    start = like.start if like.end is None else like.end
    empty = (0,) * len(like.initial_used)
    return replace(like, id=like.id + ONE_MORE, start=start, initial_used=empty, frozen=())


class _Prober:
    """Puts one task after the other into a plan under lifted limits. Lifted problems are made once."""

    def __init__(self, problem: Problem, plan: Plan, insert: Insert) -> None:
        self._problem = problem
        self._plan = plan
        self._insert = insert
        self._tasks = {task.id: task for task in problem.tasks}
        self._lifted: dict[tuple[str, ...], Problem] = {}

    def explain(self, name: str, reason: str) -> Explanation:
        """Lift limits singly, then in pairs, then more together, until something helps."""
        more = () if self._problem.unlimited_fleet else (VEHICLE,)
        single = [self._try(name, (limit,)) for limit in (*self._limits(name), *more)]
        if self._tasks[name].prize is not None:
            single.append(self._try(name, ()))
        found = [entry for entry in single if entry is not None]
        binds = tuple(
            dict.fromkeys(change.kind for entry in found for change in entry.changes if change.kind != VEHICLE)
        )
        if not binds:
            limits = self._limits(name)
            joined: list[Relaxation] = []
            for count in range(2, len(limits) + 1):
                tried = (self._try(name, together) for together in combinations(limits, count))
                joined = joined or [entry for entry in tried if entry is not None]
            found += joined
            least = min(joined, key=_order, default=None)
            binds = () if least is None else tuple(change.kind for change in least.changes)
        alone = any(len(entry.changes) == 1 and entry.changes[0].kind != VEHICLE for entry in found)
        return Explanation(name, reason, binds, bool(binds) and not alone, tuple(sorted(set(found), key=_order)))

    def _limits(self, name: str) -> tuple[str, ...]:
        """Limits that can be lifted for a task at all."""
        closes = self._tasks[name].window[1] < HORIZON_S
        lacked = any(not self._tasks[name].skills <= vehicle.skills for vehicle in self._problem.vehicles)
        return tuple(one for one in LIMITS if (one != WINDOW or closes) and (one != SKILL or lacked))

    def _try(self, name: str, limits: tuple[str, ...]) -> Relaxation | None:
        """The relaxation that serves a task where these limits are lifted; None where they do not help."""
        trial = self._insert(self._lift(name, limits), self._plan, [name])
        route = _serving(trial, name)
        if route is None:
            return None
        changes = self._exceeded(name, route)
        prize = self._tasks[name].prize
        added = trial.cost - self._plan.cost + (prize or 0)
        if prize is not None and added > prize:
            changes = (*changes, Change(PRIZE, name, added - prize))
        again = self._insert(relaxed(self._problem, changes), self._plan, [name]) if changes else self._plan
        served = _serving(again, name)
        if served is None or len(again.unserved) >= len(self._plan.unserved):
            return None
        return Relaxation(changes, served.vehicle, again.cost - self._plan.cost + (prize or 0))

    def _lift(self, name: str, limits: tuple[str, ...]) -> Problem:
        """The problem with limits lifted altogether; the task is mandatory in it, so that its prize binds nothing."""
        key = (*limits, *((name,) if {WINDOW, SKILL} & set(limits) or self._tasks[name].prize is not None else ()))
        if key not in self._lifted:
            self._lifted[key] = self._lifted_problem(name, limits)
        return self._lifted[key]

    def _lifted_problem(self, name: str, limits: tuple[str, ...]) -> Problem:
        problem = self._problem
        task = self._tasks[name]
        whole = [sum(column) for column in zip(*(t.demand for t in problem.tasks), strict=True)]
        fleet = problem.vehicles
        if CAPACITY in limits:
            fleet = tuple(
                replace(v, capacity=tuple(a + b for a, b in zip(v.capacity, whole, strict=True))) for v in fleet
            )
        if TIME in limits:
            fleet = tuple(replace(v, shift=(v.shift[0], HORIZON_S)) for v in fleet)
        if SKILL in limits:
            fleet = tuple(replace(v, skills=v.skills | task.skills) for v in fleet)
        if VEHICLE in limits:
            kinds = {replace(_one_more(v), id=""): v for v in reversed(fleet)}
            fleet = (*fleet, *(_one_more(v) for v in fleet if kinds[replace(_one_more(v), id="")] is v))
        free = replace(task, prize=None, window=(task.window[0], HORIZON_S) if WINDOW in limits else task.window)
        tasks = problem.tasks if free == task else tuple(free if t.id == name else t for t in problem.tasks)
        return replace(problem, tasks=tasks, vehicles=fleet)

    def _exceeded(self, name: str, route: Route) -> tuple[Change, ...]:
        """What a route exceeds of the limits as they are."""
        fleet = {vehicle.id: vehicle for vehicle in self._problem.vehicles}
        changes: list[Change] = []
        own = fleet.get(route.vehicle)
        if own is None:
            like = route.vehicle.removesuffix(ONE_MORE) if route.vehicle.endswith(ONE_MORE) else route.vehicle
            own = fleet.get(like) or fleet[like.rpartition("#")[0]]
            if route.vehicle.endswith(ONE_MORE):
                changes.append(Change(VEHICLE, own.id, 1))
        for number, commodity in enumerate(self._problem.commodities):
            most = max(stop.used[number] for stop in route.stops)
            if most > own.capacity[number]:
                changes.append(Change(CAPACITY, own.id, most - own.capacity[number], commodity))
        if route.end_s > own.shift[1]:
            changes.append(Change(TIME, own.id, route.end_s - own.shift[1]))
        stop = next(stop for stop in route.stops if stop.kind == "task" and stop.ref == name)
        if stop.start_s > self._tasks[name].window[1]:
            changes.append(Change(WINDOW, name, stop.start_s - self._tasks[name].window[1]))
        return (*changes, *(Change(SKILL, own.id, 0, skill) for skill in self._lacking(own, route)))

    def _lacking(self, own: Vehicle, route: Route) -> list[str]:
        needed = frozenset().union(*(self._tasks[s.ref].skills for s in route.stops if s.kind == "task"))
        fitted = [own.skills | more for more in own.attachments] or [own.skills]
        return min((sorted(needed - skills) for skills in fitted), key=lambda lacking: (len(lacking), lacking))


def _serving(plan: Plan, name: str) -> Route | None:
    for route in plan.routes:
        if any(stop.kind == "task" and stop.ref == name for stop in route.stops):
            return route
    return None


def _order(entry: Relaxation) -> tuple[int, int, str]:
    return entry.added_cost, len(entry.changes), repr(entry.changes)
