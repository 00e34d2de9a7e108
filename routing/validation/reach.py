"""Which places a kind of vehicle can reach from which: no distances, no turn rules, only what is certain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from routing.problem import Mode, Problem

BoolArray = npt.NDArray[np.bool_]


class Roads:
    """Which nodes a profile can reach from which, by the arcs open to it and through places of work left elsewhere."""

    def __init__(self, problem: Problem, profile: str) -> None:
        network = problem.network
        own = next((p for p in problem.profiles if p.name == profile), None)
        self.open = np.ones(network.arcs, np.bool_)
        self.work_percent = 100 if own is None else own.work_percent
        if own is not None and own.closed:
            self.open[sorted(own.closed)] = False
        self.tail = network.tail
        points = [(m.tail, m.head) for t in problem.tasks for m in t.modes if m.arc < 0 and m.tail != m.head]
        crossed = np.array(points, np.int64).reshape(-1, 2)
        ends = tuple(
            np.concatenate([nodes[self.open], column])
            for nodes, column in zip((network.tail, network.head), crossed.T, strict=True)
        )
        shape = (network.nodes, network.nodes)
        self._onward = csr_array((np.ones(len(ends[0]), np.int8), ends), shape)
        self._backward = csr_array((np.ones(len(ends[0]), np.int8), ends[::-1]), shape)
        self._after: dict[int, BoolArray] = {}
        self._before: dict[int, BoolArray] = {}
        self.everywhere = np.ones(network.nodes, np.bool_)

    def after(self, node: int) -> BoolArray:
        """Nodes that can be reached from `node`, itself among them."""
        return _spread(self._onward, node, self._after)

    def before(self, node: int) -> BoolArray:
        """Nodes from which `node` can be reached."""
        return _spread(self._backward, node, self._before)

    def serves(self, mode: Mode, coming: BoolArray) -> bool:
        """Whether a vehicle that can come to `coming` can serve in this mode."""
        if mode.via >= 0 and not (self.open[mode.via] and coming[self.tail[mode.via]]):
            return False
        return bool(coming[mode.tail]) and (mode.arc < 0 or bool(self.open[mode.arc]))


def _spread(graph: csr_array, node: int, kept: dict[int, BoolArray]) -> BoolArray:
    found = kept.get(node)
    if found is None:
        found = np.zeros(graph.shape[0], np.bool_)
        found[breadth_first_order(graph, node, return_predecessors=False)] = True
        kept[node] = found
    return found
