"""One route in the compiled search: times forward and backward, traced modes, price.

The direction of every task is chosen anew by dynamic programming over modes, forward and backward, so that an
insertion is priced with the best directions of all tasks around it.

Where the table has cost and seconds apart (`dist` of three axes) the functions of timed/route.py do the work; the
choice is made when the kernel is compiled.

Arguments common to all functions: `task`, `mode`, `slot`, `kind` records (layout.py), `dist` int32 (rows, columns),
`ends` (kinds, modes, 2), `reach` (tables x modes, facilities, 2), `links` (tasks, facilities, 4), `depart` (kinds,
facilities): from the start of the route to a facility, its service included.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.layout import BIG, COME, END, FROM, GO, START, TO
from routing.engines.ruin.room import fits
from routing.engines.ruin.timed.route import backward_timed, forward_timed, price_timed
from routing.jit import leaf

NEVER = BIG


@leaf
def stay(mode: Any, kind: Any, k: int, m: int) -> int:
    """What serving in mode m adds with a vehicle of kind k."""
    if kind[k].odd == 0:
        return int(mode[m].service)
    percent = kind[k].percent
    return int((mode[m].service * percent + 99) // 100 + kind[k].rate * ((mode[m].seconds * percent + 99) // 100))


@leaf
def forward(
    task: Any,
    mode: Any,
    slot: Any,
    kind: Any,
    dist: Any,
    ends: Any,
    reach: Any,
    links: Any,
    depart: Any,
    s: int,
    t: int,
) -> None:
    """Refresh forward times, facility arrivals and picked loads from task t to the end of slot s."""
    if dist.ndim == 3:
        forward_timed(task, mode, slot, kind, dist, ends, reach, links, depart, s, t)
        return
    k = slot[s].kind
    places = reach.shape[1]
    above, base = kind[k].row, kind[k].base
    while t != 0:
        p = task[t].previous
        via = task[t].via
        for m in range(task[t].first_mode, task[t].after_mode):
            best = NEVER
            if places > 0 and via == 1:
                for f in range(places):
                    start = depart[k, f] if p == 0 else links[p, f, GO]
                    best = min(best, start + reach[base + m, f, FROM])
            elif p == 0:
                best = ends[k, m, START]
            else:
                column = mode[m].enter
                for b in range(task[p].first_mode, task[p].after_mode):
                    best = min(best, mode[b].forward + dist[above + mode[b].leave, column])
            mode[m].forward = best + stay(mode, kind, k, m)
        if places > 0:
            for f in range(places):
                best = NEVER
                for m in range(task[t].first_mode, task[t].after_mode):
                    best = min(best, mode[m].forward + reach[base + m, f, TO])
                links[t, f, GO] = best
            carried = 0
            if via == 0:
                carried = kind[k].used if p == 0 else task[p].picked
            task[t].picked = task[t].demand + carried
        t = task[t].next


@leaf
def backward(
    task: Any,
    mode: Any,
    slot: Any,
    kind: Any,
    dist: Any,
    ends: Any,
    reach: Any,
    links: Any,
    depart: Any,
    s: int,
    t: int,
) -> None:
    """Refresh backward times, facility departures and coming loads from task t to the start of slot s."""
    if dist.ndim == 3:
        backward_timed(task, mode, slot, kind, dist, ends, reach, links, depart, s, t)
        return
    k = slot[s].kind
    places = reach.shape[1]
    above, base = kind[k].row, kind[k].base
    while t != 0:
        q = task[t].next
        via = 0 if q == 0 else task[q].via
        for m in range(task[t].first_mode, task[t].after_mode):
            best = NEVER
            if q == 0:
                best = ends[k, m, END]
            elif places > 0 and via == 1:
                for f in range(places):
                    best = min(best, reach[base + m, f, TO] + links[q, f, COME])
            else:
                row = above + mode[m].leave
                for b in range(task[q].first_mode, task[q].after_mode):
                    best = min(best, mode[b].backward + dist[row, mode[b].enter])
            mode[m].backward = best + stay(mode, kind, k, m)
        if places > 0:
            for f in range(places):
                best = NEVER
                for m in range(task[t].first_mode, task[t].after_mode):
                    best = min(best, reach[base + m, f, FROM] + mode[m].backward)
                links[t, f, COME] = best
            task[t].coming = task[t].demand + (task[q].coming if q != 0 and via == 0 else 0)
        t = task[t].previous


@leaf
def trace(task: Any, mode: Any, slot: Any, kind: Any, dist: Any, ends: Any, reach: Any, s: int, out: Any) -> int:
    """Best modes of slot s, last task first, into `out`; sets completion times. Returns how many."""
    k = slot[s].kind
    places = reach.shape[1]
    above, base = kind[k].row, kind[k].base
    t = slot[s].last
    count = 0
    after = -1
    while t != 0:
        q = task[t].next
        best = NEVER * 4
        chosen = task[t].first_mode
        for m in range(task[t].first_mode, task[t].after_mode):
            if q == 0:
                value = mode[m].forward + ends[k, m, END]
            elif places > 0 and task[q].via == 1:
                value = NEVER
                for f in range(places):
                    value = min(value, mode[m].forward + reach[base + m, f, TO] + reach[base + after, f, FROM])
            else:
                value = mode[m].forward + dist[above + mode[m].leave, mode[after].enter]
            if value < best:
                best = value
                chosen = m
        out[count] = chosen
        count += 1
        after = chosen
        task[t].done = mode[chosen].forward
        t = task[t].previous
    return count


@leaf
def price(
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
    s: int,
    scratch: Any,
) -> None:
    """End and cost of slot s, once its forward times hold."""
    if dist.ndim == 3:
        price_timed(task, mode, slot, kind, dist, ends, reach, links, depart, late, s, scratch)
        return
    t = slot[s].last
    if t == 0:
        slot[s].end = 0
        slot[s].cost = 0
        return
    k = slot[s].kind
    end = NEVER
    for m in range(task[t].first_mode, task[t].after_mode):
        end = min(end, mode[m].forward + ends[k, m, END])
    slot[s].end = end
    cost = end + kind[k].fixed + slot[s].moved
    if late:
        trace(task, mode, slot, kind, dist, ends, reach, s, scratch)
        while t != 0:
            if task[t].done > task[t].deadline:
                cost += task[t].weight * (task[t].done - task[t].deadline)
            t = task[t].previous
    slot[s].cost = cost


@leaf
def join_trips(task: Any, slot: Any, kind: Any, s: int) -> bool:
    """Drop facility visits of slot s between trips that fit together. True where one was dropped."""
    k = slot[s].kind
    load = kind[k].used
    joined = False
    t = slot[s].first
    while t != 0:
        first = task[t].previous == 0
        if task[t].via == 1:
            if fits(kind, k, load + task[t].coming):
                load += task[t].coming
                task[t].via = 0
                joined = True
            else:
                load = task[t].coming
        elif first:
            load += task[t].coming
        t = task[t].next
    return joined
