"""Moves on routes in the compiled search: what inserting costs, linking, unlinking, saving, restoring.

Arguments as in route.py.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.layout import BIG, COME, END, FROM, GO, OLD_COME, OLD_GO, START, TO
from routing.engines.ruin.room import ways_to_load
from routing.engines.ruin.route import stay
from routing.engines.ruin.timed.moves import gap_timed, restore_timed, save_timed
from routing.jit import leaf

NEVER = BIG


@leaf
def push_lateness(task: Any, t: int, q: int, done: int, shift: int, bound: int) -> int:
    """Extra weighted lateness when t is done at `done` and everything from q on moves by `shift`."""
    extra = task[t].weight * max(0, done - task[t].deadline)
    while q != 0:
        over = task[q].done - task[q].deadline
        extra += task[q].weight * (max(0, over + shift) - max(0, over))
        if extra > bound:
            break
        q = task[q].next
    return int(extra)


@leaf
def way_in(task: Any, mode: Any, dist: Any, ends: Any, k: int, above: int, p: int, m: int) -> int:
    """Least time from the start of a route through task p (0: none) to the start of mode m; `above` as in KIND.row."""
    if p == 0:
        return int(ends[k, m, START])
    best = NEVER
    column = mode[m].enter
    for b in range(task[p].first_mode, task[p].after_mode):
        best = min(best, mode[b].forward + dist[above + mode[b].leave, column])
    return int(best)


@leaf
def way_out(task: Any, mode: Any, dist: Any, ends: Any, k: int, above: int, q: int, m: int) -> int:
    """Least time from the end of mode m through task q (0: none) to the end of the route."""
    if q == 0:
        return int(ends[k, m, END])
    best = NEVER
    row = above + mode[m].leave
    for b in range(task[q].first_mode, task[q].after_mode):
        best = min(best, mode[b].backward + dist[row, mode[b].enter])
    return int(best)


@leaf
def gap_cost(
    task: Any,
    mode: Any,
    slot: Any,
    kind: Any,
    dist: Any,
    ends: Any,
    reach: Any,
    links: Any,
    depart: Any,
    late: bool,
    t: int,
    p: int,
    q: int,
    s: int,
    bound: int,
) -> tuple[int, int]:
    """Cost change of putting t between p and q of slot s, and how: bit 0 a facility before t, bit 1 one after it."""
    if dist.ndim == 3:
        return gap_timed(task, mode, slot, kind, dist, ends, reach, links, depart, late, t, p, q, s, bound)
    k = slot[s].kind
    above, base = kind[k].row, kind[k].base
    ways = ways_to_load(task, slot, kind, reach, t, p, q, s)
    if ways == 0:
        return NEVER, 0
    direct, before, after, both = ways & 1 != 0, ways & 2 != 0, ways & 4 != 0, ways & 8 != 0
    best = NEVER
    code = 0
    done = 0
    for m in range(task[t].first_mode, task[t].after_mode):
        come, go, come_loaded, go_loaded = NEVER, NEVER, NEVER, NEVER
        if direct or after:
            come = way_in(task, mode, dist, ends, k, above, p, m)
        if direct or before:
            go = way_out(task, mode, dist, ends, k, above, q, m)
        if not direct:
            for f in range(reach.shape[1]):
                if before or both:
                    start = depart[k, f] if p == 0 else links[p, f, GO]
                    come_loaded = min(come_loaded, start + reach[base + m, f, FROM])
                if after or both:
                    go_loaded = min(go_loaded, reach[base + m, f, TO] + links[q, f, COME])
        service = stay(mode, kind, k, m)
        if direct and come + service + go < best:
            best, code, done = come + service + go, 0, come + service
        if after and come + service + go_loaded < best:
            best, code, done = come + service + go_loaded, 2, come + service
        if before and come_loaded + service + go < best:
            best, code, done = come_loaded + service + go, 1, come_loaded + service
        if both and come_loaded + service + go_loaded < best:
            best, code, done = come_loaded + service + go_loaded, 3, come_loaded + service
    if best > kind[k].limit:
        return NEVER, 0
    change = best - slot[s].end
    if p == 0 and q == 0:
        change += kind[k].fixed
    if task[t].keep != k:
        change += task[t].move
    if late and change < bound:
        change += push_lateness(task, t, q, done, best - slot[s].end, bound - change)
    return change, code


@leaf
def unlink(task: Any, slot: Any, kind: Any, t: int) -> None:
    """Take t out of its route."""
    s = task[t].slot
    p = task[t].previous
    q = task[t].next
    if p != 0:
        task[p].next = q
    else:
        slot[s].first = q
    if q != 0:
        task[q].previous = p
        if p == 0 and kind[slot[s].kind].used == 0:
            task[q].via = 0
        else:
            task[q].via = max(task[q].via, task[t].via)
    else:
        slot[s].last = p
    task[t].via = 0
    task[t].slot = -1
    slot[s].count -= 1
    slot[s].load -= task[t].demand
    if task[t].keep != slot[s].kind:
        slot[s].moved -= task[t].move


@leaf
def put(task: Any, slot: Any, t: int, p: int, s: int, code: int) -> None:
    """Put t after p (0: at the front) into slot s; `code` as in `gap_cost`."""
    q = task[p].next if p != 0 else slot[s].first
    task[t].previous = p
    task[t].next = q
    task[t].slot = s
    task[t].via = code & 1
    if p != 0:
        task[p].next = t
    else:
        slot[s].first = t
    if q != 0:
        task[q].previous = t
        task[q].via = code >> 1
    else:
        slot[s].last = t
    slot[s].count += 1
    slot[s].load += task[t].demand
    if task[t].keep != slot[s].kind:
        slot[s].moved += task[t].move


@leaf
def save(
    task: Any, mode: Any, slot: Any, dist: Any, reach: Any, links: Any, s: int, order: Any, vias: Any, at: int
) -> int:
    """Remember slot s: its order in `order[at:]`, its figures beside themselves. Returns the next free place."""
    places = reach.shape[1]
    slot[s].saved_from = at
    slot[s].old_cost = slot[s].cost
    slot[s].old_end = slot[s].end
    slot[s].touched = 1
    t = slot[s].first
    while t != 0:
        order[at] = t
        vias[at] = task[t].via
        at += 1
        for m in range(task[t].first_mode, task[t].after_mode):
            mode[m].old_forward = mode[m].forward
            mode[m].old_backward = mode[m].backward
        if dist.ndim == 3:
            save_timed(task, mode, links, t)
        else:
            for f in range(places):
                links[t, f, OLD_GO] = links[t, f, GO]
                links[t, f, OLD_COME] = links[t, f, COME]
        task[t].old_picked = task[t].picked
        task[t].old_coming = task[t].coming
        task[t].old_done = task[t].done
        t = task[t].next
    slot[s].saved_to = at
    return at


@leaf
def restore(
    task: Any, mode: Any, slot: Any, kind: Any, dist: Any, reach: Any, links: Any, s: int, order: Any, vias: Any
) -> None:
    """Bring slot s back to what `save` remembered."""
    places = reach.shape[1]
    p = 0
    load = kind[slot[s].kind].used
    moved = 0
    slot[s].first = 0
    for at in range(slot[s].saved_from, slot[s].saved_to):
        t = order[at]
        task[t].previous = p
        task[t].via = vias[at]
        task[t].slot = s
        load += task[t].demand
        if task[t].keep != slot[s].kind:
            moved += task[t].move
        if p != 0:
            task[p].next = t
        else:
            slot[s].first = t
        for m in range(task[t].first_mode, task[t].after_mode):
            mode[m].forward = mode[m].old_forward
            mode[m].backward = mode[m].old_backward
        if dist.ndim == 3:
            restore_timed(task, mode, links, t)
        else:
            for f in range(places):
                links[t, f, GO] = links[t, f, OLD_GO]
                links[t, f, COME] = links[t, f, OLD_COME]
        task[t].picked = task[t].old_picked
        task[t].coming = task[t].old_coming
        task[t].done = task[t].old_done
        p = t
    if p != 0:
        task[p].next = 0
    slot[s].last = p
    slot[s].count = slot[s].saved_to - slot[s].saved_from
    slot[s].load = load
    slot[s].moved = moved
    slot[s].cost = slot[s].old_cost
    slot[s].end = slot[s].old_end
    slot[s].touched = 0
