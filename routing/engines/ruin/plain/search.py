"""The quick search, compiled: ruin strings of neighbouring tasks, insert them greedily with blinks, anneal.

Christiaens & Vanden Berghe, Slack Induction by String Removals for Vehicle Routing Problems, 2020.

`world` is (node, task, mode, slot, kind, dist, out, into) as in layout.py and route.py, `desk` scratch space:
(absent, rank, left out, left out before, seen, able, notes, best next). `near` (tasks + 1, neighbours) int32 lists
neighbours, nearest first. Settings of the search are in `rules`: (mean tasks removed, longest string, blink).
"""

from __future__ import annotations

import math
from typing import Any

from routing.engines.ruin.chance import uniform
from routing.engines.ruin.plain.layout import AHEAD, BEST, BUSY, COST, LEFT, NOTES, SLOT_NOTES, STAMP, STEP
from routing.engines.ruin.plain.recreate import arrange, place_anywhere, place_empty, place_near
from routing.engines.ruin.plain.route import put, refresh_backward, refresh_forward
from routing.engines.ruin.plain.ruins import ruin
from routing.jit import leaf, steady


@leaf
def recreate(
    world: Any,
    desk: Any,
    near: Any,
    width: int,
    rng: Any,
    books: Any,
    flat: bool,
    blink: float,
    found: int,
    most: float,
) -> tuple[int, int]:
    """Insert absent tasks where each adds least, or leave them out. Returns (left out count, cost change).

    Gives up as soon as the change is sure to reach `most`: then the step will be undone.
    """
    node, task, mode, slot, _, dist, out, _ = world
    absent, _, left_out, _, seen, able, notes, _ = desk
    left = 0
    change = 0
    for i in range(found):
        change -= task[absent[i]].gain
    for i in range(found):
        t = absent[i]
        books[STAMP] += 1
        best, length, s, p = place_near(world, near, width, seen, able, rng, books, flat, blink, t)
        if s < 0 and width < len(task) - 2:
            best, length, s, p = place_anywhere(world, t, best)
        best, length, s, p = place_empty(world, t, best, length, s, p)
        change += best + task[t].gain
        if change >= most:
            break
        if s < 0:
            left_out[left] = t
            left += 1
            continue
        if slot[s].count == 0:
            books[BUSY] += 1
        put(node, task, mode, slot, dist, out, notes, books, flat, s, t, p, length)
    return left, change


@leaf
def keep_best(node: Any, notes: Any, books: Any, best_next: Any) -> None:
    """Keep the routes as they were before this step as the best known."""
    for t in range(len(node)):
        best_next[t] = node[t].next
    copies, which = notes[0], notes[1]
    for i in range(books[NOTES]):
        best_next[which[i]] = copies[i].next
    books[AHEAD] = 0


@leaf
def undo(world: Any, desk: Any, books: Any) -> None:
    """Go back to the routes before the step."""
    node, _, mode, slot, kind, _, _, _ = world
    _, _, left_out, before, _, _, notes, _ = desk
    copies, which, _, slot_copies, which_slot = notes
    for i in range(books[NOTES]):
        t = which[i]
        node[t] = copies[i]
        for m in range(node[t].first_mode, node[t].after_mode):
            mode[m].forward = mode[m].old_forward
            mode[m].backward = mode[m].old_backward
    for i in range(books[SLOT_NOTES]):
        s = which_slot[i]
        slot[s] = slot_copies[i]
        if slot[s].count == 0 and s < kind[slot[s].kind].free_slot:
            kind[slot[s].kind].free_slot = s
    for i in range(books[LEFT]):
        left_out[i] = before[i]


@steady
def run(
    world: Any,
    desk: Any,
    near: Any,
    width: int,
    rng: Any,
    flat: bool,
    steps: int,
    hot: float,
    cold: float,
    mean: float,
    longest: float,
    blink: float,
    books: Any,
) -> None:
    """`steps` steps while the temperature falls from `hot` to `cold`."""
    node, task = world[0], world[1]
    absent, rank, left_out, before, _, _, notes, best_next = desk
    fall = (cold / hot) ** (1.0 / steps)
    temperature = hot
    for _ in range(steps):
        books[STEP] += 1
        books[NOTES] = 0
        books[SLOT_NOTES] = 0
        busy = books[BUSY]
        change = 0
        for i in range(books[LEFT]):
            absent[i] = left_out[i]
            before[i] = left_out[i]
            change -= task[left_out[i]].penalty
        found, saved = ruin(world, absent, notes, near, rng, books, flat, mean, longest, books[LEFT])
        arrange(task, rng, absent, found, rank)
        change += saved
        bar = -temperature * math.log(uniform(rng))
        left, added = recreate(world, desk, near, width, rng, books, flat, blink, found, bar - change)
        change += added
        if change < bar:
            if books[AHEAD] == 1 and change > 0:
                keep_best(node, notes, books, best_next)
            books[COST] += change
            books[LEFT] = left
            if books[COST] < books[BEST]:
                books[BEST] = books[COST]
                books[AHEAD] = 1
        else:
            undo(world, desk, books)
            books[BUSY] = busy
        temperature *= fall


@steady
def settle(world: Any, notes: Any, books: Any) -> int:
    """All figures of the rings as they are linked, counts and loads included. Returns their cost."""
    node, task, mode, slot, _, dist, _, _ = world
    tasks = len(task) - 1
    total = 0
    books[BUSY] = 0
    for s in range(len(slot)):
        end = tasks + 1 + s
        slot[s].count = 0
        books[STEP] += 1
        books[NOTES] = 0
        node[end].step = node[end].link = 0
        first = node[end].next
        if first == end:
            continue
        refresh_forward(node, mode, dist, notes, books, tasks, first, tasks + 2)
        refresh_backward(node, mode, dist, notes, books, tasks, node[end].previous, tasks + 2)
        length = 0
        t = first
        while t != end:
            length += node[t].step
            slot[s].count += 1
            slot[s].room -= task[t].demand
            slot[s].left -= task[t].service
            t = node[t].next
        length += node[end].link
        slot[s].left -= length
        total += length * slot[s].rate + slot[s].fixed
        books[BUSY] += 1
    return int(total)


@steady
def traced(world: Any, s: int, chosen: Any) -> int:
    """Best modes of slot s, last task first, into `chosen`. Returns how many."""
    node, task, mode, dist = world[0], world[1], world[2], world[5]
    end = len(task) + s
    after = node[end].first_mode
    count = 0
    t = node[end].previous
    while t != end:
        best = 1 << 60
        pick = 0
        for m in range(node[t].first_mode, node[t].after_mode):
            value = mode[m].forward + dist[mode[m].leave, mode[after].enter]
            if value < best:
                best, pick = value, m
        chosen[count] = pick
        count += 1
        after = pick
        t = node[t].previous
    return count
