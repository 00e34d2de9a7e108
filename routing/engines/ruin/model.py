"""From a Problem to the arrays of the compiled search, and from its routes back to tours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.assemble import Tour, Visit, vehicle_name
from routing.engines.fleet import copies_wanted, kinds_of
from routing.engines.matrix import Matrix
from routing.engines.ruin.layout import BIG, FAR, FROM, KIND, MANDATORY, MODE, SLOT, START, TASK, TO
from routing.network import IntArray
from routing.problem import HORIZON_S, Problem

SKILLS_MAX = 62
"""Distinct skills that fit into one word."""


@dataclass(slots=True)
class Model:
    """Everything the kernels work on, and how its numbers map to the problem's."""

    problem: Problem
    matrix: Matrix
    timed: bool
    late: bool
    task_of: list[int]
    vehicle_of: list[int]
    task: Any
    mode: Any
    slot: Any
    kind: Any
    dist: Any
    ends: Any
    reach: Any
    links: Any
    depart: Any

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


def times_matter(problem: Problem) -> bool:
    """Whether shifts or deadlines bind, so that the search must count seconds."""
    if any(task.deadline_s is not None and task.weight > 0 for task in problem.tasks):
        return True
    return any(vehicle.shift[1] < HORIZON_S for vehicle in problem.vehicles)


def build(problem: Problem, matrix: Matrix, tasks: Sequence[int]) -> Model:
    """Arrays for the given tasks; all slots empty, all tasks out."""
    timed = times_matter(problem)
    table = matrix.duration if timed else matrix.cost
    dist = np.ascontiguousarray(np.minimum(table, FAR).astype(np.int32))
    skills = {name: 1 << i for i, name in enumerate(sorted(set().union(*(t.skills for t in problem.tasks))))}
    kinds, vehicle_of, slot_kind = _fleet(problem, tasks)
    task, mode = _tasks(problem, matrix, tasks, skills, timed)
    kind = _kinds(problem, kinds, slot_kind, skills, timed)
    slot = np.zeros(len(slot_kind), SLOT)
    slot["kind"] = slot_kind
    slot["load"] = kind["used"][slot_kind]
    reach, depart, home = _facilities(problem, matrix, mode, kinds, dist, timed)
    ends = _ends(problem, matrix, mode, kinds, dist, reach, home, timed)
    depart += np.array([problem.vehicles[k].shift[0] if timed else 0 for k in kinds], np.int64)[:, None]
    for t in range(1, len(task)):
        own = slice(task["first_mode"][t], task["after_mode"][t])
        task["far"][t] = float(ends[:, own, START].min())
    links = np.zeros((len(task), len(problem.facilities), 4), np.int64)
    late = bool((task["weight"] > 0).any())
    return Model(
        problem, matrix, timed, late, [-1, *tasks], vehicle_of, task, mode, slot, kind, dist, ends, reach, links, depart
    )


def load(model: Model, tours: Sequence[Tour]) -> IntArray:
    """Put tours into the slots of their vehicles. Returns the tasks (numbers of the search) that stay out."""
    number = {item: t for t, item in enumerate(model.task_of) if t > 0}
    free: dict[int, list[int]] = {}
    for s, vehicle in enumerate(model.vehicle_of):
        free.setdefault(vehicle, []).append(s)
    placed: set[int] = set()
    for tour in tours:
        if not free.get(tour.vehicle):
            continue
        s = free[tour.vehicle].pop(0)
        record = model.slot[s]
        p, via = 0, 0
        for visit in tour.visits:
            if visit.facility:
                via = 1
                continue
            t = number.get(visit.item)
            if t is None or t in placed:
                continue
            placed.add(t)
            own = model.task[t]
            own["slot"], own["previous"], own["next"], own["via"] = s, p, 0, via
            if p:
                model.task[p]["next"] = t
            else:
                record["first"] = t
            record["last"], p, via = t, t, 0
            record["count"] += 1
            record["load"] += own["demand"]
    return np.array([t for t in range(1, len(model.task)) if t not in placed], np.int32)


def tours_from(model: Model, modes_of_slot: Sequence[Sequence[int]]) -> list[Tour]:
    """Tours from traced modes (numbers of the search, in driving order), facilities chosen between them."""
    owner = np.zeros(len(model.mode), np.int64)
    for t in range(1, len(model.task)):
        owner[model.task["first_mode"][t] : model.task["after_mode"][t]] = t
    tours = []
    for s, modes in enumerate(modes_of_slot):
        if not modes:
            continue
        vehicle = model.vehicle_of[s]
        visits: list[Visit] = []
        used = sum(model.problem.vehicles[vehicle].initial_used)
        at = -1
        for m in modes:
            t = int(owner[m])
            if model.task["via"][t] == 1:
                visits.append(Visit(True, _facility_between(model, s, at, m), 0))
                used = 0
            visits.append(Visit(False, model.task_of[t], m - int(model.task["first_mode"][t])))
            used += int(model.task["demand"][t])
            at = m
        if model.problem.unload_at_end and used > 0:
            visits.append(Visit(True, _facility_home(model, vehicle, at), 0))
        name = vehicle_name(model.problem, vehicle, s + 1)
        tours.append(Tour(vehicle, name, tuple(visits)))
    return tours


def _facility_between(model: Model, s: int, before: int, after: int) -> int:
    go = model.depart[model.slot["kind"][s]] if before < 0 else model.reach[before, :, TO]
    return int(np.argmin(go + model.reach[after, :, FROM]))


def _facility_home(model: Model, vehicle: int, mode: int) -> int:
    column = int(model.matrix.end_column[vehicle])
    home = model.dist[model.matrix.facility_row, column].astype(np.int64) if column >= 0 else np.int64(0)
    return int(np.argmin(model.reach[mode, :, TO] + home))


def _fleet(problem: Problem, tasks: Sequence[int]) -> tuple[list[int], list[int], Any]:
    """Kinds (a vehicle standing for each), the vehicle of each slot, the kind of each slot; kinds lie together."""
    groups = kinds_of(problem)
    if problem.unlimited_fleet:
        slots = copies_wanted(problem, len(tasks))
        return [0], [0] * slots, np.zeros(slots, np.int32)
    kinds = [members[0] for members in groups]
    vehicle_of = [i for members in groups for i in members]
    slot_kind = np.repeat(np.arange(len(groups)), [len(members) for members in groups]).astype(np.int32)
    return kinds, vehicle_of, slot_kind


def _tasks(
    problem: Problem, matrix: Matrix, tasks: Sequence[int], skills: dict[str, int], timed: bool
) -> tuple[Any, Any]:
    task = np.zeros(len(tasks) + 1, TASK)
    task["slot"], task["best_slot"] = -1, -1
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
        own["demand"] = sum(source.demand)
        own["skills"] = sum(skills[name] for name in source.skills)
        own["deadline"] = BIG if source.deadline_s is None else source.deadline_s
        own["weight"] = 0 if source.deadline_s is None else source.weight
        own["penalty"] = MANDATORY if source.prize is None else source.prize + service - source.service_cost
        at += size
    return task, mode


def _kinds(problem: Problem, kinds: list[int], slot_kind: Any, skills: dict[str, int], timed: bool) -> Any:
    kind = np.zeros(len(kinds), KIND)
    for k, vehicle in enumerate(problem.vehicles[i] for i in kinds):
        own = kind[k]
        own["capacity"], own["used"] = sum(vehicle.capacity), sum(vehicle.initial_used)
        own["limit"] = vehicle.shift[1] if timed else BIG // 2
        own["fixed"] = vehicle.fixed_cost - (vehicle.shift[0] if timed else 0)
        own["skills"] = sum(bit for name, bit in skills.items() if name in vehicle.skills)
        where = np.nonzero(slot_kind == k)[0]
        own["first_slot"] = own["free_slot"] = where[0]
        own["after_slot"] = where[-1] + 1
    return kind


def _facilities(
    problem: Problem, matrix: Matrix, mode: Any, kinds: list[int], dist: Any, timed: bool
) -> tuple[Any, Any, Any]:
    """reach (modes, facilities, 2), depart (kinds, facilities), home (kinds, facilities)."""
    places = len(problem.facilities)
    stay = np.array([f.service_s if timed else f.service_cost for f in problem.facilities], np.int64)
    reach = np.zeros((len(mode), places, 2), np.int64)
    depart = np.zeros((len(kinds), places), np.int64)
    home = np.zeros((len(kinds), places), np.int64)
    for f in range(places):
        reach[:, f, TO] = dist[mode["leave"], matrix.facility_column[f]].astype(np.int64) + stay[f]
        reach[:, f, FROM] = dist[matrix.facility_row[f], mode["enter"]]
        for k, vehicle in enumerate(kinds):
            depart[k, f] = int(dist[matrix.start_row[vehicle], matrix.facility_column[f]]) + stay[f]
            column = int(matrix.end_column[vehicle])
            home[k, f] = 0 if column < 0 else dist[matrix.facility_row[f], column]
    return reach, depart, home


def _ends(
    problem: Problem, matrix: Matrix, mode: Any, kinds: list[int], dist: Any, reach: Any, home: Any, timed: bool
) -> Any:
    """(kinds, modes, 2): from the start of the route, and home by way of unloading where that is owed."""
    ends = np.zeros((len(kinds), len(mode), 2), np.int64)
    for k, i in enumerate(kinds):
        vehicle = problem.vehicles[i]
        ends[k, :, 0] = dist[matrix.start_row[i], mode["enter"]].astype(np.int64) + (vehicle.shift[0] if timed else 0)
        if problem.unload_at_end:
            ends[k, :, 1] = (reach[:, :, TO] + home[k]).min(axis=1)
        elif vehicle.end is not None:
            ends[k, :, 1] = dist[mode["leave"], matrix.end_column[i]]
    return ends
