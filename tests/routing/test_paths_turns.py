"""Shortest paths: against an oracle, forbidden turns at legs and at joins, one-way streets."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.errors import BadProblem, NoPath
from routing.network import Network, TurnCosts
from routing.paths.search import UNREACHABLE, PathFinder
from routing.problem import Mode, Profile
from tests.routing.routing_cases import Oracle, both_ways, network, place_after, town, way_to, with_turn_costs


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


def profile_of(net: Network, seed: int) -> Profile:
    """Slower, with some streets closed and some more turns forbidden."""
    rng = random.Random(seed)
    slow = np.array([int(c) + rng.randint(0, 9) for c in net.cost], np.int64)
    pairs = [(a, b) for a in range(net.arcs) for b in range(net.arcs) if net.head[a] == net.tail[b]]
    closed = frozenset(rng.sample(range(net.arcs), 3))
    return Profile("slow", slow, slow, closed, frozenset(rng.sample(pairs, 8)))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    turns=st.sampled_from([0.0, 0.2, 0.5]),
    priced=st.sampled_from([0.0, 0.1, 0.9]),
    profiled=st.booleans(),
)
def test_costs_and_paths_agree_with_a_search_over_arcs(seed: int, turns: float, priced: float, profiled: bool) -> None:
    net = with_turn_costs(town(seed, 4, 3, turns), seed, priced)
    profile = profile_of(net, seed) if profiled else None
    oracle = Oracle(net, profile)
    modes = [Mode(int(net.tail[a]), int(net.head[a]), a) for a in range(0, net.arcs, 3)]
    modes += [Mode(int(net.head[a]), int(net.head[a]), via=a) for a in range(1, net.arcs, 4)]
    served, vias = [m.arc for m in modes if m.arc >= 0], [m.via for m in modes if m.arc < 0]
    base = PathFinder(net, served, vias, () if profile is None else (profile,))
    finder = base.of("slow") if profiled else base
    sources = [((node, -1), finder.leave(node)) for node in range(net.nodes)]
    sources += [(place_after(m), finder.out_port(m)) for m in modes]
    points = [Mode(node, node) for node in range(net.nodes)]
    sinks = [(mode, finder.in_port(mode)) for mode in points + modes]
    table = finder.table([port for _, port in sources], [port for _, port in sinks])
    for i, (place, port) in enumerate(sources):
        for j, (mode, sink) in enumerate(sinks):
            wanted = way_to(oracle, place, mode)
            assert int(table.cost[i, j]) == (UNREACHABLE if wanted is None else wanted)
            if wanted is not None:
                chain = [place[1], *finder.path(port, sink), mode.arc]
                assert sum(int(oracle.cost[a]) for a in chain[1:-1]) + turns_of(oracle, chain) == wanted
                assert all(pair not in oracle.forbidden for pair in itertools.pairwise(chain))
                assert oracle.closed.isdisjoint(chain[1:])
                if mode.via >= 0:
                    assert chain[-2] == mode.via
    assert np.array_equal(table.cost[0], finder.from_port(sources[0][1])[0][[sink for _, sink in sinks]])
    column = finder.to_port(sinks[-1][1])[0]
    assert [int(column[port]) for _, port in sources] == table.cost[:, -1].tolist()


def turns_of(oracle: Oracle, chain: list[int]) -> int:
    return sum(oracle.turn.get(pair, 0) for pair in itertools.pairwise(chain))


def test_a_turn_cost_sends_the_path_round_where_that_is_cheaper() -> None:
    """0-1-2 costs 2 and the turn at 1 costs 17 more; by 3 it is 20. With the turn at 19, by 3 is cheaper."""
    arcs = both_ways((0, 1, 1), (1, 2, 1), (2, 3, 10), (3, 0, 10))
    for turn, cost, path in ((17, 19, (0, 2)), (19, 20, (7, 5))):
        priced = TurnCosts(np.array([0]), np.array([2]), np.array([turn]), np.array([turn]))
        finder = PathFinder(replace(network(4, arcs), turn_costs=priced))
        sink = finder.reach(2)
        assert int(finder.from_port(0)[0][sink]) == cost
        assert finder.path(0, sink) == path


def test_point_work_reached_by_an_arc_is_on_that_side_of_the_street() -> None:
    """A street 0-1 in a ring 0-1-2: work at 1 by arc 0 -> 1; after it, the turn back may be forbidden as ever."""
    arcs = both_ways((0, 1, 5), (1, 2, 5), (2, 0, 5))
    net = network(3, arcs, {(0, 1)})
    by_first, by_back = Mode(1, 1, via=0), Mode(1, 1, via=3)
    finder = PathFinder(net, (), (0, 3))
    assert finder.path(finder.leave(1), finder.in_port(by_first)) == (1, 0), "standing there is not having come by it"
    assert finder.path(finder.out_port(by_first), finder.in_port(by_first)) == ()
    assert finder.path(finder.leave(0), finder.in_port(by_back)) == (5, 3)
    assert finder.path(finder.out_port(by_first), finder.reach(0)) == (2, 4), "the turn 0 -> 1 is forbidden"
    assert finder.path(finder.out_port(by_back), finder.reach(0)) == (1,)


def test_single_arcs_between_places_are_read_and_not_searched() -> None:
    """Ways out 3, 4, 5 to ways in 0, 1, 2; of two arcs from 3 to 1 the cheaper counts, of equal ones the quicker."""
    tail, head = np.array([3, 3, 3, 4, 5]), np.array([1, 1, 1, 2, 0])
    cost, seconds = np.array([7, 4, 4, 9, 2]), np.array([1, 8, 6, 3, 1 << 39])
    net = Network(6, tail, head, cost, seconds, cost, np.full(5, -1))
    finder = PathFinder(replace(net, cost=cost), profiles=(Profile("wide", closed=frozenset({2, 3})),))
    table = finder.table([3, 4, 5, 1], [0, 1, 2])
    far = UNREACHABLE
    assert table.cost.tolist() == [[far, 4, far], [far, far, 9], [2, far, far], [far, 0, far]]
    assert int(table.duration[0, 1]) == 6
    assert finder.path(3, 1) == (2,)
    assert finder.from_port(3)[0].tolist() == [far, 4, far, 0, far, far]
    assert finder.to_port(1)[0].tolist() == [far, 0, far, 4, far, far]
    assert finder.of("wide").path(3, 1) == (1,)
    with pytest.raises(NoPath, match="node 4 to node 2"):
        finder.of("wide").path(4, 2)


def test_an_unknown_profile_is_said_so() -> None:
    with pytest.raises(BadProblem, match="profile tank is not in the problem"):
        PathFinder(network(2, [(0, 1, 1)])).of("tank")
