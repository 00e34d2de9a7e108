"""The expanded network as one profile drives it: links in compressed rows, cost and duration packed into one weight."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from routing.errors import BadProblem
from routing.network import IntArray, Network
from routing.paths.expansion import Expansion, closed_links
from routing.problem import Profile

UNREACHABLE = 1 << 40
"""Cost and duration given where no path exists: above any real one, far below overflow in sums."""

KEY_BITS = 61
"""Bits of the search key: cost in the upper part, duration in the lower."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Links from `origin` to `target`; those of state s are `indptr[s]` to `indptr[s + 1]`.

    `weight` is cost << bits | duration, or cost alone (`bits` 0) where `one_measure` says that both are the same.
    `arc` is -1 where a state passes into a sink without driving. No least path weighs `bound` or more.
    """

    indptr: IntArray
    origin: IntArray
    target: IntArray
    weight: IntArray
    arc: IntArray
    bits: int
    one_measure: bool
    bound: int

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.indptr) - 1

    def alike(self, other: Graph) -> bool:
        """Whether the other has the same links at the same weights, so that all distances are the same."""
        pairs = ((self.indptr, other.indptr), (self.target, other.target), (self.weight, other.weight))
        return (self.bits, self.bound) == (other.bits, other.bound) and all(np.array_equal(a, b) for a, b in pairs)

    def split(self, keys: IntArray, far: int = 1 << KEY_BITS) -> tuple[IntArray, IntArray]:
        """Search keys -> (cost, duration), `UNREACHABLE` where there is no path: from the key `far` on."""
        lost = keys >= far
        cost = np.where(lost, UNREACHABLE, keys >> self.bits)
        if self.one_measure:
            return cost, cost
        return cost, np.where(lost, UNREACHABLE, keys & ((1 << self.bits) - 1))


def network_for(network: Network, profile: Profile) -> Network:
    """The network as a profile drives it: own durations and costs, all forbidden turns. Arcs keep their numbers.

    Closed arcs are still in it; nothing may drive them.
    """
    return replace(
        network,
        duration_s=network.duration_s if profile.duration_s is None else profile.duration_s,
        cost=network.cost if profile.cost is None else profile.cost,
        forbidden_turns=network.forbidden_turns | profile.forbidden_turns,
    )


def graph_for(expansion: Expansion, network: Network, profile: Profile) -> Graph:
    """The links a profile may take; `network` is the network as it drives it. Raises BadProblem."""
    links, costs = expansion.links, network.turn_costs
    kept: IntArray | slice = slice(None)
    barred = closed_links(expansion, network.arcs, profile)
    if len(barred):
        kept = np.delete(np.arange(len(links.arc)), barred)
    origin, target, arc, turn = links.origin[kept], links.target[kept], links.arc[kept], links.turn[kept]
    cost = np.append(network.cost, 0)[arc] + np.append(costs.cost, 0)[turn]
    duration = np.append(network.duration_s, 0)[arc] + np.append(costs.duration_s, 0)[turn]
    one_measure = np.array_equal(cost, duration)
    cost_bits, bits = (_bits(measure, target, expansion.states) for measure in (cost, duration))
    bits = 0 if one_measure else bits
    if cost_bits + bits > KEY_BITS:
        raise BadProblem("costs and durations of the network are too large to search together: use coarser units")
    weight = (cost << bits) + (0 if one_measure else duration)
    indptr = _indptr(origin, expansion.states)
    return Graph(indptr, origin, target, weight.astype(np.int64), arc, bits, one_measure, 1 << (cost_bits + bits))


def reversed_graph(graph: Graph) -> Graph:
    """The same links, each from its target to its origin."""
    order = np.argsort(graph.target, kind="stable")
    indptr = _indptr(graph.target, graph.states)
    weight, arc = graph.weight[order], graph.arc[order]
    return Graph(
        indptr, graph.target[order], graph.origin[order], weight, arc, graph.bits, graph.one_measure, graph.bound
    )


def refuse_negative(network: Network) -> None:
    """Raises BadProblem where a figure of the network cannot be searched with."""
    turns = network.turn_costs
    for figures in (network.cost, network.duration_s, turns.cost, turns.duration_s):
        if len(figures) and int(figures.min()) < 0:
            raise BadProblem("an arc or a turn has a negative cost or duration: costs and durations start at 0")
        if len(figures) and int(figures.max()) >= UNREACHABLE:
            raise BadProblem(f"an arc or a turn has a cost or duration above {UNREACHABLE - 1}: use coarser units")


def _bits(measure: IntArray, target: IntArray, states: int) -> int:
    """Bits that hold the figure of any least path: it enters no state twice, so it is below the sum of the largest."""
    largest = np.zeros(states, np.int64)
    np.maximum.at(largest, target, measure)
    return int(largest.sum()).bit_length() + 1


def _indptr(origin: IntArray, states: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(origin, minlength=states))]).astype(np.int64)
