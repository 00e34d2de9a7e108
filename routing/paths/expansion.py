"""The street network expanded so that turns are links: which states there are, and how they hang together.

A state is a plain node, the end of an arc that must be told apart, or a sink. An arc has an end of its own where some
turn out of it is forbidden or priced, in any profile, or where point work must have been reached by it; every other
arc ends in the plain node. Sinks collect the states from which a node, or the begin of a served arc, is reached: a
served arc needs one of its own where a turn into it is forbidden or priced, or where some profile may not drive it.

States are the same for all profiles, so that one table's rows and columns serve every kind of vehicle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from routing.network import IntArray, Network
from routing.problem import Profile


@dataclass(frozen=True, slots=True)
class Links:
    """Links between states, all of shape (links,), in the order of their origin.

    `arc` is driven (-1: none, the way into a sink); `gate` must be open to the profile (-1: nothing need be); the turn
    leads from arc `first` (-1: no turn) into `gate`, and `turn` is its number in the network's turn costs (-1: free).
    """

    origin: IntArray
    target: IntArray
    arc: IntArray
    gate: IntArray
    first: IntArray
    turn: IntArray


@dataclass(frozen=True, slots=True)
class Expansion:
    """States and links. `end[a]` is the state at the end of arc a, `node_sink[n]` the one for standing at node n.

    `arc_sink[a]` is the sink before a served arc, -1 where a is not served; `node_of` (states,) is where a state is.
    """

    states: int
    end: IntArray
    node_sink: IntArray
    arc_sink: IntArray
    node_of: IntArray
    links: Links


def expand(network: Network, served: Iterable[int], vias: Iterable[int], profiles: Sequence[Profile]) -> Expansion:
    """Build the expansion for served arcs and for arcs that point work is reached by."""
    ruled = _rules(network, profiles)
    own = np.zeros(network.arcs, np.bool_)
    own[ruled // max(network.arcs, 1)] = True
    own[np.array(sorted(set(vias)), np.int64)] = True
    ending = np.nonzero(own)[0]
    end = network.head.astype(np.int64).copy()
    end[ending] = network.nodes + np.arange(len(ending))
    node_of = [np.arange(network.nodes, dtype=np.int64), network.head[ending].astype(np.int64)]
    states = network.nodes + len(ending)

    first, second, turn = _turns(network, ending)
    arcs = np.arange(network.arcs, dtype=np.int64)
    none = np.full(network.arcs, -1, np.int64)
    parts = [
        np.array([network.tail, end, arcs, arcs, none, none], np.int64),
        np.array([end[first], end[second], second, second, first, turn], np.int64),
    ]

    crossed = np.unique(network.head[ending])
    node_sink = np.arange(network.nodes, dtype=np.int64)
    node_sink[crossed] = states + np.arange(len(crossed))
    states += len(crossed)
    node_of.append(crossed)
    parts += [_into(crossed, node_sink[crossed]), _into(end[ending], node_sink[network.head[ending]])]

    apart = np.zeros(network.arcs, np.bool_)
    apart[ruled % max(network.arcs, 1)] = True
    apart[np.array(sorted({arc for profile in profiles for arc in profile.closed}), np.int64)] = True
    wanted = np.array(sorted(set(served)), np.int64)
    arc_sink = np.full(network.arcs, -1, np.int64)
    arc_sink[wanted] = node_sink[network.tail[wanted]]
    alone = wanted[apart[wanted]]
    arc_sink[alone] = states + np.arange(len(alone))
    states += len(alone)
    node_of.append(network.tail[alone].astype(np.int64))
    free = np.full(len(alone), -1, np.int64)
    parts.append(np.array([network.tail[alone], arc_sink[alone], free, alone, free, free], np.int64))
    is_alone = np.zeros(network.arcs, np.bool_)
    is_alone[alone] = True
    enters = is_alone[second]
    a, b, t = first[enters], second[enters], turn[enters]
    parts.append(np.array([end[a], arc_sink[b], np.full(len(a), -1, np.int64), b, a, t], np.int64))

    every = np.concatenate(parts, axis=1)
    every = every[:, np.argsort(every[0], kind="stable")]
    return Expansion(states, end, node_sink, arc_sink, np.concatenate(node_of), Links(*np.ascontiguousarray(every)))


def closed_links(expansion: Expansion, arcs: int, profile: Profile) -> IntArray:
    """Numbers of the links a profile may not take, beyond what the network itself forbids."""
    links = expansion.links
    shut = np.zeros(arcs + 1, np.bool_)
    shut[np.array(sorted(profile.closed), np.int64)] = True
    barred = shut[links.gate]
    if profile.forbidden_turns:
        barred |= (links.first >= 0) & np.isin(links.first * arcs + links.gate, _keys(profile.forbidden_turns, arcs))
    return np.nonzero(barred)[0]


def _rules(network: Network, profiles: Sequence[Profile]) -> IntArray:
    """Turns that are forbidden or priced in some profile, as first * arcs + second."""
    pairs = network.forbidden_turns.union(*(profile.forbidden_turns for profile in profiles))
    priced = network.turn_costs.first.astype(np.int64) * network.arcs + network.turn_costs.second
    return np.concatenate([_keys(pairs, network.arcs), priced])


def _keys(pairs: Iterable[tuple[int, int]], arcs: int) -> IntArray:
    """Turns as one number each, ascending."""
    return np.array(sorted(a * arcs + b for a, b in pairs), np.int64)


def turns_after(network: Network, firsts: IntArray) -> tuple[IntArray, IntArray]:
    """All turns out of the given arcs, forbidden ones too: (first, second), ordered by first."""
    by_tail = np.argsort(network.tail, kind="stable").astype(np.int64)
    begins = np.concatenate([[0], np.cumsum(np.bincount(network.tail, minlength=network.nodes))]).astype(np.int64)
    node = network.head[firsts]
    count = begins[node + 1] - begins[node]
    first = np.repeat(firsts, count)
    within = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
    return first, by_tail[np.repeat(begins[node], count) + within]


def _turns(network: Network, ending: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Turns the network does not forbid, out of arcs with ends of their own: (first, second, number of its cost)."""
    first, second = turns_after(network, ending)
    key = first * network.arcs + second
    allowed = ~np.isin(key, _keys(network.forbidden_turns, network.arcs))
    first, second, key = first[allowed], second[allowed], key[allowed]
    costs = network.turn_costs
    turn = np.full(len(first), -1, np.int64)
    if len(costs):
        priced = costs.first.astype(np.int64) * network.arcs + costs.second
        order = np.argsort(priced, kind="stable")
        at = np.maximum(np.searchsorted(priced[order], key, side="right") - 1, 0)
        found = priced[order][at] == key
        turn[found] = order[at[found]]
    return first, second, turn


def _into(origin: IntArray, sink: IntArray) -> IntArray:
    """Links that only say: who is at `origin` is at `sink`."""
    free = np.full(len(origin), -1, np.int64)
    return np.array([origin, sink, free, free, free, free], np.int64)
