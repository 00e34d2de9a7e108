"""What inserting costs where seconds and cost are counted apart.

Arguments as in ruin/route.py; `dist`, `ends`, `reach`, `links`, `depart` have the further axes of timed/layout.py.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.layout import BIG
from routing.engines.ruin.room import ways_to_load
from routing.engines.ruin.timed.layout import LINKS
from routing.engines.ruin.timed.segment import extend, price_of, seconds_of
from routing.engines.ruin.timed.ways import come_direct, come_loaded, go_on
from routing.jit import leaf

NEVER = BIG


@leaf
def push_timed(task: Any, mode: Any, kind: Any, k: int, t: int, q: int, done: int, arrive: int, bound: int) -> int:
    """Extra weighted lateness when t is done at `done` and q is reached at `arrive`: waiting swallows delay."""
    extra = task[t].weight * max(0, done - task[t].deadline)
    shift = arrive - task[q].arrive
    while q != 0 and shift > 0:
        begin = task[q].done - seconds_of(mode, kind, k, task[q].mode)
        shift -= begin - task[q].arrive
        if shift <= 0:
            break
        over = task[q].done - task[q].deadline
        extra += task[q].weight * (max(0, over + shift) - max(0, over))
        if extra > bound:
            break
        q = task[q].next
    return int(extra)


@leaf
def gap_timed(
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
    """As `gap_cost`: cost change of putting t between p and q of slot s, and how; NEVER where it breaks a window."""
    k, rate = slot[s].kind, kind[slot[s].kind].rate
    ways = ways_to_load(task, slot, kind, reach, t, p, q, s)
    if ways == 0 or slot[s].end >= NEVER:
        return NEVER, 0
    opens, closes = task[t].opens, task[t].closes
    best, code, done, arrive = NEVER, 0, 0, 0
    for m in range(task[t].first_mode, task[t].after_mode):
        price, stay = price_of(mode, kind, k, m), seconds_of(mode, kind, k, m)
        for before in range(2):
            if ways & (10 if before == 1 else 5) == 0:
                continue
            if before == 1:
                cost, end, span, last, leg, _ = come_loaded(links, reach, depart, kind, k, p, m, closes)
            else:
                cost, end, span, last, leg, _ = come_direct(task, mode, kind, dist, ends, k, p, m, closes)
            if cost >= NEVER:
                continue
            end, span, last = extend(end, span, last, leg, opens, closes, stay)
            spent = cost + price + rate * span
            for after in range(2):
                if ways & (1 << (before + 2 * after)) == 0:
                    continue
                value, _, there, _, _, _ = go_on(
                    task, mode, kind, dist, ends, reach, links, depart, k, q, m, after == 1, end, span, last
                )
                if spent + value < best:
                    best, code, done, arrive = spent + value, before + 2 * after, end, there
    if best >= NEVER:
        return NEVER, 0
    change = best - slot[s].end
    if p == 0 and q == 0:
        change += kind[k].fixed
    if task[t].keep != k:
        change += task[t].move
    if late and change < bound:
        change += push_timed(task, mode, kind, k, t, q, done, arrive, bound - change)
    return change, code


@leaf
def save_timed(task: Any, mode: Any, links: Any, t: int) -> None:
    """Remember what task t keeps besides."""
    for m in range(task[t].first_mode, task[t].after_mode):
        mode[m].old_end, mode[m].old_span, mode[m].old_last = mode[m].end, mode[m].span, mode[m].last
        mode[m].old_latest, mode[m].old_onward = mode[m].latest, mode[m].onward
        mode[m].old_since = mode[m].since
        mode[m].old_before, mode[m].old_by = mode[m].before, mode[m].by
    for f in range(links.shape[1]):
        for x in range(LINKS):
            links[t, f, LINKS + x] = links[t, f, x]
    task[t].old_arrive, task[t].old_mode = task[t].arrive, task[t].mode
    task[t].old_stop, task[t].old_home = task[t].by, task[t].home


@leaf
def restore_timed(task: Any, mode: Any, links: Any, t: int) -> None:
    """Bring back what `save_timed` remembered."""
    for m in range(task[t].first_mode, task[t].after_mode):
        mode[m].end, mode[m].span, mode[m].last = mode[m].old_end, mode[m].old_span, mode[m].old_last
        mode[m].latest, mode[m].onward = mode[m].old_latest, mode[m].old_onward
        mode[m].since = mode[m].old_since
        mode[m].before, mode[m].by = mode[m].old_before, mode[m].old_by
    for f in range(links.shape[1]):
        for x in range(LINKS):
            links[t, f, x] = links[t, f, LINKS + x]
    task[t].arrive, task[t].mode = task[t].old_arrive, task[t].old_mode
    task[t].by, task[t].home = task[t].old_stop, task[t].old_home
