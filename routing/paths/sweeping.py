"""Distances from many states to many over a contraction hierarchy, compiled (PHAST: Delling, Goldberg et al. 2011).

States are numbered by place: 0 is the most important, and every link kept leads between a place and a smaller one. From
a source a short search climbs to smaller places; then one sweep over all places, in order, carries the values down.
LANES sources share a sweep, so that a link is read once for all of them and added in vector registers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from routing.jit import kernel, leaf

LANES = 16
"""Sources that share a sweep: a place's values fill one cache line of 64 bytes where they are int32."""


@leaf
def climb(sources: Any, up_at: Any, up_to: Any, up_weight: Any, dist: Any, heap: Any, seen: Any, turn: int) -> None:
    """Values at all places above some sources, a lane each. Places are taken from the largest down: final by then."""
    size = 0
    for lane in range(len(sources)):
        source = sources[lane]
        dist[source, lane] = 0
        if seen[source] != turn:
            seen[source] = turn
            size = rise(heap, size, source)
    while size > 0:
        place = heap[0]
        size -= 1
        last, at = heap[size], 0
        while True:
            child = 2 * at + 1
            if child >= size:
                break
            if child + 1 < size and heap[child + 1] > heap[child]:
                child += 1
            if heap[child] <= last:
                break
            heap[at] = heap[child]
            at = child
        heap[at] = last
        for link in range(up_at[place], up_at[place + 1]):
            other, more = up_to[link], up_weight[link]
            for lane in range(LANES):
                value = dist[place, lane] + more
                if value < dist[other, lane]:
                    dist[other, lane] = value
            if seen[other] != turn:
                seen[other] = turn
                size = rise(heap, size, other)


@leaf
def rise(heap: Any, size: int, place: int) -> int:
    """Put a place on the heap, largest on top. Returns the new size."""
    at = size
    while at > 0:
        parent = (at - 1) // 2
        if heap[parent] >= place:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = place
    return size + 1


@kernel
def placed(below_at: Any, below: Any, by_rank: Any) -> Any:
    """Place of each state, such that all above it come first and those near each other lie near each other.

    `below` are the less important states linked with a state. Reverse finishing order of a depth-first search, begun at
    the most important states (the end of `by_rank`).
    """
    states = len(by_rank)
    place = np.full(states, -1, np.int64)
    stack = np.empty(states, np.int64)
    at = below_at[:-1].copy()
    seen = np.zeros(states, np.bool_)
    free = states - 1
    for i in range(states - 1, -1, -1):
        if seen[by_rank[i]]:
            continue
        stack[0] = by_rank[i]
        seen[by_rank[i]] = True
        size = 1
        while size > 0:
            state = stack[size - 1]
            if at[state] == below_at[state + 1]:
                place[state] = free
                free -= 1
                size -= 1
                continue
            other = below[at[state]]
            at[state] += 1
            if not seen[other]:
                seen[other] = True
                stack[size] = other
                size += 1
    return place


@leaf
def pull(at: int, lane: int, begin: int, after: int, down_from: Any, down_weight: Any, dist: Any, wide: Any) -> None:
    """Lower eight lanes of a place by the links down to it. Written out so that they stay in one vector register."""
    a, b, c, d = wide(dist[at, lane]), wide(dist[at, lane + 1]), wide(dist[at, lane + 2]), wide(dist[at, lane + 3])
    e, f, g, h = wide(dist[at, lane + 4]), wide(dist[at, lane + 5]), wide(dist[at, lane + 6]), wide(dist[at, lane + 7])
    for link in range(begin, after):
        above, more = down_from[link], down_weight[link]
        a = min(a, wide(dist[above, lane] + more))
        b = min(b, wide(dist[above, lane + 1] + more))
        c = min(c, wide(dist[above, lane + 2] + more))
        d = min(d, wide(dist[above, lane + 3] + more))
        e = min(e, wide(dist[above, lane + 4] + more))
        f = min(f, wide(dist[above, lane + 5] + more))
        g = min(g, wide(dist[above, lane + 6] + more))
        h = min(h, wide(dist[above, lane + 7] + more))
    dist[at, lane], dist[at, lane + 1], dist[at, lane + 2], dist[at, lane + 3] = a, b, c, d
    dist[at, lane + 4], dist[at, lane + 5], dist[at, lane + 6], dist[at, lane + 7] = e, f, g, h


@kernel
def sweep(
    up_at: Any,
    up_to: Any,
    up_weight: Any,
    needed: Any,
    down_at: Any,
    down_from: Any,
    down_weight: Any,
    sources: Any,
    sinks: Any,
    far: Any,
    out: Any,
) -> None:
    """Fill `out` (sources, sinks) with least weights, `far` where there is no way. All are places.

    `needed` lists, in order, the places a sink is reached from; links down to the i-th are those from `down_at[i]` on.
    Fastest where sources that follow each other are near each other.
    """
    places = len(up_at) - 1
    wide = down_weight.dtype.type
    dist = np.empty((places, LANES), out.dtype)
    heap = np.empty(places + 1, np.int64)
    seen = np.full(places, -1, np.int64)
    for first in range(0, len(sources), LANES):
        dist[:] = far
        width = min(LANES, len(sources) - first)
        climb(sources[first : first + width], up_at, up_to, up_weight, dist, heap, seen, first)
        for i in range(len(needed)):
            for lane in range(0, LANES, 8):
                pull(needed[i], lane, down_at[i], down_at[i + 1], down_from, down_weight, dist, wide)
        for lane in range(width):
            for j in range(len(sinks)):
                out[first + lane, j] = dist[sinks[j], lane]


@kernel
def squeeze(keys: Any, far: int, bits: int, cost: Any, duration: Any, lost: int) -> int:
    """Take cost and duration out of search keys into tables of a narrower kind, `lost` where there is no way.

    Returns the largest figure there is a way for; from `lost` on, the tables are too narrow for it.
    """
    largest = np.int64(0)
    mask = (np.int64(1) << bits) - 1
    for i in range(keys.shape[0]):
        for j in range(keys.shape[1]):
            key = np.int64(keys[i, j])
            if key >= far:
                cost[i, j] = lost
                duration[i, j] = lost
                continue
            first, second = key >> bits, key & mask
            if bits == 0:
                second = first
            largest = max(largest, first, second)
            cost[i, j] = first
            duration[i, j] = second
    return int(largest)


@kernel
def above(sinks: Any, down_at: Any, down_from: Any) -> Any:
    """Which places a sink is reached from, shape (places,), the sinks among them."""
    places = len(down_at) - 1
    found = np.zeros(places, np.bool_)
    found[sinks] = True
    for place in range(places - 1, -1, -1):
        if found[place]:
            for link in range(down_at[place], down_at[place + 1]):
                found[down_from[link]] = True
    return found
