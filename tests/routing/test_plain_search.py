"""The quick search: its running figures are those of a fresh count, and its plans keep every rule it models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.matrix import matrix_for
from routing.engines.registry import solve
from routing.engines.ruin.params import RuinParams
from routing.engines.ruin.plain import model as plain_model
from routing.engines.ruin.plain.layout import COST
from routing.engines.ruin.plain.model import Plain, build, is_plain
from routing.engines.ruin.plain.state import PlainSearch
from routing.engines.workbench import workbench
from routing.plan import Plan
from routing.problem import HORIZON_S, Problem, Task, Vehicle
from tests.routing.routing_cases import cheapest, point_problem, street_problem


def plain(problem: Problem, **more: object) -> Problem:
    """The same work without facilities, deadlines and shifts."""
    tasks = tuple(replace(t, deadline_s=None, weight=0) for t in problem.tasks)
    vehicles = tuple(replace(v, shift=(0, HORIZON_S)) for v in problem.vehicles)
    base = replace(problem, tasks=tasks, vehicles=vehicles, facilities=(), unload_at_end=False)
    return replace(base, **more)  # type: ignore[arg-type]


def roomy(problem: Problem, vehicles: int = 4) -> Problem:
    """Enough vehicles for all the work."""
    first = problem.vehicles[0]
    return replace(problem, vehicles=tuple(replace(first, id=f"v{i}") for i in range(vehicles)))


STREETS = roomy(plain(street_problem(31, tasks=14)))
POINTS = roomy(plain(point_problem(32)))
CASES = {
    "streets": STREETS,
    "points": POINTS,
    "copies": replace(plain(street_problem(33)), unlimited_fleet=True),
    "open end": replace(POINTS, vehicles=tuple(replace(v, end=None) for v in POINTS.vehicles)),
    "begun": replace(
        STREETS, vehicles=(replace(STREETS.vehicles[0], start=7, initial_used=(9,)), *STREETS.vehicles[1:])
    ),
    "rates": replace(
        STREETS,
        vehicles=tuple(
            replace(v, travel_rate=1 + i % 2, fixed_cost=40 * (i % 2), capacity=(10 + 6 * (i % 2),))
            for i, v in enumerate(STREETS.vehicles)
        ),
    ),
    "shifts": replace(STREETS, vehicles=tuple(replace(v, shift=(50, 450)) for v in roomy(STREETS, 8).vehicles)),
    "prizes": replace(STREETS, tasks=tuple(replace(t, prize=12 + 4 * i) for i, t in enumerate(STREETS.tasks))),
    "skills": replace(
        STREETS,
        tasks=tuple(replace(t, skills=frozenset({"narrow"} if i < 4 else ())) for i, t in enumerate(STREETS.tasks)),
        vehicles=(replace(STREETS.vehicles[0], skills=frozenset({"narrow"})), *STREETS.vehicles[1:]),
    ),
    "too little room": roomy(STREETS, 2),
}


def search_of(problem: Problem, seed: int = 1) -> PlainSearch:
    _, matrix = workbench(problem)
    return PlainSearch(build(problem, matrix, range(len(problem.tasks))), RuinParams(), seed)


def chains(model: Plain) -> list[list[int]]:
    """The routes as they are linked."""
    found = []
    for s in range(len(model.slot)):
        end = model.tasks + 1 + s
        chain, t = [], int(model.node["next"][end])
        while t != end:
            chain.append(t)
            t = int(model.node["next"][t])
        found.append(chain)
    return found


def solved(problem: Problem, steps: int = 3_000, seed: int = 1, start: Plan | None = None) -> Plan:
    plan, _ = solve(problem, "ruin", Budget(iterations=steps), seed, start)
    verdict = check(problem, plan)
    assert verdict.violations == ()
    assert verdict.cost == plan.cost
    return plan


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_running_figures_are_those_of_a_fresh_count(case: str, bounded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not bounded:
        monkeypatch.setattr(plain_model, "BOUNDED_TASKS", 0)
    from routing.engines.ruin.plain.search import settle

    problem = CASES[case]
    search = search_of(problem)
    search.begin(())
    model = search.model
    for temperature in (30.0, 5.0, 0.5):
        search.step(400, temperature, temperature)
        cost = int(search.books[COST])
        figures = [model.slot[name].copy() for name in ("room", "left", "count")]
        links, forward, backward = (model.node["link"].copy(), *(model.mode[n].copy() for n in ("forward", "backward")))
        routes = chains(model)
        model.clear()
        for s, chain in enumerate(routes):
            model.link(s, chain)
        fresh = settle(model.world(), search.notes, search.books)
        fresh += int(model.task["penalty"][search.left_out[: search.left()]].sum())
        assert fresh == cost
        for name, kept in zip(("room", "left", "count"), figures, strict=True):
            assert kept.tolist() == model.slot[name].tolist()
        served = [t for chain in routes for t in chain]
        assert links[served].tolist() == model.node["link"][served].tolist()
        for t in served:
            own = slice(model.node["first_mode"][t], model.node["after_mode"][t])
            assert forward[own].tolist() == model.mode["forward"][own].tolist()
            assert backward[own].tolist() == model.mode["backward"][own].tolist()


@pytest.mark.parametrize("case", CASES)
def test_plans_pass_the_checker(case: str) -> None:
    problem = CASES[case]
    assert is_plain(problem, matrix_for(problem, workbench(problem)[0]))
    plan = solved(problem)
    served = sum(stop.kind == "task" for route in plan.routes for stop in route.stops)
    assert served + len(plan.unserved) == len(problem.tasks)
    assert bool(plan.unserved) == (case in ("prizes", "too little room"))


@pytest.mark.parametrize("seed", range(4))
def test_tiny_work_is_solved_to_the_optimum(seed: int) -> None:
    problem = plain(street_problem(400 + seed, tasks=4, vehicles=1, turns=0.2))
    problem = replace(problem, vehicles=(replace(problem.vehicles[0], capacity=(99,)),))
    assert solved(problem).cost == cheapest(problem)


@pytest.mark.parametrize("case", ["streets", "rates"])
def test_the_same_seed_and_steps_give_the_same_plan(case: str) -> None:
    assert solved(CASES[case], seed=5) == solved(CASES[case], seed=5)


def test_a_start_is_never_made_worse() -> None:
    start = solved(CASES["rates"], steps=6_000)
    assert solved(CASES["rates"], steps=3, seed=9, start=start).cost <= start.cost


def test_the_cheaper_vehicle_is_used() -> None:
    """Two alike but for the rate; one can do all the work."""
    first = replace(STREETS.vehicles[0], capacity=(200,), travel_rate=3)
    problem = replace(STREETS, vehicles=(first, replace(first, id="cheap", travel_rate=2)))
    assert [route.vehicle for route in solved(problem).routes] == ["cheap"]


@pytest.mark.parametrize(
    "change",
    [
        {"tasks": (replace(STREETS.tasks[0], deadline_s=9, weight=1),)},
        {"tasks": (replace(STREETS.tasks[0], window=(5, 90)),)},
        {"tasks": (replace(STREETS.tasks[0], keep="v0", move_cost=3),)},
        {"tasks": (replace(STREETS.tasks[0], release_s=3),)},
        {"vehicles": (replace(STREETS.vehicles[0], duration_rate=1),)},
        {"facilities": street_problem(1).facilities},
        {"fairness_weight": 1},
    ],
)
def test_what_needs_more_than_lengths_goes_to_the_full_search(change: dict[str, object]) -> None:
    problem = replace(STREETS, **change)  # type: ignore[arg-type]
    assert not is_plain(problem, workbench(problem)[1])


def test_a_vehicle_of_its_own_kind_keeps_its_name() -> None:
    problem = replace(POINTS, vehicles=(Vehicle("only", 0, 0, (200,), (0,)),))
    tasks: tuple[Task, ...] = problem.tasks
    plan = solved(problem)
    assert [route.vehicle for route in plan.routes] == ["only"]
    assert {stop.ref for stop in plan.routes[0].stops} == {task.id for task in tasks}
