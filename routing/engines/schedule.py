"""When a vehicle with a decided order leaves, takes its breaks, and is where.

The order is a chain of items: seconds driven to it, the window its work begins in, seconds it stays, and for a task
with a deadline what each second of lateness costs. If the vehicle leaves at s, item i begins at
max(B_i, s + P_i), where B_i is its beginning for the earliest start and P_i the seconds on the way and at work before
it. So the cost of duration and lateness is convex and piecewise linear in s, and least at one of its corners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.problem import HORIZON_S, Break, Vehicle


@dataclass(frozen=True, slots=True)
class Item:
    """One stop to be timed. `rest` is the break taken, None for work. `due_s` None means no deadline that costs."""

    leg_s: int
    opens_s: int
    closes_s: int
    stay_s: int
    due_s: int | None = None
    weight: int = 0
    rest: Break | None = None


def run(items: Sequence[Item], home_s: int, start_s: int) -> tuple[list[tuple[int, int, int]], int]:
    """(arrival, beginning, end) of each item, and when the vehicle is home."""
    clock, times = start_s, []
    for item in items:
        arrive = clock + item.leg_s
        begin = max(arrive, item.opens_s)
        clock = begin + item.stay_s
        times.append((arrive, begin, clock))
    return times, clock + home_s


def best_start(items: Sequence[Item], home_s: int, earliest_s: int, vehicle: Vehicle, second_cost: int) -> int:
    """When to leave: where waiting costs nothing as early as may be (but not to wait at the first stop), else when
    duration (`second_cost` a second) and lateness cost least together."""
    if not items:
        return earliest_s
    if second_cost <= 0:
        return max(earliest_s, items[0].opens_s - items[0].leg_s)
    times, end_s = run(items, home_s, earliest_s)
    begins = np.array([*(begin for _, begin, _ in times), end_s], np.int64)
    legs = np.array([item.leg_s for item in items] + [home_s], np.int64)
    stays = np.array([0] + [item.stay_s for item in items], np.int64)
    ahead = np.cumsum(legs + stays)
    closes = np.array([item.closes_s for item in items] + [vehicle.shift[1]], np.int64)
    latest = max(earliest_s, int((closes - ahead).min()))
    late = [i for i, item in enumerate(items) if item.due_s is not None and item.weight > 0]
    corners = {earliest_s, latest, int(np.clip(begins[-1] - ahead[-1], earliest_s, latest))}
    for i in late:
        due = items[i].due_s or 0
        corners.add(int(np.clip(begins[i] - ahead[i], earliest_s, latest)))
        corners.add(int(np.clip(due - items[i].stay_s - ahead[i], earliest_s, latest)))

    def price(start: int) -> int:
        cost = second_cost * (max(int(begins[-1]), start + int(ahead[-1])) - start)
        for i in late:
            done = max(int(begins[i]), start + int(ahead[i])) + items[i].stay_s
            cost += items[i].weight * max(0, done - (items[i].due_s or 0))
        return cost

    return min(sorted(corners), key=price)


def with_breaks(items: Sequence[Item], home_s: int, earliest_s: int, vehicle: Vehicle, second_cost: int) -> list[Item]:
    """Items with the breaks the route owes, each put where it breaks no window and delays least."""
    chain = list(items)
    owed = sorted(vehicle.breaks, key=lambda rest: (rest.window, rest.id))
    while True:
        start_s = best_start(chain, home_s, earliest_s, vehicle, second_cost)
        _, end_s = run(chain, home_s, start_s)
        due = next((rest for rest in owed if end_s > rest.window[1]), None)
        if due is None:
            return chain
        owed.remove(due)
        stop = Item(0, due.window[0], due.window[1], due.duration_s, rest=due)
        ways = [[*chain[:at], stop, *chain[at:]] for at in range(len(chain) + 1)]
        chain = min(ways, key=lambda way: _weigh(way, home_s, earliest_s, vehicle, second_cost))


def _weigh(
    chain: Sequence[Item], home_s: int, earliest_s: int, vehicle: Vehicle, second_cost: int
) -> tuple[int, int, int]:
    """(windows and shift missed, in seconds; cost; end), the smaller the better."""
    start_s = best_start(chain, home_s, earliest_s, vehicle, second_cost)
    times, end_s = run(chain, home_s, start_s)
    missed = max(0, end_s - vehicle.shift[1])
    cost = second_cost * (end_s - start_s)
    for item, (_, begin, done) in zip(chain, times, strict=True):
        missed += max(0, begin - item.closes_s)
        if item.due_s is not None:
            cost += item.weight * max(0, done - item.due_s)
    return min(missed, HORIZON_S), cost, end_s
