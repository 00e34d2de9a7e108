"""From a Problem to the arrays of the compiled search, and from its routes back to tours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.assemble import Tour, Visit, vehicle_name
from routing.engines.matrix import Matrix
from routing.engines.ruin.crew import Crew, crew_of, kind_records
from routing.engines.ruin.lanes import Lanes, lanes_for
from routing.engines.ruin.layout import BIG, FROM, MANDATORY, MODE, SLOT, START, TASK, TO
from routing.engines.ruin.origin import Origin, origins_of
from routing.engines.ruin.support import times_matter
from routing.engines.ruin.tables import distances, facility_ways, idle_home, route_ends
from routing.network import IntArray
from routing.problem import Problem


@dataclass(slots=True)
class Model:
    """Everything the kernels work on, and how its numbers map to the problem's."""

    problem: Problem
    matrix: Matrix
    timed: bool
    late: bool
    task_of: list[int]
    crew: Crew
    origins: list[Origin]
    task: Any
    mode: Any
    slot: Any
    kind: Any
    dist: Any
    ends: Any
    reach: Any
    links: Any
    depart: Any
    home: Any

    def world(self) -> Any:
        """The arrays as the kernels take them."""
        return (
            self.task,
            self.mode,
            self.slot,
            self.kind,
            self.dist,
            self.ends,
            self.reach,
            self.links,
            self.depart,
        )


def build(problem: Problem, matrix: Matrix, tasks: Sequence[int]) -> Model:
    """Arrays for the given tasks, less the frozen ones; all slots empty, all tasks out."""
    timed = times_matter(problem)
    origins = origins_of(problem, matrix)
    frozen = {item for origin in origins for item in origin.tasks}
    tasks = [i for i in tasks if i not in frozen]
    crew, lanes = crew_of(problem, len(tasks), timed), lanes_for(problem)
    dist = distances(matrix, crew, timed)
    skills = {name: 1 << i for i, name in enumerate(sorted(set().union(*(t.skills for t in problem.tasks))))}
    task, mode = _tasks(problem, matrix, tasks, skills, lanes, crew, timed)
    kind = kind_records(problem, crew, origins, lanes, skills, timed, len(matrix.cost), len(mode))
    slot = np.zeros(len(crew.slot_kind), SLOT)
    slot["kind"] = crew.slot_kind
    slot["load"] = kind["used"][crew.slot_kind]
    reach, depart, home = facility_ways(problem, matrix, mode, crew, origins, dist, timed)
    ends = route_ends(problem, matrix, mode, crew, origins, dist, reach, home, timed)
    for k, i in enumerate(crew.kinds):
        if origins[i].visits:
            idle = idle_home(problem, matrix, crew, origins, dist, depart, home, k)
            kind["fixed"][k] = -idle - (origins[i].clock_s if timed else 0)
    for t in range(1, len(task)):
        own = slice(task["first_mode"][t], task["after_mode"][t])
        task["far"][t] = float(ends[:, own, START].min())
    links = np.zeros((len(task), len(problem.facilities), 4), np.int64)
    late = bool((task["weight"] > 0).any())
    return Model(
        problem,
        matrix,
        timed,
        late,
        [-1, *tasks],
        crew,
        origins,
        task,
        mode,
        slot,
        kind,
        dist,
        ends,
        reach,
        links,
        depart,
        home,
    )


def load(model: Model, tours: Sequence[Tour]) -> IntArray:
    """Put tours into slots of their vehicles. Returns the tasks (numbers of the search) that stay out."""
    crew = model.crew
    number = {item: t for t, item in enumerate(model.task_of) if t > 0}
    free: dict[int, list[int]] = {}
    for s, vehicle in enumerate(crew.vehicle_of):
        free.setdefault(vehicle, []).append(s)
    placed: set[int] = set()
    for tour in tours:
        stands_for = crew.kinds[crew.kind_of[tour.vehicle]] if model.problem.unlimited_fleet else tour.vehicle
        if not free.get(stands_for):
            continue
        s = free[stands_for].pop(0)
        chain, via = [], 0
        for visit in tour.visits[len(model.origins[tour.vehicle].visits) :]:
            t = number.get(visit.item)
            if visit.facility:
                via = 1
            elif t is not None and t not in placed:
                placed.add(t)
                chain.append((t, via))
                via = 0
        link(model, s, chain)
    return np.array([t for t in range(1, len(model.task)) if t not in placed], np.int32)


def link(model: Model, s: int, chain: Sequence[tuple[int, int]]) -> None:
    """Make (task, whether a facility is passed on the way to it) the route of slot s."""
    task, slot, k = model.task, model.slot[s], int(model.crew.slot_kind[s])
    slot["first"] = slot["last"] = slot["count"] = slot["moved"] = 0
    slot["load"] = model.kind["used"][k]
    p = 0
    for t, via in chain:
        task["slot"][t], task["previous"][t], task["next"][t], task["via"][t] = s, p, 0, via
        if p:
            task["next"][p] = t
        else:
            slot["first"] = t
        slot["last"] = p = t
        slot["count"] += 1
        if task["keep"][t] != k:
            slot["moved"] += task["move"][t]
        if not model.problem.facilities:  # with facilities a route may carry more than fits: `load` is not looked at
            slot["load"] += task["demand"][t]


def tours_from(model: Model, modes_of_slot: Sequence[Sequence[int]]) -> list[Tour]:
    """Tours from traced modes (numbers of the search, in driving order), facilities chosen between them."""
    owner = np.zeros(len(model.mode), np.int64)
    for t in range(1, len(model.task)):
        owner[model.task["first_mode"][t] : model.task["after_mode"][t]] = t
    tours = []
    for s, modes in enumerate(modes_of_slot):
        vehicle = model.crew.vehicle_of[s]
        origin = model.origins[vehicle]
        if not modes and not origin.visits:
            continue
        visits = list(origin.visits)
        loaded = any(origin.used)
        at = -1
        for m in modes:
            t = int(owner[m])
            if model.task["via"][t] == 1:
                visits.append(Visit(True, _facility_between(model, s, at, m), 0))
                loaded = False
            visits.append(Visit(False, model.task_of[t], m - int(model.task["first_mode"][t])))
            loaded = loaded or bool(model.task["demand"][t])
            at = m
        if model.problem.unload_at_end and loaded:
            visits.append(Visit(True, _facility_home(model, s, at), 0))
        name = vehicle_name(model.problem, vehicle, s + 1)
        tours.append(Tour(vehicle, name, tuple(visits)))
    return tours


def _facility_between(model: Model, s: int, before: int, after: int) -> int:
    return int(np.argmin(_to_facilities(model, s, before) + model.reach[_base(model, s) + after, :, FROM]))


def _facility_home(model: Model, s: int, mode: int) -> int:
    return int(np.argmin(_to_facilities(model, s, mode) + model.home[model.slot["kind"][s]]))


def _to_facilities(model: Model, s: int, mode: int) -> Any:
    """To each facility from a mode (-1: the route's beginning), shape (facilities,)."""
    return model.depart[model.slot["kind"][s]] if mode < 0 else model.reach[_base(model, s) + mode, :, TO]


def _base(model: Model, s: int) -> int:
    return int(model.kind["base"][model.slot["kind"][s]])


def _tasks(
    problem: Problem,
    matrix: Matrix,
    tasks: Sequence[int],
    skills: dict[str, int],
    lanes: Lanes,
    crew: Crew,
    timed: bool,
) -> tuple[Any, Any]:
    task = np.zeros(len(tasks) + 1, TASK)
    task["slot"], task["best_slot"] = -1, -1
    kind_named = {vehicle.id: crew.kind_of[i] for i, vehicle in enumerate(problem.vehicles)}
    sizes = [int(matrix.first_mode[i + 1] - matrix.first_mode[i]) for i in tasks]
    mode = np.zeros(sum(sizes), MODE)
    at = 0
    for t, (i, size) in enumerate(zip(tasks, sizes, strict=True), 1):
        own, source = task[t], problem.tasks[i]
        own["first_mode"], own["after_mode"] = at, at + size
        service = source.service_s if timed else source.service_cost
        theirs = slice(matrix.first_mode[i], matrix.first_mode[i + 1])
        mode["enter"][at : at + size] = matrix.mode_column[theirs]
        mode["leave"][at : at + size] = matrix.mode_row[theirs]
        mode["service"][at : at + size] = service
        mode["seconds"][at : at + size] = source.service_s
        own["demand"] = lanes.load(source.demand)
        own["size"] = sum(d / max(1, most) for d, most in zip(source.demand, lanes.largest, strict=True))
        own["keep"] = kind_named.get(source.keep or "", -1)
        own["move"] = source.move_cost if source.keep is not None else 0
        own["skills"] = sum(skills[name] for name in source.skills)
        own["deadline"] = BIG if source.deadline_s is None else source.deadline_s
        own["weight"] = 0 if source.deadline_s is None else source.weight
        own["penalty"] = MANDATORY if source.prize is None else source.prize + service - source.service_cost
        at += size
    return task, mode
