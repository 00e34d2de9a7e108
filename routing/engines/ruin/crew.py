"""The fleet as the compiled search sees it: kinds of vehicle, their slots, and the tables they drive by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.fleet import alike, copies_wanted
from routing.engines.roads import profile_of
from routing.engines.ruin.calendar import days_of
from routing.engines.ruin.lanes import Lanes
from routing.engines.ruin.layout import BIG, KIND
from routing.engines.ruin.origin import Origin
from routing.engines.ruin.support import COST, SECONDS, Measure
from routing.problem import Problem

Layer = tuple[str, int, int]
"""What makes one table of costs differ from another: profile, travel rate, duration rate."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Kinds (a vehicle standing for each), the vehicle and the kind of each slot (kinds lie together), the kind each
    vehicle belongs to, and the tables of costs with the one each kind uses."""

    kinds: list[int]
    vehicle_of: list[int]
    slot_kind: Any
    kind_of: list[int]
    layers: list[Layer]
    layer_of: list[int]


def crew_of(problem: Problem, tasks: int, measure: Measure) -> Crew:
    """Kinds and slots for so many tasks; an unlimited fleet gets as many copies of each kind as it can need."""
    groups = alike(problem)
    if problem.unlimited_fleet:
        members = [[group[0]] * copies_wanted(problem, tasks, group[0]) for group in groups]
    else:
        members = groups
    kinds = [group[0] for group in groups]
    kind_of = [0] * len(problem.vehicles)
    for k, group in enumerate(groups):
        for i in group:
            kind_of[i] = k
    slot_kind = np.repeat(np.arange(len(groups)), [len(group) for group in members]).astype(np.int32)
    own = [_layer(problem, i, measure) for i in kinds]
    layers = sorted(set(own), key=own.index)
    vehicle_of = [i for group in members for i in group]
    return Crew(kinds, vehicle_of, slot_kind, kind_of, layers, [layers.index(layer) for layer in own])


def _layer(problem: Problem, vehicle: int, measure: Measure) -> Layer:
    own = problem.vehicles[vehicle]
    if measure == SECONDS:
        return own.profile, 1, 0
    return own.profile, own.travel_rate, own.duration_rate if measure == COST else 0


def work_differs(problem: Problem, layers: Sequence[Layer]) -> bool:
    """Whether serving a task takes or costs some vehicle other than the task's own figures."""
    return any(rate != 0 or profile_of(problem, name).work_percent != 100 for name, _, rate in layers)


def kind_records(
    problem: Problem,
    crew: Crew,
    origins: Sequence[Origin],
    lanes: Lanes,
    skills: dict[str, int],
    measure: Measure,
    rows: int,
    modes: int,
) -> Any:
    """One KIND record each. `rows` of a table and `modes` say where a kind's own table begins."""
    kind = np.zeros(len(crew.kinds), KIND)
    odd = work_differs(problem, crew.layers)
    for k, i in enumerate(crew.kinds):
        own, vehicle = kind[k], problem.vehicles[i]
        layer = crew.layer_of[k]
        profile, _, _ = crew.layers[layer]
        clock_s = origins[i].clock_s
        own["room"], own["guard"] = lanes.room(vehicle.capacity), lanes.guard
        own["used"] = lanes.load(origins[i].used)
        rest_s = sum(rest.duration_s for rest in vehicle.breaks)
        own["limit"] = vehicle.shift[1] - rest_s if measure == SECONDS else BIG // 2
        own["clock"], own["last_start"] = clock_s, clock_s if vehicle.frozen else vehicle.shift[1]
        own["unloads"] = problem.unload_at_end
        own["longest"] = BIG // 2
        own["fixed"] = vehicle.fixed_cost - (clock_s if measure == SECONDS else 0)
        own["percent"], own["rate"] = profile_of(problem, profile).work_percent, vehicle.duration_rate
        own["odd"] = odd
        own["skills"] = sum(bit for name, bit in skills.items() if name in vehicle.skills)
        own["day"] = days_of(problem).index(vehicle.day) if problem.repeats else 0
        own["row"], own["base"] = layer * rows, layer * modes
        where = np.nonzero(crew.slot_kind == k)[0]
        own["first_slot"] = own["free_slot"] = where[0]
        own["after_slot"] = where[-1] + 1
    return kind
