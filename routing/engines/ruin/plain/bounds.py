"""Least ways between tasks over all their modes, each pair of them at its best."""

from __future__ import annotations

from typing import Any

import numpy as np

from routing.jit import kernel


@kernel
def least_ways(first: Any, after: Any, mode: Any, dist: Any) -> Any:
    """Least way from any mode of one row to any of another, (rows, rows) int32. Row r owns modes first .. after."""
    rows = len(first)
    out = np.zeros((rows, rows), np.int32)
    for r in range(rows):
        for u in range(rows):
            least = np.int32(2_000_000_000)
            for a in range(first[r], after[r]):
                for b in range(first[u], after[u]):
                    least = min(least, dist[mode[a].leave, mode[b].enter])
            out[r, u] = least
    return out
