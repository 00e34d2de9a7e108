"""Problems and plans survive being written as JSON, whatever is in them."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.checker import check
from routing.codec import plan_from_json, plan_to_json, problem_from_json, problem_to_json
from routing.engines.base import Budget
from routing.engines.registry import solve
from routing.errors import BadProblem
from routing.network import Network, TurnCosts
from routing.plan import Plan, Route, Stop, Unserved
from routing.problem import Break, Facility, Fixed, Mode, Problem, Profile, Repeat, Task, Vehicle
from tests.routing.routing_cases import street_problem

ints = st.integers(-(1 << 40), 1 << 40)
names = st.text(max_size=8)
pairs = st.tuples(ints, ints)
amounts = st.lists(ints, max_size=3).map(tuple)
skills = st.frozensets(names, max_size=3)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    size = draw(st.integers(0, 6))
    column = st.lists(ints, min_size=size, max_size=size).map(lambda values: np.array(values, np.int64))
    turns = draw(st.frozensets(pairs, max_size=4))
    costs = TurnCosts(*(draw(column) for _ in range(4)))
    return Network(draw(st.integers(0, 99)), *(draw(column) for _ in range(6)), turns, costs)


tasks = st.builds(
    Task,
    id=names,
    modes=st.lists(st.builds(Mode, ints, ints, ints, ints), max_size=2).map(tuple),
    demand=amounts,
    service_s=ints,
    service_cost=ints,
    window=pairs,
    deadline_s=st.none() | ints,
    weight=ints,
    class_=names,
    skills=skills,
    prize=st.none() | ints,
    release_s=ints,
    keep=st.none() | names,
    move_cost=ints,
)
vehicles = st.builds(
    Vehicle,
    id=names,
    start=ints,
    end=st.none() | ints,
    capacity=amounts,
    initial_used=amounts,
    shift=pairs,
    skills=skills,
    fixed_cost=ints,
    travel_rate=ints,
    duration_rate=ints,
    profile=names,
    attachments=st.lists(skills, max_size=2).map(tuple),
    breaks=st.lists(st.builds(Break, names, pairs, ints), max_size=2).map(tuple),
    frozen=st.lists(st.builds(Fixed, names, names, ints), max_size=2).map(tuple),
    day=ints,
)
facilities = st.builds(
    Facility,
    id=names,
    node=ints,
    kind=names,
    service_s=ints,
    service_cost=ints,
    window=pairs,
    bays=ints,
    resets=amounts,
)
turn_pairs = st.frozensets(st.tuples(ints, ints), max_size=3)
arrays = st.lists(ints, max_size=3).map(lambda values: np.array(values, np.int64))
profiles = st.builds(
    Profile,
    name=names,
    duration_s=st.none() | arrays,
    cost=st.none() | arrays,
    closed=st.frozensets(ints, max_size=3),
    forbidden_turns=turn_pairs,
    work_percent=ints,
)
repeats = st.builds(
    Repeat,
    tasks=st.lists(names, max_size=3).map(tuple),
    gap_s=ints,
    patterns=st.lists(amounts, max_size=2).map(tuple),
)
problems = st.builds(
    Problem,
    network=networks(),
    tasks=st.lists(tasks, max_size=3).map(tuple),
    vehicles=st.lists(vehicles, max_size=2).map(tuple),
    facilities=st.lists(facilities, max_size=2).map(tuple),
    commodities=st.lists(names, max_size=2).map(tuple),
    unload_at_end=st.booleans(),
    unlimited_fleet=st.booleans(),
    profiles=st.lists(profiles, max_size=2).map(tuple),
    repeats=st.lists(repeats, max_size=2).map(tuple),
    fairness_weight=ints,
)
stops = st.builds(
    Stop,
    kind=st.sampled_from(["task", "facility", "break"]),
    ref=names,
    mode=ints,
    arcs=amounts,
    arrive_s=ints,
    start_s=ints,
    depart_s=ints,
    used=amounts,
)
routes = st.builds(
    Route,
    vehicle=names,
    start_s=ints,
    stops=st.lists(stops, max_size=3).map(tuple),
    arcs_home=amounts,
    end_s=ints,
    distance_m=ints,
    cost=ints,
)
plans = st.builds(
    Plan,
    routes=st.lists(routes, max_size=2).map(tuple),
    unserved=st.lists(st.builds(Unserved, names, names), max_size=2).map(tuple),
    cost=ints,
    engine=names,
    seed=ints,
    iterations=ints,
    terms=st.dictionaries(names, ints, max_size=3),
)


def through_text(document: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(document))
    return loaded


@settings(max_examples=100, deadline=None)
@given(problem=problems)
def test_a_problem_comes_back_the_same(problem: Problem) -> None:
    back = problem_from_json(through_text(problem_to_json(problem)))
    assert same(back, problem)


def same(mine: object, theirs: object) -> bool:
    """Equality of values that may hold arrays."""
    if isinstance(mine, np.ndarray):
        return np.array_equal(mine, theirs)
    if isinstance(mine, tuple) and isinstance(theirs, tuple):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    if is_dataclass(mine):
        return type(mine) is type(theirs) and all(
            same(getattr(mine, item.name), getattr(theirs, item.name)) for item in fields(mine)
        )
    return mine == theirs


def test_a_document_of_the_first_format_is_still_read() -> None:
    problem = street_problem(1)
    document = through_text(problem_to_json(problem))
    older = {
        **{key: value for key, value in document.items() if key not in ("profiles", "repeats", "fairness_weight")},
        "format": 1,
        "network": {key: value for key, value in document["network"].items() if key != "turn_costs"},
        "tasks": [[*t[:1], [mode[:3] for mode in t[1]], *t[2:11]] for t in document["tasks"]],
        "vehicles": [vehicle[:8] for vehicle in document["vehicles"]],
        "facilities": [facility[:6] for facility in document["facilities"]],
    }
    assert same(problem_from_json(older), problem)


@settings(max_examples=100, deadline=None)
@given(plan=plans)
def test_a_plan_comes_back_the_same(plan: Plan) -> None:
    assert plan_from_json(through_text(plan_to_json(plan))) == plan


def test_a_stored_verdict_can_be_recomputed() -> None:
    problem = street_problem(1)
    plan, _ = solve(problem, "ruin", Budget(iterations=200), 1)
    back = problem_from_json(through_text(problem_to_json(problem)))
    assert check(back, plan_from_json(through_text(plan_to_json(plan)))) == check(problem, plan)


def test_damaged_documents_are_refused() -> None:
    document = problem_to_json(street_problem(1))
    with pytest.raises(BadProblem, match="make the plan again"):
        problem_from_json({**document, "format": 99})
    with pytest.raises(BadProblem):
        problem_from_json({**document, "network": {**document["network"], "tail": document["network"]["tail"][:-8]}})
    with pytest.raises(BadProblem):
        plan_from_json({"format": 1})
