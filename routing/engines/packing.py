"""Trips packed into shifts by CP-SAT: which vehicle drives which trip, and in which order.

A trip leaves a facility with nothing used and comes back to one. Leaving at s it is back at the later of `back_s`
(waiting for windows) and s + `takes_s`, and it must leave between `opens_s` and `closes_s`. Without windows the order
does not matter and a shift is a bin; with windows each trip is an interval that no other may overlap.

The model is small: a literal for each trip and vehicle that may drive it, vehicles that are alike in order of their
first trip's number, and no more than `LITERALS_MAX` literals. Its building counts into the time limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LITERALS_MAX = 20_000
"""Pairs of trip and vehicle at most: a model of a million overruns any limit before it is presolved."""

DETERMINISTIC_S = 4.0
"""Limit of CP-SAT's own deterministic time where no seconds are given."""

LEAST_S = 0.1
"""Seconds the solver gets at least."""


@dataclass(frozen=True, slots=True)
class Trip:
    """`price` is what it costs not to drive it. `cost` and `takes_s` are by kind of vehicle; other kinds cannot."""

    opens_s: int
    closes_s: int
    back_s: int
    takes_s: Mapping[int, int]
    cost: Mapping[int, int]
    price: int


@dataclass(frozen=True, slots=True)
class Shift:
    """One vehicle's time for trips. `kind` says whom it is like. `fixed` is the price of using it at all."""

    kind: int
    opens_s: int
    closes_s: int
    fixed: int


def pack(trips: Sequence[Trip], shifts: Sequence[Shift], seconds: float | None, seed: int) -> list[list[int]] | None:
    """Trips of each shift in driving order; trips in none are left out. None where the model is too large or fails."""
    from ortools.sat.python import cp_model

    pairs = sum(shift.kind in trip.takes_s for trip in trips for shift in shifts)
    if pairs > LITERALS_MAX:
        return None
    model = cp_model.CpModel()
    leaves = [model.new_int_var(t.opens_s, max(t.opens_s, t.closes_s), f"leave{n}") for n, t in enumerate(trips)]
    literals: dict[tuple[int, int], Any] = {}
    terms: list[Any] = []
    for s, shift in enumerate(shifts):
        own = _shift(model, trips, leaves, s, shift, literals)
        if own is not None:
            terms.append(shift.fixed * own)
    for n, trip in enumerate(trips):
        mine = [literals[n, s] for s in range(len(shifts)) if (n, s) in literals]
        out = model.new_bool_var(f"out{n}")
        model.add_exactly_one([*mine, out])
        terms.append(trip.price * out)
        terms += [trip.cost[shifts[s].kind] * literals[n, s] for s in range(len(shifts)) if (n, s) in literals]
    _break_symmetry(model, trips, shifts, literals)
    model.minimize(sum(terms))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % (1 << 31)
    if seconds is None:
        solver.parameters.max_deterministic_time = DETERMINISTIC_S
    else:
        solver.parameters.max_time_in_seconds = max(LEAST_S, seconds)
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    packed: list[list[int]] = [[] for _ in shifts]
    for (n, s), literal in literals.items():
        if solver.boolean_value(literal):
            packed[s].append(n)
    return [sorted(own, key=lambda n: (solver.value(leaves[n]), n)) for own in packed]


def windowed(trip: Trip, shift: Shift) -> bool:
    """Whether it matters when in the shift the trip is driven."""
    takes = trip.takes_s[shift.kind]
    return trip.opens_s > shift.opens_s or trip.closes_s + takes < shift.closes_s or trip.back_s > shift.opens_s + takes


def _shift(
    model: Any, trips: Sequence[Trip], leaves: Sequence[Any], s: int, shift: Shift, literals: dict[tuple[int, int], Any]
) -> Any:
    """Literals of one shift's trips, and that they fit into it. Returns whether it is used, None where nothing fits."""
    mine = [n for n, trip in enumerate(trips) if shift.kind in trip.takes_s]
    mine = [n for n in mine if _ends(trips[n], shift) <= shift.closes_s]
    if not mine:
        return None
    used = model.new_bool_var(f"used{s}")
    timed = any(windowed(trips[n], shift) for n in mine)
    intervals = []
    for n in mine:
        literals[n, s] = model.new_bool_var(f"x{n},{s}")
        model.add_implication(literals[n, s], used)
        if not timed:
            continue
        trip, takes = trips[n], trips[n].takes_s[shift.kind]
        back = model.new_int_var(max(trip.back_s, shift.opens_s + takes), shift.closes_s, f"back{n},{s}")
        size = model.new_int_var(takes, shift.closes_s - shift.opens_s, f"size{n},{s}")
        model.add(leaves[n] >= shift.opens_s).only_enforce_if(literals[n, s])
        intervals.append(model.new_optional_interval_var(leaves[n], size, back, literals[n, s], f"trip{n},{s}"))
    if timed:
        model.add_no_overlap(intervals)
    length = shift.closes_s - shift.opens_s
    model.add(sum(trips[n].takes_s[shift.kind] * literals[n, s] for n in mine) <= length * used)
    return used


def _ends(trip: Trip, shift: Shift) -> int:
    """When the vehicle is back if it drives the trip as early as it can; past its end if it cannot in time."""
    leave = max(trip.opens_s, shift.opens_s)
    if leave > trip.closes_s:
        return shift.closes_s + 1
    return max(trip.back_s, leave + trip.takes_s[shift.kind])


def _break_symmetry(
    model: Any, trips: Sequence[Trip], shifts: Sequence[Shift], literals: Mapping[tuple[int, int], Any]
) -> None:
    """Of shifts that are alike, a later one drives no trip unless the one before it drives one of a smaller number."""
    for s in range(1, len(shifts)):
        if shifts[s] != shifts[s - 1]:
            continue
        earlier: list[Any] = []
        for n in range(len(trips)):
            if (n, s) in literals:
                model.add(sum(earlier) >= literals[n, s])
            if (n, s - 1) in literals:
                earlier.append(literals[n, s - 1])
