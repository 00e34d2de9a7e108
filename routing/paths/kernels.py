"""Dijkstra on the expanded street graph, compiled. Loaded only by `routing.paths.search` when a path is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from routing.jit import kernel

UNREACHED = np.int64(1) << 62
"""Key of a state no chain of arcs leads to."""


@kernel
def shortest(
    indptr: Any, target: Any, weight: Any, source: int, stop: int, key: Any, via: Any, heap: Any, where: Any
) -> None:
    """Fill `key` (states,) with the least weight from `source`, `via` with the last link used (-1 at the source).

    Ends early once `stop` is settled (-1: never).

    Indexed binary heap with decrease-key; ties fall by heap order, which the input alone decides. `heap` and `where`
    (states,) are scratch space, so that many sources share one allocation.
    """
    states = len(key)
    for i in range(states):
        key[i] = UNREACHED
        via[i] = -1
        where[i] = -1
    key[source] = 0
    heap[0] = source
    where[source] = 0
    size = 1
    while size > 0:
        top = heap[0]
        size -= 1
        where[top] = -2
        if top == stop:
            return
        if size > 0:
            moved = heap[size]
            moved_key = key[moved]
            at = 0
            while True:
                child = 2 * at + 1
                if child >= size:
                    break
                if child + 1 < size and key[heap[child + 1]] < key[heap[child]]:
                    child += 1
                if key[heap[child]] >= moved_key:
                    break
                heap[at] = heap[child]
                where[heap[at]] = at
                at = child
            heap[at] = moved
            where[moved] = at
        base = key[top]
        for link in range(indptr[top], indptr[top + 1]):
            state = target[link]
            value = base + weight[link]
            if value < key[state]:
                key[state] = value
                via[state] = link
                at = where[state]
                if at < 0:
                    at = size
                    size += 1
                while at > 0:
                    parent = (at - 1) // 2
                    if key[heap[parent]] <= value:
                        break
                    heap[at] = heap[parent]
                    where[heap[at]] = at
                    at = parent
                heap[at] = state
                where[state] = at


@kernel
def many(indptr: Any, target: Any, weight: Any, sources: Any, sinks: Any, out: Any) -> None:
    """Fill `out` (sources, sinks) with least weights: one run of `shortest` a source."""
    states = len(indptr) - 1
    key = np.empty(states, np.int64)
    via = np.empty(states, np.int64)
    heap = np.empty(states, np.int64)
    where = np.empty(states, np.int64)
    for i in range(len(sources)):
        shortest(indptr, target, weight, sources[i], -1, key, via, heap, where)
        for j in range(len(sinks)):
            out[i, j] = key[sinks[j]]
