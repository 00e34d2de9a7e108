"""What turning costs in a street network, from its geometry: straight on, right, left, back.

A turn is judged by the angle between the last piece of the street left and the first piece of the street entered, as
published instances of waste collection do (below 45 degrees straight on, from 135 degrees or back along the same
street a U-turn). Where a street only bends, with no other way on, nothing is paid. U-turns are forbidden on the classes
named, but never where there is no other way on (dead ends).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import atan2, cos, degrees, radians

import numpy as np
import numpy.typing as npt

from routing.errors import BadProblem
from routing.network import IntArray, Network, TurnCosts
from routing.paths.expansion import turns_after

FloatArray = npt.NDArray[np.float64]
Line = Sequence[tuple[float, float]]
"""Points of a street as (longitude, latitude)."""


@dataclass(frozen=True, slots=True)
class TurnParams:
    """Seconds of each kind of turn, the angles that tell them apart, and where U-turns are forbidden.

    The seconds are those of the waste collection networks P1-IF-TP: 0 straight on, 5 with the near side, 25 across the
    oncoming traffic, 125 for a U-turn. `drives_on_right` False swaps right and left. `bends_free`: no cost where the
    street merely bends.
    """

    straight_s: int = 0
    near_s: int = 5
    across_s: int = 25
    u_turn_s: int = 125
    straight_deg: float = 45.0
    u_turn_deg: float = 135.0
    drives_on_right: bool = True
    bends_free: bool = True
    no_u_turns_on: frozenset[str] = frozenset({"main", "secondary"})

    def __post_init__(self) -> None:
        if min(self.straight_s, self.near_s, self.across_s, self.u_turn_s) < 0:
            raise ValueError("seconds of a turn start at 0")
        if not 0 < self.straight_deg < self.u_turn_deg <= 180:
            raise ValueError("angles of turns: 0 < straight_deg < u_turn_deg <= 180")


def with_turns(network: Network, lines: Sequence[Line], classes: Sequence[str], params: TurnParams) -> Network:
    """The network with turn costs and forbidden U-turns, besides the turns it already forbids.

    `lines[a]` and `classes[a]` are the points of arc a from tail to head, and the class of its street. A turn's cost is
    its seconds. Raises BadProblem where an arc has no line of two distinct points.
    """
    if len(lines) != network.arcs or len(classes) != network.arcs:
        raise BadProblem(f"{len(lines)} lines, {len(classes)} classes for {network.arcs} arcs: give one each")
    first, second = turns_after(network, np.arange(network.arcs, dtype=np.int64))
    begin, end = bearings_deg(lines)
    angle = (begin[second] - end[first] + 180.0) % 360.0 - 180.0
    back = network.reverse[first] == second
    seconds = _seconds(angle, back, params)
    onward = np.bincount(first[~back], minlength=network.arcs)
    if params.bends_free:
        forks = np.bincount(first, minlength=network.arcs)
        bend = (onward[first] == 1) & ~back & (forks[first] <= 2) & (_arms_in(network)[second] <= 2)
        seconds[bend] = 0
    barred = np.array([name in params.no_u_turns_on for name in classes], np.bool_)
    never = back & (barred[first] | barred[second]) & (onward[first] > 0)
    paid = ~never & (seconds > 0)
    costs = TurnCosts(first[paid], second[paid], seconds[paid], seconds[paid].copy())
    forbidden = network.forbidden_turns | set(zip(first[never].tolist(), second[never].tolist(), strict=True))
    return replace(network, turn_costs=costs, forbidden_turns=frozenset(forbidden))


def bearings_deg(lines: Sequence[Line]) -> tuple[FloatArray, FloatArray]:
    """Compass bearings at which each line begins and ends, in degrees clockwise from north. Raises BadProblem."""
    begin, end = np.zeros(len(lines)), np.zeros(len(lines))
    for i, line in enumerate(lines):
        ahead = next((point for point in line[1:] if point != line[0]), None)
        behind = next((point for point in reversed(line[:-1]) if point != line[-1]), None)
        if ahead is None or behind is None:
            raise BadProblem(f"arc {i} has no two distinct points: give its shape or leave it out")
        begin[i], end[i] = _bearing_deg(line[0], ahead), _bearing_deg(behind, line[-1])
    return begin, end


def _bearing_deg(a: tuple[float, float], b: tuple[float, float]) -> float:
    east = (b[0] - a[0]) * cos(radians((a[1] + b[1]) / 2))
    return degrees(atan2(east, b[1] - a[1]))


def _seconds(angle: FloatArray, back: npt.NDArray[np.bool_], params: TurnParams) -> IntArray:
    """Seconds of turns by `angle` degrees clockwise."""
    near = angle > 0 if params.drives_on_right else angle < 0
    seconds = np.where(near, params.near_s, params.across_s).astype(np.int64)
    seconds[np.abs(angle) < params.straight_deg] = params.straight_s
    seconds[(np.abs(angle) >= params.u_turn_deg) | back] = params.u_turn_s
    return seconds


def _arms_in(network: Network) -> IntArray:
    """For each arc, by how many arcs the node it leaves is reached."""
    counts: IntArray = np.bincount(network.head, minlength=network.nodes)[network.tail]
    return counts
