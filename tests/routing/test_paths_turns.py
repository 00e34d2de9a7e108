"""Shortest paths: against an oracle, forbidden turns at legs and at joins, one-way streets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.errors import BadProblem, NoPath
from routing.network import Network
from routing.paths import UNREACHABLE, PathFinder
from routing.problem import Mode
from tests.routing.routing_cases import Oracle, both_ways, network, town


def test_a_forbidden_turn_costs_the_way_round() -> None:
    """A square 0-1-2-3: from 0 over 1 to 2 costs 2; where the turn at 1 is forbidden, the other way costs 20."""
    arcs = both_ways((0, 1, 1), (1, 2, 1), (2, 3, 10), (3, 0, 10))
    free = PathFinder(network(4, arcs))
    bound = PathFinder(network(4, arcs, {(0, 2)}))
    assert free.path(0, 2) == (0, 2)
    sink = bound.reach(2)
    assert int(bound.from_port(0)[0][sink]) == 20
    assert bound.path(0, sink) == (7, 5)


def test_the_turn_rule_holds_where_a_served_arc_ends_and_where_one_begins() -> None:
    arcs = both_ways((0, 1, 1), (1, 2, 1), (2, 3, 10), (3, 0, 10))
    net = network(4, arcs, {(0, 2)})
    finder = PathFinder(net, served=[0, 2])
    first, second = Mode(0, 1, 0), Mode(1, 2, 2)
    after_first, before_second = finder.out_port(first), finder.in_port(second)
    assert int(finder.from_port(after_first)[0][before_second]) > 0, "serve then serve is such a turn"
    assert int(finder.from_port(finder.leave(0))[0][before_second]) == 21, "drive to 1 by node 3, 2; then serve"
    assert int(finder.from_port(finder.leave(1))[0][before_second]) == 0, "standing at 1, any way out is free"


def test_no_way_is_said_so() -> None:
    finder = PathFinder(network(3, [(0, 1, 4), (1, 0, 4), (2, 0, 1)]))
    assert int(finder.from_port(0)[0][2]) == UNREACHABLE
    with pytest.raises(NoPath, match="node 0 to node 2"):
        finder.path(0, 2)


def test_where_costs_tie_the_quicker_path_wins() -> None:
    """Two ways from 0 to 3 of cost 2; over 2 takes 5 seconds, over 1 takes 9."""
    tail, head = np.array([0, 1, 0, 2]), np.array([1, 3, 2, 3])
    seconds, cost = np.array([8, 1, 3, 2]), np.array([1, 1, 1, 1])
    finder = PathFinder(Network(4, tail, head, cost, seconds, cost, np.full(4, -1)))
    assert finder.path(0, 3) == (2, 3)
    price, duration = finder.from_port(0)
    assert (int(price[3]), int(duration[3])) == (2, 5)


def test_figures_too_large_to_search_are_refused() -> None:
    cost = np.array([1 << 50])
    with pytest.raises(BadProblem, match="coarser units"):
        PathFinder(Network(2, np.array([0]), np.array([1]), cost, np.array([1 << 40]), cost, np.array([-1])))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), turns=st.sampled_from([0.0, 0.2, 0.5]))
def test_costs_and_paths_agree_with_a_search_over_arcs(seed: int, turns: float) -> None:
    net = town(seed, 4, 3, turns)
    oracle = Oracle(net)
    served = list(range(0, net.arcs, 3))
    finder = PathFinder(net, served)
    modes = [Mode(int(net.tail[a]), int(net.head[a]), a) for a in served]
    sources = [((int(n), -1), finder.leave(n)) for n in range(net.nodes)]
    sources += [((m.head, m.arc), finder.out_port(m)) for m in modes]
    sinks = [(finder.reach(n), n, -1) for n in range(net.nodes)] + [(finder.in_port(m), m.tail, m.arc) for m in modes]
    table = finder.table([port for _, port in sources], [port for port, _, _ in sinks])
    for i, (place, port) in enumerate(sources):
        for j, (sink, node, arc) in enumerate(sinks):
            wanted = oracle.to_node(place, node) if arc < 0 else oracle.to_arc(place, arc)
            assert int(table.cost[i, j]) == (UNREACHABLE if wanted is None else wanted)
            if wanted is not None:
                chain = [place[1], *finder.path(port, sink), arc]
                assert sum(int(net.cost[a]) for a in chain[1:-1]) == wanted
                assert all(pair not in net.forbidden_turns for pair in itertools.pairwise(chain))
    assert np.array_equal(table.cost[0], finder.from_port(sources[0][1])[0][[s for s, *_ in sinks]])
    column = finder.to_port(sinks[-1][0])[0]
    assert [int(column[port]) for _, port in sources] == table.cost[:, -1].tolist()
