"""The compiled search: ruin strings of neighbouring tasks, insert them greedily with blinks, accept by annealing.

Christiaens & Vanden Berghe, Slack Induction by String Removals for Vehicle Routing Problems, 2020.

`world` is the tuple (task, mode, slot, kind, dist, ends, reach, links, depart) of route.py, unpacked once a call.
`calendar` has repeated work (patterns.py). `desk` is scratch space of (tasks + 2,): (clock, order, vias, scratch,
absent, rank, out, old_out); `out` holds the tasks left out. `near`
(tasks + 1, neighbours) int32 lists neighbours, nearest first.
"""

from __future__ import annotations

import math
from typing import Any

from routing.engines.ruin.chance import below, uniform
from routing.engines.ruin.kinds import settle_kinds, vary_kinds
from routing.engines.ruin.moves import restore, save, unlink
from routing.engines.ruin.patterns import remove_groups
from routing.engines.ruin.recreate import arrange, recreate
from routing.engines.ruin.route import backward, forward, join_trips, price, trace
from routing.engines.ruin.timed.route import forget_times
from routing.jit import kernel

RUINED_MAX = 64
"""Strings taken in one step at most."""

LONG = 20
"""A route of so many tasks whose trips end at facilities may lose several strings: its trips are like routes."""


@kernel
def refresh(world: Any, late: bool, s: int, scratch: Any) -> None:
    """All figures of slot s; trips that fit together are joined, their boundary is chosen anew by insertion."""
    task, mode, slot, kind, dist, ends, reach, links, depart = world
    forward(task, mode, slot, kind, dist, ends, reach, links, depart, s, slot[s].first)
    backward(task, mode, slot, kind, dist, ends, reach, links, depart, s, slot[s].last)
    if reach.shape[1] > 0 and join_trips(task, slot, kind, s):
        forward(task, mode, slot, kind, dist, ends, reach, links, depart, s, slot[s].first)
        backward(task, mode, slot, kind, dist, ends, reach, links, depart, s, slot[s].last)
    price(task, mode, slot, kind, dist, ends, reach, links, depart, late, s, scratch)


@kernel
def cut(task: Any, slot: Any, kind: Any, rng: Any, s: int, seed: int, length: float, absent: Any, found: int) -> int:
    """Remove a string of slot s around task `seed`, perhaps sparing a stretch inside it. Returns the absent count."""
    size = slot[s].count
    string = min(size, int(uniform(rng) * min(float(size), length) + 1.0))
    spared = 0
    if 1 < string < size and uniform(rng) < 0.5:
        spared = 1
        while string + spared < size and uniform(rng) > 0.5:
            spared += 1
    span = string + spared
    behind = 0
    t = seed
    while behind < span - 1 and task[t].previous != 0:
        t = task[t].previous
        behind += 1
    ahead = 0
    u = seed
    while ahead < span - 1 and task[u].next != 0:
        u = task[u].next
        ahead += 1
    least = max(0, span - 1 - ahead)
    back = least + below(rng, behind - least + 1)
    for _ in range(behind - back):
        t = task[t].next
    first_spared = below(rng, string + 1) if spared > 0 else span
    for i in range(span):
        q = task[t].next
        if not first_spared <= i < first_spared + spared:
            unlink(task, slot, kind, t)
            absent[found] = t
            found += 1
        t = q
    return found


@kernel
def ruin(
    world: Any, desk: Any, calendar: Any, near: Any, rng: Any, late: bool, mean: float, longest: float, found: int
) -> tuple[int, int]:
    """Remove strings near a random task. Returns the absent count and how much of `order` is used."""
    task, mode, slot, kind, dist, _, reach, links, _ = world
    _, order, vias, scratch, absent, _, _, _ = desk
    at = 0
    busy = 0
    for s in range(len(slot)):
        slot[s].touched = 0
        slot[s].ruined = 0
        if slot[s].count > 0:
            busy += 1
    tasks = len(task) - 1
    if busy == 0:
        return found, at
    length = min(longest, (tasks - found) / busy)
    strings = int(uniform(rng) * (4.0 * mean / (1.0 + length) - 1.0) + 1.0)
    seed = 1 + below(rng, tasks)
    done = 0
    for z in range(-1, near.shape[1]):
        t = seed if z < 0 else near[seed, z]
        s = task[t].slot
        if s < 0 or (slot[s].ruined != 0 and (reach.shape[1] == 0 or slot[s].count < LONG)):
            continue
        if slot[s].ruined == 0:
            at = save(task, mode, slot, dist, reach, links, s, order, vias, at)
        found = cut(task, slot, kind, rng, s, t, length, absent, found)
        if slot[s].count == 0 and s < kind[slot[s].kind].free_slot:
            kind[slot[s].kind].free_slot = s
        slot[s].ruined = 2
        done += 1
        if done >= strings or done >= RUINED_MAX:
            break
    if len(calendar[0]) > 0:
        found, at = remove_groups(world, desk, calendar, late, found, at)
    for s in range(len(slot)):
        if slot[s].ruined == 2:
            refresh(world, late, s, scratch)
            slot[s].ruined = 1
    return found, at


@kernel
def keep_best(task: Any, dist: Any) -> None:
    """Note the present routes as the best known."""
    for t in range(1, len(task)):
        task[t].best_slot = task[t].slot
        task[t].best_previous = task[t].previous
        task[t].best_via = task[t].via
        if dist.ndim == 3:
            task[t].best_mode = task[t].mode
            task[t].best_by = task[t].by
            task[t].best_home = task[t].home


@kernel
def accept(world: Any, desk: Any, change: int, left: int, books: Any) -> None:
    """Go on from the new routes, and note them where they are the best so far."""
    books[0] += change
    books[2] = left
    if books[0] < books[1]:
        books[1] = books[0]
        keep_best(world[0], world[4])


@kernel
def undo(world: Any, desk: Any, books: Any) -> None:
    """Go back to the routes before the step."""
    task, mode, slot, kind, dist, _, reach, links, _ = world
    _, order, vias, _, _, _, out, old_out = desk
    for s in range(len(slot)):
        if slot[s].touched == 1:
            restore(task, mode, slot, kind, dist, reach, links, s, order, vias)
            if slot[s].count == 0 and s < kind[slot[s].kind].free_slot:
                kind[slot[s].kind].free_slot = s
    for i in range(books[2]):
        out[i] = old_out[i]
        task[out[i]].slot = -1


@kernel
def run(
    world: Any,
    desk: Any,
    calendar: Any,
    near: Any,
    width: int,
    rng: Any,
    late: bool,
    steps: int,
    hot: float,
    cold: float,
    mean: float,
    longest: float,
    blink: float,
    books: Any,
) -> None:
    """`steps` steps while the temperature falls from `hot` to `cold`. `books`: cost, best cost, tasks left out."""
    task, slot, kind = world[0], world[2], world[3]
    _, _, _, _, absent, rank, out, old_out = desk
    for step in range(steps):
        temperature = hot * (cold / hot) ** (step / steps)
        change = 0
        for i in range(books[2]):
            absent[i] = out[i]
            old_out[i] = out[i]
            change -= task[out[i]].penalty
        found, at = ruin(world, desk, calendar, near, rng, late, mean, longest, books[2])
        if len(kind) > 1:
            at = vary_kinds(world, desk, rng, late, at)
        arrange(task, world[4], rng, late, absent, found, rank)
        left, at = recreate(world, desk, calendar, near, width, rng, late, blink, found, at)
        if len(kind) > 1:
            settle_kinds(world, desk, rng, late, at)
        for i in range(left):
            change += task[out[i]].penalty
        for s in range(len(slot)):
            if slot[s].touched == 1:
                change += slot[s].cost - slot[s].old_cost
        if change <= 0 or change < -temperature * math.log(uniform(rng)):
            accept(world, desk, change, left, books)
        else:
            undo(world, desk, books)


@kernel
def load_all(world: Any, late: bool, scratch: Any) -> int:
    """Compute all slots' figures after their lists were set from outside. Returns their cost."""
    task, mode, slot, kind, dist, ends, reach, links, depart = world
    total = 0
    forget_times(mode, dist)
    for s in range(len(slot)):
        forward(task, mode, slot, kind, dist, ends, reach, links, depart, s, slot[s].first)
        backward(task, mode, slot, kind, dist, ends, reach, links, depart, s, slot[s].last)
        price(task, mode, slot, kind, dist, ends, reach, links, depart, late, s, scratch)
        total += slot[s].cost
    return int(total)


@kernel
def traced(world: Any, s: int, out: Any) -> int:
    """Best modes of slot s, last task first, into `out`. Returns how many."""
    task, mode, slot, kind, dist, ends, reach, _, _ = world
    return trace(task, mode, slot, kind, dist, ends, reach, s, out)
