"""Large tables: the swept hierarchy against single searches, narrow kinds against wide ones, plans made on both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import routing.paths.hierarchy
import routing.paths.tables
from routing.checker import check
from routing.engines.assemble import finder_for
from routing.engines.base import Budget
from routing.engines.greedy import GreedyEngine
from routing.engines.matrix import matrix_for
from routing.engines.workbench import lay_out, shared_workbench
from routing.network import Network
from routing.paths.graph import Graph
from routing.paths.search import UNREACHABLE, PathFinder
from routing.paths.tables import shared_contractions
from routing.problem import Problem
from tests.routing.routing_cases import network, street_problem, town, with_turn_costs


def islands(net: Network) -> Network:
    """The same streets and, out of reach, a second town of two nodes."""
    far = [(net.nodes, net.nodes + 1, 3), (net.nodes + 1, net.nodes, 3)]
    rows = list(zip(net.tail.tolist(), net.head.tolist(), net.cost.tolist(), strict=True))
    return network(net.nodes + 2, rows + far, set(net.forbidden_turns))


def two_measures(net: Network) -> Network:
    return replace(net, duration_s=net.duration_s * 3 + np.arange(net.arcs) % 5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["plain", "turns", "islands", "two measures", "large figures"])
def test_a_swept_table_is_the_searched_one(seed: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net = town(seed, 9, 8, 0.15)
    net = {
        "plain": net,
        "turns": with_turn_costs(net, seed),
        "islands": islands(net),
        "two measures": two_measures(net),
        "large figures": replace(net, cost=net.cost * 10_000_000, duration_s=net.duration_s * 10_000_000),
    }[kind]
    served = list(range(0, net.arcs, 2))
    finder = PathFinder(net, served)
    sources = np.arange(finder.states)
    sinks = np.arange(0, finder.states, 2)
    monkeypatch.setattr(routing.paths.tables, "SEARCHED", 1 << 30)
    searched = finder.table(sources, sinks)
    monkeypatch.setattr(routing.paths.tables, "SEARCHED", 0)
    monkeypatch.setattr(routing.paths.tables, "SPARSE", 1 << 30)
    monkeypatch.setattr(routing.paths.tables, "BLOCK_ENTRIES", 40 * len(sinks))
    swept = finder.table(sources, sinks)
    assert np.array_equal(swept.cost, searched.cost)
    assert np.array_equal(swept.duration, searched.duration)
    assert kind != "islands" or searched.cost.max() == UNREACHABLE


@pytest.mark.parametrize(
    ("factor", "kind"), [(1, np.uint16), (1_000, np.int32), (40_000_000, np.int64), (1, "two measures")]
)
def test_a_narrow_table_holds_the_same_figures(factor: int, kind: object, monkeypatch: pytest.MonkeyPatch) -> None:
    net = islands(town(1, 9, 8, 0.1))
    net = replace(net, cost=net.cost * factor, duration_s=net.duration_s * factor)
    net = two_measures(net) if kind == "two measures" else net
    monkeypatch.setattr(routing.paths.tables, "SEARCHED", 0)
    monkeypatch.setattr(routing.paths.tables, "SPARSE", 1 << 30)
    finder = PathFinder(net)
    ports = np.arange(finder.states)
    wide, narrow = finder.table(ports, ports), finder.table(ports, ports, narrow=True)
    assert narrow.cost.dtype == (np.uint16 if kind == "two measures" else kind)
    for whole, small in ((wide.cost, narrow.cost), (wide.duration, narrow.duration)):
        assert not small[:, -1].any(), "the spare column"
        found = small[:, :-1].astype(np.int64)
        assert np.array_equal(np.where(found >= narrow.far, UNREACHABLE, found), whole)


def test_a_narrow_table_of_single_arcs_is_narrowed_too() -> None:
    cost = np.array([70_000, 5])
    finder = PathFinder(Network(4, np.array([2, 3]), np.array([0, 1]), cost, cost, cost, np.full(2, -1)))
    table = finder.table([2, 3], [0, 1], narrow=True)
    assert table.cost.dtype == np.int32
    assert table.cost.tolist() == [[70_000, table.far, 0], [table.far, 5, 0]]


@pytest.mark.parametrize("seed", range(3))
def test_first_plans_are_the_same_on_narrow_tables(seed: int) -> None:
    problem: Problem = street_problem(seed, tasks=14)
    plans = []
    for narrow_from in (0, 1 << 40):
        finder = finder_for(problem)
        matrix = matrix_for(problem, finder, narrow_from)
        assert (matrix.far == UNREACHABLE) == (narrow_from > 0)
        with shared_workbench():
            lay_out(problem, finder, matrix)
            plans.append(next(iter(GreedyEngine().solve(problem, None, Budget(), 0))))
    assert plans[0] == plans[1]
    assert check(problem, plans[0]).feasible


def test_districts_of_one_network_share_its_contraction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other streets served, the same graph: contracted once while that is asked for; other costs, another graph."""
    net, made = town(2, 7, 6), []

    class Counted(routing.paths.hierarchy.Hierarchy):
        def __init__(self, graph: Graph) -> None:
            made.append(graph)
            super().__init__(graph)

    def figures(net: Network, served: list[int]) -> np.ndarray:  # type: ignore[type-arg]
        ports = np.arange(net.nodes)
        return PathFinder(net, served).table(ports, ports).cost

    parts = [(net, list(range(0, net.arcs, 2))), (net, list(range(1, net.arcs, 2)))]
    parts.append((replace(net, cost=net.cost + 1), [0]))
    searched = [figures(*part) for part in parts]
    monkeypatch.setattr(routing.paths.hierarchy, "Hierarchy", Counted)
    monkeypatch.setattr(routing.paths.tables, "SEARCHED", 0)
    monkeypatch.setattr(routing.paths.tables, "SPARSE", 1 << 30)
    with shared_contractions():
        shared = [figures(*part) for part in [*parts, parts[0]]]
    assert len(made) == 2
    assert all(np.array_equal(a, b) for a, b in zip(shared, [*searched, searched[0]], strict=True))
    figures(*parts[0])
    assert len(made) == 3, "nothing is kept afterwards"
