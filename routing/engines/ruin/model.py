"""From a Problem to the arrays of the compiled search, and from its routes back to tours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.matrix import Matrix
from routing.engines.ruin.calendar import Calendar, calendar_for
from routing.engines.ruin.crew import Crew, crew_of, kind_records
from routing.engines.ruin.lanes import Lanes, lanes_for
from routing.engines.ruin.layout import BIG, MANDATORY, MODE, SLOT, START, TASK
from routing.engines.ruin.origin import Origin, origins_of
from routing.engines.ruin.support import BOTH, SECONDS, Measure, measure_of
from routing.engines.ruin.tables import distances, facility_ways, idle_home, route_ends
from routing.engines.ruin.timed.layout import LINKS, TIMED_MODE, TIMED_TASK
from routing.engines.ruin.timed.tables import TimedTables, timed_tables
from routing.problem import Problem


@dataclass(slots=True)
class Model:
    """Everything the kernels work on, and how its numbers map to the problem's."""

    problem: Problem
    measure: Measure
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
    timed: TimedTables | None
    calendar: Calendar

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
    measure = measure_of(problem)
    origins = origins_of(problem, matrix)
    frozen = {item for origin in origins for item in origin.tasks}
    tasks = [i for i in tasks if i not in frozen]
    crew, lanes = crew_of(problem, len(tasks), measure), lanes_for(problem)
    skills = {name: 1 << i for i, name in enumerate(sorted(set().union(*(t.skills for t in problem.tasks))))}
    task, mode = _tasks(problem, matrix, tasks, skills, lanes, crew, measure)
    kind = kind_records(problem, crew, origins, lanes, skills, measure, len(matrix.cost), len(mode))
    slot = np.zeros(len(crew.slot_kind), SLOT)
    slot["kind"] = crew.slot_kind
    slot["load"] = kind["used"][crew.slot_kind]
    timed, home = None, None
    if measure == BOTH:
        timed = timed_tables(problem, matrix, mode, crew, origins, kind)
        dist, ends, reach, depart, idle = timed.dist, timed.ends, timed.reach, timed.depart, timed.idle
    else:
        seconds = measure == SECONDS
        dist = distances(matrix, crew, seconds)
        reach, depart, home = facility_ways(problem, matrix, mode, crew, origins, dist, seconds)
        ends = route_ends(problem, matrix, mode, crew, origins, dist, reach, home, seconds)
        idle = idle_home(problem, matrix, crew, origins, dist, depart, home)
    for k, i in enumerate(crew.kinds):
        if origins[i].visits:
            kind["fixed"][k] = -int(idle[k]) - (origins[i].clock_s if measure == SECONDS else 0)
    for t in range(1, len(task)):
        own = slice(task["first_mode"][t], task["after_mode"][t])
        task["far"][t] = float(ends[:, own, START].min())
    links = np.zeros((len(task), len(problem.facilities), 2 * LINKS if measure == BOTH else 4), np.int64)
    late = bool((task["weight"] > 0).any())
    numbers = [-1, *tasks]
    return Model(
        problem, measure, late, numbers, crew, origins, task, mode, slot, kind,
        dist, ends, reach, links, depart, home, timed, calendar_for(problem, tasks, task),
    )  # fmt: skip


def _tasks(
    problem: Problem,
    matrix: Matrix,
    tasks: Sequence[int],
    skills: dict[str, int],
    lanes: Lanes,
    crew: Crew,
    measure: Measure,
) -> tuple[Any, Any]:
    task = np.zeros(len(tasks) + 1, TIMED_TASK if measure == BOTH else TASK)
    task["slot"], task["best_slot"] = -1, -1
    kind_named = {vehicle.id: crew.kind_of[i] for i, vehicle in enumerate(problem.vehicles)}
    sizes = [int(matrix.first_mode[i + 1] - matrix.first_mode[i]) for i in tasks]
    mode = np.zeros(sum(sizes), TIMED_MODE if measure == BOTH else MODE)
    at = 0
    for t, (i, size) in enumerate(zip(tasks, sizes, strict=True), 1):
        own, source = task[t], problem.tasks[i]
        own["first_mode"], own["after_mode"] = at, at + size
        service = source.service_s if measure == SECONDS else source.service_cost
        theirs = slice(matrix.first_mode[i], matrix.first_mode[i + 1])
        mode["enter"][at : at + size] = matrix.mode_column[theirs]
        mode["leave"][at : at + size] = matrix.mode_row[theirs]
        mode["service"][at : at + size] = service
        mode["seconds"][at : at + size] = source.service_s
        own["demand"] = lanes.load(source.demand)
        own["size"] = sum(d / max(1, most) for d, most in zip(source.demand, lanes.largest, strict=True))
        own["keep"] = kind_named.get(source.keep or "", -1)
        if measure == BOTH:
            own["opens"], own["closes"] = source.window
        own["move"] = source.move_cost if source.keep is not None else 0
        own["skills"] = sum(skills[name] for name in source.skills)
        own["deadline"] = BIG if source.deadline_s is None else source.deadline_s
        own["weight"] = 0 if source.deadline_s is None else source.weight
        own["penalty"] = MANDATORY if source.prize is None else source.prize + service - source.service_cost
        at += size
    return task, mode
