"""Cheapest ways into a mode and on from it, in time.

Arguments as in timed/route.py.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.layout import BIG
from routing.engines.ruin.timed.layout import (
    COME,
    COME_LATEST,
    COME_ONWARD,
    COME_SINCE,
    COST,
    END,
    END_S,
    FROM,
    FROM_S,
    GO,
    HOME,
    HOME_LATEST,
    HOME_S,
    LAST,
    LATEST,
    READY,
    SECONDS,
    SPAN,
    START,
    START_S,
    TO_S,
)
from routing.engines.ruin.timed.segment import by_facility
from routing.jit import leaf

NEVER = BIG


@leaf
def come_direct(
    task: Any, mode: Any, kind: Any, dist: Any, ends: Any, k: int, p: int, m: int, by: int
) -> tuple[int, int, int, int, int, int]:
    """Cheapest way to mode m from task p (0: the start) that arrives by `by`.

    (cost, end, span, last of the segment before it, seconds of the leg, the mode before), cost NEVER for none.
    """
    if p == 0:
        if kind[k].clock + ends[k, m, START_S] > by or ends[k, m, START] >= NEVER:
            return NEVER, 0, 0, 0, 0, -1
        return int(ends[k, m, START]), int(kind[k].clock), 0, int(kind[k].last_start), int(ends[k, m, START_S]), -1
    above, rate, column = kind[k].row, kind[k].rate, mode[m].enter
    best, chosen, leg = NEVER, -1, 0
    for b in range(task[p].first_mode, task[p].after_mode):
        seconds = int(dist[above + mode[b].leave, column, SECONDS])
        value = mode[b].forward + dist[above + mode[b].leave, column, COST] + rate * (mode[b].span + seconds)
        if value < best and mode[b].end + seconds <= by:
            best, chosen, leg = value, b, seconds
    if chosen < 0:
        return NEVER, 0, 0, 0, 0, -1
    cost = best - rate * (mode[chosen].span + leg)
    return int(cost), int(mode[chosen].end), int(mode[chosen].span), int(mode[chosen].last), leg, chosen


@leaf
def come_loaded(
    links: Any, reach: Any, depart: Any, kind: Any, k: int, p: int, m: int, by: int
) -> tuple[int, int, int, int, int, int]:
    """The same by way of a facility; last of all the facility."""
    base, rate = kind[k].base, kind[k].rate
    best, chosen = NEVER, -1
    for f in range(reach.shape[1]):
        cost = depart[k, f, GO] if p == 0 else links[p, f, GO]
        ready = depart[k, f, READY] if p == 0 else links[p, f, READY]
        span = depart[k, f, SPAN] if p == 0 else links[p, f, SPAN]
        value = cost + reach[base + m, f, FROM] + rate * (span + reach[base + m, f, FROM_S])
        if cost < NEVER and value < best and ready + reach[base + m, f, FROM_S] <= by:
            best, chosen = value, f
    if chosen < 0:
        return NEVER, 0, 0, 0, 0, -1
    leg = int(reach[base + m, chosen, FROM_S])
    if p == 0:
        cost, ready = depart[k, chosen, GO], depart[k, chosen, READY]
        span, last = depart[k, chosen, SPAN], depart[k, chosen, LAST]
    else:
        cost, ready = links[p, chosen, GO], links[p, chosen, READY]
        span, last = links[p, chosen, SPAN], links[p, chosen, LAST]
    return int(cost + reach[base + m, chosen, FROM]), int(ready), int(span), int(last), leg, chosen


@leaf
def go_home(
    kind: Any, ends: Any, reach: Any, depart: Any, k: int, m: int, end: int, span: int, last: int
) -> tuple[int, int, int, int, int, int]:
    """Cheapest way home from mode m, by a facility where unloading is owed, for a route up to there that is (end, span,
    last): (value, cost, latest, onward, since, the facility or -1) as in `go_on`."""
    rate = kind[k].rate
    if kind[k].unloads == 0:
        onward = int(ends[k, m, END_S])
        if end > ends[k, m, LATEST] or ends[k, m, END] >= NEVER or span + onward > kind[k].longest:
            return NEVER, NEVER, 0, 0, 0, -1
        cost = int(ends[k, m, END])
        return cost + rate * onward, cost, int(ends[k, m, LATEST]), onward, -NEVER, -1
    best, best_cost, latest, onward, since, chosen = NEVER, NEVER, 0, 0, 0, -1
    for f in range(reach.shape[1]):
        leg = int(reach[kind[k].base + m, f, TO_S])
        cost, _, late, more, soon = by_facility(
            reach, depart, k, kind[k].base, m, f, end,
            depart[k, f, HOME], depart[k, f, HOME_LATEST], depart[k, f, HOME_S], -NEVER,
        )  # fmt: skip
        whole = span + leg + more + max(0, soon - span - leg - last)
        value = cost + rate * (whole - span)
        if cost < NEVER and value < best and whole <= kind[k].longest:
            best, best_cost, latest, onward, since, chosen = value, cost, late - leg, more + leg, soon - leg, f
    return int(best), int(best_cost), int(latest), int(onward), int(since), chosen


@leaf
def go_on(
    task: Any,
    mode: Any,
    kind: Any,
    dist: Any,
    ends: Any,
    reach: Any,
    links: Any,
    depart: Any,
    k: int,
    q: int,
    m: int,
    loaded: bool,
    end: int,
    span: int,
    last: int,
) -> tuple[int, int, int, int, int, int]:
    """Cheapest way on from the end of mode m through task q (0: home), by a facility where `loaded`, for a route up to
    there that is (end, span, last).

    (value, cost, arrival at q, latest, onward, since of m's end); value, in which seconds are paid for, NEVER for none.
    """
    rate = kind[k].rate
    best, best_cost, arrive, latest, onward, since = NEVER, NEVER, 0, 0, 0, 0
    if q == 0:
        value, cost, late, more, soon, _ = go_home(kind, ends, reach, depart, k, m, end, span, last)
        return value, cost, end, late, more, soon
    if loaded:
        for f in range(reach.shape[1]):
            cost, done, late, more, soon = by_facility(
                reach, depart, k, kind[k].base, m, f, end,
                links[q, f, COME], links[q, f, COME_LATEST], links[q, f, COME_ONWARD], links[q, f, COME_SINCE],
            )  # fmt: skip
            leg = int(reach[kind[k].base + m, f, TO_S])
            whole = span + leg + more + max(0, soon - span - leg - last)
            value = cost + rate * (whole - span)
            if cost < NEVER and value < best and whole <= kind[k].longest:
                best, best_cost, latest, onward, since = value, cost, late - leg, more + leg, soon - leg
                arrive = done + int(reach[kind[k].base + task[q].mode, f, FROM_S])
        return best, best_cost, arrive, latest, onward, since
    row = kind[k].row + mode[m].leave
    for c in range(task[q].first_mode, task[q].after_mode):
        leg = int(dist[row, mode[c].enter, SECONDS])
        cost = mode[c].backward + dist[row, mode[c].enter, COST]
        whole = span + leg + mode[c].onward + max(0, mode[c].since - span - leg - last)
        value = cost + rate * (whole - span)
        if mode[c].backward < NEVER and value < best and end + leg <= mode[c].latest and whole <= kind[k].longest:
            best, best_cost, arrive = value, cost, end + leg
            latest, onward, since = mode[c].latest - leg, mode[c].onward + leg, mode[c].since - leg
    return int(best), int(best_cost), int(arrive), int(latest), int(onward), int(since)
