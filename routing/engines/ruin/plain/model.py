"""From a Problem to the arrays of the quick search, and from its routes back to tours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.assemble import Tour, Visit, vehicle_name
from routing.engines.fleet import copies_wanted, kinds_of
from routing.engines.matrix import Matrix
from routing.engines.ruin.layout import BIG, MANDATORY
from routing.engines.ruin.plain.layout import KIND, MODE, NODE, SLOT, TASK
from routing.engines.ruin.tables import for_kernels
from routing.paths.search import UNREACHABLE
from routing.problem import HORIZON_S, Problem

SKILLS_MAX = 62
"""Distinct skills that fit into one word."""

BOUNDED_TASKS = 6_000
"""Up to this many tasks the least ways between all pairs of them are held (4 bytes a pair, twice if asymmetric)."""


@dataclass(slots=True)
class Plain:
    """Everything the kernels work on, and how its numbers map to the problem's."""

    problem: Problem
    task_of: list[int]
    vehicle_of: list[int]
    copy_of: list[int]
    node: Any
    task: Any
    mode: Any
    slot: Any
    kind: Any
    dist: Any
    out: Any
    into: Any
    flat: bool

    def world(self) -> Any:
        """The arrays as the kernels take them."""
        return self.node, self.task, self.mode, self.slot, self.kind, self.dist, self.out, self.into

    @property
    def tasks(self) -> int:
        """How many tasks there are."""
        return len(self.task) - 1

    def load(self, tours: Sequence[Tour]) -> list[int]:
        """Link tours into the slots of their vehicles, all figures unset. Returns the nodes that stay out."""
        self.clear()
        number = {item: t for t, item in enumerate(self.task_of) if t > 0}
        free: dict[int, list[int]] = {}
        for s, vehicle in enumerate(self.vehicle_of):
            free.setdefault(vehicle, []).append(s)
        placed: set[int] = set()
        for tour in tours:
            if not free.get(tour.vehicle):
                continue
            s = free[tour.vehicle].pop(0)
            order = [number[visit.item] for visit in tour.visits if not visit.facility and visit.item in number]
            order = [t for t in dict.fromkeys(order) if t not in placed]
            placed.update(order)
            self.link(s, order)
        return [t for t in range(1, self.tasks + 1) if t not in placed]

    def clear(self) -> None:
        """Empty all slots."""
        ends = np.arange(self.tasks + 1, len(self.node), dtype=np.int32)
        self.node["slot"][1 : self.tasks + 1] = -1
        self.node["next"][self.tasks + 1 :] = self.node["previous"][self.tasks + 1 :] = ends
        for s, vehicle in enumerate(self.problem.vehicles[i] for i in self.vehicle_of):
            self.slot["room"][s] = sum(vehicle.capacity) - sum(vehicle.initial_used)
            self.slot["left"][s] = vehicle.shift[1] - vehicle.shift[0] if vehicle.shift[1] < HORIZON_S else BIG
        self.kind["free_slot"] = self.kind["first_slot"]

    def link(self, s: int, order: Sequence[int]) -> None:
        """Make the ring of slot s."""
        end = self.tasks + 1 + s
        ring = np.array([end, *order, end], np.int32)
        self.node["next"][ring[:-1]] = ring[1:]
        self.node["previous"][ring[1:]] = ring[:-1]
        self.node["slot"][ring] = s

    def tour(self, s: int, modes: Sequence[int]) -> Tour:
        """The tour of slot s from its modes in driving order."""
        vehicle = self.vehicle_of[s]
        end = self.tasks + 1 + s
        visits = []
        t = int(self.node["next"][end])
        for m in modes:
            visits.append(Visit(False, self.task_of[t], m - int(self.node["first_mode"][t])))
            t = int(self.node["next"][t])
        return Tour(vehicle, vehicle_name(self.problem, vehicle, self.copy_of[s]), tuple(visits))


def is_plain(problem: Problem, matrix: Matrix) -> bool:
    """Whether nothing but lengths, loads, skills, prizes and a limit on a route's length counts."""
    first = min((vehicle.shift[0] for vehicle in problem.vehicles), default=0)
    last = max((vehicle.shift[1] for vehicle in problem.vehicles), default=0)
    if problem.facilities or problem.repeats or problem.fairness_weight or problem.unload_at_end:
        return False
    if len(problem.commodities) != 1 or len(set().union(*(task.skills for task in problem.tasks))) > SKILLS_MAX:
        return False
    for task in problem.tasks:
        if (task.deadline_s is not None and task.weight > 0) or task.release_s > 0:
            return False
        if task.window[0] > first or task.window[1] < last or (task.keep is not None and task.move_cost):
            return False
    for vehicle in problem.vehicles:
        if vehicle.profile or vehicle.attachments or vehicle.breaks or vehicle.frozen or vehicle.duration_rate:
            return False
    limited = any(vehicle.shift[1] < HORIZON_S for vehicle in problem.vehicles)
    return not limited or matrix.cost is matrix.duration or np.array_equal(matrix.cost, matrix.duration)


def build(problem: Problem, matrix: Matrix, tasks: Sequence[int]) -> Plain:
    """Arrays for the given tasks; all slots empty, all tasks out."""
    groups = [[i] for i in range(len(problem.vehicles))] if problem.unlimited_fleet else kinds_of(problem)
    copies = copies_wanted(problem, len(tasks)) if problem.unlimited_fleet else 0
    vehicle_of = [i for members in groups for i in (members * copies if copies else members)]
    copy_of = [c for members in groups for c in range(1, (copies or len(members)) + 1)]
    slot_kind = np.repeat(np.arange(len(groups)), [copies or len(members) for members in groups]).astype(np.int32)
    skills = {name: 1 << i for i, name in enumerate(sorted(set().union(*(t.skills for t in problem.tasks))))}
    dist = _table(matrix)
    node, mode = _nodes(matrix, tasks, [members[0] for members in groups], slot_kind, dist.shape[1] - 1)
    out, into = _bounds(node, mode, dist, len(tasks), len(groups))
    flat = out.shape[0] > 1 and bool((node["after_mode"] - node["first_mode"])[1:].max(initial=1) == 1)
    task = _tasks(problem, tasks, skills)
    starts = [int(matrix.start_row[members[0]]) for members in groups]
    for t in range(1, len(task)):
        own = slice(node["first_mode"][t], node["after_mode"][t])
        task["far"][t] = float(dist[starts][:, mode["enter"][own]].min())
    slot, kind = _fleet(problem, vehicle_of, slot_kind, len(groups), skills)
    plain = Plain(problem, [-1, *tasks], vehicle_of, copy_of, node, task, mode, slot, kind, dist, out, into, flat)
    plain.clear()
    return plain


def _table(matrix: Matrix) -> Any:
    """Cost between ports, with a last column of zeros for routes that end anywhere; a narrow table has it already."""
    dist = for_kernels(matrix.cost, matrix.far)
    return dist if matrix.far != UNREACHABLE else np.pad(dist, ((0, 0), (0, 1)))


def _nodes(
    matrix: Matrix, tasks: Sequence[int], vehicles: Sequence[int], slot_kind: Any, anywhere: int
) -> tuple[Any, Any]:
    """Tasks, then the ends of the slots; modes of the tasks, then one a kind."""
    count = len(tasks)
    sizes = np.diff(matrix.first_mode)[list(tasks)]
    node = np.zeros(count + 1 + len(slot_kind), NODE)
    mode = np.zeros(int(sizes.sum()) + len(vehicles), MODE)
    after = np.cumsum(sizes)
    node["first_mode"][1 : count + 1], node["after_mode"][1 : count + 1] = after - sizes, after
    own = np.concatenate([np.arange(matrix.first_mode[i], matrix.first_mode[i + 1]) for i in tasks])
    mode["enter"][: len(own)], mode["leave"][: len(own)] = matrix.mode_column[own], matrix.mode_row[own]
    for k, v in enumerate(vehicles):
        column = int(matrix.end_column[v])
        mode["enter"][len(own) + k] = column if column >= 0 else anywhere
        mode["leave"][len(own) + k] = matrix.start_row[v]
    node["first_mode"][count + 1 :], node["after_mode"][count + 1 :] = len(own) + slot_kind, len(own) + slot_kind + 1
    node["row"][: count + 1] = np.arange(count + 1)
    node["row"][count + 1 :] = count + 1 + slot_kind
    node["slot"][count + 1 :] = np.arange(len(slot_kind))
    return node, mode


def _bounds(node: Any, mode: Any, dist: Any, tasks: int, kinds: int) -> tuple[Any, Any]:
    """Least ways between rows of nodes, and their transpose: one array where they are alike."""
    if tasks > BOUNDED_TASKS:
        return np.zeros((1, 1), np.int32), np.zeros((1, 1), np.int32)
    from routing.engines.ruin.plain.bounds import least_ways

    rows = np.concatenate([np.arange(tasks + 1), tasks + 1 + np.arange(kinds)])
    first = np.zeros(len(rows), np.int64)
    after = np.zeros(len(rows), np.int64)
    first[: tasks + 1], after[: tasks + 1] = node["first_mode"][: tasks + 1], node["after_mode"][: tasks + 1]
    first[tasks + 1 :] = len(mode) - kinds + np.arange(kinds)
    after[tasks + 1 :] = first[tasks + 1 :] + 1
    out = least_ways(first, after, mode, dist)
    into = np.ascontiguousarray(out.T)
    return out, (out if np.array_equal(out, into) else into)


def _tasks(problem: Problem, tasks: Sequence[int], skills: dict[str, int]) -> Any:
    task = np.zeros(len(tasks) + 1, TASK)
    rate = max(vehicle.travel_rate for vehicle in problem.vehicles)
    for t, source in enumerate((problem.tasks[i] for i in tasks), 1):
        task["demand"][t] = sum(source.demand)
        task["skills"][t] = sum(skills[name] for name in source.skills)
        task["service"][t] = source.service_s
        task["gain"][t] = rate * max(int(problem.network.cost[m.arc]) if m.arc >= 0 else 0 for m in source.modes)
        task["penalty"][t] = MANDATORY if source.prize is None else source.prize - source.service_cost
    return task


def _fleet(
    problem: Problem, vehicle_of: list[int], slot_kind: Any, kinds: int, skills: dict[str, int]
) -> tuple[Any, Any]:
    slot = np.zeros(len(slot_kind), SLOT)
    slot["kind"] = slot_kind
    for s, vehicle in enumerate(problem.vehicles[i] for i in vehicle_of):
        slot["rate"][s], slot["fixed"][s] = vehicle.travel_rate, vehicle.fixed_cost
        slot["skills"][s] = sum(bit for name, bit in skills.items() if name in vehicle.skills)
    kind = np.zeros(kinds, KIND)
    for k in range(kinds):
        where = np.nonzero(slot_kind == k)[0]
        kind["first_slot"][k] = kind["free_slot"][k] = where[0]
        kind["after_slot"][k] = where[-1] + 1
    return slot, kind
