"""Distances between everything a problem visits, as the engines' common tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.network import IntArray
from routing.paths.search import UNREACHABLE, PathFinder
from routing.paths.tables import PathTable
from routing.problem import Problem

NARROW_ENTRIES = 1 << 24
"""Entries from which on a table is as narrow as may be: 4,096 places by 4,096 take 128 MB as int64."""

Places = IntArray | int | slice
"""Rows or columns of a table, as numpy takes them."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cost and duration between ports, and who uses which row and column.

    `cost` and `duration` have shape (sources, sinks). Modes of all tasks are numbered through: task t owns modes
    `first_mode[t]` to `first_mode[t + 1]`; `mode_row` is where a mode is left, `mode_column` where it is entered.
    `end_column` is -1 for a vehicle whose route ends anywhere. `cost` and `duration` are the network's as it is;
    `profiles` holds those of every profile some vehicle names, with the same rows and columns.

    The tables are int64, and `far` (no way there) is UNREACHABLE, but for large problems: from NARROW_ENTRIES on they
    are as narrow as `routing.paths.tables.KINDS` allows, with one more column, of zeros, for routes that end anywhere.
    Read them by `costs_at` and `seconds_at`, which widen, or widen before adding.
    """

    cost: npt.NDArray[Any]
    duration: npt.NDArray[Any]
    first_mode: IntArray
    mode_task: IntArray
    mode_row: IntArray
    mode_column: IntArray
    start_row: IntArray
    end_column: IntArray
    facility_row: IntArray
    facility_column: IntArray
    profiles: Mapping[str, PathTable] = field(default_factory=dict)
    far: int = UNREACHABLE

    @property
    def modes(self) -> int:
        """Number of modes of all tasks."""
        return len(self.mode_task)

    def of(self, profile: str) -> Matrix:
        """The same matrix with the cost and duration of a profile."""
        if not profile:
            return self
        own = self.profiles[profile]
        return replace(self, cost=own.cost, duration=own.duration, far=own.far)

    def costs_at(self, rows: Places, columns: Places) -> IntArray:
        """Costs as int64, UNREACHABLE where there is no way."""
        return self._wide(self.cost, rows, columns)

    def seconds_at(self, rows: Places, columns: Places) -> IntArray:
        """Durations as int64, UNREACHABLE where there is no way."""
        return self._wide(self.duration, rows, columns)

    def _wide(self, table: npt.NDArray[Any], rows: Places, columns: Places) -> IntArray:
        found = np.asarray(table[rows, columns], np.int64)
        return found if self.far == UNREACHABLE else np.where(found >= self.far, UNREACHABLE, found)


def matrix_for(problem: Problem, finder: PathFinder, narrow_from: int = NARROW_ENTRIES) -> Matrix:
    """Many-to-many distances between the ports of tasks, vehicles and facilities only."""
    rows: dict[int, int] = {}
    columns: dict[int, int] = {}

    def row(port: int) -> int:
        return rows.setdefault(port, len(rows))

    def column(port: int) -> int:
        return columns.setdefault(port, len(columns))

    modes = [(t, mode) for t, task in enumerate(problem.tasks) for mode in task.modes]
    mode_row = [row(finder.out_port(mode)) for _, mode in modes]
    mode_column = [column(finder.in_port(mode)) for _, mode in modes]
    start_row = [row(finder.leave(v.start)) for v in problem.vehicles]
    end_column = [-1 if v.end is None else column(finder.reach(v.end)) for v in problem.vehicles]
    facility_row = [row(finder.leave(f.node)) for f in problem.facilities]
    facility_column = [column(finder.reach(f.node)) for f in problem.facilities]
    narrow = len(rows) * len(columns) >= narrow_from
    table = finder.table(list(rows), list(columns), narrow)
    named = sorted({vehicle.profile for vehicle in problem.vehicles} - {""})
    return Matrix(
        table.cost,
        table.duration,
        np.cumsum([0] + [len(task.modes) for task in problem.tasks]).astype(np.int64),
        np.array([t for t, _ in modes], np.int64),
        np.array(mode_row, np.int64),
        np.array(mode_column, np.int64),
        np.array(start_row, np.int64),
        np.array(end_column, np.int64),
        np.array(facility_row, np.int64),
        np.array(facility_column, np.int64),
        {name: finder.of(name).table(list(rows), list(columns), narrow) for name in named},
        table.far,
    )
