"""The choice path scanning makes at each step, compiled: thousands of tasks are looked at to choose one."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np

from routing.jit import steady

MODE = np.dtype(
    [
        ("column", "i8"),  # of the tables: where it is entered
        ("opens", "i8"),
        ("closes", "i8"),
        ("deadline", "i8"),
        ("weight", "i8"),
        ("worth", "i8"),  # most that driving there may cost
    ]
)

NEVER = 1 << 60
"""A time nothing is done by."""

NONE = -1


@steady
def choose(
    candidates: Any,
    count: int,
    mode: Any,
    service: Any,
    demand: Any,
    able: Any,
    cost: Any,
    seconds: Any,
    far: int,
    clock: int,
    used: Any,
    capacity: Any,
    limit: int,
    home: Any,
    exits: Any,
    places: Any,
    pull: Any,
    lean: float,
    patience: float,
    mean_weight: float,
    soonest: bool,
    out: Any,
) -> None:
    """Best mode to serve next and when it is done, into `out` (2,); NONE where nothing fits.

    `candidates` are the modes still open, `count` of them; `cost` and `seconds` the tables' row of where the vehicle
    stands. `home` (modes,) is the time home from each mode, or where `exits` (modes, facilities) is given, unloading is
    owed on the way: `places` (facilities, 4) holds opening, closing, stay and the time home of each. `soonest` chooses
    what is done first; else what is near and urgent, with `lean` times `pull` (modes,) for what is far from home.
    """
    best, chosen, when = -1.0, NONE, NEVER
    for i in range(count):
        m = candidates[i]
        column = mode[m].column
        fare = cost[column]
        if fare >= far or fare > mode[m].worth or not able[m]:
            continue
        arrive = clock + seconds[column]
        begin = max(arrive, mode[m].opens)
        if begin > mode[m].closes:
            continue
        fits = True
        for c in range(len(capacity)):
            fits = fits and used[c] + demand[m, c] <= capacity[c]
        if not fits:
            continue
        done = begin + service[m]
        end = NEVER
        if len(places) == 0:
            end = done + home[m]
        else:
            for f in range(len(places)):
                turn = max(done + exits[m, f], places[f, 0])
                if turn <= places[f, 1]:
                    end = min(end, turn + places[f, 2] + places[f, 3])
        if end > limit:
            continue
        if soonest:
            if done < when:
                chosen, when = m, done
            continue
        value = 1.0 / (fare + (begin - arrive) + 1.0)
        if patience > 0.0:
            slack = max(0, mode[m].deadline - done) / patience
            value *= 1.0 + 4.0 * mode[m].weight / mean_weight * exp(-min(slack, 50.0))
        value *= 1.0 + lean * pull[m]
        if value > best:
            best, chosen, when = value, m, done
    out[0], out[1] = chosen, when


@steady
def drop_closed(candidates: Any, count: int, still_open: Any) -> int:
    """Keep the modes still open, in order. Returns how many."""
    kept = 0
    for i in range(count):
        if still_open[candidates[i]]:
            candidates[kept] = candidates[i]
            kept += 1
    return kept
