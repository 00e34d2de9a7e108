"""What the compiled search looks up: distances, ways by facilities, ways out and home."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from routing.engines.matrix import Matrix
from routing.engines.ruin.crew import Crew
from routing.engines.ruin.layout import END, FAR, FROM, START, TO
from routing.engines.ruin.origin import Origin
from routing.problem import Problem

EVERY = slice(None)


def distances(matrix: Matrix, crew: Crew, timed: bool) -> Any:
    """One table for each layer, below one another: seconds, or cost as that layer's vehicles pay it."""
    tables = []
    for profile, travel_rate, duration_rate in crew.layers:
        own = matrix.of(profile)
        plain = timed or (travel_rate, duration_rate) == (1, 0)
        if plain and len(crew.layers) == 1:
            return for_kernels(own.duration if timed else own.cost, own.far)
        table = own.seconds_at(EVERY, EVERY) if timed else own.costs_at(EVERY, EVERY)
        if not plain:
            table = travel_rate * table + duration_rate * own.seconds_at(EVERY, EVERY)
        tables.append(np.minimum(table, FAR).astype(np.int32))
    return np.ascontiguousarray(np.concatenate(tables))


def for_kernels(table: Any, far: int) -> Any:
    """A table as the kernels take it: int32 with FAR where there is no way, or uint16 where there is one everywhere.

    A table that is so already is not copied: on a large problem it is most of what is in memory.
    """
    if table.dtype == np.int32 and far == FAR:
        return table
    if table.dtype == np.uint16 and int(table.max(initial=0)) < far:
        return table
    narrow = np.minimum(table, FAR).astype(np.int32)
    narrow[table >= far] = FAR
    return narrow


def facility_ways(
    problem: Problem, matrix: Matrix, mode: Any, crew: Crew, origins: Sequence[Origin], dist: Any, timed: bool
) -> tuple[Any, Any, Any]:
    """reach (layers x modes, facilities, 2), depart (kinds, facilities), home (kinds, facilities)."""
    places, rows = len(problem.facilities), len(matrix.cost)
    reach = np.zeros((len(crew.layers) * len(mode), places, 2), np.int64)
    depart = np.zeros((len(crew.kinds), places), np.int64)
    home = np.zeros((len(crew.kinds), places), np.int64)
    for f, place in enumerate(problem.facilities):
        row, column = int(matrix.facility_row[f]), int(matrix.facility_column[f])
        stays = [
            place.service_s if timed else place.service_cost + rate * place.service_s for _, _, rate in crew.layers
        ]
        for layer, stay in enumerate(stays):
            own = slice(layer * len(mode), (layer + 1) * len(mode))
            reach[own, f, TO] = dist[layer * rows + mode["leave"], column].astype(np.int64) + stay
            reach[own, f, FROM] = dist[layer * rows + row, mode["enter"]]
        for k, vehicle in enumerate(crew.kinds):
            above = crew.layer_of[k] * rows
            origin = origins[vehicle]
            depart[k, f] = int(dist[above + origin.row, column]) + stays[crew.layer_of[k]]
            depart[k, f] += origin.clock_s if timed else 0
            end = int(matrix.end_column[vehicle])
            home[k, f] = 0 if end < 0 else dist[above + row, end]
    return reach, depart, home


def route_ends(
    problem: Problem,
    matrix: Matrix,
    mode: Any,
    crew: Crew,
    origins: Sequence[Origin],
    dist: Any,
    reach: Any,
    home: Any,
    timed: bool,
) -> Any:
    """(kinds, modes, 2): from the start of the route, and home by way of unloading where that is owed."""
    ends = np.zeros((len(crew.kinds), len(mode), 2), np.int64)
    for k, i in enumerate(crew.kinds):
        layer = crew.layer_of[k]
        above = layer * len(matrix.cost)
        clock_s = origins[i].clock_s if timed else 0
        ends[k, :, START] = dist[above + origins[i].row, mode["enter"]].astype(np.int64) + clock_s
        if problem.unload_at_end:
            ends[k, :, END] = (reach[layer * len(mode) : (layer + 1) * len(mode), :, TO] + home[k]).min(axis=1)
        elif problem.vehicles[i].end is not None:
            ends[k, :, END] = dist[above + mode["leave"], matrix.end_column[i]]
    return ends


def idle_home(
    problem: Problem, matrix: Matrix, crew: Crew, origins: Sequence[Origin], dist: Any, depart: Any, home: Any
) -> list[int]:
    """What going straight home from the origin adds for each kind: paid anyway where frozen stops begin the route."""
    idle = []
    for k, i in enumerate(crew.kinds):
        end = int(matrix.end_column[i])
        if problem.unload_at_end and any(origins[i].used):
            idle.append(int((depart[k] + home[k]).min()))
        else:
            idle.append(0 if end < 0 else int(dist[crew.layer_of[k] * len(matrix.cost) + origins[i].row, end]))
    return idle
