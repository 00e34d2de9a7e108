"""What fits into a vehicle: packed loads (lanes.py) against capacities, trip by trip. Arguments as in route.py."""

from __future__ import annotations

from typing import Any

from routing.jit import leaf


@leaf
def fits(kind: Any, k: int, load: int) -> bool:
    """Whether a packed load is within the capacity of kind k in every commodity."""
    return bool(((kind[k].room - load) & kind[k].guard) == kind[k].guard)


@leaf
def ways_to_load(task: Any, slot: Any, kind: Any, reach: Any, t: int, p: int, q: int, s: int) -> int:
    """Which ways of putting t between p and q keep to capacity, as bits: 1 without a facility, 2 one before t, 4 one
    after it, 8 both."""
    k, need = slot[s].kind, task[t].demand
    if reach.shape[1] == 0:
        return 1 if fits(kind, k, slot[s].load + need) else 0
    picked = kind[k].used if p == 0 else task[p].picked
    coming = 0 if q == 0 else task[q].coming
    if fits(kind, k, picked + need + coming):
        return 1
    loaded = p != 0 or kind[k].used > 0
    found = 0
    if loaded and fits(kind, k, need + coming):
        found |= 2
    if q != 0 and fits(kind, k, picked + need):
        found |= 4
    if found == 0 and loaded and q != 0 and fits(kind, k, need):
        found = 8
    return found
