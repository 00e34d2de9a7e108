"""Which tasks are near which where windows count: the lists insertion and ruin walk along."""

from __future__ import annotations

from typing import Any

import numpy as np

from routing.engines.ruin.timed.layout import SECONDS
from routing.jit import kernel

WAIT_WEIGHT = 0.2
LATE_WEIGHT = 1.0
"""What a second of waiting and of coming too late count beside a second of driving (Vidal et al. 2013)."""


@kernel
def nearest_timed(task: Any, mode: Any, dist: Any, size: int) -> Any:
    """The `size` nearest tasks of each task, nearest first, shape (tasks + 1, size) int32.

    Near by the fewest seconds between any two modes in either order, with the waiting and lateness it must bring.
    """
    tasks = len(task) - 1
    near = np.zeros((tasks + 1, size), np.int32)
    away = np.empty(tasks + 1)
    for t in range(1, tasks + 1):
        away[0] = 1e19
        for u in range(1, tasks + 1):
            least = 1e18
            if u != t:
                for a in range(task[t].first_mode, task[t].after_mode):
                    for b in range(task[u].first_mode, task[u].after_mode):
                        for way in range(2):
                            x, y, i, j = (t, u, a, b) if way == 0 else (u, t, b, a)
                            leg = float(dist[mode[i].leave, mode[j].enter, SECONDS])
                            ahead = mode[i].seconds + leg
                            wait = max(0.0, task[y].opens - ahead - task[x].closes)
                            late = max(0.0, task[x].opens + ahead - task[y].closes)
                            least = min(least, leg + WAIT_WEIGHT * wait + LATE_WEIGHT * late)
            away[u] = least
        if size < tasks // 4:
            some = np.argpartition(away, size)[:size]
            near[t] = some[np.argsort(away[some], kind="mergesort")]
        else:
            near[t] = np.argsort(away, kind="mergesort")[:size]
    return near
