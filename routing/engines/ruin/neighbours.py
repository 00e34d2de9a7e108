"""Which tasks are near which: the lists insertion and ruin walk along."""

from __future__ import annotations

from typing import Any

import numpy as np

from routing.jit import kernel


@kernel
def nearest(task: Any, mode: Any, dist: Any, size: int) -> Any:
    """The `size` nearest tasks of each task, nearest first, shape (tasks + 1, size) int32.

    Near by the smallest distance between any two modes, in either direction; equal ones by the mean of all.
    """
    tasks = len(task) - 1
    near = np.zeros((tasks + 1, size), np.int32)
    away = np.empty(tasks + 1)
    for t in range(1, tasks + 1):
        away[0] = 1e19
        for u in range(1, tasks + 1):
            least, total, count = 1e18, 0.0, 0
            if u != t:
                for a in range(task[t].first_mode, task[t].after_mode):
                    for b in range(task[u].first_mode, task[u].after_mode):
                        there = float(dist[mode[a].leave, mode[b].enter])
                        back = float(dist[mode[b].leave, mode[a].enter])
                        shorter = min(there, back)
                        total += shorter
                        count += 1
                        least = min(least, shorter)
                least += 0.04 * total / count
            away[u] = least
        if size < tasks // 4:
            some = np.argpartition(away, size)[:size]
            near[t] = some[np.argsort(away[some], kind="mergesort")]
        else:
            near[t] = np.argsort(away, kind="mergesort")[:size]
    return near
