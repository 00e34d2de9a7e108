"""Two routes of one kind exchange all that follows a gap, between ruin and recreate.

Strings are short, so on long routes which part of the work a route does hardly ever changes by them; where two routes
have lost strings beside each other, exchanging what follows costs little.

Arguments as in route.py.
"""

from __future__ import annotations

from typing import Any

from routing.engines.ruin.plain.layout import BUSY
from routing.engines.ruin.plain.route import NEVER, note, note_slot, refresh_backward, refresh_forward
from routing.jit import leaf


@leaf
def tail_of(node: Any, task: Any, tasks: int, end: int, t: int) -> tuple[int, int, int]:
    """(tasks, demand, length with service) of what follows the gap before t, up to the route's end."""
    count, demand, length = 0, 0, -node[t].link
    while t <= tasks:
        count += 1
        demand += task[t].demand
        length += node[t].step + task[t].service
        t = node[t].next
    return count, demand, length + node[end].link


@leaf
def link_between(node: Any, mode: Any, dist: Any, p: int, q: int) -> int:
    """What the gap between p and q would add at best: forward of p, the way, backward of q."""
    best = NEVER
    for m in range(node[q].first_mode, node[q].after_mode):
        column = mode[m].enter
        for b in range(node[p].first_mode, node[p].after_mode):
            best = min(best, mode[b].forward + dist[mode[b].leave, column] + mode[m].backward)
    return int(best)


@leaf
def hang(
    node: Any, mode: Any, notes: Any, books: Any, tasks: int, s: int, p: int, first: int, last: int, step: int,
    link: int,
) -> int:  # fmt: skip
    """Let the chain `first` to `last` follow p in slot s; nothing does where `first` is a route's end.

    `step` and `link` are what the chain's own end had. Returns the node that now follows p.
    """
    end = tasks + 1 + s
    if first > tasks:
        node[p].next = end
        node[end].previous = p
        return end
    t = first
    while t <= tasks:
        note(node, mode, notes, books, t)
        node[t].slot = s
        t = node[t].next
    node[p].next = first
    node[first].previous = p
    node[last].next = end
    node[end].previous = last
    node[end].step = step
    node[end].link = link
    return first


@leaf
def renew(
    node: Any, mode: Any, dist: Any, out: Any, notes: Any, books: Any, flat: bool, tasks: int, p: int, q: int
) -> None:
    """Figures on both sides of the new gap between p and q."""
    if p > tasks and q > tasks:
        node[q].step = node[q].link = 0
    elif flat:
        node[q].step = node[q].link = out[node[p].row, node[q].row]
    else:
        refresh_forward(node, mode, dist, notes, books, tasks, q, 1)
        refresh_backward(node, mode, dist, notes, books, tasks, p, 1)


@leaf
def recount(slot: Any, kind: Any, books: Any, s: int, more: int) -> int:
    """Book `more` tasks in slot s. Returns what its vehicle adds to the cost by going out, or saves by staying."""
    before = slot[s].count
    slot[s].count = before + more
    if before == 0 and more > 0:
        books[BUSY] += 1
        return int(slot[s].fixed)
    if before > 0 and before + more == 0:
        books[BUSY] -= 1
        if s < kind[slot[s].kind].free_slot:
            kind[slot[s].kind].free_slot = s
        return -int(slot[s].fixed)
    return 0


@leaf
def exchange_tails(world: Any, notes: Any, books: Any, flat: bool, p: int, r: int) -> int:
    """What follows p and what follows r change places, where room and limits allow. Returns the cost change."""
    node, task, mode, slot, kind, dist, out, _ = world
    tasks = len(task) - 1
    a, b = node[p].slot, node[r].slot
    q, u = node[p].next, node[r].next
    both_whole = p > tasks and r > tasks
    both_none = q > tasks and u > tasks
    if a < 0 or b < 0 or a == b or slot[a].kind != slot[b].kind or both_whole or both_none:
        return 0
    end_a, end_b = tasks + 1 + a, tasks + 1 + b
    count_a, demand_a, length_a = tail_of(node, task, tasks, end_a, q)
    count_b, demand_b, length_b = tail_of(node, task, tasks, end_b, u)
    link_a, link_b = 0, 0
    if p <= tasks or u <= tasks:
        link_a = link_between(node, mode, dist, p, u)
    if r <= tasks or q <= tasks:
        link_b = link_between(node, mode, dist, r, q)
    room = demand_a - demand_b
    more_a = length_b + link_a - length_a - node[q].link
    more_b = length_a + link_b - length_b - node[u].link
    if slot[a].room + room < 0 or slot[b].room - room < 0 or slot[a].left < more_a or slot[b].left < more_b:
        return 0
    note_slot(slot, notes, books, a)
    note_slot(slot, notes, books, b)
    for t in (p, r, end_a, end_b):
        note(node, mode, notes, books, t)
    slot[a].room += room
    slot[b].room -= room
    slot[a].left -= more_a
    slot[b].left -= more_b
    last_a, last_b = node[end_a].previous, node[end_b].previous
    step_a, end_link_a = node[end_a].step, node[end_a].link
    step_b, end_link_b = node[end_b].step, node[end_b].link
    x = hang(node, mode, notes, books, tasks, a, p, u, last_b, step_b, end_link_b)
    y = hang(node, mode, notes, books, tasks, b, r, q, last_a, step_a, end_link_a)
    renew(node, mode, dist, out, notes, books, flat, tasks, p, x)
    renew(node, mode, dist, out, notes, books, flat, tasks, r, y)
    change = (more_a + more_b) * slot[a].rate
    change += recount(slot, kind, books, a, count_b - count_a)
    change += recount(slot, kind, books, b, count_a - count_b)
    return int(change)
