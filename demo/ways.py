"""Ways a simulated driver finds for himself: the quickest through the streets, forbidden turns kept."""

from __future__ import annotations

import heapq

from dispatch.streets import Streets


def quickest_arcs(streets: Streets, start: int, goal: int) -> list[int]:
    """Arcs of the quickest way between two junctions, forbidden turns kept. [] when there is none or start is goal."""
    network = streets.network
    out: dict[int, list[int]] = {}
    for arc, node in enumerate(network.tail.tolist()):
        out.setdefault(node, []).append(arc)
    best: dict[int, int] = {}
    came: dict[int, int] = {}
    heap = [(int(network.duration_s[arc]), arc, -1) for arc in out.get(start, ())]
    heapq.heapify(heap)
    while heap and start != goal:
        spent, arc, before = heapq.heappop(heap)
        if arc in best:
            continue
        best[arc], came[arc] = spent, before
        if int(network.head[arc]) == goal:
            way = [arc]
            while came[way[-1]] >= 0:
                way.append(came[way[-1]])
            return way[::-1]
        for other in out.get(int(network.head[arc]), ()):
            if other not in best and (arc, other) not in network.forbidden_turns:
                heapq.heappush(heap, (spent + int(network.duration_s[other]), other, arc))
    return []
