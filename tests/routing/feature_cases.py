"""Small random problems with every rule a Problem can state, each drawn or left out by the seed."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

from routing.network import Network, TurnCosts
from routing.problem import Break, Facility, Mode, Problem, Profile, Repeat, Task, Vehicle
from tests.routing.routing_cases import edge_task, town

FEATURES = (
    "turn costs",
    "profiles",
    "rates",
    "two commodities",
    "breaks",
    "attachments",
    "releases",
    "moves",
    "fairness",
    "repeats",
    "windows",
    "sides",
    "unload",
)


def with_turn_costs(net: Network, rng: random.Random) -> Network:
    pairs = [(i, j) for i in range(net.arcs) for j in range(net.arcs) if net.head[i] == net.tail[j]]
    chosen = [pair for pair in pairs if pair not in net.forbidden_turns and rng.random() < 0.5]
    first, second = (np.array(column, np.int64) for column in zip(*chosen, strict=True))
    prices = np.array([rng.randint(0, 15) for _ in chosen], np.int64)
    return replace(net, turn_costs=TurnCosts(first, second, prices, prices // 2))


def mixed_problem(seed: int, tasks: int = 10, features: tuple[str, ...] | None = None) -> Problem:
    """Streets and points, three vehicles, one place to unload; `features` or a random half of all."""
    rng = random.Random(seed)
    chosen = set(features if features is not None else [name for name in FEATURES if rng.random() < 0.5])
    net = town(seed, 5, 4, turns=0.05)
    if "turn costs" in chosen:
        net = with_turn_costs(net, rng)
    kinds = 2 if "two commodities" in chosen else 1
    work = [_task(rng, net, f"t{i}", kinds, chosen) for i in range(tasks)]
    repeats: tuple[Repeat, ...] = ()
    if "repeats" in chosen:
        repeats = (Repeat(("t0", "t1"), gap_s=rng.choice([50, 200, 400])),)
    profiles: tuple[Profile, ...] = ()
    if "profiles" in chosen:
        slow = net.duration_s * 2
        profiles = (Profile("slow", slow, net.cost + 3, frozenset(), frozenset(), 150),)
    fleet = tuple(_vehicle(rng, i, net, kinds, chosen) for i in range(3))
    resets = ((0,),) if kinds == 2 and rng.random() < 0.5 else ((),)
    places = [Facility("tip", net.nodes - 1, "unload", 60, 20, resets=resets[0])]
    if kinds == 2:
        places.append(Facility("yard", 4, "unload", 40, 10))
    return Problem(
        net,
        tuple(work),
        fleet,
        tuple(places),
        ("waste", "food")[:kinds],
        unload_at_end="unload" in chosen,
        profiles=profiles,
        repeats=repeats,
        fairness_weight=2 if "fairness" in chosen else 0,
    )


def _task(rng: random.Random, net: Network, name: str, kinds: int, chosen: set[str]) -> Task:
    demand = tuple(rng.randint(0, 3) for _ in range(kinds))
    if rng.random() < 0.5:
        arc = rng.choice([a for a in range(net.arcs) if net.reverse[a] < 0 or a < net.reverse[a]])
        task = edge_task(net, name, arc, demand=demand)
    else:
        node = rng.randrange(net.nodes)
        modes: tuple[Mode, ...] = (Mode(node, node),)
        if "sides" in chosen:
            modes = tuple(Mode(node, node, via=a) for a in range(net.arcs) if net.head[a] == node)[:2]
        task = Task(name, modes, demand, 20, 25)
    if rng.random() < 0.5:
        task = replace(task, deadline_s=rng.choice([100, 300]), weight=rng.choice([1, 3]))
    if "windows" in chosen and rng.random() < 0.4:
        opens = rng.randint(0, 300)
        task = replace(task, window=(opens, opens + rng.randint(100, 600)))
    if "releases" in chosen and rng.random() < 0.4:
        task = replace(task, release_s=rng.randint(0, 300))
    if "moves" in chosen:
        task = replace(task, keep=f"v{rng.randrange(3)}", move_cost=rng.randint(0, 60))
    if "attachments" in chosen:
        task = replace(task, skills=frozenset(rng.choice(["", "plough", "broom"]).split()))
    return task


def _vehicle(rng: random.Random, number: int, net: Network, kinds: int, chosen: set[str]) -> Vehicle:
    vehicle = Vehicle(f"v{number}", 0, rng.choice([0, 4, None]), (9,) * kinds, (0,) * kinds, (0, 1_800), fixed_cost=7)
    if "profiles" in chosen and number == 1:
        vehicle = replace(vehicle, profile="slow")
    if "rates" in chosen:
        vehicle = replace(vehicle, travel_rate=rng.choice([1, 2]), duration_rate=rng.choice([0, 1]))
    if "breaks" in chosen and number < 2:
        opens = rng.randint(50, 300)
        vehicle = replace(vehicle, breaks=(Break("meal", (opens, opens + 300), 45),))
    if "attachments" in chosen:
        vehicle = replace(vehicle, attachments=(frozenset({"plough"}), frozenset({"broom"})))
    if "unload" in chosen:
        vehicle = replace(vehicle, end=0)
    return vehicle
