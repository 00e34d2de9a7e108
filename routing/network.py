"""The street network as one frozen value of arrays: nodes, directed arcs, forbidden turns.

A node is an index 0..n-1, an arc an index 0..m-1. Lengths are metres, durations seconds, costs the objective's
integer unit (city problems: seconds of driving; benchmark instances: the instance's own cost).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def _none() -> IntArray:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class TurnCosts:
    """What turning costs on top of driving: from arc `first` into arc `second`. All of shape (turns,), all >= 0.

    A turn that is not listed costs nothing.
    """

    first: IntArray = field(default_factory=_none)
    second: IntArray = field(default_factory=_none)
    cost: IntArray = field(default_factory=_none)
    duration_s: IntArray = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class Network:
    """Directed graph. `tail`, `head`, `length_m`, `duration_s`, `cost` have shape (arcs,).

    `reverse[a]` is the arc that drives the same street the other way, or -1. `forbidden_turns` holds pairs
    (arc in, arc out) that may not follow each other; `turn_costs` prices those that may.
    """

    nodes: int
    tail: IntArray
    head: IntArray
    length_m: IntArray
    duration_s: IntArray
    cost: IntArray
    reverse: IntArray
    forbidden_turns: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    turn_costs: TurnCosts = field(default_factory=TurnCosts)

    @property
    def arcs(self) -> int:
        """Number of arcs."""
        return len(self.tail)
