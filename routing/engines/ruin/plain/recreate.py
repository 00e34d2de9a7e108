"""The recreate half of a step: in which order absent tasks go back, and where each costs least.

Arguments as in route.py and search.py.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.chance import below, skips, uniform
from routing.engines.ruin.plain.layout import LOOK, STAMP
from routing.engines.ruin.plain.route import gap_length
from routing.jit import leaf


@leaf
def arrange(task: Any, rng: Any, absent: Any, found: int, rank: Any) -> None:
    """Order in which absent tasks are inserted: by chance, demand, or distance."""
    way = below(rng, 11)
    for i in range(found):
        t = absent[i]
        if way < 4:
            value = uniform(rng)
        elif way < 8:
            value = -float(task[t].demand)
        elif way < 10:
            value = -task[t].far
        else:
            value = task[t].far
        j = i - 1
        while j >= 0 and rank[j] > value:
            rank[j + 1], absent[j + 1] = rank[j], absent[j]
            j -= 1
        rank[j + 1], absent[j + 1] = value, t


@leaf
def place_near(
    world: Any, near: Any, width: int, seen: Any, able: Any, rng: Any, books: Any, flat: bool, blink: float, t: int
) -> tuple[int, int, int, int]:
    """Cheapest gap beside a neighbour of t: (cost, length, slot or -1, node before).

    Neighbours whose vehicle could take t are first gathered without a branch: most cannot, and which is hard to guess.
    """
    node, task, mode, slot, _, dist, out, into = world
    best = task[t].penalty
    best_length, best_slot, best_before = 0, -1, 0
    need, skills = task[t].demand, task[t].skills
    stamp = books[STAMP]
    look = books[LOOK]
    bounded = out.shape[0] > 1
    length = 0
    count = 0
    for z in range(width):
        j = near[t, z]
        s = node[j].slot
        able[count] = j
        count += (s >= 0) & (slot[s].room >= need) & ((skills & ~slot[s].skills) == 0)
    for z in range(count):
        j = able[z]
        s = node[j].slot
        seen[j] = stamp
        rate = slot[s].rate
        for side in range(2):
            p = j if side == 0 else node[j].previous
            q = node[j].next if side == 0 else j
            if seen[q if side == 0 else p] == stamp:
                continue
            if look <= 0:
                look = skips(rng, blink)
                continue
            look -= 1
            if bounded:
                length = into[t, node[p].row] + out[t, node[q].row] - node[q].link
                if length * rate >= best:
                    continue
            if not flat:
                length = gap_length(node, mode, dist, t, p, q)
            if length * rate < best and length + task[t].service <= slot[s].left:
                best, best_length, best_slot, best_before = length * rate, length, s, p
    books[LOOK] = look
    return best, best_length, best_slot, best_before


@leaf
def place_anywhere(world: Any, t: int, best: int) -> tuple[int, int, int, int]:
    """Cheapest gap of all routes: for a task none of whose neighbours has room."""
    node, task, mode, slot, _, dist, _, _ = world
    best_length, best_slot, best_before = 0, -1, 0
    for s in range(len(slot)):
        if slot[s].count == 0 or slot[s].room < task[t].demand or (task[t].skills & ~slot[s].skills) != 0:
            continue
        rate = slot[s].rate
        end = len(task) + s
        p = end
        while True:
            q = node[p].next
            length = gap_length(node, mode, dist, t, p, q)
            if length * rate < best and length + task[t].service <= slot[s].left:
                best, best_length, best_slot, best_before = length * rate, length, s, p
            p = q
            if p == end:
                break
    return best, best_length, best_slot, best_before


@leaf
def place_empty(
    world: Any, t: int, best: int, best_length: int, best_slot: int, best_before: int
) -> tuple[int, int, int, int]:
    """The same, or a new route where that is cheaper, of the kind of vehicle where it adds least."""
    node, task, mode, slot, kind, dist, _, _ = world
    for k in range(len(kind)):
        free = kind[k].free_slot
        while free < kind[k].after_slot and slot[free].count > 0:
            free += 1
        kind[k].free_slot = free
        if free >= kind[k].after_slot or (task[t].skills & ~slot[free].skills) != 0:
            continue
        if slot[free].room < task[t].demand:
            continue
        end = len(task) + free
        length = gap_length(node, mode, dist, t, end, end)
        cost = length * slot[free].rate + slot[free].fixed
        if cost < best and length + task[t].service <= slot[free].left:
            best, best_length, best_slot, best_before = cost, length, free, end
    return best, best_length, best_slot, best_before
