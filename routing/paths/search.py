"""Shortest paths between the places of a problem, with forbidden and priced turns kept exactly.

The street network is expanded so that turns are links between states (`expansion`). A *port* is such a state:

- a source port is where a vehicle stands: at a plain node after a stop, or where the arc it came by ends;
- a sink port is where it wants to be: at a node by any way in, at the end of an arc it must come by, or where a served
  arc may begin.

So a rule binds two arcs driven one after the other, whether they are served or only passed, and the figures of a path
hold all its turns: those out of the arc before it and into the arc served after it as well. A stop at a point or a
facility ends the rule's reach unless its mode says by which arc it is reached (`Mode.via`).

Paths are least in cost and, among those, least in duration.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from routing.errors import BadProblem, NoPath
from routing.network import IntArray, Network
from routing.paths.direct import Direct, is_direct
from routing.paths.expansion import expand
from routing.paths.graph import UNREACHABLE, Graph, graph_for, network_for, refuse_negative, reversed_graph
from routing.problem import Mode, Profile

if TYPE_CHECKING:
    from routing.paths.tables import PathTable, Tables

__all__ = ["UNREACHABLE", "PathFinder"]

ROWS_KEPT = 512
"""Single-source results kept a finder and direction, at most (cost and duration of every state, int64)."""

ENTRIES_KEPT = 8_000_000
"""States in all the results kept, at most: on large networks fewer results are."""

LEGS_KEPT = 50_000
"""Reconstructed legs kept a finder."""


class PathFinder:
    """Paths on one network for one set of served arcs. Deterministic: the same input gives the same path.

    Ports are the same for all profiles; `of` gives the finder of another one.
    """

    def __init__(
        self,
        network: Network,
        served: Iterable[int] = (),
        vias: Iterable[int] = (),
        profiles: Sequence[Profile] = (),
    ) -> None:
        """`served` are arcs that tasks drive: only these may be asked for as sink ports. `vias`: see `Mode.via`."""
        vias = frozenset(vias)
        ruled = vias or network.forbidden_turns or len(network.turn_costs) or any(p.forbidden_turns for p in profiles)
        self._expansion = None if not ruled and is_direct(network) else expand(network, served, vias, profiles)
        self._street = network
        self._profiles = {profile.name: profile for profile in profiles}
        self._finders: dict[str, PathFinder] = {"": self}
        self._open(Profile(""))

    def of(self, profile: str) -> PathFinder:
        """The finder for vehicles of this profile ("": the network as it is). Raises BadProblem."""
        found = self._finders.get(profile)
        if found is None:
            if profile not in self._profiles:
                raise BadProblem(f"profile {profile} is not in the problem: add it or name another")
            found = copy(self)
            found._open(self._profiles[profile])
            self._finders[profile] = found
        return found

    def _open(self, profile: Profile) -> None:
        """Take on a profile: its network and weights, and empty caches."""
        self.network = network_for(self._street, profile)
        """The network as this profile drives it."""
        refuse_negative(self.network)
        self._direct: Direct | None = None
        self._forward: Graph | None = None
        self._reverse: Graph | None = None
        self._tables: Tables | None = None
        if self._expansion is None:
            self._direct = Direct(self.network, profile.closed)
            self.states = self.network.nodes
            """Number of states, and so of ports."""
        else:
            self._forward = graph_for(self._expansion, self.network, profile)
            self.states = self._expansion.states
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
        return node if self._expansion is None else int(self._expansion.node_sink[node])

    def out_port(self, mode: Mode) -> int:
        """Source port after serving in this mode."""
        by = mode.arc if mode.arc >= 0 else mode.via
        return mode.head if by < 0 or self._expansion is None else int(self._expansion.end[by])

    def in_port(self, mode: Mode) -> int:
        """Sink port before serving in this mode."""
        if self._expansion is None:
            return mode.tail
        if mode.arc >= 0:
            return int(self._expansion.arc_sink[mode.arc])
        return self.reach(mode.tail) if mode.via < 0 else int(self._expansion.end[mode.via])

    # ---- distances

    def table(
        self, sources: Sequence[int] | IntArray, sinks: Sequence[int] | IntArray, narrow: bool = False
    ) -> PathTable:
        """Many to many. `narrow`: in the narrowest kind of figures that holds them (see `routing.paths.tables`)."""
        from routing.paths.tables import PathTable, Tables, narrowed

        rows, columns = np.asarray(sources, np.int64), np.asarray(sinks, np.int64)
        if self._forward is None:
            found = PathTable(*self._read(rows, columns))
            return narrowed(found) if narrow else found
        if self._tables is None:
            self._tables = Tables(self._forward)
        return self._tables.table(rows, columns, narrow)

    def from_port(self, source: int) -> tuple[IntArray, IntArray]:
        """Cost and duration from one source port to every state, shape (states,)."""
        return self._single(source, False, self._rows)

    def to_port(self, sink: int) -> tuple[IntArray, IntArray]:
        """Cost and duration from every state to one sink port, shape (states,)."""
        return self._single(sink, True, self._columns)

    def path(self, source: int, sink: int) -> tuple[int, ...]:
        """Arcs of the best path. Raises NoPath."""
        known = self._legs.get((source, sink))
        if known is None:
            known = self._searched(source, sink)
            if known is None:
                at, to = self._node_of(source), self._node_of(sink)
                raise NoPath(f"no way from node {at} to node {to}: check the network")
            if len(self._legs) < LEGS_KEPT:
                self._legs[source, sink] = known
        return known

    # ---- inside

    def _searched(self, source: int, sink: int) -> tuple[int, ...] | None:
        """Arcs of the best path, None where there is none."""
        if source == sink:
            return ()
        graph = self._forward
        if graph is None:
            assert self._direct is not None
            arc = int(self._direct.arcs(np.array([source]), np.array([sink]))[0, 0])
            return (arc,) if arc >= 0 else None
        from routing.paths.kernels import shortest

        key, via, heap, where = self._scratch
        shortest(graph.indptr, graph.target, graph.weight, source, sink, key, via, heap, where)
        if via[sink] < 0:
            return None
        arcs: list[int] = []
        state = sink
        while state != source:
            link = int(via[state])
            if graph.arc[link] >= 0:
                arcs.append(int(graph.arc[link]))
            state = int(graph.origin[link])
        return tuple(reversed(arcs))

    def _single(
        self, port: int, backward: bool, kept: OrderedDict[int, tuple[IntArray, IntArray]]
    ) -> tuple[IntArray, IntArray]:
        found = kept.get(port)
        if found is None:
            found = self._run(port, backward)
            kept[port] = found
            if len(kept) > min(ROWS_KEPT, max(8, ENTRIES_KEPT // self.states)):
                kept.popitem(last=False)
        return found

    def _run(self, port: int, backward: bool) -> tuple[IntArray, IntArray]:
        if self._forward is None:
            one, every = np.array([port]), np.arange(self.states)
            cost, seconds = self._read(every, one) if backward else self._read(one, every)
            return cost.ravel(), seconds.ravel()
        from routing.paths.kernels import shortest

        if backward and self._reverse is None:
            self._reverse = reversed_graph(self._forward)
        graph = self._reverse if backward and self._reverse is not None else self._forward
        key, via, heap, where = self._scratch
        shortest(graph.indptr, graph.target, graph.weight, port, -1, key, via, heap, where)
        return graph.split(key)

    def _read(self, sources: IntArray, sinks: IntArray) -> tuple[IntArray, IntArray]:
        """(cost, duration) of single arcs; nothing where source and sink are the same node."""
        assert self._direct is not None
        arcs = self._direct.arcs(sources, sinks)
        same, lost = sources[:, None] == sinks[None, :], arcs < 0
        cost, seconds = (
            np.where(same, 0, np.where(lost, UNREACHABLE, measure[arcs]))
            for measure in (self.network.cost, self.network.duration_s)
        )
        return cost, seconds

    def _node_of(self, state: int) -> int:
        return state if self._expansion is None else int(self._expansion.node_of[state])
