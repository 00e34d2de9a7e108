"""Two routes exchange what follows a gap: figures are those of a fresh count, and limits hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.engines.assemble import Tour, Visit
from routing.engines.ruin.params import RuinParams
from routing.engines.ruin.plain.layout import BUSY, NOTES, SLOT_NOTES, STEP
from routing.engines.ruin.plain.model import Plain, build
from routing.engines.ruin.plain.state import PlainSearch
from routing.engines.workbench import workbench
from routing.problem import Problem
from tests.routing.routing_cases import point_problem, street_problem
from tests.routing.test_plain_search import chains, plain, roomy

STREETS = roomy(plain(street_problem(31, tasks=12)), 2)
POINTS = roomy(plain(point_problem(32)), 2)
ORDERS = ([1, 2, 3, 4, 5], [6, 7, 8])


def spacious(problem: Problem, capacity: int = 9_999) -> Problem:
    """Two vehicles of a fixed cost, with a shift that binds nothing but is counted."""
    vehicles = tuple(replace(v, capacity=(capacity,), fixed_cost=50, shift=(0, 1_000_000)) for v in problem.vehicles)
    return replace(problem, vehicles=vehicles)


def begun(problem: Problem, orders: tuple[list[int], ...] = ORDERS) -> PlainSearch:
    _, matrix = workbench(problem)
    items = sorted({t - 1 for order in orders for t in order})
    search = PlainSearch(build(problem, matrix, items), RuinParams(), 1)
    tours = [
        Tour(search.model.vehicle_of[s], f"v{s}", tuple(Visit(False, t - 1, 0) for t in order))
        for s, order in enumerate(orders)
        if order
    ]
    search.begin(tours)
    return search


def exchange(search: PlainSearch, p: int, r: int) -> int:
    from routing.engines.ruin.plain.tails import exchange_tails

    search.books[STEP] += 1
    search.books[NOTES] = search.books[SLOT_NOTES] = 0
    model = search.model
    return int(exchange_tails(model.world(), search.notes, search.books, model.flat, p, r))


def figures(model: Plain) -> list[list[int]]:
    served = [t for chain in chains(model) for t in chain]
    return [
        *(model.slot[name].tolist() for name in ("room", "left", "count")),
        *(model.node[name][served].tolist() for name in ("link", "step", "slot")),
        *(model.mode[name].tolist() for name in ("forward", "backward")),
    ]


def settled(search: PlainSearch) -> int:
    """Cost of the present routes by a fresh count; the model's figures are then that count's."""
    from routing.engines.ruin.plain.search import settle

    routes = chains(search.model)
    search.model.clear()
    for s, chain in enumerate(routes):
        search.model.link(s, chain)
    return int(settle(search.model.world(), search.notes, search.books))


def end_of(search: PlainSearch, s: int) -> int:
    return search.model.tasks + 1 + s


@pytest.mark.parametrize("problem", [spacious(STREETS), spacious(POINTS)], ids=["streets", "points"])
@pytest.mark.parametrize(("keep", "keep_other"), [(2, 1), (5, 1), (2, 3), (0, 2), (4, 0), (5, 0), (0, 3)])
def test_figures_after_an_exchange_are_those_of_a_fresh_count(problem: Problem, keep: int, keep_other: int) -> None:
    search = begun(problem)
    before = settled(search)
    p = ORDERS[0][keep - 1] if keep else end_of(search, 0)
    r = ORDERS[1][keep_other - 1] if keep_other else end_of(search, 1)
    change = exchange(search, p, r)
    assert chains(search.model) == [
        ORDERS[0][:keep] + ORDERS[1][keep_other:],
        ORDERS[1][:keep_other] + ORDERS[0][keep:],
    ]
    kept, busy = figures(search.model), int(search.books[BUSY])
    assert settled(search) == before + change
    assert kept == figures(search.model)
    assert busy == int(search.books[BUSY])


def test_an_exchange_is_undone() -> None:
    from routing.engines.ruin.plain.search import undo

    search = begun(spacious(STREETS))
    before = figures(search.model)
    exchange(search, 2, 6)
    assert chains(search.model) != list(ORDERS)
    undo(search.model.world(), search.desk, search.books)
    assert chains(search.model) == list(ORDERS)
    assert figures(search.model) == before


def test_nothing_is_exchanged_where_room_is_lacking() -> None:
    tasks = tuple(replace(t, demand=(3,)) for t in STREETS.tasks)
    search = begun(spacious(replace(STREETS, tasks=tasks), capacity=15))
    assert exchange(search, 4, 6) == 0
    assert chains(search.model) == list(ORDERS)
    exchange(search, 3, 6)
    assert chains(search.model) == [[1, 2, 3, 7, 8], [6, 4, 5]]


def test_nothing_is_exchanged_where_the_limit_is_lacking() -> None:
    search = begun(spacious(STREETS))
    search.model.slot["left"][:] = 0
    change = exchange(search, 5, 6)
    assert (change, chains(search.model)) == (0, list(ORDERS))


def test_vehicles_of_two_kinds_exchange_nothing() -> None:
    problem = spacious(STREETS)
    first, second = problem.vehicles
    search = begun(replace(problem, vehicles=(first, replace(second, fixed_cost=60))))
    assert exchange(search, 2, 6) == 0
    assert chains(search.model) == list(ORDERS)


@pytest.mark.parametrize(("tasks", "several"), [(30, False), (60, True)])
def test_only_a_long_route_loses_several_strings(tasks: int, several: bool) -> None:
    from routing.engines.ruin.plain.ruins import ruin
    from routing.engines.ruin.plain.search import undo

    few = spacious(roomy(plain(point_problem(5)), 1))
    many = tuple(replace(few.tasks[i % len(few.tasks)], id=f"t{i}") for i in range(tasks))
    search = begun(replace(few, tasks=many), (list(range(1, tasks + 1)),))
    most = 0
    for _ in range(100):
        search.books[STEP] += 1
        search.books[NOTES] = search.books[SLOT_NOTES] = 0
        world, rng = search.model.world(), search.rng
        gone, _ = ruin(
            world, search.desk[0], search.notes, search.near, rng, search.books, search.model.flat, 10.0, 10.0, 0
        )
        most = max(most, int(gone))
        undo(world, search.desk, search.books)
    assert (most > 10) == several
