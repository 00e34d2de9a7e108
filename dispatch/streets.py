"""The stored streets as a routing network, with the way back from arcs to segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dispatch.params import TurnRules
from models.tables.city import Segment, TurnRestriction
from routing.network import Network
from routing.streets.turns import TurnParams, with_turns

DRIVE_SHARE = 0.75
"""Share of the signed speed a truck averages between stops (lights, bends). Configurable per city later."""


@dataclass(frozen=True, slots=True)
class Streets:
    """`arc_segment[a]` is (segment id, forward); `arcs_of[segment]` maps forward to arc; `node_of` id to index."""

    network: Network
    segments: dict[str, Segment]
    arc_segment: tuple[tuple[str, bool], ...]
    arcs_of: dict[str, dict[bool, int]]
    node_of: dict[str, int]
    node_lonlat: tuple[tuple[float, float], ...]


def drive_s(length_m: float, speed_kmh: float) -> int:
    """Seconds to drive a length, at least one."""
    return max(1, round(length_m / (speed_kmh * DRIVE_SHARE / 3.6)))


def build_streets(
    segments: Iterable[Segment],
    restrictions: Iterable[TurnRestriction],
    closed: frozenset[str] = frozenset(),
    max_kmh: int = 40,
    turns: TurnRules | None = None,
) -> Streets:
    """Network of all open segments; arcs in the order of segment ids, forward first. `closed` segments are left out.

    `turns` prices turns and forbids U-turns; without it only the restrictions count.
    """
    rows = sorted((row for row in segments if row.id not in closed), key=lambda row: row.id)
    node_of: dict[str, int] = {}
    lonlat: list[tuple[float, float]] = []
    for row in rows:
        for node, point in ((row.from_node, row.geometry[0]), (row.to_node, row.geometry[-1])):
            if node not in node_of:
                node_of[node] = len(lonlat)
                lonlat.append((point[0], point[1]))
    tail: list[int] = []
    head: list[int] = []
    length: list[int] = []
    duration: list[int] = []
    reverse: list[int] = []
    arc_segment: list[tuple[str, bool]] = []
    arcs_of: dict[str, dict[bool, int]] = {}
    for row in rows:
        u, v = node_of[row.from_node], node_of[row.to_node]
        ways = [(u, v, True), (v, u, False)]
        if row.one_way:
            ways = [ways[0] if row.one_way > 0 else ways[1]]
        first = len(tail)
        for a, b, forward in ways:
            arcs_of.setdefault(row.id, {})[forward] = len(tail)
            arc_segment.append((row.id, forward))
            tail.append(a)
            head.append(b)
            length.append(max(1, round(row.length_m)))
            duration.append(drive_s(row.length_m, min(row.speed_kmh, max_kmh)))
            reverse.append(-1 if len(ways) == 1 else first + (1 if forward else 0))
    network = Network(
        nodes=len(lonlat),
        tail=np.array(tail, np.int64),
        head=np.array(head, np.int64),
        length_m=np.array(length, np.int64),
        duration_s=np.array(duration, np.int64),
        cost=np.array(duration, np.int64),
        reverse=np.array(reverse, np.int64),
        forbidden_turns=_forbidden(restrictions, arcs_of, tail, head, node_of),
    )
    by_id = {row.id: row for row in rows}
    if turns is not None and rows:
        lines = [_line(by_id[segment].geometry, forward) for segment, forward in arc_segment]
        classes = [by_id[segment].road_class for segment, _ in arc_segment]
        network = with_turns(network, lines, classes, turn_params(turns))
    return Streets(network, by_id, tuple(arc_segment), arcs_of, node_of, tuple(lonlat))


def _line(geometry: list[list[float]], forward: bool) -> list[tuple[float, float]]:
    """Points of an arc; a street drawn as one point gets a direction, so that it has turns like any other."""
    points = [(point[0], point[1]) for point in (geometry if forward else geometry[::-1])]
    x, y = points[0]
    return points if any(point != (x, y) for point in points) else [(x, y), (x, y + 1e-6)]


def turn_params(rules: TurnRules) -> TurnParams:
    """The city's rules as the router takes them."""
    return TurnParams(
        straight_s=rules.straight_s,
        near_s=rules.near_s,
        across_s=rules.across_s,
        u_turn_s=rules.u_turn_s,
        drives_on_right=rules.drives_on_right,
        no_u_turns_on=frozenset(rules.no_u_turns_on),
    )


def _forbidden(
    restrictions: Iterable[TurnRestriction],
    arcs_of: dict[str, dict[bool, int]],
    tail: list[int],
    head: list[int],
    node_of: dict[str, int],
) -> frozenset[tuple[int, int]]:
    """`no_*`: that pair is forbidden. `only_*`: every other arc out of the node is."""
    pairs: set[tuple[int, int]] = set()
    out_of: dict[int, list[int]] = {}
    for arc, node in enumerate(tail):
        out_of.setdefault(node, []).append(arc)
    for row in restrictions:
        via = node_of.get(row.via_node)
        if via is None:
            continue
        ins = [arc for arc in arcs_of.get(row.from_segment, {}).values() if head[arc] == via]
        outs = {arc for arc in arcs_of.get(row.to_segment, {}).values() if tail[arc] == via}
        if not ins or not outs:
            continue
        banned = outs if row.kind.startswith("no_") else set(out_of[via]) - outs
        pairs.update((a, b) for a in ins for b in banned)
    return frozenset(pairs)
