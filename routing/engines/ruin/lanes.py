"""Several commodities in one word, so that the compiled search counts them as cheaply as one.

Each commodity gets a lane of bits, with three more above its largest capacity: sums of three loads that each fit stay
inside their lane, and the topmost bit is a guard. With the guards set in the capacity, subtracting a load clears the
guard of every lane it overfills (Lamport, Multiple byte processing with full-word instructions, 1975).

Amounts are counted in their greatest common divisor. Where the lanes do not fit into the word even so, the widest are
counted in coarser units, loads rounded up and capacities down: nothing is overloaded, a little room is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from routing.problem import Problem

WORD_BITS = 62
"""Bits used of a signed word: sums stay positive."""

SPARE_BITS = 3
"""Bits of a lane above its capacity: two for sums of three, one for the guard."""

LANES_MAX = 6
"""Commodities that may share the word: beyond it the units get too coarse."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where each commodity lies (`shift`), its unit, and its largest capacity (in its own unit, not the lane's)."""

    shift: tuple[int, ...]
    unit: tuple[int, ...]
    largest: tuple[int, ...]
    guard: int

    def load(self, amounts: Sequence[int]) -> int:
        """Amounts packed, rounded up; what fills a whole vehicle still does, and what is more is one unit more."""
        word = 0
        for amount, shift, unit, largest in zip(amounts, self.shift, self.unit, self.largest, strict=True):
            most = largest // unit + (amount > largest)
            word += min(-(-amount // unit), most) << shift
        return word

    def room(self, capacity: Sequence[int]) -> int:
        """A capacity packed, rounded down, the guards set."""
        return self.guard + sum(c // u << s for c, u, s in zip(capacity, self.unit, self.shift, strict=True))


def lanes_for(problem: Problem) -> Lanes:
    """Lanes that hold every vehicle's capacity."""
    fleet, tasks = problem.vehicles, problem.tasks
    count = len(problem.commodities)
    largest = [max(v.capacity[c] for v in fleet) for c in range(count)]
    if count == 1:
        return Lanes((0,), (1,), (largest[0],), 1 << WORD_BITS)
    unit = [
        gcd(*(t.demand[c] for t in tasks), *(v.initial_used[c] for v in fleet)) or max(1, largest[c])
        for c in range(count)
    ]
    while sum(_width(cap, u) for cap, u in zip(largest, unit, strict=True)) > WORD_BITS + 1:
        widest = max(range(count), key=lambda c: _width(largest[c], unit[c]))
        unit[widest] *= 2
    shift, at, guard = [], 0, 0
    for cap, u in zip(largest, unit, strict=True):
        shift.append(at)
        at += _width(cap, u)
        guard |= 1 << (at - 1)
    return Lanes(tuple(shift), tuple(unit), tuple(largest), guard)


def _width(capacity: int, unit: int) -> int:
    return (capacity // unit).bit_length() + SPARE_BITS
