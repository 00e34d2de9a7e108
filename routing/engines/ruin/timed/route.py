"""One route where seconds and cost are counted apart: forward and backward figures, traced modes, price.

Arguments as in ruin/route.py; `dist`, `ends`, `reach`, `links`, `depart` have the further axes of timed/layout.py.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.layout import BIG
from routing.engines.ruin.timed.layout import (
    CLOSES,
    COME,
    COME_LATEST,
    COME_ONWARD,
    COME_SINCE,
    FROM,
    FROM_S,
    GO,
    LAST,
    OPENS,
    READY,
    SECONDS,
    SPAN,
    START_S,
    STAY,
    THROUGH,
    TO,
    TO_S,
)
from routing.engines.ruin.timed.segment import extend, prepend, price_of, seconds_of
from routing.engines.ruin.timed.ways import come_direct, come_loaded, go_home, go_on
from routing.jit import leaf

NEVER = BIG


@leaf
def forward_timed(
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
    """Refresh figures from the start of the route for task t and all after it; t may be reached as late as it is open,
    those after it in time for the rest."""
    k = slot[s].kind
    places = reach.shape[1]
    base, rate = kind[k].base, kind[k].rate
    held = False
    while t != 0:
        p = task[t].previous
        via = places > 0 and task[t].via == 1
        opens, closes = task[t].opens, task[t].closes
        for m in range(task[t].first_mode, task[t].after_mode):
            by = min(closes, mode[m].latest) if held else closes
            mode[m].before, mode[m].by = -1, -1
            if via:
                cost, end, span, last, leg, chosen = come_loaded(links, reach, depart, kind, k, p, m, by)
                mode[m].by = chosen
                if chosen >= 0 and p != 0:
                    mode[m].before = int(links[p, chosen, THROUGH])
            else:
                cost, end, span, last, leg, chosen = come_direct(task, mode, kind, dist, ends, k, p, m, by)
                mode[m].before = chosen
            if cost >= NEVER:
                mode[m].forward, mode[m].end = NEVER, NEVER
                continue
            mode[m].forward = cost + price_of(mode, kind, k, m)
            stay = seconds_of(mode, kind, k, m)
            mode[m].end, mode[m].span, mode[m].last = extend(end, span, last, leg, opens, closes, stay)
        for f in range(places):
            best = NEVER
            links[t, f, GO] = NEVER
            for m in range(task[t].first_mode, task[t].after_mode):
                leg = reach[base + m, f, TO_S]
                if mode[m].forward >= NEVER or mode[m].end + leg > depart[k, f, CLOSES]:
                    continue
                value = mode[m].forward + reach[base + m, f, TO] + rate * (mode[m].span + leg)
                if value < best:
                    best = value
                    links[t, f, GO] = mode[m].forward + reach[base + m, f, TO]
                    links[t, f, READY], links[t, f, SPAN], links[t, f, LAST] = extend(
                        mode[m].end,
                        mode[m].span,
                        mode[m].last,
                        leg,
                        depart[k, f, OPENS],
                        depart[k, f, CLOSES],
                        depart[k, f, STAY],
                    )
                    links[t, f, THROUGH] = m
        if places > 0:
            carried = 0
            if not via:
                carried = kind[k].used if p == 0 else task[p].picked
            task[t].picked = task[t].demand + carried
        held = True
        t = task[t].next


@leaf
def backward_timed(
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
    """Refresh figures to the end of the route for task t and all before it, in time for where they stand now."""
    k = slot[s].kind
    places = reach.shape[1]
    base, rate = kind[k].base, kind[k].rate
    while t != 0:
        q = task[t].next
        loaded = places > 0 and q != 0 and task[q].via == 1
        for m in range(task[t].first_mode, task[t].after_mode):
            value, cost, _, latest, onward, since = NEVER, NEVER, 0, 0, 0, 0
            if mode[m].forward < NEVER:
                value, cost, _, latest, onward, since = go_on(
                    task, mode, kind, dist, ends, reach, links, depart, k, q, m, loaded,
                    mode[m].end, mode[m].span, mode[m].last,
                )  # fmt: skip
            if value >= NEVER:
                mode[m].backward, mode[m].latest = NEVER, -1
                continue
            mode[m].backward = cost + price_of(mode, kind, k, m)
            mode[m].latest, mode[m].onward, mode[m].since = prepend(
                latest, onward, since, 0, task[t].opens, task[t].closes, seconds_of(mode, kind, k, m)
            )
        for f in range(places):
            best = NEVER
            links[t, f, COME] = NEVER
            for m in range(task[t].first_mode, task[t].after_mode):
                leg = reach[base + m, f, FROM_S]
                value = mode[m].backward + reach[base + m, f, FROM] + rate * (mode[m].onward + leg)
                if mode[m].backward < NEVER and value < best:
                    best = value
                    links[t, f, COME] = mode[m].backward + reach[base + m, f, FROM]
                    links[t, f, COME_LATEST] = mode[m].latest - leg
                    links[t, f, COME_ONWARD] = mode[m].onward + leg
                    links[t, f, COME_SINCE] = mode[m].since - leg
        if places > 0:
            task[t].coming = task[t].demand + (task[q].coming if q != 0 and not loaded else 0)
        t = task[t].previous


@leaf
def forget_times(mode: Any, dist: Any) -> None:
    """Hold no mode to a latest arrival, as before any route was known."""
    if dist.ndim == 3:
        for m in range(len(mode)):
            mode[m].latest = BIG


@leaf
def finish(
    task: Any, mode: Any, slot: Any, kind: Any, ends: Any, reach: Any, depart: Any, s: int
) -> tuple[int, int, int]:
    """(value of the whole route, mode of its last task, facility on the way home or -1), NEVER where it cannot end in
    time."""
    k, t = slot[s].kind, slot[s].last
    best, chosen, by = NEVER, -1, -1
    for m in range(task[t].first_mode, task[t].after_mode):
        if mode[m].forward < NEVER:
            home, _, _, _, _, f = go_home(kind, ends, reach, depart, k, m, mode[m].end, mode[m].span, mode[m].last)
            value = mode[m].forward + kind[k].rate * mode[m].span + home
            if value < best:
                best, chosen, by = value, m, f
    return int(best), chosen, by


@leaf
def trace_timed(
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
    out: Any,
) -> int:
    """Modes of slot s, last task first, into `out`, and the facilities passed; sets times. Returns how many."""
    k, t, count = slot[s].kind, slot[s].last, 0
    if t == 0:
        return 0
    _, m, task[t].home = finish(task, mode, slot, kind, ends, reach, depart, s)
    while t != 0 and m >= 0:
        p, by, before = task[t].previous, mode[m].by, mode[m].before
        out[count] = m
        count += 1
        task[t].mode, task[t].by, task[t].done = m, by, mode[m].end
        if by >= 0:
            ready = depart[k, by, READY] if p == 0 else links[p, by, READY]
            task[t].arrive = ready + reach[kind[k].base + m, by, FROM_S]
        elif p == 0:
            task[t].arrive = kind[k].clock + ends[k, m, START_S]
        else:
            task[t].arrive = mode[before].end + dist[kind[k].row + mode[before].leave, mode[m].enter, SECONDS]
        t, m = p, before
    return count


@leaf
def price_timed(
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
    """Value and cost of slot s, NEVER where it cannot be driven in time; its modes are traced."""
    t, k = slot[s].last, slot[s].kind
    if t == 0:
        slot[s].end = 0
        slot[s].cost = 0
        return
    value, _, _ = finish(task, mode, slot, kind, ends, reach, depart, s)
    slot[s].end = value
    if value >= NEVER:
        slot[s].cost = NEVER
        return
    cost = value + kind[k].fixed + slot[s].moved
    trace_timed(task, mode, slot, kind, dist, ends, reach, links, depart, s, scratch)
    while late and t != 0:
        if task[t].done > task[t].deadline:
            cost += task[t].weight * (task[t].done - task[t].deadline)
        t = task[t].previous
    slot[s].cost = cost
