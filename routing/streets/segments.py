"""What every source of streets shares: stable segment ids and the largest strongly connected part."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

ID_HEX = 12
"""Hexadecimal digits of a segment id: 48 bits, so 100,000 segments collide with a chance below 2e-5."""


def segment_id(way: str, node_a: str, node_b: str, ordinal: int = 0) -> str:
    """Id of the piece of `way` between two nodes; the same whichever way round it was drawn.

    `ordinal` tells apart pieces of one way between the same two nodes.
    """
    low, high = sorted((node_a, node_b))
    text = "\x1f".join((way, low, high, str(ordinal)))
    return hashlib.sha256(text.encode()).hexdigest()[:ID_HEX]


def largest_strong_part(edges: Sequence[tuple[str, str, int]]) -> frozenset[str]:
    """Nodes of the largest strongly connected part of (from, to, one_way) edges.

    `one_way`: 0 both ways, 1 from → to, -1 to → from. Of equally large parts the one whose smallest node id is
    smaller wins, so the answer depends on the edges only.
    """
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    index: dict[str, int] = {}
    for a, b, _ in edges:
        index.setdefault(a, len(index))
        index.setdefault(b, len(index))
    if not index:
        return frozenset()
    pairs = [(index[a], index[b]) for a, b, way in edges if way >= 0]
    pairs += [(index[b], index[a]) for a, b, way in edges if way <= 0]
    rows, columns = np.array(pairs, dtype=np.int64).T
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (rows, columns)), shape=(len(index), len(index)))
    _, label = connected_components(graph, directed=True, connection="strong")
    members: dict[int, list[str]] = {}
    for node, at in index.items():
        members.setdefault(int(label[at]), []).append(node)
    best = min(members.values(), key=lambda nodes: (-len(nodes), min(nodes)))
    return frozenset(best)
