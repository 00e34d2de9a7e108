"""Many-to-many distances: the graph contracted once, then swept for the sources wanted.

Imported only when a large table is asked for: it loads numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.network import IntArray
from routing.paths.contraction import FULL, contract
from routing.paths.graph import Graph
from routing.paths.sweeping import above, placed, sweep
from routing.paths.tables import SHORT

ROOM = 6
"""Links the contraction first has room for, in multiples of the graph's own; doubled until they are enough."""

BOUND = 1 << 30
"""Search keys below this bound are swept as int32, which is twice as fast."""

Swept = npt.NDArray[Any]
"""Search keys (sources, sinks), in the kind they were swept in."""


class Hierarchy:
    """A contracted graph. `far` is the key of what no path leads to."""

    def __init__(self, graph: Graph) -> None:
        self._kind: Any = np.int32 if graph.bound < BOUND else np.int64
        self.far = BOUND if graph.bound < BOUND else 1 << 62
        rank, up, down = _contracted(graph)
        states = graph.states
        lower = np.concatenate([up[:, 0], down[:, 0]])
        upper = np.concatenate([up[:, 1], down[:, 1]])
        order = np.lexsort((-rank[lower], upper))
        self.place = placed(_begins(upper, states), lower[order], np.argsort(rank))
        """Place of each state: sources asked for in its order are swept fastest."""
        self._up = self._links(up)
        self._down = self._links(down)

    def sweeper(self, sinks: IntArray) -> Callable[[IntArray, bool], Swept]:
        """A function from (sources, short) to search keys (sources, sinks).

        `short`: as uint16, where 65,535 stands for all that is as far or farther, or never reached.
        """
        ends = self.place[sinks]
        down_at, down_from, down_weight = self._down
        found = above(ends, down_at, down_from)
        needed = np.nonzero(found)[0]
        count = np.diff(down_at)
        kept = np.repeat(found, count)
        links = np.concatenate([[0], np.cumsum(count[needed])]).astype(np.int64), down_from[kept], down_weight[kept]

        def swept(sources: IntArray, short: bool) -> Swept:
            kind = np.uint16 if short else self._kind
            far = kind(SHORT if short else self.far)
            keys = np.empty((len(sources), len(sinks)), kind)
            sweep(*self._up, needed, *links, self.place[sources], ends, far, keys)
            return keys

        return swept

    def _links(self, links: IntArray) -> tuple[IntArray, npt.NDArray[Any], npt.NDArray[Any]]:
        """Links by place of their less important end: where each place's begin, the other ends, the weights."""
        place = self.place[links[:, 0]]
        order = np.argsort(place, kind="stable")
        others = self.place[links[:, 1]][order].astype(np.int32)
        return _begins(place, len(self.place)), others, links[:, 2][order].astype(self._kind)


def _contracted(graph: Graph) -> tuple[IntArray, IntArray, IntArray]:
    """(rank of each state, links up, links down)."""
    room = ROOM * max(len(graph.target), 1)
    while True:
        rank = np.empty(graph.states, np.int64)
        up, down = np.empty((room, 3), np.int64), np.empty((room, 3), np.int64)
        ups, downs = contract(graph.indptr, graph.target, graph.weight, rank, up, down, room)
        if ups != FULL:
            return rank, up[:ups].copy(), down[:downs].copy()
        room *= 2


def _begins(of: IntArray, size: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(of, minlength=size))]).astype(np.int64)
