"""The checker against a second reading of the rules: the same broken rules and the same cost on thousands of plans."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.checker import check
from routing.problem import Problem
from tests.routing.referee import Judged, judge
from tests.routing.tiny_plans import calm, patient, slip, tiny_decisions, tiny_problem

PLANS = 1_500
"""Seeded plans; each code must be met among them."""

FIGURES = {"time", "load", "mispriced", "queue"}
"""Codes of stated figures: the referee states them all right."""

RULES = {
    *("attachment", "break", "closed", "doubled", "dropped", "end", "frozen", "overloaded", "path", "release"),
    *("repeat", "shift", "skill", "turn", "unknown", "window"),
}


def compare(rng: random.Random) -> frozenset[str]:
    """One problem, one set of decisions: both say the same. Returns the codes."""
    problem = tiny_problem(rng, rng.randint(1, 4), rng.randint(1, 3))
    problem = calm(problem) if rng.random() < 0.5 else problem
    drives, left = tiny_decisions(problem, rng)
    if rng.random() < 0.5:
        drives = patient(problem, drives, rng)
    if rng.random() < 0.5:
        drives, left = slip(drives, left, rng)
    judged = judge(problem, drives, left)
    verdict = check(problem, judged.plan)
    codes = {violation.code for violation in verdict.violations}
    overlooked = {"skill"} if "unknown" in judged.broken else set()  # a task in no mode is not served: skills are moot
    assert codes - FIGURES - overlooked == judged.broken - overlooked
    if not judged.broken & {"unknown", "doubled"}:
        assert not codes & FIGURES
        assert verdict.feasible is (not judged.broken)
        assert (verdict.cost, verdict.terms) == (judged.plan.cost, judged.plan.terms)
        assert verdict.distance_m == sum(route.distance_m for route in judged.plan.routes)
        assert verdict.duration_s == sum(route.end_s - route.start_s for route in judged.plan.routes)
    return judged.broken


def test_passes_that_wait_are_met_right_and_wrong() -> None:
    """Plans whose only trouble would be the gap: waiting just long enough mends them, a second more is refused."""
    verdicts = Counter()
    for seed in range(PLANS):
        rng = random.Random(seed)
        problem = calm(tiny_problem(rng, 3, 2))
        drives, left = tiny_decisions(problem, rng)
        before, after = judge(problem, drives, left), judge(problem, patient(problem, drives, rng), left)
        if before.plan != after.plan:
            verdicts["repeat" in before.broken, "repeat" in check_codes(problem, after)] += 1
    assert min(verdicts[way] for way in ((True, False), (True, True), (False, True))) >= 5, verdicts


def test_checker_and_referee_agree_and_every_rule_is_met() -> None:
    met = Counter(code for seed in range(PLANS) for code in compare(random.Random(seed)) or {"none"})
    assert set(met) == RULES | {"none"}
    assert min(met.values()) >= 10, met


def check_codes(problem: Problem, judged: Judged) -> set[str]:
    return {violation.code for violation in check(problem, judged.plan).violations}


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_checker_and_referee_agree_on_whatever_is_found(rng: random.Random) -> None:
    compare(rng)
