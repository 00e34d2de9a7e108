"""Is the street network, with its turns and the profiles of vehicles, put together right?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from routing.network import IntArray, Network
from routing.problem import Problem, Profile
from routing.validation.faults import NUMBER_MAX, Faults, some

PERCENT_MAX = 10_000
"""Largest `work_percent`: a hundred times as long."""


SPARE_NODES = 1_000_000
"""Nodes a network may have beyond the ends of its arcs: every search keeps figures of each node."""


def check_network(faults: Faults, problem: Problem) -> bool:
    """Note what is wrong with arcs, turns and profiles. False where the rest of the problem cannot be judged by it."""
    network = problem.network
    if not _arrays(faults, network):
        return False
    _reverses(faults, network)
    _forbidden(faults, "network", network, network.forbidden_turns)
    _turn_costs(faults, network)
    faults.twice("profile", (profile.name for profile in problem.profiles))
    for profile in problem.profiles:
        _profile(faults, network, profile)
    return True


def longest_way(problem: Problem) -> tuple[int, int]:
    """(cost, seconds) that no least-cost path exceeds, whatever the profile.

    Such a path leaves no node twice; where turns bind it may, but it drives no arc twice.
    """
    network, turns = problem.network, problem.network.turn_costs
    bound = bool(network.forbidden_turns) or len(turns) > 0 or any(p.forbidden_turns for p in problem.profiles)
    most = network.arcs if bound else min(network.nodes, network.arcs)
    costs = [network.cost, *(p.cost for p in problem.profiles if p.cost is not None)]
    durations = [network.duration_s, *(p.duration_s for p in problem.profiles if p.duration_s is not None)]
    cost = max(_largest(values, most) for values in costs) + most * int(turns.cost.max(initial=0))
    return cost, max(_largest(values, most) for values in durations) + most * int(turns.duration_s.max(initial=0))


def _largest(values: IntArray, count: int) -> int:
    """Sum of the `count` largest values."""
    if count >= len(values):
        return int(values.sum())
    return int(np.partition(values, len(values) - count)[len(values) - count :].sum()) if count else 0


def _arrays(faults: Faults, network: Network) -> bool:
    """Shapes, types and ranges of the arrays over arcs."""
    before = len(faults.found)
    faults.number("network", "nodes", network.nodes, high=2 * np.size(network.tail) + SPARE_NODES)
    if not _shapes(faults, "network", network, ("tail", "head", "length_m", "duration_s", "cost", "reverse")):
        return False
    for name, low, high in (
        ("tail", 0, network.nodes - 1),
        ("head", 0, network.nodes - 1),
        ("reverse", -1, len(network.tail) - 1),
    ):
        values = getattr(network, name)
        _arcs(faults, "network", f"{name} is outside the network", (values < low) | (values > high))
    for name in ("length_m", "duration_s", "cost"):
        _amounts(faults, "network", name, getattr(network, name))
    return len(faults.found) == before


def _shapes(faults: Faults, where: str, holder: object, names: tuple[str, ...], arcs: int | None = None) -> bool:
    """Whole numbers, one for each arc."""
    fine = True
    for name in names:
        values = np.asarray(getattr(holder, name))
        if arcs is None:
            arcs = values.size
        if values.shape != (arcs,):
            faults.add("network", where, f"{name} has shape {values.shape} for {arcs} arcs: give one figure each")
            fine = False
        elif not np.issubdtype(values.dtype, np.integer):
            faults.add("number", where, f"{name} holds {values.dtype}: give whole numbers")
            fine = False
    return fine


def _arcs(faults: Faults, where: str, text: str, wrong: npt.NDArray[np.bool_], code: str = "network") -> None:
    """One fault for all arcs (or rows) that are wrong in the same way."""
    rows = np.nonzero(wrong)[0]
    if len(rows):
        faults.add(code, where, f"{text} (arc {some(map(str, rows.tolist()))}): mend the network")


def _amounts(faults: Faults, where: str, name: str, values: IntArray) -> None:
    _arcs(faults, where, f"{name} is negative", values < 0, "number")
    _arcs(faults, where, f"{name} is above {NUMBER_MAX}", values > NUMBER_MAX, "limit")


def _reverses(faults: Faults, network: Network) -> None:
    there = network.reverse >= 0
    back = np.where(there, network.reverse, 0)
    crooked = (
        there & ((network.tail[back] != network.head) | (network.head[back] != network.tail)) if len(back) else there
    )
    _arcs(faults, "network", "reverse does not drive the same street the other way", crooked)


def _forbidden(faults: Faults, where: str, network: Network, turns: frozenset[tuple[int, int]]) -> None:
    """Both arcs of a forbidden turn exist and meet."""
    if not turns:
        return
    pairs = np.array(sorted(turns), np.int64)
    _meeting(faults, where, "a forbidden turn", network, pairs[:, 0], pairs[:, 1])


def _meeting(faults: Faults, where: str, what: str, network: Network, first: IntArray, second: IntArray) -> bool:
    """Note the pairs of arcs that cannot follow one another. True where all can."""
    absent = (first < 0) | (first >= network.arcs) | (second < 0) | (second >= network.arcs)
    apart = absent.copy()
    apart[~absent] = network.head[first[~absent]] != network.tail[second[~absent]]
    for wrong, text in (
        (absent, "names an arc that is not in the network"),
        (apart & ~absent, "joins arcs that do not meet"),
    ):
        rows = np.nonzero(wrong)[0]
        if len(rows):
            pairs = some(f"{first[r]} into {second[r]}" for r in rows)
            faults.add("turn", where, f"{what} {text} ({pairs}): take it out")
    return not apart.any()


def _turn_costs(faults: Faults, network: Network) -> None:
    turns = network.turn_costs
    if not _shapes(faults, "turn costs", turns, ("first", "second", "cost", "duration_s"), len(turns)):
        return
    _amounts(faults, "turn costs", "cost", turns.cost)
    _amounts(faults, "turn costs", "duration_s", turns.duration_s)
    if _meeting(faults, "turn costs", "a turn", network, turns.first, turns.second) and len(turns):
        keys, counts = np.unique(turns.first * max(1, network.arcs) + turns.second, return_counts=True)
        if (counts > 1).any():
            twice = some(f"{k // network.arcs} into {k % network.arcs}" for k in keys[counts > 1].tolist())
            faults.add("turn", "turn costs", f"a turn has two prices ({twice}): give it one")


def _profile(faults: Faults, network: Network, profile: Profile) -> None:
    where = f"profile {profile.name}"
    if not profile.name:
        faults.add("id", "profile", "it has no name (the empty one is the network as it is): name it")
    faults.number(where, "work_percent", profile.work_percent, 1, PERCENT_MAX)
    for name in ("duration_s", "cost"):
        if getattr(profile, name) is not None and _shapes(faults, where, profile, (name,), network.arcs):
            _amounts(faults, where, name, getattr(profile, name))
    absent = [arc for arc in sorted(profile.closed) if not 0 <= arc < network.arcs]
    if absent:
        faults.add(
            "unknown", where, f"closes an arc that is not in the network ({some(map(str, absent))}): take it out"
        )
    _forbidden(faults, where, network, profile.forbidden_turns)
