"""One tiny problem for each constraint: its optimum by hand, and a cheaper plan that only breaks the constraint.

Places: a depot (node 0) and two points, A and B, ten from it and five from each other. One route over both costs 25,
a route to each costs 40. Seconds are cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from routing.checker import check
from routing.engines.assemble import left_and_cost
from routing.engines.base import Budget
from routing.engines.registry import engine_named, solve
from routing.network import TurnCosts
from routing.plan import Plan
from routing.problem import Break, Facility, Fixed, Mode, Problem, Profile, Repeat, Task, Vehicle
from tests.routing.routing_cases import both_ways, network

NET = network(4, both_ways((0, 1, 10), (0, 2, 10), (1, 2, 5), (0, 3, 7)))
A = Task("a", (Mode(1, 1),), (1,), 0, 0)
B = Task("b", (Mode(2, 2),), (1,), 0, 0)
V = Vehicle("v", 0, 0, (2,), (0,), (0, 1_000))
W = replace(V, id="w")
TWO = Problem(NET, (A, B), (V, W), (), ("load",))
ONE = replace(TWO, vehicles=(V,))
HOME = Facility("home", 0, "reload", 0)
ALL = ("ruin", "pyvrp", "ortools")
STEPS = Budget(iterations=4_000)


@dataclass(frozen=True)
class Case:
    """`best` is the optimum of `problem`, `cheaper` that of `without`: the same but for the constraint."""

    problem: Problem
    best: int
    without: Problem
    cheaper: int
    engines: tuple[str, ...]


def tasks(problem: Problem, a: dict[str, object], b: dict[str, object] | None = None) -> Problem:
    changed = (replace(A, **a), replace(B, **(a if b is None else b)))  # type: ignore[arg-type]
    return replace(problem, tasks=changed)


def fleet(problem: Problem, **both: object) -> Problem:
    return replace(problem, vehicles=tuple(replace(v, **both) for v in problem.vehicles))  # type: ignore[arg-type]


def wet(problem: Problem, **facility: object) -> Problem:
    """Two commodities, of which the points use the second; a facility at the depot and one a way off."""
    places = (replace(HOME, **facility), Facility("far", 3, "reload", 0))  # type: ignore[arg-type]
    work = tuple(replace(task, demand=(0, 1)) for task in (A, B))
    return replace(
        fleet(problem, capacity=(1, 1), initial_used=(0, 0)),
        tasks=work,
        facilities=places,
        commodities=("salt", "water"),
    )


PASSES = replace(TWO, tasks=(A, replace(A, id="again")))
ARC = {(int(u), int(v)): i for i, (u, v) in enumerate(zip(NET.tail, NET.head, strict=True))}
SIDE = replace(A, modes=(Mode(1, 1, via=ARC[0, 1]),))
TURN = TurnCosts(np.array([ARC[0, 1]]), np.array([ARC[1, 2]]), np.array([20]), np.array([20]))
SLOW = Profile("slow", NET.duration_s + np.where(NET.cost == 5, 25, 0), NET.cost + np.where(NET.cost == 5, 25, 0))
NOON = Break("noon", (15, 20), 10)
OTHER = replace(W, day=1)
LATER = replace(V, id="u", day=2, fixed_cost=5)

CASES = {
    "capacity": Case(fleet(TWO, capacity=(1,)), 40, TWO, 25, ALL),
    "reload": Case(
        replace(fleet(ONE, capacity=(1,)), facilities=(HOME,)), 40, replace(ONE, facilities=(HOME,)), 25, ALL
    ),
    "windows": Case(tasks(TWO, {"window": (0, 10)}), 40, TWO, 25, ("pyvrp", "ortools")),
    "shifts": Case(fleet(TWO, shift=(0, 22)), 40, TWO, 25, ALL),
    "commodities": Case(
        replace(wet(TWO), facilities=()),
        40,
        fleet(replace(wet(TWO), facilities=()), capacity=(1, 2)),
        25,
        ("pyvrp", "ortools"),
    ),
    "resets": Case(wet(ONE, resets=(0,)), 54, wet(ONE), 40, ("ortools",)),
    "skills": Case(
        replace(
            tasks(TWO, {"skills": frozenset({"crane"})}, {}),
            vehicles=(V, replace(W, skills=frozenset({"crane"}), fixed_cost=100)),
        ),
        125,
        replace(TWO, vehicles=(V, replace(W, fixed_cost=100))),
        25,
        ALL,
    ),
    "attachments": Case(
        fleet(
            tasks(TWO, {"skills": frozenset({"plough"})}, {"skills": frozenset({"broom"})}),
            attachments=(frozenset({"plough"}), frozenset({"broom"})),
        ),
        40,
        TWO,
        25,
        ("ortools",),
    ),
    "prizes": Case(tasks(ONE, {"prize": 3}, {}), 23, tasks(ONE, {"prize": 0}, {}), 20, ALL),
    "rates": Case(
        fleet(tasks(ONE, {"service_s": 5}), travel_rate=2, duration_rate=1), 85, ONE, 25, ("pyvrp", "ortools")
    ),
    "waiting": Case(fleet(tasks(ONE, {"window": (100, 200)}, {}), duration_rate=1), 50, ONE, 25, ("pyvrp", "ortools")),
    "releases": Case(
        replace(tasks(ONE, {"release_s": 50}, {"window": (0, 10)}), facilities=(HOME,)),
        40,
        replace(tasks(ONE, {}, {"window": (0, 10)}), facilities=(HOME,)),
        25,
        ("ortools",),
    ),
    "first release": Case(
        tasks(TWO, {"release_s": 50}, {"window": (0, 10)}),
        40,
        tasks(TWO, {}, {"window": (0, 10)}),
        25,
        ("pyvrp", "ortools"),
    ),
    "breaks": Case(fleet(TWO, breaks=(NOON,), shift=(0, 30)), 40, fleet(TWO, shift=(0, 30)), 25, ("ortools",)),
    "frozen": Case(
        replace(TWO, vehicles=(replace(V, frozen=(Fixed("task", "a"),)), replace(W, frozen=(Fixed("task", "b"),)))),
        40,
        TWO,
        25,
        ("ortools",),
    ),
    "gap": Case(
        replace(
            PASSES,
            vehicles=(replace(V, shift=(0, 100)), replace(W, shift=(200, 300))),
            repeats=(Repeat(("a", "again"), 100),),
        ),
        40,
        PASSES,
        20,
        ("ortools",),
    ),
    "patterns": Case(
        replace(PASSES, vehicles=(V, OTHER, LATER), repeats=(Repeat(("a", "again"), 0, ((0, 2),)),)),
        45,
        replace(PASSES, vehicles=(V, OTHER, LATER)),
        20,
        ("ortools",),
    ),
    "fairness": Case(replace(TWO, fairness_weight=4), 120, TWO, 25, ("ortools",)),
    "moves": Case(
        replace(tasks(TWO, {"keep": "w", "move_cost": 30}, {}), vehicles=(V, replace(W, fixed_cost=10))),
        35,
        replace(TWO, vehicles=(V, replace(W, fixed_cost=10))),
        25,
        ("pyvrp", "ortools"),
    ),
    "deadlines": Case(tasks(TWO, {"deadline_s": 10, "weight": 4}), 40, TWO, 25, ("ruin", "ortools")),
    "profile": Case(replace(fleet(ONE, profile="slow"), profiles=(SLOW,)), 40, ONE, 25, ("pyvrp", "ortools")),
    "turns": Case(
        replace(ONE, network=replace(NET, turn_costs=TURN), tasks=(SIDE, B)), 40, replace(ONE, tasks=(SIDE, B)), 25, ALL
    ),
    "kinds": Case(
        replace(
            TWO,
            vehicles=(replace(V, capacity=(1,), fixed_cost=1), replace(W, fixed_cost=100)),
            unlimited_fleet=True,
        ),
        42,
        replace(TWO, vehicles=(replace(V, fixed_cost=1), replace(W, fixed_cost=100)), unlimited_fleet=True),
        26,
        ALL,
    ),
}


def plan_of(problem: Problem, engine: str, start: Plan | None = None) -> Plan:
    plan, _ = solve(problem, engine, STEPS, 1, start)
    verdict = check(problem, plan)
    assert verdict.violations == ()
    assert verdict.cost == plan.cost
    return plan


@pytest.mark.parametrize(
    ("name", "engine"), [(name, engine) for name, case in CASES.items() for engine in case.engines]
)
def test_the_constraint_is_modelled(name: str, engine: str) -> None:
    case = CASES[name]
    plan = plan_of(case.problem, engine)
    assert plan.cost == case.best


@pytest.mark.parametrize("name", CASES)
def test_the_portfolio_finds_the_optimum(name: str) -> None:
    assert plan_of(CASES[name].problem, "auto").cost == CASES[name].best


@pytest.mark.parametrize("name", CASES)
def test_without_the_constraint_a_cheaper_plan_is_found(name: str) -> None:
    """So the constraint binds, and an engine that ignored it would be caught."""
    case = CASES[name]
    plan = plan_of(case.without, "ortools")
    assert plan.cost == case.cheaper < case.best
    assert not check(case.problem, plan).feasible


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("engine", ALL)
def test_who_does_not_model_it_says_so_or_keeps_it(name: str, engine: str) -> None:
    problem = CASES[name].problem
    if engine_named(engine).supports(problem) is None:
        plan = plan_of(problem, engine)
        assert plan.cost >= CASES[name].best or plan.unserved
    else:
        assert engine not in CASES[name].engines


@pytest.mark.parametrize("name", CASES)
def test_ortools_never_returns_a_worse_plan_than_its_start(name: str) -> None:
    problem = CASES[name].problem
    start, _ = solve(problem, "greedy", STEPS, 1)
    if check(problem, start).feasible:
        assert left_and_cost(problem, plan_of(problem, "ortools", start)) <= left_and_cost(problem, start)


def test_a_second_pass_waits_for_the_gap() -> None:
    """One truck waits between its passes rather than that two drive out."""
    problem = replace(PASSES, repeats=(Repeat(("a", "again"), 100),))
    plan = plan_of(problem, "ortools")
    assert plan.cost == 20
    first, second = sorted(stop.start_s for route in plan.routes for stop in route.stops)
    assert second - first >= 100


@pytest.mark.parametrize("engine", ("pyvrp", "ortools"))
def test_two_trucks_share_one_bay(engine: str) -> None:
    """Both reach the transfer station, seven from the depot, at 27; one waits there until 37, or leaves ten later."""
    places = (Facility("transfer", 3, "unload", 10, 0, bays=1),)
    problem = replace(fleet(TWO, capacity=(1,), shift=(0, 54)), facilities=places, unload_at_end=True)
    plan = plan_of(problem, engine)
    assert plan.unserved == ()
    assert len(plan.routes) == 2
    assert max(route.end_s for route in plan.routes) == 54
