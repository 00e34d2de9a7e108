"""Tables of distances between many places, as wide or as narrow as their figures ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.network import IntArray
from routing.paths.graph import KEY_BITS, UNREACHABLE, Graph

SHORT = 65_535
"""Largest figure of uint16."""

KINDS: tuple[tuple[Any, int], ...] = ((np.uint16, SHORT), (np.int32, 1_000_000_000), (np.int64, UNREACHABLE))
"""Kinds of figures, narrowest first, each with the figure that says no path: all others stay below it."""

SEARCHED = 64
"""Up to so many sources are searched one by one: contracting the graph would take longer."""

SPARSE = 8
"""Links a state up to which a graph is contracted: streets have two to four, and dense graphs only get denser."""

BLOCK_ENTRIES = 4_000_000
"""Entries of a table made at a time."""


SHARED_MAX = 2
"""Contracted graphs kept while they are shared: the network's own, and one of a profile."""


@dataclass(frozen=True, slots=True)
class PathTable:
    """Least cost and the duration of that path, shape (sources, sinks), `far` where there is none.

    Both are int64 and `far` is UNREACHABLE unless a narrow table was asked for: see KINDS. A narrow table has one more
    column, of zeros, for engines that need one. Widen its figures before adding to them.
    """

    cost: npt.NDArray[Any]
    duration: npt.NDArray[Any]
    far: int = UNREACHABLE


_SHARED: ContextVar[list[tuple[Graph, Any]] | None] = ContextVar("routing_contractions", default=None)


@contextmanager
def shared_contractions() -> Iterator[None]:
    """While open, graphs that are alike are contracted once in this context (districts of one network)."""
    if _SHARED.get() is not None:
        yield
        return
    token = _SHARED.set([])
    try:
        yield
    finally:
        _SHARED.reset(token)


def _hierarchy_of(graph: Graph) -> Any:
    """The graph contracted, or one that is alike."""
    from routing.paths.hierarchy import Hierarchy

    kept = _SHARED.get()
    found = next((hierarchy for known, hierarchy in kept or () if known.alike(graph)), None)
    if found is None:
        found = Hierarchy(graph)
        if kept is not None:
            kept.append((graph, found))
            del kept[:-SHARED_MAX]
    return found


class Tables:
    """Makes tables on one graph; contracts it when first asked for many sources."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._hierarchy: Any = None

    def table(self, sources: IntArray, sinks: IntArray, narrow: bool) -> PathTable:
        """Least figures from each source to each sink. `narrow`: in the narrowest kind that holds them."""
        making = _Making(self._graph, (len(sources), len(sinks)), narrow)
        if len(sources) <= SEARCHED or len(self._graph.target) > SPARSE * self._graph.states:
            from routing.paths.kernels import many

            keys = np.empty((len(sources), len(sinks)), np.int64)
            many(self._graph.indptr, self._graph.target, self._graph.weight, sources, sinks, keys)
            making.take(np.arange(len(sources)), keys, 1 << KEY_BITS)
            return making.table()
        if self._hierarchy is None:
            self._hierarchy = _hierarchy_of(self._graph)
        swept = self._hierarchy.sweeper(sinks)
        order = np.argsort(self._hierarchy.place[sources], kind="stable")
        rows = max(1, BLOCK_ENTRIES // max(1, len(sinks)))
        for first in range(0, len(order), rows):
            numbers = order[first : first + rows]
            if making.short:
                keys = swept(sources[numbers], True)
                if keys.max(initial=0) < SHORT:
                    making.cost[numbers, :-1] = keys
                    continue
            making.take(numbers, swept(sources[numbers], False), self._hierarchy.far)
        return making.table()


class _Making:
    """A table being filled, in a kind as narrow as what has been seen so far."""

    def __init__(self, graph: Graph, shape: tuple[int, int], narrow: bool) -> None:
        self._bits, self._one = graph.bits, graph.one_measure
        self._level = 0 if narrow else len(KINDS) - 1
        self._width = shape[1]
        wide = (shape[0], shape[1] + 1) if narrow else shape
        self.cost: npt.NDArray[Any] = np.zeros(wide, KINDS[self._level][0])
        self.duration = self.cost if self._one else np.zeros_like(self.cost)

    @property
    def short(self) -> bool:
        """Whether keys swept as uint16 are what the table holds."""
        return self._level == 0 and self._one

    def take(self, numbers: IntArray, keys: npt.NDArray[Any], lost: int) -> None:
        """Fill the rows of some sources from their search keys; from `lost` on there is no path."""
        from routing.paths.sweeping import squeeze

        while True:
            kind, far = KINDS[self._level]
            cost: npt.NDArray[Any] = np.empty(keys.shape, kind)
            duration = cost if self._one else np.empty_like(cost)
            if squeeze(keys, lost, self._bits, cost, duration, far) < far:
                break
            self._level += 1
            self.cost = widened(self.cost, self._level)
            self.duration = self.cost if self._one else widened(self.duration, self._level)
        self.cost[numbers, : self._width] = cost
        if not self._one:
            self.duration[numbers, : self._width] = duration

    def table(self) -> PathTable:
        return PathTable(self.cost, self.duration, KINDS[self._level][1])


def widened(table: npt.NDArray[Any], level: int) -> npt.NDArray[Any]:
    """A table in the next wider kind."""
    (_, old), (kind, new) = KINDS[level - 1], KINDS[level]
    wide = table.astype(kind)
    wide[table == old] = new
    return wide


def narrowed(table: PathTable) -> PathTable:
    """An int64 table in the narrowest kind that holds its figures, with the column of zeros."""
    largest = max(int(measure[measure < UNREACHABLE].max(initial=0)) for measure in (table.cost, table.duration))
    kind, far = next((kind, far) for kind, far in KINDS if largest < far)
    cost, duration = (
        np.pad(np.minimum(measure, far).astype(kind), ((0, 0), (0, 1))) for measure in (table.cost, table.duration)
    )
    return PathTable(cost, duration, far)
