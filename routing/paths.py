"""Shortest paths between the places of a problem, with forbidden turns kept exactly.

The street network is expanded: an arc that may not be followed by some other arc ends in a copy of its head node
whose way out lacks that other arc; every other arc ends in the plain node. A *port* is a state of this expansion:

- a source port is where a vehicle stands: at a plain node after a stop, or where a served arc ends;
- a sink port is where it wants to be: at a node by any way in, or where a served arc may begin.

So a rule binds two arcs driven one after the other, whether they are served or only passed. A stop at a point or a
facility ends the rule's reach: the vehicle has left the carriageway.

Paths are least in cost and, among those, least in duration.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from routing.errors import BadProblem, NoPath
from routing.network import IntArray, Network
from routing.problem import Mode

UNREACHABLE = 1 << 40
"""Cost and duration given where no path exists: above any real one, far below overflow in sums."""

ROWS_KEPT = 512
"""Single-source results kept a finder (two int64 arrays of the states each)."""

LEGS_KEPT = 50_000
"""Reconstructed legs kept a finder."""

KEY_BITS = 61
"""Bits of the search key: cost in the upper part, duration in the lower."""


@dataclass(frozen=True, slots=True)
class PathTable:
    """Least cost and the duration of that path, shape (sources, sinks), int64, `UNREACHABLE` where there is none."""

    cost: IntArray
    duration: IntArray


@dataclass(frozen=True, slots=True)
class _Graph:
    """Compressed rows of links between states. `arc` is -1 where a state passes into a sink without driving."""

    indptr: IntArray
    target: IntArray
    weight: IntArray
    arc: IntArray


class PathFinder:
    """Paths on one network for one set of served arcs. Deterministic: the same input gives the same path."""

    def __init__(self, network: Network, served: Iterable[int] = ()) -> None:
        """`served` are arcs that tasks drive: only these may be asked for as sink ports."""
        self.network = network
        self._one_measure = np.array_equal(network.cost, network.duration_s)
        self._duration_bits = 0 if self._one_measure else _duration_bits(network)
        self._end_state = network.head.astype(np.int64).copy()
        self._copies: dict[int, list[tuple[int, frozenset[int]]]] = {}
        self._node_sink: dict[int, int] = {}
        self._arc_sink: dict[int, int] = {}
        self._state_node = self._origin = np.zeros(0, np.int64)
        self._forward = self._expand(served)
        self._reverse: _Graph | None = None
        self.states = len(self._forward.indptr) - 1
        self._rows: OrderedDict[int, tuple[IntArray, IntArray]] = OrderedDict()
        self._columns: OrderedDict[int, tuple[IntArray, IntArray]] = OrderedDict()
        self._legs: dict[tuple[int, int], tuple[int, ...]] = {}
        self._scratch = [np.empty(self.states, np.int64) for _ in range(4)]

    # ---- ports

    def leave(self, node: int) -> int:
        """Source port of a vehicle standing at `node`."""
        return node

    def reach(self, node: int) -> int:
        """Sink port for standing at `node`, by whatever way in."""
        return self._node_sink.get(node, node)

    def out_port(self, mode: Mode) -> int:
        """Source port after serving in this mode."""
        return mode.head if mode.arc < 0 else int(self._end_state[mode.arc])

    def in_port(self, mode: Mode) -> int:
        """Sink port before serving in this mode."""
        if mode.arc < 0:
            return self.reach(mode.tail)
        return self._arc_sink.get(mode.arc, mode.tail)

    # ---- distances

    def table(self, sources: Sequence[int] | IntArray, sinks: Sequence[int] | IntArray) -> PathTable:
        """Many to many. Runs one search a source."""
        from routing.pathkernels import many

        graph = self._forward
        keys = np.empty((len(sources), len(sinks)), np.int64)
        rows, columns = np.asarray(sources, np.int64), np.asarray(sinks, np.int64)
        many(graph.indptr, graph.target, graph.weight, rows, columns, keys)
        return PathTable(*self._split(keys))

    def from_port(self, source: int) -> tuple[IntArray, IntArray]:
        """Cost and duration from one source port to every state, shape (states,)."""
        return self._single(source, self._forward, self._rows)

    def to_port(self, sink: int) -> tuple[IntArray, IntArray]:
        """Cost and duration from every state to one sink port, shape (states,)."""
        if self._reverse is None:
            self._reverse = _reversed(self._forward)
        return self._single(sink, self._reverse, self._columns)

    def path(self, source: int, sink: int) -> tuple[int, ...]:
        """Arcs of the best path. Raises NoPath."""
        known = self._legs.get((source, sink))
        if known is not None:
            return known
        from routing.pathkernels import shortest

        graph = self._forward
        key, via, heap, where = self._scratch
        shortest(graph.indptr, graph.target, graph.weight, source, sink, key, via, heap, where)
        if source != sink and via[sink] < 0:
            raise NoPath(f"no way from node {self._node_of(source)} to node {self._node_of(sink)}: check the network")
        arcs: list[int] = []
        state = sink
        while state != source:
            link = int(via[state])
            if graph.arc[link] >= 0:
                arcs.append(int(graph.arc[link]))
            state = int(self._origin[link])
        leg = tuple(reversed(arcs))
        if len(self._legs) < LEGS_KEPT:
            self._legs[source, sink] = leg
        return leg

    # ---- inside

    def _single(
        self, port: int, graph: _Graph, kept: OrderedDict[int, tuple[IntArray, IntArray]]
    ) -> tuple[IntArray, IntArray]:
        found = kept.get(port)
        if found is None:
            from routing.pathkernels import shortest

            key, via, heap, where = self._scratch
            shortest(graph.indptr, graph.target, graph.weight, port, -1, key, via, heap, where)
            found = self._split(key)
            kept[port] = found
            if len(kept) > ROWS_KEPT:
                kept.popitem(last=False)
        return found

    def _split(self, keys: IntArray) -> tuple[IntArray, IntArray]:
        """Search keys -> (cost, duration)."""
        lost = keys >= (1 << KEY_BITS)
        bits = self._duration_bits
        cost = np.where(lost, UNREACHABLE, keys >> bits)
        if self._one_measure:
            return cost, cost
        return cost, np.where(lost, UNREACHABLE, keys & ((1 << bits) - 1))

    def _node_of(self, state: int) -> int:
        return int(self._state_node[state])

    def _expand(self, served: Iterable[int]) -> _Graph:
        """Build states and links; fills the copies and the sinks."""
        network = self.network
        banned: dict[int, set[int]] = {}
        for first, second in sorted(network.forbidden_turns):
            banned.setdefault(first, set()).add(second)
        state_node = list(range(network.nodes))
        for arc, never in sorted(banned.items()):
            node = int(network.head[arc])
            self._end_state[arc] = len(state_node)
            self._copies.setdefault(node, []).append((len(state_node), frozenset(never)))
            state_node.append(node)
        sinks = self._sinks(served, state_node)
        weight = network.cost
        if self._duration_bits > 0:
            weight = (network.cost << self._duration_bits) + network.duration_s
        origin = [network.tail.astype(np.int64)]
        target = [self._end_state]
        weights = [weight.astype(np.int64)]
        arcs = [np.arange(network.arcs, dtype=np.int64)]
        out = _arcs_out(network) if self._copies else {}
        extra = [
            (state, int(self._end_state[arc]), int(weight[arc]), arc)
            for node, copies in sorted(self._copies.items())
            for state, never in copies
            for arc in out.get(node, ())
            if arc not in never
        ]
        extra += [(state, sink, 0, -1) for state, sink in sinks]
        if extra:
            columns = np.array(extra, np.int64).T
            for part, column in zip((origin, target, weights, arcs), columns, strict=True):
                part.append(column)
        self._state_node = np.array(state_node, np.int64)
        all_origin = np.concatenate(origin)
        order = np.argsort(all_origin, kind="stable")
        self._origin = all_origin[order]
        counts = np.bincount(all_origin, minlength=len(state_node))
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return _Graph(
            indptr,
            np.concatenate(target)[order],
            np.concatenate(weights)[order],
            np.concatenate(arcs)[order],
        )

    def _sinks(self, served: Iterable[int], state_node: list[int]) -> list[tuple[int, int]]:
        """Sink states of nodes that have copies, and of served arcs some copy may not enter."""
        links: list[tuple[int, int]] = []
        for node, copies in sorted(self._copies.items()):
            sink = len(state_node)
            state_node.append(node)
            self._node_sink[node] = sink
            links += [(state, sink) for state in (node, *(copy for copy, _ in copies))]
        for arc in sorted(set(served)):
            node = int(self.network.tail[arc])
            copies = self._copies.get(node, [])
            if not copies:
                continue
            if all(arc not in never for _, never in copies):
                self._arc_sink[arc] = self._node_sink[node]
                continue
            sink = len(state_node)
            state_node.append(node)
            self._arc_sink[arc] = sink
            links += [(state, sink) for state in (node, *(copy for copy, never in copies if arc not in never))]
        return links


def _duration_bits(network: Network) -> int:
    """How many low bits of the key the duration needs."""
    if min(int(network.cost.min()), int(network.duration_s.min())) < 0:
        raise BadProblem("an arc has a negative cost or duration: costs and durations start at 0")
    bits = (int(network.duration_s.max()) * network.nodes * 2).bit_length()
    if (int(network.cost.max()) * network.nodes * 2).bit_length() + bits > KEY_BITS:
        raise BadProblem("costs and durations of the network are too large to search together: use coarser units")
    return bits


def _arcs_out(network: Network) -> dict[int, list[int]]:
    out: dict[int, list[int]] = {}
    for arc, tail in enumerate(network.tail.tolist()):
        out.setdefault(tail, []).append(arc)
    return out


def _reversed(graph: _Graph) -> _Graph:
    states = len(graph.indptr) - 1
    origin = np.repeat(np.arange(states, dtype=np.int64), np.diff(graph.indptr))
    order = np.argsort(graph.target, kind="stable")
    counts = np.bincount(graph.target, minlength=states)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return _Graph(indptr, origin[order], graph.weight[order], graph.arc[order])
