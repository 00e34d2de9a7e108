"""How long a ticket takes to go into a running plan: `python -m bench.insertion [--data DIR PLAN] [--tickets N]`.

Without --data: a made city of 11,800 arcs, 600 streets on 12 trucks, three kinds of vehicle. With it: the stored
problem and plan of a version. Tickets are tasks taken out of the plan first, one at a time, and put in again; measured
is the processor time of one insertion with everything it needs made anew (paths, routes), as a planner does it.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.machine import machine
from routing.checker import check
from routing.codec import plan_from_json, problem_from_json
from routing.engines.assemble import finder_for
from routing.engines.base import Budget
from routing.engines.insertion import insert
from routing.engines.registry import solve
from routing.engines.removal import without
from routing.network import Network
from routing.plan import Plan
from routing.problem import Facility, Fixed, Mode, Problem, Profile, Task, Vehicle

WIDTH, HEIGHT = 60, 50
STREETS, TRUCKS = 600, 12


def grid(rng: random.Random) -> Network:
    arcs = []
    for y in range(HEIGHT):
        for x in range(WIDTH):
            for dx, dy in ((1, 0), (0, 1)):
                if x + dx < WIDTH and y + dy < HEIGHT:
                    u, v, takes_s = y * WIDTH + x, (y + dy) * WIDTH + x + dx, rng.randint(8, 30)
                    arcs += [(u, v, takes_s), (v, u, takes_s)]
    tail, head, seconds = (np.array(column, np.int64) for column in zip(*arcs, strict=True))
    reverse = np.arange(len(arcs), dtype=np.int64) ^ 1
    out: dict[int, list[int]] = {}
    for arc, (u, _, _) in enumerate(arcs):
        out.setdefault(u, []).append(arc)
    turns = frozenset((a, int(rng.choice(out[int(head[a])]))) for a in rng.sample(range(len(arcs)), 600))
    return Network(WIDTH * HEIGHT, tail, head, seconds * 10, seconds, seconds, reverse, turns)


def made_city(seed: int) -> tuple[Problem, Plan]:
    """A running plan: every truck has two stops it may not leave any more; moves are priced."""
    rng = random.Random(seed)
    net = grid(rng)
    chosen = rng.sample(range(0, net.arcs, 2), STREETS)
    tasks = tuple(
        Task(
            f"t{i}",
            tuple(Mode(int(net.tail[a]), int(net.head[a]), a) for a in (arc, arc + 1)),
            (rng.randint(20, 60),),
            2 * int(net.duration_s[arc]),
            2 * int(net.duration_s[arc]),
            deadline_s=rng.choice([7_200, 14_400, None]),
            weight=rng.choice([1, 3]),
        )
        for i, arc in enumerate(chosen)
    )
    profiles = (Profile("large", net.duration_s * 5 // 4, net.cost * 5 // 4), Profile("small", work_percent=120))
    depots = [rng.randrange(net.nodes) for _ in range(3)]
    kinds = ("", "large", "small")
    fleet = tuple(
        Vehicle(f"v{i}", depots[i % 3], depots[i % 3], (1_200,), (0,), (0, 28_800), profile=kinds[i % 3])
        for i in range(TRUCKS)
    )
    stores = tuple(Facility(f"store{i}", rng.randrange(net.nodes), "reload", 480, 480) for i in range(3))
    problem = Problem(net, tasks, fleet, stores, ("salt",), profiles=profiles)
    plan = solve(problem, "greedy", Budget(), seed)[0]
    keeper = {stop.ref: route.vehicle for route in plan.routes for stop in route.stops}
    held = {
        route.vehicle: tuple(Fixed(stop.kind, stop.ref, stop.mode) for stop in route.stops[:2]) for route in plan.routes
    }
    priced = tuple(replace(t, keep=keeper.get(t.id), move_cost=300) for t in tasks)
    vehicles = tuple(replace(v, frozen=held.get(v.id, ())) for v in fleet)
    return replace(problem, tasks=priced, vehicles=vehicles), plan


def stored(data: Path, name: str) -> tuple[Problem, Plan]:
    """The problem and plan of a stored version."""
    from dispatch.versions import latest_version
    from models.database import Database
    from models.tables.plans import Snapshot

    database = Database(f"sqlite:///{data / 'sweepline.db'}")
    with database.read() as session:
        version = latest_version(session, name)
        row = session.get(Snapshot, name if version is None else version.id)
    database.close()
    if row is None:
        raise SystemExit(f"{data}: no stored plan {name}")
    problem = problem_from_json(json.loads(zlib.decompress(row.problem)))
    return problem, plan_from_json(json.loads(zlib.decompress(row.plan)))


def measure(problem: Problem, plan: Plan, tickets: int, seed: int) -> dict[str, object]:
    frozen = {stop.ref for vehicle in problem.vehicles for stop in vehicle.frozen}
    served = [s.ref for r in plan.routes for s in r.stops if s.kind == "task" and s.ref not in frozen]
    chosen = random.Random(seed).sample(served, min(tickets, len(served)))
    finder = finder_for(problem)
    seconds, shared, faults = [], [], 0
    insert(problem, without(problem, finder, plan, chosen[:1], "time"), chosen[:1])
    for name in chosen:
        rest = without(problem, finder, plan, [name], "time")
        began = time.process_time()
        after = insert(problem, rest, [name])
        seconds.append(time.process_time() - began)
        began = time.process_time()
        insert(problem, rest, [name], finder)
        shared.append(time.process_time() - began)
        faults += len(check(problem, after).violations)
    return {
        "arcs": problem.network.arcs,
        "tasks": len(problem.tasks),
        "routes": len(plan.routes),
        "stops": sum(len(route.stops) for route in plan.routes),
        "tickets": len(chosen),
        "violations": faults,
        "mean_s": round(statistics.mean(seconds), 4),
        "max_s": round(max(seconds), 4),
        "paths_kept_mean_s": round(statistics.mean(shared), 4),
        "paths_kept_max_s": round(max(shared), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs=2, metavar=("DIR", "PLAN"), help="a stored version instead of the made city")
    parser.add_argument("--tickets", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    problem, plan = stored(Path(given.data[0]), given.data[1]) if given.data else made_city(given.seed)
    print(json.dumps({"machine": machine(), **measure(problem, plan, given.tickets, given.seed)}, indent=1))


if __name__ == "__main__":
    main()
