"""Distance matrices in PyVRP's form.

Locations: clients (one a mode), facilities, then where kinds of vehicles start, then where they end; kinds that start
or end alike share a location. A matrix is asymmetric: a location is left by its row and entered by its column. Kinds of
vehicles that drive alike and may serve the same clients share one pair of matrices (PyVRP's routing profile).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.engines.matrix import Matrix
from routing.engines.roads import RoadBook
from routing.network import IntArray
from routing.paths.search import UNREACHABLE
from routing.problem import Problem, Task, Vehicle


@dataclass(frozen=True, slots=True)
class Places:
    """Who is where. Per client its task and its mode in that task; per kind its start and end (locations).

    `kinds` are indices of vehicles that stand for their kind; `starters` are rows and `enders` columns of the matrix.
    """

    kinds: list[int]
    client_task: list[int]
    client_mode: list[int]
    start: list[int]
    end: list[int]
    starters: list[int]
    enders: list[int]

    @property
    def clients(self) -> int:
        """Number of clients: they come first among the locations."""
        return len(self.client_task)


@dataclass(frozen=True, slots=True)
class Prices:
    """What the kinds pay, split into what PyVRP multiplies or adds itself and what must be in the matrices.

    `stay_s` and `fee` (per client) are the least of all kinds: what a kind needs beyond them is in its matrices.
    `unit` is a kind's cost a unit of distance, `table` the number of its matrices.
    """

    stay_s: IntArray
    fee: IntArray
    unit: list[int]
    table: list[int]
    distance: list[IntArray]
    duration: list[IntArray]
    dearest: int


def lay_out(problem: Problem, matrix: Matrix, able: Sequence[int], kinds: Sequence[Sequence[int]]) -> Places:
    """Clients of the tasks `able` in order, and shared starts and ends."""
    heads = [members[0] for members in kinds]
    pairs = [(i, m) for i in able for m in range(len(problem.tasks[i].modes))]
    starts = matrix.start_row[heads].tolist()
    ends = matrix.end_column[heads].tolist()
    starters, enders = list(dict.fromkeys(starts)), list(dict.fromkeys(ends))
    first = len(pairs) + len(problem.facilities)
    return Places(
        heads,
        [i for i, _ in pairs],
        [m for _, m in pairs],
        [first + starters.index(row) for row in starts],
        [first + len(starters) + enders.index(column) for column in ends],
        starters,
        enders,
    )


def priced(problem: Problem, matrix: Matrix, places: Places, book: RoadBook) -> Prices:
    """Matrices and prices of all kinds."""
    tasks = [problem.tasks[i] for i in places.client_task]
    fleet = [problem.vehicles[v] for v in places.kinds]
    fees, stays, closed = _by_kind(tasks, fleet, book)
    fee, stay = fees.min(axis=0), stays.min(axis=0)
    tolls = np.array([place.service_cost for place in problem.facilities], np.int64)
    numbers: dict[tuple[object, ...], int] = {}
    prices = Prices(stay, fee, [], [], [], [], _dearest(matrix, fleet))
    for k, vehicle in enumerate(fleet):
        extra_fee, extra_s = fees[k] - fee, stays[k] - stay
        rate = vehicle.travel_rate
        unit = 1 if rate == 0 or tolls.any() or extra_fee.any() else rate
        scale = rate if unit == 1 else 1
        key = (vehicle.profile, scale, extra_fee.tobytes(), extra_s.tobytes(), closed[k].tobytes())
        if key not in numbers:
            numbers[key] = len(prices.distance)
            distance, duration = _full(problem, matrix.of(vehicle.profile), places, scale, tolls)
            distance[:, : places.clients] += extra_fee
            duration[: places.clients] += extra_s[:, None]
            far = max(1, UNREACHABLE // max(1, unit))
            for table in (distance, duration):
                table[:, : places.clients][:, closed[k]] = UNREACHABLE
                np.minimum(table, far, out=table)
                np.fill_diagonal(table, 0)
            prices.distance.append(distance)
            prices.duration.append(duration)
        prices.unit.append(unit)
        prices.table.append(numbers[key])
    return prices


def homeward(problem: Problem, matrix: Matrix, rows: IntArray, column: int, rate: int) -> tuple[IntArray, IntArray]:
    """Cost (driving times `rate`, and service) and seconds from rows to the end at `column` (-1: anywhere).

    Shape (ways, rows): where unloading is owed, one way a facility.
    """
    if not problem.unload_at_end:
        nothing = np.zeros(len(rows), np.int64)
        cost, seconds = (nothing, nothing) if column < 0 else (matrix.cost[rows, column], matrix.duration[rows, column])
        return cost[None] * rate, seconds[None]
    both = []
    for table, spent, factor in (
        (matrix.cost, [f.service_cost for f in problem.facilities], rate),
        (matrix.duration, [f.service_s for f in problem.facilities], 1),
    ):
        onward = np.zeros(len(spent), np.int64) if column < 0 else table[matrix.facility_row, column]
        there = table[np.ix_(rows, matrix.facility_column)].T
        both.append((there + onward[:, None]) * factor + np.array(spent, np.int64)[:, None])
    return both[0], both[1]


def _by_kind(
    tasks: Sequence[Task], fleet: Sequence[Vehicle], book: RoadBook
) -> tuple[IntArray, IntArray, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """(service cost and price of a move, service time, whether closed to it), each of shape (kinds, clients)."""
    fee = np.array([task.service_cost for task in tasks], np.int64)
    stay = np.array([task.service_s for task in tasks], np.int64)
    moved = np.array([0 if task.keep is None else task.move_cost for task in tasks], np.int64)
    fees, stays, closed = [], [], []
    for vehicle in fleet:
        percent = book.of(vehicle).percent
        own = -(-fee * percent // 100)
        if moved.any():
            own = own + np.where([task.keep == vehicle.id for task in tasks], 0, moved)
        fees.append(own)
        stays.append(-(-stay * percent // 100))
        closed.append(np.array([not task.skills <= vehicle.skills for task in tasks], np.bool_))
    return np.array(fees), np.array(stays), np.array(closed)


def _full(problem: Problem, matrix: Matrix, places: Places, scale: int, tolls: IntArray) -> tuple[IntArray, IntArray]:
    """(distance times `scale` with tolls, duration) between all locations."""
    first, stations = places.clients, len(problem.facilities)
    modes = matrix.first_mode[places.client_task] + np.array(places.client_mode, np.int64)
    out = np.concatenate([matrix.mode_row[modes], matrix.facility_row]).astype(np.int64)
    into = np.concatenate([matrix.mode_column[modes], matrix.facility_column]).astype(np.int64)
    work = first + stations
    size = work + len(places.starters) + len(places.enders)
    leaves = np.array(places.starters, np.int64)
    starts, ends = slice(work, work + len(leaves)), slice(work + len(leaves), size)
    both = []
    for table, factor in ((matrix.cost, scale), (matrix.duration, 1)):
        full = np.full((size, size), UNREACHABLE, np.int64)
        full[:work, :work] = np.minimum(table[np.ix_(out, into)], UNREACHABLE) * factor
        full[starts, :work] = np.minimum(table[np.ix_(leaves, into)], UNREACHABLE) * factor
        full[starts, ends] = 0
        both.append(full)
    both[0][:, first:work] += tolls
    every = np.arange(work)
    for n, column in enumerate(places.enders):
        cost, seconds = homeward(problem, matrix, out, column, scale)
        chosen = cost.argmin(axis=0)
        both[0][:work, ends.start + n] = cost[chosen, every]
        both[1][:work, ends.start + n] = seconds[chosen, every]
    return both[0], both[1]


def _dearest(matrix: Matrix, fleet: Sequence[Vehicle]) -> int:
    """More than any single task can add to a plan: what it costs to leave out work that must be done."""
    cost = int(np.where(matrix.cost < UNREACHABLE, matrix.cost, 0).max(initial=0))
    seconds = int(np.where(matrix.duration < UNREACHABLE, matrix.duration, 0).max(initial=0))
    return max(4 * (v.travel_rate * cost + v.duration_rate * seconds) + v.fixed_cost for v in fleet) + 1
