"""Whole routes given to vehicles of another kind, where a fleet has several.

Arguments as in route.py and search.py.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.chance import below, uniform
from routing.engines.ruin.moves import save
from routing.engines.ruin.room import fits
from routing.engines.ruin.route import backward, forward, price
from routing.jit import kernel

CHANGES = 0.25
"""Chance that a ruined route gets another kind of vehicle before absent tasks go back."""


@kernel
def renew(world: Any, late: bool, s: int, scratch: Any) -> None:
    """All figures of slot s."""
    task, mode, slot, kind, dist, ends, reach, links, depart = world
    forward(task, mode, slot, kind, dist, ends, reach, links, depart, s, slot[s].first)
    backward(task, mode, slot, kind, dist, ends, reach, links, depart, s, slot[s].last)
    price(task, mode, slot, kind, dist, ends, reach, links, depart, late, s, scratch)


@kernel
def free_of(world: Any, k: int) -> int:
    """An empty slot of kind k, or -1."""
    slot, kind = world[2], world[3]
    free = kind[k].free_slot
    while free < kind[k].after_slot and slot[free].count > 0:
        free += 1
    kind[k].free_slot = free
    return int(free) if free < kind[k].after_slot else -1


@kernel
def could_take(world: Any, s: int, k: int) -> bool:
    """Whether kind k has the skills and, trip by trip, the capacity for the route of slot s."""
    task, slot, kind = world[0], world[2], world[3]
    places = world[6].shape[1]
    load = kind[k].used
    t = slot[s].first
    while t != 0:
        if (task[t].skills & ~kind[k].skills) != 0:
            return False
        if places > 0 and task[t].via == 1:
            load = 0
        load += task[t].demand
        if not fits(kind, k, load):
            return False
        t = task[t].next
    return True


@kernel
def hand_over(world: Any, s: int, s2: int) -> None:
    """Exchange the routes of two slots (one may be empty); their figures are to be renewed."""
    task, slot, kind = world[0], world[2], world[3]
    slot[s].first, slot[s2].first = slot[s2].first, slot[s].first
    slot[s].last, slot[s2].last = slot[s2].last, slot[s].last
    slot[s].count, slot[s2].count = slot[s2].count, slot[s].count
    for side in range(2):
        own = s if side == 0 else s2
        k = slot[own].kind
        slot[own].load, slot[own].moved = kind[k].used, 0
        t = slot[own].first
        if t != 0 and kind[k].used == 0:
            task[t].via = 0
        while t != 0:
            task[t].slot = own
            slot[own].load += task[t].demand
            if task[t].keep != k:
                slot[own].moved += task[t].move
            t = task[t].next
        if slot[own].count == 0 and own < kind[k].free_slot:
            kind[k].free_slot = own


@kernel
def exchange(world: Any, desk: Any, late: bool, s: int, s2: int, worse: bool, at: int) -> int:
    """Exchange two slots' routes where both can take the other's; go back where one cannot keep to its time, or where
    it costs more and `worse` is not allowed. Returns how much of `order` is used."""
    task, mode, slot, kind, dist, _, reach, links, _ = world
    _, order, vias, scratch, _, _, _, _ = desk
    if kind[slot[s].kind].day != kind[slot[s2].kind].day:
        return at
    if not (could_take(world, s, slot[s2].kind) and could_take(world, s2, slot[s].kind)):
        return at
    for side in range(2):
        own = s if side == 0 else s2
        if slot[own].touched == 0:
            at = save(task, mode, slot, dist, reach, links, own, order, vias, at)
    before = slot[s].cost + slot[s2].cost
    first, second = task[slot[s].first].via, task[slot[s2].first].via
    hand_over(world, s, s2)
    renew(world, late, s, scratch)
    renew(world, late, s2, scratch)
    kept = slot[s].end <= kind[slot[s].kind].limit and slot[s2].end <= kind[slot[s2].kind].limit
    if not kept or (not worse and slot[s].cost + slot[s2].cost > before):
        hand_over(world, s, s2)
        task[slot[s].first].via, task[slot[s2].first].via = first, second
        renew(world, late, s, scratch)
        renew(world, late, s2, scratch)
    return at


@kernel
def vary_kinds(world: Any, desk: Any, rng: Any, late: bool, at: int) -> int:
    """After a ruin: now and then one of the ruined routes goes to an empty vehicle of another kind, or two ruined ones
    of unlike kinds change places. Returns how much of `order` is used."""
    slot, kind = world[2], world[3]
    if uniform(rng) > CHANGES:
        return at
    chosen = other = -1
    seen = 0
    for s in range(len(slot)):
        if slot[s].ruined == 1:
            seen += 1
            if chosen < 0 or below(rng, seen) == 0:
                chosen, other = s, chosen
            elif other < 0 or below(rng, seen) == 0:
                other = s
    if chosen < 0:
        return at
    target = free_of(world, below(rng, len(kind)))
    if other >= 0 and (target < 0 or uniform(rng) < 0.5):
        target = other
    if target >= 0 and slot[target].kind != slot[chosen].kind:
        at = exchange(world, desk, late, chosen, target, True, at)
    return at


@kernel
def settle_kinds(world: Any, desk: Any, rng: Any, late: bool, at: int) -> int:
    """After a recreate: every changed route tries an empty vehicle of one other kind and stays where it costs less.
    Returns how much of `order` is used."""
    slot, kind = world[2], world[3]
    for s in range(len(slot)):
        if slot[s].touched == 1 and slot[s].count > 0:
            k = below(rng, len(kind))
            target = free_of(world, k)
            if target >= 0 and k != slot[s].kind:
                at = exchange(world, desk, late, s, target, False, at)
    return at
