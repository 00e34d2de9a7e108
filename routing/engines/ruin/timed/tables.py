"""What the search looks up where seconds and cost are counted apart; axes as in timed/layout.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.matrix import Matrix
from routing.engines.ruin.crew import Crew
from routing.engines.ruin.layout import BIG, FAR
from routing.engines.ruin.origin import Origin
from routing.engines.ruin.tables import EVERY
from routing.engines.ruin.timed.layout import (
    COST,
    END,
    END_S,
    FROM,
    FROM_S,
    GO,
    HOME,
    HOME_LATEST,
    HOME_S,
    LATEST,
    SECONDS,
    SPAN,
    START,
    START_S,
    STAY,
    TO,
    TO_S,
)
from routing.problem import Facility, Problem


@dataclass(slots=True)
class TimedTables:
    """The arrays, and what going straight home from a kind's origin costs, seconds paid for, with the facility it then
    unloads at, shape (kinds,)."""

    dist: Any
    ends: Any
    reach: Any
    depart: Any
    idle: Any
    idle_unload: Any


def timed_tables(
    problem: Problem, matrix: Matrix, mode: Any, crew: Crew, origins: Sequence[Origin], kind: Any
) -> TimedTables:
    """Tables for these modes and kinds."""
    dist = _distances(matrix, crew)
    reach = _reach(problem, matrix, mode, crew, dist)
    kinds, places = len(crew.kinds), len(problem.facilities)
    ends = np.zeros((kinds, len(mode), 5), np.int64)
    depart = np.zeros((kinds, places, 10), np.int64)
    idle, idle_unload = np.zeros(kinds, np.int64), np.zeros(kinds, np.int64)
    for k, i in enumerate(crew.kinds):
        above, pay = crew.layer_of[k] * len(matrix.cost), int(kind["rate"][k])
        here = above + origins[i].row
        column, limit = int(matrix.end_column[i]), _limit(problem, i)
        ends[k, :, START], ends[k, :, START_S] = dist[here][mode["enter"]].T
        ends[k, :, END], ends[k, :, END_S], ends[k, :, LATEST] = _home(dist, above + mode["leave"], column, limit)
        for f, place in enumerate(problem.facilities):
            depart[k, f, GO : STAY + 1] = _depart(place, dist[here, matrix.facility_column[f]], kind[k])
            back = _home(dist, np.array([above + int(matrix.facility_row[f])]), column, limit)
            depart[k, f, HOME], depart[k, f, HOME_S], depart[k, f, HOME_LATEST] = back[:, 0]
        away = _home(dist, np.array([here]), column, limit)[:2, 0]
        if problem.unload_at_end and any(origins[i].used):
            ways = depart[k][:, [GO, SPAN]] + depart[k][:, [HOME, HOME_S]]
            idle_unload[k] = ways[:, 0].argmin()
            away = ways[idle_unload[k]]
        idle[k] = away[0] + pay * away[1]
    return TimedTables(dist, ends, reach, depart, idle, idle_unload)


def _limit(problem: Problem, vehicle: int) -> int:
    """When a vehicle must be home, the time of its breaks taken off."""
    own = problem.vehicles[vehicle]
    return own.shift[1] - sum(rest.duration_s for rest in own.breaks)


def _distances(matrix: Matrix, crew: Crew) -> Any:
    tables = []
    for profile, travel_rate, _ in crew.layers:
        own = matrix.of(profile)
        cost, seconds = own.costs_at(EVERY, EVERY), own.seconds_at(EVERY, EVERY)
        both = np.stack([np.minimum(travel_rate * cost, FAR), np.minimum(seconds, FAR)], axis=-1)
        tables.append(both.astype(np.int32))
    return np.ascontiguousarray(np.concatenate(tables))


def _reach(problem: Problem, matrix: Matrix, mode: Any, crew: Crew, dist: Any) -> Any:
    rows = len(matrix.cost)
    reach = np.zeros((len(crew.layers) * len(mode), len(problem.facilities), 4), np.int64)
    for f, place in enumerate(problem.facilities):
        for layer in range(len(crew.layers)):
            own = slice(layer * len(mode), (layer + 1) * len(mode))
            there = dist[layer * rows + mode["leave"], matrix.facility_column[f]]
            back = dist[layer * rows + int(matrix.facility_row[f]), mode["enter"]]
            reach[own, f, TO], reach[own, f, TO_S] = there[:, COST] + np.int64(place.service_cost), there[:, SECONDS]
            reach[own, f, FROM], reach[own, f, FROM_S] = back[:, COST], back[:, SECONDS]
    return reach


def _depart(place: Facility, leg: Any, kind: Any) -> tuple[int, ...]:
    """GO to STAY of a visit to a facility first thing."""
    cost, seconds, clock, last = int(leg[COST]), int(leg[SECONDS]), int(kind["clock"]), int(kind["last_start"])
    opens, closes = place.window
    arrive = clock + seconds
    go = BIG if arrive > closes or seconds >= FAR else cost + place.service_cost
    wait = max(0, opens - seconds - last)
    ready = max(arrive, opens) + place.service_s
    return go, ready, seconds + place.service_s + wait, min(last, closes - seconds), opens, closes, place.service_s


def _home(dist: Any, rows: Any, column: int, limit: int) -> Any:
    """(cost, seconds, latest start) home from some rows of the table, shape (3, rows); cost BIG: there is no way."""
    home = np.zeros((3, len(rows)), np.int64)
    if column >= 0:
        home[0], home[1] = dist[rows, column].T
    home[2] = limit - home[1]
    home[0][home[1] >= FAR] = BIG
    return home
