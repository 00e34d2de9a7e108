"""An instance as a value: its problem, and how its file format names things."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from routing.network import IntArray, Network
from routing.problem import Problem

KINDS = ("carplib", "mcgrp", "cvrp")
"""Formats read so far."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One benchmark file, read.

    `labels[t][m]` is how a solution file names task t served in mode m: `(u,v)` for a link driven from u to v, `n5` for
    a node, plain `5` in node problems. `best_known` comes from the file's header or from what lies beside it;
    `proven` says that it is a lower bound as well.
    """

    name: str
    kind: str
    problem: Problem
    labels: tuple[tuple[str, ...], ...]
    facility_labels: tuple[str, ...] = ()
    best_known: int | None = None
    proven: bool = False
    where: str = field(default="", compare=False)

    @property
    def by_nodes(self) -> bool:
        """Whether solution files follow VRPLIB (node problems) rather than the form for links."""
        return self.kind == "cvrp"


def network_of(nodes: int, tail: list[int], head: list[int], cost: list[int], reverse: list[int]) -> Network:
    """A network whose only measure is cost: lengths repeat it, durations are zero, so no shift ever binds."""
    costs: IntArray = np.array(cost, np.int64)
    return Network(
        nodes,
        np.array(tail, np.int64),
        np.array(head, np.int64),
        costs.copy(),
        np.zeros(len(cost), np.int64),
        costs,
        np.array(reverse, np.int64),
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

    def network(self, nodes: int) -> Network:
        """The network over `nodes` nodes."""
        return network_of(nodes, self.tail, self.head, self.cost, self.reverse)
