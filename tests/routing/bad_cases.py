"""Problems that contradict themselves, and problems that ask for what nobody can do: each with what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from routing.network import TurnCosts
from routing.problem import Break, Facility, Fixed, Mode, Problem, Profile, Repeat, Task, Vehicle
from tests.routing.routing_cases import both_ways, edge_task, network

# A street 0 - 1 - 2; arcs 0: 0>1, 1: 1>0, 2: 1>2, 3: 2>1.
NET = network(3, both_ways((0, 1, 10), (1, 2, 10)))
EDGE = edge_task(NET, "edge", 2)
POINT = Task("point", (Mode(1, 1),), (1,), 5, 5)
TRUCK = Vehicle("truck", 0, 0, (5,), (0,), (0, 1_000))
STORE = Facility("store", 2, "reload", 10, 10)
GOOD = Problem(NET, (EDGE, POINT), (TRUCK,), (STORE,), ("salt",))


def net(**changes: Any) -> Problem:
    return replace(GOOD, network=replace(NET, **changes))


def task(**changes: Any) -> Problem:
    return replace(GOOD, tasks=(EDGE, replace(POINT, **changes)))


def truck(**changes: Any) -> Problem:
    return replace(GOOD, vehicles=(replace(TRUCK, **changes),))


def store(**changes: Any) -> Problem:
    return replace(GOOD, facilities=(replace(STORE, **changes),))


def turn_costs(first: list[int], second: list[int], cost: list[int]) -> TurnCosts:
    figures = (np.array(values, np.int64) for values in (first, second, cost, [1] * len(first)))
    return TurnCosts(*figures)


def array(*values: int) -> Any:
    return np.array(values, np.int64)


REFUSED: dict[str, tuple[Problem, str, str]] = {
    "no vehicles": (replace(GOOD, vehicles=()), "fleet", "no vehicles"),
    "demands of the wrong length": (task(demand=(1, 2)), "commodity", "task point: 2 figures of demand for 1"),
    "no demand": (task(demand=()), "commodity", "0 figures of demand"),
    "capacity of the wrong length": (truck(capacity=()), "commodity", "vehicle truck: 0 figures of capacity"),
    "used of the wrong length": (truck(initial_used=(0, 0)), "commodity", "figures of initial_used"),
    "commodity twice": (
        replace(truck(capacity=(1, 1), initial_used=(0, 0)), commodities=("salt", "salt"), tasks=()),
        "id",
        "commodity salt",
    ),
    "negative demand": (task(demand=(-1,)), "number", "task point: demand is -1"),
    "fractional demand": (task(demand=(0.5,)), "number", "demand is 0.5: give a whole number"),
    "negative service": (task(service_s=-3), "number", "service_s is -3"),
    "negative service cost": (task(service_cost=-3), "number", "service_cost is -3"),
    "negative weight": (task(weight=-1), "number", "weight is -1"),
    "negative prize": (task(prize=-1), "number", "prize is -1"),
    "negative release": (task(release_s=-1), "number", "release_s is -1"),
    "negative price of a move": (task(move_cost=-1), "number", "move_cost is -1"),
    "negative window": (task(window=(-5, 9)), "number", "the start of its window is -5"),
    "negative deadline": (task(deadline_s=-5), "number", "deadline_s is -5"),
    "late window": (task(window=(0, 10**10)), "limit", "the end of its window is 10000000000, above"),
    "heavy demand": (task(demand=(10**9 + 1,)), "limit", "demand is 1000000001"),
    "no mode": (task(modes=()), "mode", "no mode"),
    "mode outside": (task(modes=(Mode(7, 7),)), "mode", "outside the 3 nodes"),
    "mode on no arc": (task(modes=(Mode(1, 2, 9),)), "mode", "arc 9 of a mode is not in the network"),
    "mode by no arc": (task(modes=(Mode(1, 1, -1, -2),)), "mode", "via -2 of a mode is not in the network"),
    "arc the wrong way": (task(modes=(Mode(2, 1, 2),)), "mode", "arc 2 does not lead from 2 to 1"),
    "via elsewhere": (task(modes=(Mode(1, 1, -1, 2),)), "mode", "via 2 ends at 2, the point is at 1"),
    "via and arc": (task(modes=(Mode(1, 2, 2, 0),)), "mode", "belongs to a point"),
    "task twice": (task(id="edge"), "id", "task edge: two have this id"),
    "vehicle twice": (replace(GOOD, vehicles=(TRUCK, TRUCK)), "id", "vehicle truck"),
    "facility twice": (replace(GOOD, facilities=(STORE, STORE)), "id", "facility store"),
    "profile twice": (replace(GOOD, profiles=(Profile("p"), Profile("p"))), "id", "profile p"),
    "profile without a name": (replace(GOOD, profiles=(Profile(""),)), "id", "has no name"),
    "unknown profile": (truck(profile="lorry"), "unknown", "profile lorry is not in the problem"),
    "start outside": (truck(start=3), "unknown", "start 3 is outside"),
    "end outside": (truck(end=-1), "unknown", "end -1 is outside"),
    "negative capacity": (truck(capacity=(-1,)), "number", "capacity is -1"),
    "negative used": (truck(initial_used=(-1,)), "number", "initial_used is -1"),
    "negative fixed cost": (truck(fixed_cost=-1), "number", "fixed_cost is -1"),
    "negative rate": (truck(travel_rate=-1), "number", "travel_rate is -1"),
    "negative rate of time": (truck(duration_rate=-1), "number", "duration_rate is -1"),
    "negative day": (truck(day=-1), "number", "day is -1"),
    "negative shift": (truck(shift=(-1, 5)), "number", "the start of its shift is -1"),
    "break back to front": (truck(breaks=(Break("b", (9, 3), 5),)), "window", "closes at 3 s, before it opens at 9 s"),
    "negative break": (truck(breaks=(Break("b", (0, 3), -5),)), "number", "break b: duration_s is -5"),
    "break twice": (truck(breaks=(Break("b", (0, 3), 5),) * 2), "id", "break b of truck"),
    "frozen stop of no task": (truck(frozen=(Fixed("task", "store"),)), "frozen", "task store names nothing"),
    "frozen stop of no facility": (truck(frozen=(Fixed("facility", "edge"),)), "frozen", "facility edge names nothing"),
    "frozen stop of no kind": (truck(frozen=(Fixed("break", "edge"),)), "frozen", "break edge names nothing"),
    "frozen in an unlimited fleet": (
        replace(truck(frozen=(Fixed("task", "edge"),)), unlimited_fleet=True),
        "frozen",
        "an unlimited fleet has only copies",
    ),
    "frozen in no mode": (truck(frozen=(Fixed("task", "edge", 2),)), "frozen", "edge has no mode 2"),
    "frozen facility in no mode": (truck(frozen=(Fixed("facility", "store", 1),)), "frozen", "store has no mode 1"),
    "frozen twice": (truck(frozen=(Fixed("task", "edge"),) * 2), "frozen", "task edge is frozen twice"),
    "facility outside": (store(node=9), "unknown", "node 9 is outside"),
    "facility of no kind": (store(kind="pub"), "unknown", "kind pub is unknown: use reload, refill, unload"),
    "negative stay": (store(service_s=-1), "number", "facility store: service_s is -1"),
    "negative fee": (store(service_cost=-1), "number", "service_cost is -1"),
    "negative bays": (store(bays=-1), "number", "bays is -1"),
    "resets what is not there": (store(resets=(1,)), "commodity", "resets commodity 1 of 1"),
    "nowhere to unload": (replace(GOOD, facilities=(), unload_at_end=True), "facility", "there is no facility"),
    "negative fairness": (replace(GOOD, fairness_weight=-1), "number", "fairness_weight is -1"),
    "repeat of no task": (replace(GOOD, repeats=(Repeat(("edge", "z")),)), "unknown", "task z is not in the problem"),
    "empty repeat": (replace(GOOD, repeats=(Repeat(()),)), "repeat", "names no task"),
    "repeated twice": (
        replace(GOOD, repeats=(Repeat(("edge",)), Repeat(("point", "edge")))),
        "repeat",
        "task edge is repeated twice",
    ),
    "repeats itself": (replace(GOOD, repeats=(Repeat(("edge", "edge")),)), "repeat", "task edge is repeated twice"),
    "negative gap": (replace(GOOD, repeats=(Repeat(("edge", "point"), -1),)), "number", "gap_s is -1"),
    "pattern too short": (
        replace(GOOD, repeats=(Repeat(("edge", "point"), 0, ((1,),)),)),
        "repeat",
        "days 1 are no 2 ascending days",
    ),
    "pattern out of order": (
        replace(GOOD, repeats=(Repeat(("edge", "point"), 0, ((2, 1),)),)),
        "repeat",
        "days 2, 1 are no 2 ascending days",
    ),
    "pattern with a day twice": (
        replace(GOOD, repeats=(Repeat(("edge", "point"), 0, ((1, 1),)),)),
        "repeat",
        "days 1, 1 are no 2 ascending days",
    ),
    "arc from nowhere": (net(tail=array(0, 1, 1, 3)), "network", "tail is outside the network (arc 3)"),
    "arc to nowhere": (net(head=array(1, 0, -1, 1)), "network", "head is outside the network (arc 2)"),
    "reverse nowhere": (net(reverse=array(1, 0, 3, 4)), "network", "reverse is outside the network (arc 3)"),
    "reverse elsewhere": (net(reverse=array(1, 0, 3, 1)), "network", "the other way (arc 3)"),
    "array too short": (net(cost=array(1, 2, 3)), "network", "cost has shape (3,) for 4 arcs"),
    "array of fractions": (net(cost=np.array([0.5, 1, 1, 1])), "number", "cost holds float64"),
    "negative arc cost": (net(cost=array(1, 1, -1, 1)), "number", "cost is negative (arc 2)"),
    "negative driving time": (net(duration_s=array(1, 1, -1, 1)), "number", "duration_s is negative (arc 2)"),
    "negative length": (net(length_m=array(1, 1, -1, 1)), "number", "length_m is negative (arc 2)"),
    "huge arc cost": (net(cost=array(1, 1, 10**9 + 1, 1)), "limit", "cost is above 1000000000 (arc 2)"),
    "no nodes": (
        net(nodes=-1, tail=array(), head=array(), length_m=array(), duration_s=array(), cost=array(), reverse=array()),
        "number",
        "nodes is -1",
    ),
    "turn of no arc": (net(forbidden_turns=frozenset({(0, 9)})), "turn", "not in the network (0 into 9)"),
    "turn of arcs apart": (net(forbidden_turns=frozenset({(1, 2)})), "turn", "do not meet (1 into 2)"),
    "priced turn of no arc": (net(turn_costs=turn_costs([0], [4], [1])), "turn", "not in the network (0 into 4)"),
    "priced turn of arcs apart": (net(turn_costs=turn_costs([3], [3], [1])), "turn", "do not meet (3 into 3)"),
    "turn priced twice": (net(turn_costs=turn_costs([0, 0], [2, 2], [1, 2])), "turn", "two prices (0 into 2)"),
    "negative price of a turn": (net(turn_costs=turn_costs([0], [2], [-1])), "number", "turn costs: cost is negative"),
    "turn costs of unlike length": (net(turn_costs=TurnCosts(array(0))), "network", "has shape (0,) for 1"),
    "profile too short": (
        replace(GOOD, profiles=(Profile("p", array(1)),)),
        "network",
        "profile p: duration_s has shape",
    ),
    "profile's negative cost": (
        replace(GOOD, profiles=(Profile("p", None, array(1, 1, 1, -1)),)),
        "number",
        "cost is negative",
    ),
    "profile closes nothing": (replace(GOOD, profiles=(Profile("p", closed=frozenset({4})),)), "unknown", "(4)"),
    "profile turns apart": (
        replace(GOOD, profiles=(Profile("p", forbidden_turns=frozenset({(0, 3)})),)),
        "turn",
        "profile p: a forbidden turn joins arcs that do not meet",
    ),
    "profile works for nothing": (
        replace(GOOD, profiles=(Profile("p", work_percent=0),)),
        "number",
        "work_percent is 0",
    ),
    "costs that overflow": (
        replace(
            task(deadline_s=0, weight=10**9),
            tasks=tuple(replace(POINT, id=str(i), deadline_s=0, weight=10**9) for i in range(9)),
            vehicles=(replace(TRUCK, shift=(0, 10**9)),),
        ),
        "limit",
        "the limit is 2^62",
    ),
}


ISLAND = network(5, [*both_ways((0, 1, 10), (1, 2, 10)), (3, 4, 10), (4, 3, 10)])
ASIDE: dict[str, tuple[Problem, str, str, dict[str, str]]] = {
    "capacity": (task(demand=(6,)), "capacity", "task point: it needs more room", {"point": "capacity"}),
    "skill": (task(skills=frozenset({"crane"})), "skill", "the skills crane", {"point": "skill"}),
    "window back to front": (task(window=(9, 3)), "window", "its window is closed", {"point": "window"}),
    "window after every shift": (task(window=(2_000, 3_000)), "time", "does not fit", {"point": "time"}),
    "window before every shift": (
        replace(task(window=(0, 50)), vehicles=(replace(TRUCK, shift=(100, 900)),)),
        "window",
        "its window is closed",
        {"point": "window"},
    ),
    "release after its window": (task(window=(0, 50), release_s=60), "window", "closed", {"point": "window"}),
    "service longer than a shift": (task(service_s=1_001), "time", "does not fit", {"point": "time"}),
    "graph in two parts": (
        replace(
            GOOD,
            network=ISLAND,
            tasks=(edge_task(ISLAND, "a", 2), edge_task(ISLAND, "b", 4), edge_task(ISLAND, "c", 5)),
        ),
        "reachability",
        "2 tasks b, c: no vehicle able to serve it can come there",
        {"b": "reachability", "c": "reachability"},
    ),
    "no way back": (
        replace(
            GOOD,
            network=network(4, [*both_ways((0, 1, 10), (1, 2, 10)), (2, 3, 10)]),
            tasks=(EDGE, replace(POINT, modes=(Mode(3, 3),))),
        ),
        "reachability",
        "task point",
        {"point": "reachability"},
    ),
    "closed to the profile": (
        replace(truck(profile="p"), profiles=(Profile("p", closed=frozenset({2, 3})),)),
        "reachability",
        "task edge",
        {"edge": "reachability"},
    ),
    "via closed to the profile": (
        replace(
            truck(profile="p"),
            tasks=(POINT, replace(POINT, id="side", modes=(Mode(1, 1, -1, 3),))),
            facilities=(),
            profiles=(Profile("p", closed=frozenset({3})),),
        ),
        "reachability",
        "task side",
        {"side": "reachability"},
    ),
    "shift back to front": (
        replace(GOOD, vehicles=(TRUCK, replace(TRUCK, id="w", shift=(9, 3)))),
        "vehicle",
        "vehicle w: its shift ends at 3 s, before it begins at 9 s: left idle",
        {},
    ),
    "starts too full": (
        truck(initial_used=(6,)),
        "vehicle",
        "starts with [6] of [5] used",
        {"edge": "capacity", "point": "capacity"},
    ),
    "no way home": (
        replace(GOOD, network=ISLAND, vehicles=(TRUCK, replace(TRUCK, id="w", end=4))),
        "vehicle",
        "vehicle w: no way leads from its start 0 to its end 4",
        {},
    ),
    "store never opens": (store(window=(9, 3)), "facility", "facility store: its window closes at 3 s, before", {}),
    "store opens after hours": (store(window=(5_000, 6_000)), "facility", "outside every shift", {}),
    "store on an island": (
        replace(GOOD, network=ISLAND, facilities=(replace(STORE, node=4),)),
        "facility",
        "no vehicle can come there",
        {},
    ),
    "unloading never opens": (
        replace(store(window=(9, 3), kind="unload"), unload_at_end=True),
        "window",
        "2 tasks edge, point",
        {"edge": "window", "point": "window"},
    ),
    "unloading out of reach": (
        replace(GOOD, network=ISLAND, facilities=(replace(STORE, node=4),), unload_at_end=True),
        "reachability",
        "2 tasks edge, point",
        {"edge": "reachability", "point": "reachability"},
    ),
    "days nobody works": (
        replace(GOOD, repeats=(Repeat(("edge", "point"), 0, ((0, 1),)),)),
        "repeat",
        "no vehicle works on day 1",
        {"edge": "window", "point": "window"},
    ),
    "all passes or none": (
        replace(
            task(demand=(6,)),
            vehicles=(TRUCK, replace(TRUCK, id="w", day=1)),
            repeats=(Repeat(("edge", "point"), 0, ((0, 1),)),),
        ),
        "capacity",
        "task edge: the passes of its repeat cannot all be served",
        {"edge": "capacity", "point": "capacity"},
    ),
    "kept with nobody": (task(keep="gone", move_cost=5), "keep", "kept with gone, not in the problem", {}),
}
