"""An instance as a value: its problem, and how its file format names things."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from routing.network import IntArray, Network, TurnCosts
from routing.problem import Problem

NODE_KINDS = ("cvrp", "vrptw", "hfvrp", "mtvrptwr", "pcvrptw", "solomon")
"""Formats whose solutions are written as VRPLIB writes them."""

KINDS = ("carplib", "mcgrp", "mcgrp_tp", "carp_if_tp", "pcarp", *NODE_KINDS, "problem")
"""Formats read."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One benchmark file, read.

    `labels[t][m]` is how a solution file names task t served in mode m: `(u,v)` for a link driven from u to v, `n5` for
    a node, plain `5` in node problems. Costs inside are whole numbers, `decimals` of whose digits are behind the point
    in the file's own unit; `scaled_costs` says that published solutions also state them without the point. `fleet[v]`
    are the route numbers of vehicle v's copies, empty where a route's number says nothing. `best_known` (in the unit
    inside) comes from the file's header or from what lies beside it; `proven` says that it is a lower bound as well.
    """

    name: str
    kind: str
    problem: Problem
    labels: tuple[tuple[str, ...], ...]
    facility_labels: tuple[str, ...] = ()
    decimals: int = 0
    scaled_costs: bool = False
    fleet: tuple[range, ...] = ()
    best_known: int | None = None
    proven: bool = False
    where: str = field(default="", compare=False)

    @property
    def by_nodes(self) -> bool:
        """Whether solution files follow VRPLIB (node problems) rather than the form for links."""
        return self.kind in NODE_KINDS

    def cost_text(self, cost: int) -> str:
        """A cost in the file's own unit."""
        return str(Decimal(cost).scaleb(-self.decimals))

    def cost_number(self, cost: int) -> int | float:
        """The same as a number for documents: whole where the file's unit is."""
        return cost if self.decimals == 0 else float(self.cost_text(cost))

    def gap_percent(self, cost: int) -> float | None:
        """How far a cost lies above the best known one, or None where nothing is known."""
        if not self.best_known:
            return None
        return round(100 * (cost - self.best_known) / self.best_known, 3) + 0.0

    def stated_cost(self, word: str, found: int | None = None) -> int:
        """A cost written in a file, in the unit inside.

        `found` is what the routes really cost: it is returned where the stated figure is that cost to within its last
        digit (real distances are rounded here, so that a published cost may differ there).
        """
        whole, _, behind = word.partition(".")
        if not behind and self.scaled_costs:
            return int(whole)
        exact = Decimal(word).scaleb(self.decimals)
        near = Decimal(1).scaleb(self.decimals - len(behind))
        if found is not None and abs(exact - found) < near:
            return found
        return int(exact.to_integral_value(ROUND_HALF_UP))


def network_of(
    nodes: int,
    tail: list[int],
    head: list[int],
    cost: list[int],
    reverse: list[int],
    turns: TurnCosts | None = None,
    forbidden: frozenset[tuple[int, int]] = frozenset(),
    timed: bool = False,
) -> Network:
    """A network whose one measure is cost: lengths repeat it.

    Durations repeat it where `timed`; else they are zero, so that no shift ever binds.
    """
    costs: IntArray = np.array(cost, np.int64)
    return Network(
        nodes,
        np.array(tail, np.int64),
        np.array(head, np.int64),
        costs.copy(),
        costs.copy() if timed else np.zeros(len(cost), np.int64),
        costs,
        np.array(reverse, np.int64),
        forbidden,
        turns or TurnCosts(),
    )


class LinkList:
    """Arcs and edges of a file, numbered from node 1, becoming a network."""

    def __init__(self) -> None:
        self.tail: list[int] = []
        self.head: list[int] = []
        self.cost: list[int] = []
        self.reverse: list[int] = []

    def arc(self, u: int, v: int, cost: int) -> int:
        """Add one direction; returns its arc."""
        self.tail.append(u - 1)
        self.head.append(v - 1)
        self.cost.append(cost)
        self.reverse.append(-1)
        return len(self.tail) - 1

    def edge(self, u: int, v: int, cost: int) -> tuple[int, int]:
        """Add both directions; returns their arcs."""
        there, back = self.arc(u, v, cost), self.arc(v, u, cost)
        self.reverse[there], self.reverse[back] = back, there
        return there, back

    def network(
        self,
        nodes: int,
        turns: TurnCosts | None = None,
        forbidden: frozenset[tuple[int, int]] = frozenset(),
        timed: bool = False,
    ) -> Network:
        """The network over `nodes` nodes."""
        return network_of(nodes, self.tail, self.head, self.cost, self.reverse, turns, forbidden, timed)


def turn_costs(turns: list[tuple[int, int, int]], timed: bool = False) -> TurnCosts:
    """Turns (first arc, second arc, cost) as arrays; those that cost nothing are left out."""
    table = np.array([turn for turn in turns if turn[2] > 0], np.int64).reshape(-1, 3)
    first, second, cost = table.T.copy()
    return TurnCosts(first, second, cost, cost.copy() if timed else np.zeros(len(cost), np.int64))
