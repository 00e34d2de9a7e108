"""Distance matrices in PyVRP's form: clients, then facilities, then a start and an end for each kind of vehicle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routing.engines.matrix import Matrix
from routing.network import IntArray
from routing.paths import UNREACHABLE
from routing.problem import Problem


def between(
    problem: Problem,
    matrix: Matrix,
    clients: int,
    rows: Sequence[int],
    columns: Sequence[int],
    groups: Sequence[Sequence[int]],
) -> tuple[IntArray, IntArray]:
    """Cost and duration between clients, facilities, and a start and an end location for each kind of vehicle."""
    size = len(rows) + 2 * len(groups)
    out, into = np.array(rows, np.int64), np.array(columns, np.int64)
    tables = []
    for table, fees in (
        (matrix.cost, [f.service_cost for f in problem.facilities]),
        (matrix.duration, [0] * len(problem.facilities)),
    ):
        full = np.full((size, size), UNREACHABLE, np.int64)
        full[: len(out), : len(into)] = np.minimum(table[np.ix_(out, into)], UNREACHABLE)
        full[: len(out), clients : len(into)] += np.array(fees, np.int64)
        for k, members in enumerate(groups):
            start, end = len(rows) + 2 * k, len(rows) + 2 * k + 1
            full[start, : len(into)] = table[matrix.start_row[members[0]], into]
            full[start, clients : len(into)] += np.array(fees, np.int64)
            full[start, end] = 0
            way = homeward(problem, matrix, out, members[0])
            chosen = way[0].argmin(axis=0)
            full[: len(out), end] = way[0 if table is matrix.cost else 1][chosen, np.arange(len(out))]
        np.fill_diagonal(full, 0)
        tables.append(np.minimum(full, UNREACHABLE))
    return tables[0], tables[1]


def homeward(problem: Problem, matrix: Matrix, rows: IntArray, vehicle: int) -> tuple[IntArray, IntArray]:
    """Cost and duration home from each row, shape (ways, rows): where unloading is owed, one way a facility."""
    column = int(matrix.end_column[vehicle])
    if not problem.unload_at_end:
        if column < 0:
            return np.zeros((1, len(rows)), np.int64), np.zeros((1, len(rows)), np.int64)
        return matrix.cost[rows, column][None], matrix.duration[rows, column][None]
    both = []
    for table, spent in (
        (matrix.cost, [f.service_cost for f in problem.facilities]),
        (matrix.duration, [f.service_s for f in problem.facilities]),
    ):
        onward = np.zeros(len(spent), np.int64) if column < 0 else table[matrix.facility_row, column]
        there = table[np.ix_(rows, matrix.facility_column)].T
        both.append(there + (onward + np.array(spent, np.int64))[:, None])
    return both[0], both[1]


def profiles_for(
    problem: Problem, able: Sequence[int], groups: Sequence[Sequence[int]], cost: IntArray, duration: IntArray
) -> tuple[list[int], list[IntArray], list[IntArray]]:
    """Profile of each kind, and the matrices of each profile: the way to clients a kind may not visit is closed."""
    numbers: dict[tuple[int, ...], int] = {}
    of_kind: list[int] = []
    distances: list[IntArray] = []
    durations: list[IntArray] = []
    for members in groups:
        skills = problem.vehicles[members[0]].skills
        closed = tuple(c for c, i in enumerate(able) if not problem.tasks[i].skills <= skills)
        if closed not in numbers:
            numbers[closed] = len(distances)
            tables = [cost.copy(), duration.copy()]
            for table in tables:
                table[:, list(closed)] = UNREACHABLE
                np.fill_diagonal(table, 0)
            distances.append(tables[0])
            durations.append(tables[1])
        of_kind.append(numbers[closed])
    return of_kind, distances, durations
