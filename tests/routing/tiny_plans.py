"""Tiny problems with every kind of rule, and decisions on them that keep most rules and break some, by chance."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from routing.network import Network, TurnCosts
from routing.plan import Unserved
from routing.problem import Break, Facility, Fixed, Mode, Problem, Profile, Repeat, Task, Vehicle
from tests.routing.referee import Do, Drive, judge

SKILLS = ("broom", "plough", "salt")


def tiny_network(rng: random.Random) -> Network:
    """A ring of 4 or 5 nodes both ways with a one-way chord; cost, seconds and metres unlike one another."""
    nodes = rng.choice([4, 5])
    pairs = [pair for n in range(nodes) for pair in ((n, (n + 1) % nodes), ((n + 1) % nodes, n))]
    pairs.append((0, 2))
    index = {pair: i for i, pair in enumerate(pairs)}

    def figures(low: int, high: int) -> np.ndarray:  # type: ignore[type-arg]
        return np.array([rng.randint(low, high) for _ in pairs], np.int64)

    meeting = [(i, j) for i, (_, u) in enumerate(pairs) for j, (w, _) in enumerate(pairs) if u == w]
    priced = rng.sample(meeting, 6)
    forbidden = frozenset(pair for pair in rng.sample(meeting, 3) if pair not in priced)
    columns = np.array(priced, np.int64).T
    turns = TurnCosts(
        columns[0], columns[1], *(np.array([rng.randint(1, 5) for _ in priced], np.int64) for _ in range(2))
    )
    ends = np.array(pairs, np.int64).T
    reverse = np.array([index.get((v, u), -1) for u, v in pairs], np.int64)
    return Network(nodes, ends[0], ends[1], figures(10, 90), figures(1, 9), figures(1, 9), reverse, forbidden, turns)


def tiny_problem(rng: random.Random, tasks: int = 4, vehicles: int = 2) -> Problem:
    """Each rule is there about as often as not."""
    net = tiny_network(rng)
    often = rng.random

    def some(value: object, other: object, chance: float = 0.3) -> object:
        return value if often() < chance else other

    def work(i: int) -> Task:
        return replace(
            tiny_task(rng, net, f"t{i}"),
            window=some((rng.randint(0, 20), rng.randint(25, 90)), (0, 1_000)),
            deadline_s=some(rng.randint(5, 60), None),
            weight=rng.randint(0, 3),
            skills=some(frozenset(rng.sample(SKILLS, rng.randint(1, 2))), frozenset()),
            prize=some(rng.randint(0, 60), None),
            release_s=some(rng.randint(1, 12), 0),
            keep=some(f"v{rng.randrange(vehicles)}", None),
            move_cost=rng.randint(1, 9),
        )  # type: ignore[arg-type]

    todo = tuple(work(i) for i in range(tasks))
    lorry = Profile(
        "lorry",
        some(net.duration_s + 1, None),
        some(net.cost * 2, None),
        frozenset(rng.sample(range(net.arcs), 1)),
        frozenset({rng.choice([(i, int(net.reverse[i])) for i in range(net.arcs) if net.reverse[i] >= 0])}),
        rng.choice([70, 100, 133]),
    )  # type: ignore[arg-type]
    places = tuple(
        Facility(
            f"f{i}",
            rng.randrange(net.nodes),
            "unload",
            rng.randint(0, 4),
            rng.randint(0, 4),
            some((rng.randint(0, 15), rng.randint(20, 80)), (0, 1_000)),
            rng.choice([0, 1, 1, 2]),
            some((rng.randrange(2),), ()),
        )  # type: ignore[arg-type]
        for i in range(rng.choice([1, 2]))
    )
    fleet = tuple(tiny_vehicle(rng, net, i) for i in range(vehicles))
    if often() < 0.2:
        fleet = (
            replace(fleet[0], frozen=(Fixed("task", "t0", 0), *((Fixed("facility", "f0"),) if often() < 0.5 else ()))),
            *fleet[1:],
        )
    repeats = ()
    if often() < 0.3 and tasks >= 3:
        pair = ("t0", "t1") if often() < 0.7 else ("t0", "t1", "t2")
        patterns = (tuple(range(len(pair))),) if often() < 0.4 else ()
        repeats = (Repeat(pair, rng.randint(0, 12), patterns),)
        if not patterns:
            fleet = tuple(replace(v, day=i // 2) for i, v in enumerate(fleet))
    copies = often() < 0.1 and not any(v.frozen for v in fleet)
    return Problem(
        net, todo, fleet, places, ("salt", "water"), often() < 0.3, copies, (lorry,), repeats, rng.randint(0, 2)
    )


def calm(problem: Problem) -> Problem:
    """The same with few hard rules left, so that many plans keep them all: what is left is a matter of cost."""
    able = tuple(
        replace(v, skills=frozenset(SKILLS), capacity=(20, 10), shift=(v.shift[0], 900), breaks=())
        for v in problem.vehicles
    )
    tame = tuple(replace(p, closed=frozenset(), forbidden_turns=frozenset()) for p in problem.profiles)
    network = replace(problem.network, forbidden_turns=frozenset())
    return replace(problem, network=network, vehicles=able, profiles=tame)


def tiny_task(rng: random.Random, net: Network, name: str) -> Task:
    """An edge, an arc, or a point by any way in or on one side of the street."""
    arc = rng.randrange(net.arcs)
    node = int(net.head[arc])
    modes = rng.choice(
        [
            [Mode(int(net.tail[a]), int(net.head[a]), a) for a in (arc, int(net.reverse[arc])) if a >= 0],
            [Mode(node, node)],
            [Mode(node, node, -1, arc)],
        ]
    )
    demand = (rng.randint(0, 4), rng.randint(0, 2))
    return Task(name, tuple(modes), demand, rng.randint(1, 9), rng.randint(0, 9))


def tiny_vehicle(rng: random.Random, net: Network, i: int) -> Vehicle:
    return Vehicle(
        f"v{i}",
        rng.randrange(net.nodes),
        None if rng.random() < 0.2 else rng.randrange(net.nodes),
        (rng.randint(4, 9), rng.randint(2, 5)),
        (rng.choice([0, 0, 2]), 0),
        (rng.randint(0, 5), rng.choice([60, 100, 200])),
        frozenset(rng.sample(SKILLS, rng.randint(0, 3))),
        rng.randint(0, 20),
        rng.randint(1, 2),
        rng.randint(0, 2),
        rng.choice(["", "", "lorry"]),
        rng.choice([(), (), (frozenset({"broom"}), frozenset({"plough", "salt"}))]),
        (Break("rest", (rng.randint(0, 20), rng.randint(20, 70)), rng.randint(0, 5)),) if rng.random() < 0.3 else (),
        (),
        i,
    )


def way(problem: Problem, node: int, goal: int, rng: random.Random) -> tuple[int, ...]:
    """Few arcs from node to goal, in an order of search that differs; rules of turning and closing not asked."""
    arcs = list(range(problem.network.arcs))
    rng.shuffle(arcs)
    found: dict[int, tuple[int, ...]] = {node: ()}
    queue = deque([node])
    while queue and goal not in found:
        at = queue.popleft()
        for arc in arcs:
            head = int(problem.network.head[arc])
            if int(problem.network.tail[arc]) == at and head not in found:
                found[head] = (*found[at], arc)
                queue.append(head)
    return found[goal]


def tiny_decisions(problem: Problem, rng: random.Random) -> tuple[list[Drive], list[Unserved]]:
    """Tasks dealt out at random; stops at facilities and rests strewn in; now and then a slip."""
    left: list[Unserved] = []
    hands: list[list[Do]] = [[] for _ in problem.vehicles]
    for task in rng.sample(problem.tasks, len(problem.tasks)):
        if rng.random() < 0.15:
            left.append(Unserved(task.id, "time"))
        else:
            hands[rng.randrange(len(hands))].append(Do("task", task.id, rng.randrange(len(task.modes))))
    drives = []
    for vehicle, hand in zip(problem.vehicles, hands, strict=True):
        if rng.random() < 0.8:
            begun = [Do(f.kind, f.ref, f.mode) for f in vehicle.frozen]
            hand = [*begun, *(do for do in hand if do.ref not in {f.ref for f in vehicle.frozen})]
        for _ in range(rng.choice([0, 1, 1, 2])):
            hand.insert(
                rng.randint(len(vehicle.frozen), max(len(vehicle.frozen), len(hand))),
                Do("facility", rng.choice(problem.facilities).id),
            )
        if vehicle.breaks and rng.random() < 0.7:
            hand.insert(rng.randint(0, len(hand)), Do("break", "rest"))
        if problem.unload_at_end and hand and rng.random() < 0.8:
            hand.append(Do("facility", rng.choice(problem.facilities).id))
        if hand or rng.random() < 0.1:
            name = f"{vehicle.id}#1" if problem.unlimited_fleet else vehicle.id
            start = (
                max([vehicle.shift[0], *(t.release_s for t in problem.tasks)])
                if rng.random() < 0.6
                else rng.randint(0, 9)
            )
            drives.append(routed(problem, Drive(name, start, tuple(hand)), vehicle, rng))
    served = [do.ref for drive in drives for do in drive.todo if do.kind == "task"]
    left = [entry for entry in left if entry.task not in served]
    return drives, left


def routed(problem: Problem, drive: Drive, vehicle: Vehicle, rng: random.Random) -> Drive:
    """Ways between the stops; the arc a point must be reached by is driven where it is asked for."""
    tasks = {t.id: t for t in problem.tasks}
    nodes = {f.id: f.node for f in problem.facilities}
    at, todo = vehicle.start, []
    for do in drive.todo:
        arcs: tuple[int, ...] = ()
        if do.kind == "facility":
            arcs, at = way(problem, at, nodes[do.ref], rng), nodes[do.ref]
        elif do.kind == "task":
            mode = tasks[do.ref].modes[do.mode]
            if mode.via >= 0:
                arcs = (*way(problem, at, int(problem.network.tail[mode.via]), rng), mode.via)
            else:
                arcs = way(problem, at, mode.tail, rng)
            at = mode.head
        todo.append(replace(do, arcs=arcs))
    home = () if vehicle.end is None else way(problem, at, vehicle.end, rng)
    return replace(drive, todo=tuple(todo), home=home)


def patient(problem: Problem, drives: Sequence[Drive], rng: random.Random) -> list[Drive]:
    """The same, with one pass that waits until the gap after another has ended, or now and then a second longer."""
    times = {stop.ref: stop for route in judge(problem, drives, []).plan.routes for stop in route.stops}
    for repeat in problem.repeats:
        passes = [name for name in repeat.tasks if name in times]
        if len(passes) > 1 and not repeat.patterns:
            first, then = rng.sample(passes, 2)
            until = times[first].depart_s + repeat.gap_s + rng.choice([0, 0, 1])
            return [
                replace(d, todo=tuple(replace(do, until_s=until) if do.ref == then else do for do in d.todo))
                for d in drives
            ]
    return list(drives)


def slip(drives: Sequence[Drive], left: Sequence[Unserved], rng: random.Random) -> tuple[list[Drive], list[Unserved]]:
    """One mistake in the decisions."""
    drives, left = list(drives), list(left)
    busy = [i for i, drive in enumerate(drives) if drive.todo]
    if not busy:
        return drives, [*left, Unserved("nobody", "time")]
    i = rng.choice(busy)
    drive, at = drives[i], rng.randrange(len(drives[i].todo))
    do = drive.todo[at]
    changes = {
        "drop": (*drive.todo[:at], *drive.todo[at + 1 :]),
        "double": (*drive.todo[: at + 1], replace(do, arcs=()), *drive.todo[at + 1 :]),
        "gap": (*drive.todo[:at], replace(do, arcs=do.arcs[1:]), *drive.todo[at + 1 :]),
        "no arc": (*drive.todo[:at], replace(do, arcs=(*do.arcs, 99)), *drive.todo[at + 1 :]),
        "no mode": (
            *drive.todo[:at],
            replace(do, mode=do.mode + 7 if do.kind == "task" else do.mode),
            *drive.todo[at + 1 :],
        ),
        "no name": (*drive.todo[:at], replace(do, ref="nothing"), *drive.todo[at + 1 :]),
        "no kind": (*drive.todo[:at], replace(do, kind="pub"), *drive.todo[at + 1 :]),
    }
    kind = rng.choice([*changes, "home", "vehicle", "twice", "listed", "silent", "early"])
    if kind in changes:
        drives[i] = replace(drive, todo=changes[kind])
    elif kind == "home":
        drives[i] = replace(drive, home=(*drive.home, *drive.home[-1:]))
    elif kind == "vehicle":
        drives[i] = replace(drive, vehicle="nobody")
    elif kind == "twice":
        drives.append(replace(drive, todo=drive.todo[:1]))
    elif kind == "listed":
        left.append(Unserved(do.ref, "time"))
    elif kind == "silent" and left:
        left[0] = Unserved(left[0].task, " ")
    else:
        drives[i] = replace(drive, start_s=0)
    return drives, left
