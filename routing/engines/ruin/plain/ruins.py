"""The ruin half of a step: strings of tasks near a random one are taken out of their routes.

Arguments as in route.py and search.py.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.chance import below, uniform
from routing.engines.ruin.plain.layout import BUSY, STEP
from routing.engines.ruin.plain.route import pull
from routing.engines.ruin.plain.tails import exchange_tails
from routing.jit import leaf

RUINED_MAX = 64
"""Routes ruined in one step at most."""

LONG = 40
"""A route of so many tasks may lose several strings: else most of what is near the seed would stay."""

SEVERAL = 0.5
"""How often they may: where they always did, tasks would seldom change from one long route to another."""

CROSSED = 0.2
"""How often two ruined routes exchange what follows their gaps."""

WHOLE_MAX = 60
"""Longest route taken out whole, to give it to another kind of vehicle."""

WHOLE = 0.1
"""How often that is done where there are several kinds."""


@leaf
def span_of(slot: Any, rng: Any, s: int, length: float) -> tuple[int, int]:
    """How many tasks a string of slot s takes (negative `length`: all), and how many inside it are spared."""
    size = slot[s].count
    if length < 0.0 and size <= WHOLE_MAX:
        return size, 0
    string = min(size, int(uniform(rng) * min(float(size), abs(length)) + 1.0))
    spared = 0
    if 1 < string < size and uniform(rng) < 0.5:
        spared = 1
        while string + spared < size and uniform(rng) > 0.5:
            spared += 1
    return string, spared


@leaf
def cut(
    world: Any, absent: Any, notes: Any, rng: Any, books: Any, flat: bool, length: float, seed: int, found: int
) -> tuple[int, int, int]:
    """Remove a string around task `seed`, perhaps sparing a stretch inside it.

    Returns (absent count, cost change, node before the last gap).
    """
    node, task, mode, slot, kind, dist, out, _ = world
    tasks = len(task) - 1
    s = node[seed].slot
    string, spared = span_of(slot, rng, s, length)
    span = string + spared
    behind, ahead = 0, 0
    t = seed
    while behind < span - 1 and node[t].previous <= tasks:
        t = node[t].previous
        behind += 1
    u = seed
    while ahead < span - 1 and node[u].next <= tasks:
        u = node[u].next
        ahead += 1
    least = max(0, span - 1 - ahead)
    for _ in range(below(rng, behind - least + 1)):
        t = node[t].next
    head = below(rng, string + 1) if spared > 0 else string
    change = 0
    before = 0
    for part in range(2):
        size = head if part == 0 else string - head
        if part == 1 and size > 0:
            for _ in range(spared):
                t = node[t].next
        if size == 0:
            continue
        first = t
        last = t
        for _ in range(size):
            absent[found] = t
            found += 1
            last = t
            t = node[t].next
        before = node[first].previous
        change += pull(node, task, mode, slot, dist, out, notes, books, flat, s, first, last)
    change *= slot[s].rate
    if slot[s].count == 0:
        change -= slot[s].fixed
        books[BUSY] -= 1
        if s < kind[slot[s].kind].free_slot:
            kind[slot[s].kind].free_slot = s
    return found, change, before


@leaf
def ruin(
    world: Any,
    absent: Any,
    notes: Any,
    near: Any,
    rng: Any,
    books: Any,
    flat: bool,
    mean: float,
    longest: float,
    found: int,
) -> tuple[int, int]:
    """Remove strings near a random task. Returns (absent count, cost change)."""
    node, task, slot, kinds = world[0], world[1], world[3], len(world[4])
    tasks = len(task) - 1
    busy = books[BUSY]
    change = 0
    if busy == 0:
        return found, change
    length = min(longest, (tasks - found) / busy)
    strings = min(RUINED_MAX, int(uniform(rng) * (4.0 * mean / (1.0 + length) - 1.0) + 1.0))
    seed = 1 + below(rng, tasks)
    again = LONG if uniform(rng) < SEVERAL else tasks + 1
    if kinds > 1 and uniform(rng) < WHOLE:
        length = -length
    one, other = -1, -1
    for z in range(-1, near.shape[1]):
        t = seed if z < 0 else near[seed, z]
        s = node[t].slot
        if s < 0 or (slot[s].ruined == books[STEP] and slot[s].count < again):
            continue
        slot[s].ruined = books[STEP]
        found, more, before = cut(world, absent, notes, rng, books, flat, length, t, found)
        if one < 0:
            one = before
        elif other < 0 and s != node[one].slot:
            other = before
        slot[s].ruined = books[STEP]
        change += more
        strings -= 1
        if strings <= 0:
            break
    if other >= 0 and uniform(rng) < CROSSED:
        change += exchange_tails(world, notes, books, flat, one, other)
    return found, change
