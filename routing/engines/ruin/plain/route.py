"""One route in the quick search: gaps, what an insertion costs, linking, unlinking, notes to go back by.

The direction of every task is chosen anew by dynamic programming over modes, forward and backward, so that an
insertion is priced with the best directions of all tasks around it.

Arguments common to all functions: `node`, `mode`, `slot` records (layout.py), `dist` int32 (rows, columns), `out`
int32 (nodes, nodes), the least way from a node to another over all pairs of modes, `into` its transpose. `flat`:
every task has one mode, so that `out` is exact. `notes`: (node copies, which, step in which each was noted, slot
copies, which slots).
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.plain.layout import NOTES, SLOT_NOTES, STEP
from routing.jit import leaf

NEVER = 1 << 40


@leaf
def note(node: Any, mode: Any, notes: Any, books: Any, t: int) -> None:
    """Remember node t as it was before this step, once."""
    copies, which, noted = notes[0], notes[1], notes[2]
    if noted[t] != books[STEP]:
        noted[t] = books[STEP]
        at = books[NOTES]
        books[NOTES] = at + 1
        which[at] = t
        copies[at] = node[t]
        for m in range(node[t].first_mode, node[t].after_mode):
            mode[m].old_forward = mode[m].forward
            mode[m].old_backward = mode[m].backward


@leaf
def note_slot(slot: Any, notes: Any, books: Any, s: int) -> None:
    """Remember slot s as it was before this step, once."""
    copies, which = notes[3], notes[4]
    if slot[s].noted != books[STEP]:
        at = books[SLOT_NOTES]
        books[SLOT_NOTES] = at + 1
        which[at] = s
        copies[at] = slot[s]
        slot[s].noted = books[STEP]


@leaf
def refresh_forward(node: Any, mode: Any, dist: Any, notes: Any, books: Any, tasks: int, t: int, sure: int) -> None:
    """Bring forward, step and link up to date from node t on: `sure` nodes, then until nothing changes any more."""
    while True:
        note(node, mode, notes, books, t)
        p = node[t].previous
        first, after = node[t].first_mode, node[t].after_mode
        least = NEVER
        changed = False
        for m in range(first, after):
            best = NEVER
            column = mode[m].enter
            for b in range(node[p].first_mode, node[p].after_mode):
                best = min(best, mode[b].forward + dist[mode[b].leave, column])
            least = min(least, best)
        through = NEVER
        if after - first == 1:
            through = mode[first].backward
        else:
            for m in range(first, after):
                best = NEVER
                column = mode[m].enter
                for b in range(node[p].first_mode, node[p].after_mode):
                    best = min(best, mode[b].forward + dist[mode[b].leave, column])
                if best - least != mode[m].forward:
                    mode[m].forward = best - least
                    changed = True
                through = min(through, best - least + mode[m].backward)
        node[t].step = least
        node[t].link = least + through
        sure -= 1
        if t > tasks or (sure <= 0 and not changed):
            return
        t = node[t].next


@leaf
def refresh_backward(node: Any, mode: Any, dist: Any, notes: Any, books: Any, tasks: int, t: int, sure: int) -> None:
    """Bring backward and link up to date from node t to the front: `sure` nodes, then until nothing changes."""
    while t <= tasks:
        first, after = node[t].first_mode, node[t].after_mode
        if after - first == 1:
            sure -= 1
            if sure <= 0:
                return
            t = node[t].previous
            continue
        note(node, mode, notes, books, t)
        q = node[t].next
        least = NEVER
        for m in range(first, after):
            best = NEVER
            row = mode[m].leave
            for b in range(node[q].first_mode, node[q].after_mode):
                best = min(best, mode[b].backward + dist[row, mode[b].enter])
            least = min(least, best)
        changed = False
        through = NEVER
        for m in range(first, after):
            best = NEVER
            row = mode[m].leave
            for b in range(node[q].first_mode, node[q].after_mode):
                best = min(best, mode[b].backward + dist[row, mode[b].enter])
            if best - least != mode[m].backward:
                mode[m].backward = best - least
                changed = True
            through = min(through, best - least + mode[m].forward)
        node[t].link = node[t].step + through
        sure -= 1
        if sure <= 0 and not changed:
            return
        t = node[t].previous


@leaf
def gap_length(node: Any, mode: Any, dist: Any, t: int, p: int, q: int) -> int:
    """Exact change of length when t goes between p and q."""
    best = NEVER
    for m in range(node[t].first_mode, node[t].after_mode):
        come, go = NEVER, NEVER
        column, row = mode[m].enter, mode[m].leave
        for b in range(node[p].first_mode, node[p].after_mode):
            come = min(come, mode[b].forward + dist[mode[b].leave, column])
        for b in range(node[q].first_mode, node[q].after_mode):
            go = min(go, mode[b].backward + dist[row, mode[b].enter])
        best = min(best, come + go)
    return int(best - node[q].link)


@leaf
def put(
    node: Any, task: Any, mode: Any, slot: Any, dist: Any, out: Any, notes: Any, books: Any, flat: bool, s: int,
    t: int, p: int, length: int,
) -> None:  # fmt: skip
    """Put t after node p of slot s; `length` is what that adds."""
    tasks = len(task) - 1
    q = node[p].next
    note_slot(slot, notes, books, s)
    note(node, mode, notes, books, p)
    note(node, mode, notes, books, t)
    note(node, mode, notes, books, q)
    node[t].previous = p
    node[t].next = q
    node[t].slot = s
    node[p].next = t
    node[q].previous = t
    slot[s].count += 1
    slot[s].room -= task[t].demand
    slot[s].left -= length + task[t].service
    if flat:
        node[t].step = node[t].link = out[node[p].row, node[t].row]
        node[q].step = node[q].link = out[node[t].row, node[q].row]
    else:
        refresh_forward(node, mode, dist, notes, books, tasks, t, 2)
        refresh_backward(node, mode, dist, notes, books, tasks, t, 2)


@leaf
def pull(
    node: Any, task: Any, mode: Any, slot: Any, dist: Any, out: Any, notes: Any, books: Any, flat: bool, s: int,
    first: int, last: int,
) -> int:  # fmt: skip
    """Take the tasks `first` to `last` out of slot s. Returns the change of length."""
    tasks = len(task) - 1
    p = node[first].previous
    q = node[last].next
    note_slot(slot, notes, books, s)
    note(node, mode, notes, books, p)
    note(node, mode, notes, books, q)
    change = -node[q].link
    t = first
    while True:
        note(node, mode, notes, books, t)
        change -= node[t].step
        node[t].slot = -1
        slot[s].count -= 1
        slot[s].room += task[t].demand
        slot[s].left += task[t].service
        if t == last:
            break
        t = node[t].next
    node[p].next = q
    node[q].previous = p
    if p == q:
        node[q].step = node[q].link = 0
    elif flat:
        node[q].step = node[q].link = out[node[p].row, node[q].row]
    else:
        refresh_forward(node, mode, dist, notes, books, tasks, q, 1)
        refresh_backward(node, mode, dist, notes, books, tasks, p, 1)
    change += node[q].link
    slot[s].left -= change
    return int(change)
