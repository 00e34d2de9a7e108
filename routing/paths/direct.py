"""Networks in which no path has a second arc: distances are read, not searched.

Instances that give a distance between every two places become such networks: every place has a way in and a way out,
and no arc begins where another ends. A thousand places are a million arcs; a search over them would take minutes.
"""

from __future__ import annotations

import numpy as np

from routing.network import IntArray, Network

NO_ARC = -1


def is_direct(network: Network) -> bool:
    """Whether no arc begins where some arc ends. Without turns there is nothing a turn rule could say either."""
    leaves = np.zeros(network.nodes, np.bool_)
    leaves[network.tail] = True
    return network.arcs > 0 and not leaves[network.head].any()


class Direct:
    """Best arc from every tail to every head, of those a profile may drive."""

    def __init__(self, network: Network, closed: frozenset[int]) -> None:
        self._row = np.full(network.nodes, -1, np.int64)
        self._column = np.full(network.nodes, -1, np.int64)
        tails, heads = np.unique(network.tail), np.unique(network.head)
        self._row[tails] = np.arange(len(tails))
        self._column[heads] = np.arange(len(heads))
        arcs = np.arange(network.arcs)
        if closed:
            arcs = np.setdiff1d(arcs, np.array(sorted(closed)))
        self._best = np.full((len(tails) + 1, len(heads) + 1), NO_ARC, np.int64)
        at = self._row[network.tail[arcs]], self._column[network.head[arcs]]
        self._best[at] = arcs
        if not np.array_equal(self._best[at], arcs):
            arcs = arcs[np.lexsort((network.duration_s[arcs], network.cost[arcs]))[::-1]]
            self._best[self._row[network.tail[arcs]], self._column[network.head[arcs]]] = arcs

    def arcs(self, sources: IntArray, sinks: IntArray) -> IntArray:
        """Arc from each source node to each sink node, shape (sources, sinks), NO_ARC where there is none."""
        return self._best[np.ix_(self._row[sources], self._column[sinks])]
