"""Places with a distance between every two of them, as a network.

Customers are visited straight from one another: rounded distances break the triangle rule, so a way through a third
place must not exist. Each place is therefore two nodes, way in and way out, which only a visit joins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from routing.errors import BadInstance
from routing.instances.figures import FIGURE_MAX
from routing.network import IntArray, Network

PLACES_MAX = 4_001
"""Above this the full distance table (n² arcs) would not fit a laptop's memory."""

Floats = npt.NDArray[np.float64]


def euclid(places: Floats, where: str) -> Floats:
    """Exact distances between all rows of `places`, shape (n, 2) -> (n, n). Raises BadInstance where they are huge."""
    if not np.isfinite(places).all() or np.abs(places).max(initial=0.0) > FIGURE_MAX:
        raise BadInstance("a coordinate is no number or too large", where, f"give at most {FIGURE_MAX}")
    exact: Floats = np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1))
    return exact


def whole(distance: Floats, how: str, scale: int, where: str) -> IntArray:
    """Distances times `scale` as whole numbers: `round` (halves up), `floor` or `ceil`."""
    scaled = distance * scale
    if scaled.max(initial=0.0) > FIGURE_MAX:
        raise BadInstance("two places are too far apart", where, f"give distances of at most {FIGURE_MAX // scale}")
    rounded = {
        "round": lambda: np.floor(scaled + 0.5),
        "floor": lambda: np.floor(scaled),
        "ceil": lambda: np.ceil(scaled),
    }
    table: IntArray = rounded[how]().astype(np.int64)
    return table


def direct(distance: IntArray, timed: bool = False, gate: bool = False) -> Network:
    """Arcs from every way out (n + i) to every other way in (j); place 0 is the depot.

    `gate`: node 2n is a facility at the depot, joined to its way in and its way out both ways. The turn from the way in
    through it to the way out is forbidden, which a stop lifts: nobody saves a metre by driving across the depot.
    `timed`: durations are distances.
    """
    size = len(distance)
    out, into = np.nonzero(~np.eye(size, dtype=bool))
    tail, head, cost = out.astype(np.int64) + size, into.astype(np.int64), distance[out, into]
    nodes, forbidden = 2 * size, frozenset[tuple[int, int]]()
    if gate:
        forbidden = frozenset({(len(tail), len(tail) + 1)})
        tail, head = np.append(tail, (0, nodes, nodes, size)), np.append(head, (nodes, size, 0, nodes))
        cost, nodes = np.append(cost, (0, 0, 0, 0)), nodes + 1
    seconds = cost.copy() if timed else np.zeros(len(cost), np.int64)
    return Network(nodes, tail, head, cost.copy(), seconds, cost, np.full(len(cost), -1, np.int64), forbidden)
