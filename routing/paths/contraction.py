"""Contraction hierarchies (Geisberger, Sanders, Schultes & Delling 2008) of the expanded street graph, compiled.

States are taken out one after the other, the least important first; where a taken state lay on a least path between two
that remain, a shortcut takes its place. What is kept is, for each state, its links to and from states taken out later.

A state whose in-links or out-links are all gone needs no shortcut at all, so ports that are only left or only reached
cost nothing. Distances are exact whatever the order: a witness search given up early only adds needless shortcuts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from routing.jit import kernel, leaf, steady

FAR = np.int64(1) << 62
"""Weight of what has not been reached."""

SETTLED = 100
"""States a witness search settles before a shortcut is taken for needed."""

HEAP = 1_024
"""Entries a witness search may hold; those beyond are dropped, which only adds shortcuts."""

FULL = -1
"""Answer of `contract` where the pool of links was too small."""


@leaf
def push(keys: Any, nodes: Any, size: int, key: int, node: int) -> int:
    """Put an entry on a binary heap. Returns the new size."""
    if size >= len(keys):
        return size
    at = size
    while at > 0:
        parent = (at - 1) // 2
        if keys[parent] <= key:
            break
        keys[at], nodes[at] = keys[parent], nodes[parent]
        at = parent
    keys[at], nodes[at] = key, node
    return size + 1


@leaf
def pop(keys: Any, nodes: Any, size: int) -> int:
    """Take the top off a binary heap (read it first). Returns the new size."""
    size -= 1
    key, node = keys[size], nodes[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[at], nodes[at] = keys[child], nodes[child]
        at = child
    keys[at], nodes[at] = key, node
    return size


@leaf
def witness(
    v: int,
    u: int,
    base: int,
    limit: int,
    wanted: int,
    out: Any,
    nxt: Any,
    to: Any,
    weight: Any,
    goal: Any,
    best: Any,
    touched: Any,
    keys: Any,
    nodes: Any,
) -> int:
    """Least weights from u without v, into `best`; `touched` lists what to reset. Returns how many that is.

    Ends where no state within `limit` is left, after SETTLED states, or once all `wanted` goals are reached in no more
    than base + goal; `goal[x]` is the weight of v -> x.
    """
    best[u] = 0
    touched[0] = u
    count, settled = 1, 0
    size = push(keys, nodes, 0, 0, u)
    while size > 0 and settled < SETTLED:
        key, top = keys[0], nodes[0]
        size = pop(keys, nodes, size)
        if key > best[top]:
            continue
        if key > limit:
            break
        settled += 1
        link = out[top]
        while link >= 0:
            state = to[link]
            value = key + weight[link]
            before = best[state]
            if state != v and value < before:
                if before == FAR:
                    if count >= len(touched):
                        return count
                    touched[count] = state
                    count += 1
                best[state] = value
                size = push(keys, nodes, size, value, state)
                if goal[state] >= 0 and before > base + goal[state] and value <= base + goal[state]:
                    wanted -= 1
                    if wanted == 0:
                        return count
            link = nxt[link]
    return count


@steady
def shortcuts(
    v: int,
    out: Any,
    into: Any,
    nxt: Any,
    to: Any,
    weight: Any,
    goal: Any,
    best: Any,
    touched: Any,
    keys: Any,
    nodes: Any,
    found: Any,
) -> int:
    """Shortcuts (from, to, weight) that replace state v, into `found`. Returns how many; those beyond are counted."""
    largest, goals, count = np.int64(-1), 0, 0
    link = out[v]
    while link >= 0:
        largest = max(largest, weight[link])
        goal[to[link]] = weight[link]
        goals += 1
        link = nxt[link]
    a = into[v] if goals > 0 else -1
    while a >= 0:
        u, base = to[a], weight[a]
        wanted = goals - (1 if goal[u] >= 0 else 0)
        if wanted > 0:
            reached = witness(
                v, u, base, base + largest, wanted, out, nxt, to, weight, goal, best, touched, keys, nodes
            )
            b = out[v]
            while b >= 0:
                x = to[b]
                if x != u and best[x] > base + weight[b]:
                    if count < len(found):
                        found[count, 0], found[count, 1], found[count, 2] = u, x, base + weight[b]
                    count += 1
                b = nxt[b]
            for i in range(reached):
                best[touched[i]] = FAR
        a = nxt[a]
    link = out[v]
    while link >= 0:
        goal[to[link]] = -1
        link = nxt[link]
    return count


@leaf
def lower(first: Any, nxt: Any, to: Any, weight: Any, at: int, state: int, value: int) -> bool:
    """Lower the weight of the link at -> state in a list. True where there is such a link."""
    link = first[at]
    while link >= 0:
        if to[link] == state:
            weight[link] = min(weight[link], value)
            return True
        link = nxt[link]
    return False


@leaf
def unlink(first: Any, nxt: Any, to: Any, at: int, state: int) -> int:
    """Take the link to `state` out of the list of `at`. Returns how many links remain."""
    link, before, count = first[at], -1, 0
    while link >= 0:
        after = nxt[link]
        if to[link] == state:
            if before < 0:
                first[at] = after
            else:
                nxt[before] = after
        else:
            before = link
            count += 1
        link = after
    return count


@leaf
def degree(first: Any, nxt: Any, at: int) -> int:
    """Links in the list of `at`."""
    count = 0
    link = first[at]
    while link >= 0:
        count += 1
        link = nxt[link]
    return count


@leaf
def join(out: Any, into: Any, nxt: Any, to: Any, weight: Any, pool: int, a: int, b: int, value: int) -> int:
    """Link a -> b, or lower the link there is. Returns how much of the pool is used then; FULL: it is too small."""
    if lower(out, nxt, to, weight, a, b, value):
        lower(into, nxt, to, weight, b, a, value)
        return pool
    if pool + 2 > len(to):
        return FULL
    to[pool], weight[pool], nxt[pool], out[a] = b, value, out[a], pool
    to[pool + 1], weight[pool + 1], nxt[pool + 1], into[b] = a, value, into[b], pool + 1
    return pool + 2


@leaf
def take_out(v: int, own: Any, others: Any, nxt: Any, to: Any, weight: Any, level: Any, kept: Any, count: int) -> int:
    """Keep the links of v in `own`, take it off the lists at their other ends. Returns how many are kept, or FULL."""
    link = own[v]
    while link >= 0:
        if count >= len(kept):
            return FULL
        other = to[link]
        kept[count, 0], kept[count, 1], kept[count, 2] = v, other, weight[link]
        count += 1
        unlink(others, nxt, to, other, v)
        level[other] = max(level[other], level[v] + 1)
        link = nxt[link]
    return count


@kernel
def contract(indptr: Any, target: Any, link_weight: Any, rank: Any, up: Any, down: Any, room: int) -> Any:
    """Fill `rank` (states,); `up` and `down` (room, 3) with kept links (state, other, weight). Returns their numbers.

    `up` leads from a state to one taken out later, `down` from one taken out later to the state. (FULL, FULL) where
    `room` links are not enough.
    """
    states = len(rank)
    out, into = np.full(states, -1, np.int64), np.full(states, -1, np.int64)
    nxt, to, weight = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    best, goal = np.full(states, FAR, np.int64), np.full(states, -1, np.int64)
    touched = np.empty(4 * HEAP, np.int64)
    keys, nodes = np.empty(HEAP, np.int64), np.empty(HEAP, np.int64)
    found = np.empty((room, 3), np.int64)
    level = np.zeros(states, np.int64)
    pool = 0
    for state in range(states):
        for link in range(indptr[state], indptr[state + 1]):
            if target[link] != state:
                pool = join(out, into, nxt, to, weight, pool, state, target[link], link_weight[link])
                if pool == FULL:
                    return FULL, FULL
    queue_keys, queue = np.empty(states, np.int64), np.empty(states, np.int64)
    size = 0
    for state in range(states):
        outs, ins = degree(out, nxt, state), degree(into, nxt, state)
        size = push(queue_keys, queue, size, outs * ins // 4 - outs - ins, state)
    ups = downs = done = 0
    while size > 0:
        v = queue[0]
        size = pop(queue_keys, queue, size)
        degrees = degree(out, nxt, v) + degree(into, nxt, v)
        count = shortcuts(v, out, into, nxt, to, weight, goal, best, touched, keys, nodes, found)
        key = 2 * count - degrees + 2 * level[v]
        if size > 0 and key > queue_keys[0]:
            size = push(queue_keys, queue, size, key, v)
            continue
        rank[v] = done
        done += 1
        ups = take_out(v, out, into, nxt, to, weight, level, up, ups)
        downs = take_out(v, into, out, nxt, to, weight, level, down, downs)
        if count > len(found) or ups == FULL or downs == FULL:
            return FULL, FULL
        for i in range(count):
            pool = join(out, into, nxt, to, weight, pool, found[i, 0], found[i, 1], found[i, 2])
            if pool == FULL:
                return FULL, FULL
    return ups, downs
