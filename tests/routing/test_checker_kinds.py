"""Every kind of corrupted plan is refused by its name, by the function and by the command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.checker import check
from routing.plan import Plan, Stop, Unserved
from routing.problem import Problem
from tests.routing.crew_day import CORRUPTED, LORRY_ROUTE, PLAN, PROBLEM, RULED, TERMS, VAN_ROUTE


def codes(plan: Plan, problem: Problem = PROBLEM) -> set[str]:
    verdict = check(problem, plan)
    assert verdict.feasible is (not verdict.violations)
    return {violation.code for violation in verdict.violations}


def test_the_day_worked_out_by_hand_is_feasible() -> None:
    verdict = check(PROBLEM, PLAN)
    assert verdict.violations == ()
    assert (verdict.cost, verdict.terms, verdict.distance_m, verdict.duration_s) == (312, TERMS, 170, 93)


@pytest.mark.parametrize("kind", CORRUPTED)
def test_a_corrupted_plan_is_refused_by_name(kind: str) -> None:
    code, plan = CORRUPTED[kind]
    assert code in codes(plan)


@pytest.mark.parametrize("rule", RULED)
def test_a_tighter_rule_refuses_the_same_plan_and_nothing_else_does(rule: str) -> None:
    code, changes = RULED[rule]
    assert codes(PLAN, replace(PROBLEM, **changes)) == {code}  # type: ignore[arg-type]


def test_every_code_is_met() -> None:
    assert {code for code, _ in [*CORRUPTED.values(), *RULED.values()]} == {
        *("attachment", "break", "closed", "doubled", "dropped", "end", "frozen", "load", "mispriced", "overloaded"),
        *("path", "queue", "release", "repeat", "shift", "skill", "time", "turn", "unknown", "window"),
    }
    assert len(CORRUPTED) + len(RULED) > 60


@pytest.mark.parametrize("name", TERMS)
def test_each_term_is_held_to_its_figure(name: str) -> None:
    for slip in (-1, 1):
        assert codes(replace(PLAN, terms={**TERMS, name: TERMS[name] + slip})) == {"mispriced"}
    assert codes(replace(PLAN, terms={k: v for k, v in TERMS.items() if k != name})) == set()


@pytest.mark.parametrize("slip", [-1, 1])
def test_each_figure_of_a_route_is_held(slip: int) -> None:
    def lorry(**changes: object) -> Plan:
        return replace(PLAN, routes=(replace(LORRY_ROUTE, **changes), VAN_ROUTE))  # type: ignore[arg-type]

    assert codes(replace(PLAN, cost=PLAN.cost + slip)) == {"mispriced"}
    assert codes(lorry(cost=LORRY_ROUTE.cost + slip)) == {"mispriced"}
    assert codes(lorry(distance_m=LORRY_ROUTE.distance_m + slip)) == {"mispriced"}
    assert codes(lorry(end_s=LORRY_ROUTE.end_s + slip)) == {"time"}
    for at, stop in enumerate(LORRY_ROUTE.stops):
        wrong: list[tuple[str, Stop]] = [
            ("time", replace(stop, arrive_s=stop.arrive_s + slip)),
            ("time", replace(stop, depart_s=stop.depart_s + slip)),
            ("load", replace(stop, used=(stop.used[0] + slip,))),
            ("load", replace(stop, used=(*stop.used, 0))),
        ]
        if stop.kind != "facility":
            wrong.append(("time", replace(stop, start_s=stop.start_s + slip)))
        for code, other in wrong:
            stops = (*LORRY_ROUTE.stops[:at], other, *LORRY_ROUTE.stops[at + 1 :])
            assert codes(lorry(stops=stops)) == {code}


def test_where_and_what_are_told() -> None:
    """Each line names the route, the stop and the figures: what a person needs to find it."""
    told = {v.code: (v.where, v.text) for v in check(PROBLEM, CORRUPTED["out of turn at the dump"][1]).violations}
    assert told["queue"][0] == "route 2 (w) stop 1 (dump)"
    assert told["queue"][1] == "facility dump serves it from 10 s, its turn comes at 28 s"
    window = check(replace(PROBLEM, **RULED["window of a task"][1]), PLAN).violations  # type: ignore[arg-type]
    assert [(v.where, v.text) for v in window] == [
        ("route 1 (v) stop 4 (b)", "service begins at 31 s, the window closes at 30 s")
    ]
    over = check(replace(PROBLEM, **RULED["capacity"][1]), PLAN).violations  # type: ignore[arg-type]
    assert [(v.where, v.text) for v in over] == [("route 1 (v)", "2 of 1 kg used after task a")]
    start = check(replace(PROBLEM, **RULED["capacity at the start"][1]), PLAN).violations  # type: ignore[arg-type]
    assert [v.text for v in start] == ["1 of 0 kg used at the start"]


def test_no_wrong_plan_is_too_wrong_to_be_judged() -> None:
    """A thousand stops that are nowhere: violations are kept up to a limit, and the verdict stands."""
    stray = Stop("task", "nobody", 9, (99, -5), -1, -1, -1, ())
    plan = replace(PLAN, routes=(replace(LORRY_ROUTE, stops=(stray,) * 1_500),))
    verdict = check(PROBLEM, plan)
    assert (verdict.feasible, len(verdict.violations)) == (False, 1_000)


def test_an_empty_plan_drops_what_is_owed_only() -> None:
    empty = Plan((), (Unserved("b", "time"),), 50, "hand", 0, 0)
    verdict = check(replace(PROBLEM, vehicles=(replace(PROBLEM.vehicles[0], frozen=()), PROBLEM.vehicles[1])), empty)
    assert sorted((v.code, v.text.split()[1]) for v in verdict.violations) == [("dropped", "a"), ("dropped", "c")]
    assert (verdict.cost, verdict.terms["prizes"], verdict.terms["fairness"]) == (50, 50, 0)
