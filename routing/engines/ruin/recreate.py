"""The recreate half of a step: in which order absent tasks go back, and where each costs least.

Arguments as in route.py and search.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from routing.engines.ruin.chance import below, skips, uniform
from routing.engines.ruin.moves import gap_cost, put, save
from routing.engines.ruin.patterns import recreate_group
from routing.engines.ruin.room import fits
from routing.engines.ruin.route import backward, forward, price
from routing.jit import kernel, leaf

SORTED_BY_HAND = 60
"""Up to this many absent tasks an insertion sort is quicker than a library sort."""

OVERLOOKED = 0.2
"""Chance that a kind of vehicle is not looked at for a new route."""


@leaf
def window_rank(task: Any, t: int, way: int, otherwise: float) -> float:
    """Shortest, earliest or last closing window first, after `way`."""
    if way > 14:
        return float(-task[t].closes)
    if way > 12:
        return float(task[t].opens)
    return float(task[t].closes - task[t].opens) if way > 10 else otherwise


@kernel
def arrange(task: Any, dist: Any, rng: Any, late: bool, absent: Any, found: int, rank: Any) -> None:
    """Order in which absent tasks are inserted: by chance, demand, distance, weight, or window."""
    way = below(rng, 17 if dist.ndim == 3 else 11)
    for i in range(found):
        t = absent[i]
        if way < 4:
            rank[i] = uniform(rng)
        elif way < 8:
            rank[i] = -task[t].size
        elif way < 10:
            rank[i] = -task[t].far
            if late:
                rank[i] = 1e-9 * task[t].far - float(task[t].weight)
        else:
            rank[i] = task[t].far
            if dist.ndim == 3:
                rank[i] = window_rank(task, t, way, rank[i])
    if found <= SORTED_BY_HAND:
        for i in range(1, found):
            value, t, j = rank[i], absent[i], i - 1
            while j >= 0 and rank[j] > value:
                rank[j + 1], absent[j + 1] = rank[j], absent[j]
                j -= 1
            rank[j + 1], absent[j + 1] = value, t
    else:
        sequence = np.argsort(rank[:found], kind="mergesort")
        sorted_tasks = absent[:found][sequence]
        for i in range(found):
            absent[i] = sorted_tasks[i]


@kernel
def place_near(
    world: Any, near: Any, width: int, rng: Any, late: bool, blink: float, look: int, stamp: int, t: int
) -> tuple[int, int, int, int, int]:
    """Cheapest gap beside a neighbour of t: (cost change, slot or -1, task before, code, looks left)."""
    task, mode, slot, kind, dist, ends, reach, links, depart = world
    best = task[t].penalty
    best_slot, best_before, best_code = -1, 0, 0
    places = reach.shape[1]
    for z in range(width):
        j = near[t, z]
        s = task[j].slot
        if s < 0:
            continue
        k = slot[s].kind
        if (task[t].skills & ~kind[k].skills) != 0:
            continue
        if places == 0 and not fits(kind, k, slot[s].load + task[t].demand):
            continue
        for side in range(2):
            p = j if side == 0 else task[j].previous
            q = task[j].next if side == 0 else j
            other = q if side == 0 else p
            if other != 0 and task[other].seen == stamp:
                continue
            if look <= 0:
                look = skips(rng, blink)
                continue
            look -= 1
            change, code = gap_cost(task, mode, slot, kind, dist, ends, reach, links, depart, late, t, p, q, s, best)
            if change < best:
                best, best_slot, best_before, best_code = change, s, p, code
        task[j].seen = stamp
    return best, best_slot, best_before, best_code, look


@kernel
def place_anywhere(world: Any, late: bool, t: int, best: int) -> tuple[int, int, int, int]:
    """Cheapest gap of all routes: for a task none of whose neighbours has room."""
    task, mode, slot, kind, dist, ends, reach, links, depart = world
    best_slot, best_before, best_code = -1, 0, 0
    places = reach.shape[1]
    for s in range(len(slot)):
        k = slot[s].kind
        if slot[s].count == 0 or (task[t].skills & ~kind[k].skills) != 0:
            continue
        if places == 0 and not fits(kind, k, slot[s].load + task[t].demand):
            continue
        p = 0
        q = slot[s].first
        while True:
            change, code = gap_cost(task, mode, slot, kind, dist, ends, reach, links, depart, late, t, p, q, s, best)
            if change < best:
                best, best_slot, best_before, best_code = change, s, p, code
            if q == 0:
                break
            p = q
            q = task[q].next
    return best, best_slot, best_before, best_code


@kernel
def place_empty(world: Any, rng: Any, late: bool, t: int, best: int) -> tuple[int, int, int]:
    """A new route for t: (cost change, empty slot or -1, code), of the kind of vehicle where it adds least.

    Where there are several kinds each is overlooked now and then: the cheapest for one task is seldom so for a route.
    """
    task, mode, slot, kind, dist, ends, reach, links, depart = world
    best_slot, best_code = -1, 0
    for k in range(len(kind)):
        if (task[t].skills & ~kind[k].skills) != 0:
            continue
        if len(kind) > 1 and uniform(rng) < OVERLOOKED:
            continue
        free = kind[k].free_slot
        while free < kind[k].after_slot and slot[free].count > 0:
            free += 1
        kind[k].free_slot = free
        if free < kind[k].after_slot:
            change, code = gap_cost(task, mode, slot, kind, dist, ends, reach, links, depart, late, t, 0, 0, free, best)
            if change < best:
                best, best_slot, best_code = change, free, code
    return best, best_slot, best_code


@kernel
def recreate(
    world: Any,
    desk: Any,
    calendar: Any,
    near: Any,
    width: int,
    rng: Any,
    late: bool,
    blink: float,
    found: int,
    at: int,
) -> tuple[int, int]:
    """Insert absent tasks where each adds least; those that cost less left out go to `out`.

    Returns their count and how much of `order` is used. `clock` holds (looks left before a blink, stamp of tasks seen).
    """
    task, mode, slot, kind, dist, ends, reach, links, depart = world
    clock, order, vias, scratch, absent, _, out, _ = desk
    group = calendar[0]
    left = 0
    begun = clock[1]
    for i in range(found):
        t = absent[i]
        g = task[t].group
        if g != 0:
            if group[g].stamp <= begun:
                group[g].stamp = clock[1] + 1
                left, at = recreate_group(world, desk, calendar, near, width, rng, late, blink, g, left, at)
            continue
        clock[1] += 1
        best, s, p, code, clock[0] = place_near(world, near, width, rng, late, blink, clock[0], clock[1], t)
        if s < 0 and width < len(task) - 2:
            best, s, p, code = place_anywhere(world, late, t, best)
        best, free, way = place_empty(world, rng, late, t, best)
        if free >= 0:
            s, p, code = free, 0, way
        if s < 0:
            out[left] = t
            left += 1
            continue
        if slot[s].touched == 0:
            at = save(task, mode, slot, dist, reach, links, s, order, vias, at)
        put(task, slot, t, p, s, code)
        forward(task, mode, slot, kind, dist, ends, reach, links, depart, s, t)
        backward(task, mode, slot, kind, dist, ends, reach, links, depart, s, t)
        price(task, mode, slot, kind, dist, ends, reach, links, depart, late, s, scratch)
    return left, at
