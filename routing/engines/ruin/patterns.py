"""Repeated work: all tasks of a repeat go out together and come back on the allowed days where they add least.

Routes of different days have nothing in common, so the cheapest place of each day, added up over a pattern, is what
the pattern costs. `calendar` is (group, pattern, member, day_cost, day_place) of calendar.py; the rest as in search.py.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.chance import skips, uniform
from routing.engines.ruin.layout import BIG
from routing.engines.ruin.moves import gap_cost, put, save, unlink
from routing.engines.ruin.room import fits
from routing.engines.ruin.route import backward, forward, price
from routing.jit import kernel

OVERLOOKED = 0.02
"""Chance that a pattern is not looked at."""


@kernel
def look_at(world: Any, late: bool, t: int, p: int, q: int, s: int, day_cost: Any, day_place: Any) -> None:
    """Note the gap between p and q of slot s if it is the cheapest for t on the slot's day."""
    task, mode, slot, kind, dist, ends, reach, links, depart = world
    day = kind[slot[s].kind].day
    bound = day_cost[day]
    change, code = gap_cost(task, mode, slot, kind, dist, ends, reach, links, depart, late, t, p, q, s, bound)
    if change < bound:
        day_cost[day] = change
        day_place[day, 0], day_place[day, 1], day_place[day, 2] = s, p, code


@kernel
def may_take(world: Any, t: int, s: int) -> bool:
    """Whether the vehicle of slot s has the skills for t and, where it never unloads, the room."""
    task, slot, kind, reach = world[0], world[2], world[3], world[6]
    k = slot[s].kind
    if (task[t].skills & ~kind[k].skills) != 0:
        return False
    return reach.shape[1] > 0 or fits(kind, k, slot[s].load + task[t].demand)


@kernel
def place_days(
    world: Any,
    near: Any,
    width: int,
    rng: Any,
    late: bool,
    blink: float,
    clock: Any,
    t: int,
    day_cost: Any,
    day_place: Any,
) -> None:
    """The cheapest place of each day for t: beside its neighbours, where there is none anywhere, or in a new route."""
    task, slot, kind = world[0], world[2], world[3]
    clock[1] += 1
    day_cost[:] = BIG
    day_place[:, 0] = -1
    for z in range(width):
        j = near[t, z]
        s = task[j].slot
        if s < 0 or not may_take(world, t, s):
            continue
        for side in range(2):
            p = j if side == 0 else task[j].previous
            q = task[j].next if side == 0 else j
            other = q if side == 0 else p
            if other != 0 and task[other].seen == clock[1]:
                continue
            if clock[0] <= 0:
                clock[0] = skips(rng, blink)
                continue
            clock[0] -= 1
            look_at(world, late, t, p, q, s, day_cost, day_place)
        task[j].seen = clock[1]
    for s in range(len(slot)):
        day = kind[slot[s].kind].day
        if slot[s].count > 0 and day_place[day, 0] < 0 and width < len(task) - 2 and may_take(world, t, s):
            p, q = 0, slot[s].first
            while True:
                look_at(world, late, t, p, q, s, day_cost, day_place)
                if q == 0:
                    break
                p, q = q, task[q].next
    for k in range(len(kind)):
        free = kind[k].free_slot
        while free < kind[k].after_slot and slot[free].count > 0:
            free += 1
        kind[k].free_slot = free
        if free < kind[k].after_slot and may_take(world, t, free):
            look_at(world, late, t, 0, 0, free, day_cost, day_place)


@kernel
def choose_pattern(calendar: Any, g: int, rng: Any) -> int:
    """The pattern whose days cost least together, less than leaving the work out; -1 for none."""
    group, pattern, _, day_cost, _ = calendar
    best, chosen = group[g].penalty, -1
    for x in range(group[g].first_pattern, group[g].after_pattern):
        total, day, days = 0, 0, pattern[x]
        while days != 0 and total < best:
            if days & 1:
                total += day_cost[day]
            days >>= 1
            day += 1
        if total < best and uniform(rng) >= OVERLOOKED:
            best, chosen = total, x
    return chosen


@kernel
def recreate_group(
    world: Any,
    desk: Any,
    calendar: Any,
    near: Any,
    width: int,
    rng: Any,
    late: bool,
    blink: float,
    g: int,
    left: int,
    at: int,
) -> tuple[int, int]:
    """Put all tasks of group g back, or all into `out`. Returns the count of `out` and how much of `order` is used."""
    task, mode, slot, kind, dist, ends, reach, links, depart = world
    clock, order, vias, scratch, _, _, out, _ = desk
    group, pattern, member, day_cost, day_place = calendar
    first = group[g].first_member
    place_days(world, near, width, rng, late, blink, clock, member[first], day_cost, day_place)
    chosen = choose_pattern(calendar, g, rng)
    if chosen < 0:
        for i in range(first, first + group[g].members):
            out[left] = member[i]
            left += 1
        return left, at
    days, day, i = pattern[chosen], 0, first
    while days != 0:
        if days & 1:
            t, s, p, code = member[i], int(day_place[day, 0]), int(day_place[day, 1]), int(day_place[day, 2])
            i += 1
            if slot[s].touched == 0:
                at = save(task, mode, slot, dist, reach, links, s, order, vias, at)
            put(task, slot, t, p, s, code)
            forward(task, mode, slot, kind, dist, ends, reach, links, depart, s, t)
            backward(task, mode, slot, kind, dist, ends, reach, links, depart, s, t)
            price(task, mode, slot, kind, dist, ends, reach, links, depart, late, s, scratch)
        days >>= 1
        day += 1
    return left, at


@kernel
def remove_groups(world: Any, desk: Any, calendar: Any, late: bool, found: int, at: int) -> tuple[int, int]:
    """Take out what belongs with the tasks taken out already. Returns the absent count and how much of `order` is
    used; the slots concerned are marked 2 in `ruined` and their figures are to be refreshed."""
    task, mode, slot, kind, dist, _, reach, links, _ = world
    _, order, vias, _, absent, _, _, _ = desk
    group, _, member, _, _ = calendar
    for i in range(found):
        g = task[absent[i]].group
        for x in range(group[g].first_member, group[g].first_member + group[g].members):
            t = member[x]
            s = task[t].slot
            if g != 0 and s >= 0:
                if slot[s].touched == 0:
                    at = save(task, mode, slot, dist, reach, links, s, order, vias, at)
                unlink(task, slot, kind, t)
                absent[found] = t
                found += 1
                slot[s].ruined = 2
                if slot[s].count == 0 and s < kind[slot[s].kind].free_slot:
                    kind[slot[s].kind].free_slot = s
    return found, at
