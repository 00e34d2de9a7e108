"""From tours to the routes of the compiled search, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from routing.engines.assemble import Tour, Visit, vehicle_name
from routing.engines.ruin.layout import FROM, TO
from routing.engines.ruin.model import Model
from routing.network import IntArray


def load(model: Model, tours: Sequence[Tour]) -> IntArray:
    """Put tours into slots of their vehicles. Returns the tasks (numbers of the search) that stay out."""
    crew = model.crew
    number = {item: t for t, item in enumerate(model.task_of) if t > 0}
    free: dict[int, list[int]] = {}
    for s, vehicle in enumerate(crew.vehicle_of):
        free.setdefault(vehicle, []).append(s)
    placed: set[int] = set()

    def can(t: int, s: int) -> bool:
        return not int(model.task["skills"][t]) & ~int(model.kind["skills"][crew.slot_kind[s]])

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
            elif t is not None and t not in placed and can(t, s):
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
        at, t = -1, 0
        for m in modes:
            t = int(owner[m])
            if model.task["via"][t] == 1:
                by = int(model.task["best_by"][t]) if model.timed is not None else _facility_between(model, s, at, m)
                visits.append(Visit(True, by, 0))
                loaded = False
            visits.append(Visit(False, model.task_of[t], m - int(model.task["first_mode"][t])))
            loaded = loaded or bool(model.task["demand"][t])
            at = m
        if model.problem.unload_at_end and loaded:
            visits.append(Visit(True, _facility_home(model, s, t, at), 0))
        name = vehicle_name(model.problem, vehicle, s + 1)
        tours.append(Tour(vehicle, name, tuple(visits)))
    return tours


def _facility_between(model: Model, s: int, before: int, after: int) -> int:
    return int(np.argmin(_to_facilities(model, s, before) + model.reach[_base(model, s) + after, :, FROM]))


def _facility_home(model: Model, s: int, last: int, mode: int) -> int:
    if model.timed is not None:
        return int(model.timed.idle_unload[model.slot["kind"][s]] if mode < 0 else model.task["best_home"][last])
    return int(np.argmin(_to_facilities(model, s, mode) + model.home[model.slot["kind"][s]]))


def _to_facilities(model: Model, s: int, mode: int) -> Any:
    """To each facility from a mode (-1: the route's beginning), shape (facilities,)."""
    return model.depart[model.slot["kind"][s]] if mode < 0 else model.reach[_base(model, s) + mode, :, TO]


def _base(model: Model, s: int) -> int:
    return int(model.kind["base"][model.slot["kind"][s]])
