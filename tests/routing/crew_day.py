"""Two crews' day with every kind of rule in it, worked out by hand, and each way of spoiling it with its code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from routing.network import TurnCosts
from routing.plan import Plan, Route, Stop, Unserved
from routing.problem import Break, Facility, Fixed, Mode, Problem, Profile, Repeat, Task, Vehicle
from tests.routing.routing_cases import both_ways, network


def _array(*values: int) -> Any:
    return np.array(values, np.int64)


# Streets 0 -1 s- 1 -2 s- 2 -3 s- 3, one-way from 3 to 0 in 10 s; ten metres a second, a cost of one a second.
# Arcs 0: 0>1, 1: 1>0, 2: 1>2, 3: 2>1, 4: 2>3, 5: 3>2, 6: 3>0. Straight on from 2 into 4 costs 4 and takes 1 s.
NET = replace(
    network(4, [*both_ways((0, 1, 1), (1, 2, 2), (2, 3, 3)), (3, 0, 10)], {(0, 1), (2, 3), (4, 5)}),
    turn_costs=TurnCosts(_array(2), _array(4), _array(4), _array(1)),
)
TASKS = (
    Task("a", (Mode(0, 1, 0), Mode(1, 0, 1)), (2,), 2, 2, deadline_s=1, weight=5),
    Task("b", (Mode(2, 3, 4), Mode(3, 2, 5)), (2,), 6, 6, (0, 100), skills=frozenset({"salt"})),
    Task("c", (Mode(0, 0, -1, 1),), (1,), 4, 4, release_s=10, keep="v", move_cost=6),
    Task("e", (Mode(2, 2),), (1,), 5, 5, prize=50),
)
LORRY = Vehicle(
    "v",
    0,
    0,
    (3,),
    (0,),
    (0, 60),
    fixed_cost=7,
    travel_rate=2,
    duration_rate=1,
    profile="lorry",
    attachments=(frozenset({"salt"}), frozenset({"broom"})),
    breaks=(Break("rest", (0, 30), 5),),
    frozen=(Fixed("task", "a", 0),),
)
VAN = Vehicle("w", 1, None, (2,), (1,), (5, 90), day=1)
DUMP = Facility("dump", 1, "unload", 20, 20, (0, 40), bays=1)
PROBLEM = Problem(
    NET,
    TASKS,
    (LORRY, VAN),
    (DUMP,),
    ("kg",),
    profiles=(Profile("lorry", closed=frozenset({3}), forbidden_turns=frozenset({(6, 0)}), work_percent=150),),
    repeats=(Repeat(("a", "c"), 46, ((0, 1),)),),
    fairness_weight=2,
)

# The lorry serves a at half the pace (0..3), rests (3..8), is first at the dump (8..28), drives 1>2 (30), turns (31),
# serves b (31..40) and drives home by 3>0 (50): 2 x (2 + 4 + 10) + (3 + 20 + 9) + 7 + 50.
LORRY_STOPS = (
    Stop("task", "a", 0, (), 0, 0, 3, (2,)),
    Stop("break", "rest", 0, (), 3, 3, 8, (2,)),
    Stop("facility", "dump", 0, (), 8, 8, 28, (0,)),
    Stop("task", "b", 0, (2,), 31, 31, 40, (2,)),
)
LORRY_ROUTE = Route("v", 0, LORRY_STOPS, (6,), 50, 10 + 20 + 30 + 100, 32 + 32 + 7 + 50)
# The van stands at the dump at 10, waits for its turn (28..48), drives 1>0 (49) and serves c on that side (49..53).
VAN_STOPS = (Stop("facility", "dump", 0, (), 10, 28, 48, (0,)), Stop("task", "c", 0, (1,), 49, 49, 53, (1,)))
VAN_ROUTE = Route("w", 10, VAN_STOPS, (), 53, 10, 1 + 24)
# a is 2 s late at 5, c is moved for 6, e is left for 50, the longest day lasts 50 s at 2.
TERMS = {
    "travel": 33,
    "service": 56,
    "fixed": 7,
    "duration": 50,
    "lateness": 10,
    "prizes": 50,
    "moves": 6,
    "fairness": 100,
}
PLAN = Plan((LORRY_ROUTE, VAN_ROUTE), (Unserved("e", "prize"),), 312, "hand", 0, 0, TERMS)


def lorry(*stops: Stop, **changes: Any) -> Plan:
    """The plan with another lorry's route."""
    return replace(PLAN, routes=(replace(LORRY_ROUTE, stops=stops or LORRY_STOPS, **changes), VAN_ROUTE))


def van(*stops: Stop, **changes: Any) -> Plan:
    """The plan with another van's route."""
    return replace(PLAN, routes=(LORRY_ROUTE, replace(VAN_ROUTE, stops=stops or VAN_STOPS, **changes)))


def left(*unserved: Unserved) -> Plan:
    return replace(PLAN, unserved=unserved)


A, REST, TIP, B = LORRY_STOPS
WAIT, C = VAN_STOPS

CORRUPTED: dict[str, tuple[str, Plan]] = {
    "a task dropped": ("dropped", lorry(A, REST, TIP)),
    "a task left out without a reason": (
        "dropped",
        replace(lorry(A, REST, TIP), unserved=(*PLAN.unserved, Unserved("b", " "))),
    ),
    "a task served twice": ("doubled", lorry(A, A, REST, TIP, B)),
    "a task served and listed": ("doubled", left(*PLAN.unserved, Unserved("a", "time"))),
    "a task listed twice": ("doubled", left(*PLAN.unserved, *PLAN.unserved)),
    "a vehicle with two routes": ("doubled", replace(PLAN, routes=(*PLAN.routes, VAN_ROUTE))),
    "an unknown task": ("unknown", lorry(A, REST, TIP, replace(B, ref="z"))),
    "an unknown task listed": ("unknown", left(*PLAN.unserved, Unserved("z", "time"))),
    "an unknown vehicle": ("unknown", van(vehicle="x")),
    "an unknown facility": ("unknown", van(replace(WAIT, ref="hill"), C)),
    "an unknown break": ("unknown", lorry(A, replace(REST, ref="nap"), TIP, B)),
    "an unknown mode": ("unknown", lorry(A, REST, TIP, replace(B, mode=2))),
    "a mode below the first": ("unknown", lorry(A, REST, TIP, replace(B, mode=-1))),
    "an unknown kind of stop": ("unknown", lorry(A, replace(REST, kind="pub"), TIP, B)),
    "too much aboard": ("overloaded", lorry(A, REST, replace(B, used=(4,)))),
    "a mispriced plan": ("mispriced", replace(PLAN, cost=311)),
    "a mispriced term": ("mispriced", replace(PLAN, terms={**TERMS, "moves": 0})),
    "a term nobody knows": ("mispriced", replace(PLAN, terms={**TERMS, "beauty": 1})),
    "a mispriced route": ("mispriced", lorry(cost=120)),
    "a wrong distance": ("mispriced", lorry(distance_m=159)),
    "a gap in the path": ("path", lorry(A, REST, TIP, replace(B, arcs=()))),
    "an arc that is not there": ("path", lorry(A, REST, TIP, replace(B, arcs=(2, 7)))),
    "an arc below the first": ("path", lorry(A, REST, TIP, replace(B, arcs=(-1, 2)))),
    "a one-way street driven the other way": ("path", lorry(A, REST, TIP, B, arcs_home=(4,))),
    "a facility elsewhere": ("path", van(replace(WAIT, arcs=(2,)), C)),
    "a point from the wrong side": ("path", van(WAIT, replace(C, arcs=(2, 4, 6)))),
    "a forbidden turn": ("turn", lorry(A, REST, TIP, replace(B, arcs=(2, 3, 2)))),
    "a turn this vehicle may not make": ("turn", lorry(A, REST, TIP, B, arcs_home=(6, 0, 1))),
    "a street closed to this vehicle": ("closed", lorry(A, REST, TIP, replace(B, arcs=(2, 3, 2)))),
    "a wrong arrival": ("time", lorry(A, REST, TIP, replace(B, arrive_s=30))),
    "a wrong start": ("time", lorry(A, REST, TIP, replace(B, start_s=30))),
    "a wrong departure": ("time", lorry(A, REST, TIP, replace(B, depart_s=39))),
    "a wrong end": ("time", lorry(end_s=49)),
    "a wrong load": ("load", lorry(A, REST, TIP, replace(B, used=(1,)))),
    "a wrong load at a facility": ("load", van(replace(WAIT, used=(1,)), C)),
    "a wrong load at a break": ("load", lorry(A, replace(REST, used=(0,)), TIP, B)),
    "ends elsewhere": ("end", lorry(arcs_home=())),
    "a break not taken": ("break", lorry(A, TIP, B)),
    "a break taken twice": ("break", lorry(A, REST, REST, TIP, B)),
    "a break too late": ("break", lorry(A, TIP, B, REST)),
    "out of turn at the dump": ("queue", van(replace(WAIT, start_s=10, depart_s=30), C)),
    "later than its turn at the dump": ("queue", van(replace(WAIT, start_s=29, depart_s=49), C)),
    "leaves before its work is released": ("release", van(C, WAIT, start_s=9)),
    "leaves before its shift": ("shift", van(start_s=4)),
    "the fixed stop not first": ("frozen", lorry(TIP, A, REST, B)),
    "the fixed stop in another mode": ("frozen", lorry(replace(A, mode=1), REST, TIP, B)),
    "no route for a fixed stop": ("frozen", replace(PLAN, routes=(VAN_ROUTE,))),
    "passes on days that are no pattern": ("repeat", replace(PLAN, routes=lorry(A, REST, TIP, B, C).routes[:1])),
    "one pass of two": ("repeat", van(WAIT)),
}
"""The plan spoilt in one way: (code that names it, plan). Figures that follow from the slip are wrong besides."""

RULED: dict[str, tuple[str, dict[str, Any]]] = {
    "window of a task": ("window", {"tasks": (TASKS[0], replace(TASKS[1], window=(0, 30)), *TASKS[2:])}),
    "window of a facility": ("window", {"facilities": (replace(DUMP, window=(0, 27)),)}),
    "window of a break": ("break", {"vehicles": (replace(LORRY, breaks=(Break("rest", (0, 2), 5),)), VAN)}),
    "start of the shift": ("shift", {"vehicles": (replace(LORRY, shift=(1, 60)), VAN)}),
    "end of the shift": ("shift", {"vehicles": (replace(LORRY, shift=(0, 49)), VAN)}),
    "skill": ("skill", {"tasks": (TASKS[0], replace(TASKS[1], skills=frozenset({"crane"})), *TASKS[2:])}),
    "attachment": ("attachment", {"tasks": (replace(TASKS[0], skills=frozenset({"broom"})), *TASKS[1:])}),
    "capacity": ("overloaded", {"vehicles": (replace(LORRY, capacity=(1,)), VAN)}),
    "capacity at the start": ("overloaded", {"vehicles": (LORRY, replace(VAN, capacity=(0,)))}),
    "end": ("end", {"vehicles": (LORRY, replace(VAN, end=1))}),
    "empty at the end": ("end", {"unload_at_end": True}),
    "turn": ("turn", {"network": replace(NET, forbidden_turns=frozenset({(4, 6)}))}),
    "turn into a served arc": ("turn", {"network": replace(NET, forbidden_turns=frozenset({(2, 4)}))}),
    "closed served arc": ("closed", {"profiles": (replace(PROBLEM.profiles[0], closed=frozenset({4})),)}),
    "closed arc on the way home": ("closed", {"profiles": (replace(PROBLEM.profiles[0], closed=frozenset({6})),)}),
    "release": ("release", {"tasks": (replace(TASKS[0], release_s=1), *TASKS[1:])}),
    "gap": ("repeat", {"repeats": (Repeat(("a", "c"), 47),), "vehicles": (LORRY, replace(VAN, day=0))}),
    "pattern": ("repeat", {"repeats": (Repeat(("a", "c"), 0, ((0, 2), (1, 2))),)}),
    "frozen": (
        "frozen",
        {
            "vehicles": (
                replace(LORRY, frozen=(Fixed("task", "a"), Fixed("facility", "dump"), Fixed("task", "b", 1))),
                VAN,
            )
        },
    ),
    "frozen and no more": (
        "frozen",
        {"vehicles": (LORRY, replace(VAN, frozen=(Fixed("facility", "dump"), Fixed("task", "c"), Fixed("task", "e"))))},
    ),
}
"""One rule made tighter under the very same plan: (the only code it then breaks, what changes in the problem)."""
