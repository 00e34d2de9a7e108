"""Every kind of corrupted plan is refused by its name, by the function and by the command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.checker import check
from routing.plan import Plan, Route, Stop, Unserved
from routing.problem import Break, Fixed, Mode, Problem, Profile, Repeat, Vehicle
from tests.routing.crew_day import CORRUPTED, LORRY, LORRY_ROUTE, PLAN, PROBLEM, RULED, TERMS, VAN, VAN_ROUTE


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


def test_an_arc_counted_from_the_end_is_no_arc() -> None:
    """Arc -1 would be the last one, the very way home, to whoever counts like Python."""
    home = replace(PLAN, routes=(replace(LORRY_ROUTE, arcs_home=(-1,)), VAN_ROUTE))
    assert {"path", "end"} <= codes(home)


def test_a_mode_on_the_arc_after_the_last_is_refused_not_read() -> None:
    beyond = replace(PROBLEM.tasks[1], modes=(Mode(2, 3, PROBLEM.network.arcs), *PROBLEM.tasks[1].modes[1:]))
    assert "path" in codes(PLAN, replace(PROBLEM, tasks=(PROBLEM.tasks[0], beyond, *PROBLEM.tasks[2:])))


def test_a_facility_without_bays_lets_nobody_wait() -> None:
    """Where there is no queue a visit begins on arrival: the van's wait for its turn is a wrong time."""
    free = replace(PROBLEM, facilities=(replace(PROBLEM.facilities[0], bays=0),), repeats=())
    assert codes(PLAN, free) == {"time"}


def test_every_rest_of_several_is_looked_for_and_owed() -> None:
    two = replace(PROBLEM.vehicles[0], breaks=(*PROBLEM.vehicles[0].breaks, Break("tea", (0, 60), 5)))
    assert codes(PLAN, replace(PROBLEM, vehicles=(two, PROBLEM.vehicles[1]))) == set(), "tea is due by 60, home at 50"
    soon = replace(two, breaks=(two.breaks[0], Break("tea", (0, 49), 5)))
    assert codes(PLAN, replace(PROBLEM, vehicles=(soon, PROBLEM.vehicles[1]))) == {"break"}


def test_the_first_fixed_stop_that_is_another_is_told_once() -> None:
    _, plan = CORRUPTED["the fixed stop not first"]
    fixed = replace(PROBLEM.vehicles[0], frozen=(Fixed("task", "a"), Fixed("facility", "dump"), Fixed("task", "b")))
    found = check(replace(PROBLEM, vehicles=(fixed, PROBLEM.vehicles[1])), plan).violations
    assert [v.text for v in found if v.code == "frozen"] == [
        "stop 1 is fixed as task a in mode 0, the route has ('facility', 'dump', 0)"
    ]


def test_the_clocks_of_two_days_are_not_compared() -> None:
    """The passes are 46 s apart by the clock: too little for a gap of 47 on one day, and nothing on two."""
    free = replace(PROBLEM, repeats=(Repeat(("a", "c"), 47),))
    assert codes(PLAN, free) == set()
    assert codes(PLAN, replace(free, vehicles=(LORRY, replace(VAN, day=0)))) == {"repeat"}


def test_a_pass_waits_for_its_gap_and_no_longer() -> None:
    """Three passes at one node by three vehicles: 0 to 10 s, then each after a gap of 5."""
    work = tuple(replace(PROBLEM.tasks[3], id=name, service_s=10, service_cost=0, prize=None) for name in "xyz")
    crew = tuple(Vehicle(name, 2, 2, (9,), (0,)) for name in "uvw")
    free = Problem(PROBLEM.network, work, crew, (), ("kg",), repeats=(Repeat(("x", "y", "z"), 5),))

    def plan(*begins: int) -> Plan:
        stops = (Stop("task", t, 0, (), 0, s, s + 10, (1,)) for t, s in zip("xyz", begins, strict=True))
        routes = (Route(v, 0, (stop,), (), stop.depart_s, 0, 0) for v, stop in zip("uvw", stops, strict=True))
        return Plan(tuple(routes), (), 0, "hand", 0, 0)

    def told(*begins: int, problem: Problem = free) -> list[str]:
        return [f"{v.code}: {v.text}" for v in check(problem, plan(*begins)).violations]

    assert told(0, 15, 30) == told(30, 0, 15) == []
    assert told(0, 15, 31) == ["repeat: task z waits from 0 s to 31 s, which ends no gap"]
    assert told(0, 15, 15) == ["repeat: tasks y and z are -10 s apart, at least 5 s wanted"]
    assert told(0, 14, 30) == [
        "repeat: tasks x and y are 4 s apart, at least 5 s wanted",
        "repeat: task y waits from 0 s to 14 s, which ends no gap",
        "repeat: task z waits from 0 s to 30 s, which ends no gap",
    ]
    elsewhere = replace(free, vehicles=(replace(crew[0], day=1), *crew[1:]))
    assert told(0, 0, 15, problem=elsewhere) == []
    assert told(0, 15, 30, problem=elsewhere) == ["repeat: task y waits from 0 s to 15 s, which ends no gap"]
    assert {text[:5] for text in told(0, 15, 30, problem=replace(free, repeats=()))} == {"time:"}


def test_half_a_set_of_passes_is_told_as_such() -> None:
    _, plan = CORRUPTED["one pass of two"]
    told = [v.text for v in check(PROBLEM, plan).violations if v.code == "repeat"]
    assert told == ["1 of 2 passes are served: all or none"]


def test_a_problem_that_contradicts_itself_is_no_licence() -> None:
    twins = replace(PROBLEM, tasks=(*PROBLEM.tasks, replace(PROBLEM.tasks[3], prize=0)))
    assert codes(PLAN, twins) == {"unknown"}
    stranger = replace(PROBLEM, vehicles=(PROBLEM.vehicles[0], replace(PROBLEM.vehicles[1], profile="sleigh")))
    assert codes(PLAN, stranger) == {"unknown"}


@pytest.mark.parametrize(("percent", "seconds"), [(100, 200), (99, 198), (101, 202), (1, 2)])
def test_work_at_another_pace_is_rounded_up(percent: int, seconds: int) -> None:
    """200 s at 99 % are 198 s; without a profile they stay 200."""
    long = replace(PROBLEM.tasks[3], service_s=200, service_cost=200)
    profile = Profile("p", work_percent=percent)
    for vehicle in (Vehicle("x", 2, 2, (9,), (0,), profile="p"), Vehicle("x", 2, 2, (9,), (0,))):
        took = seconds if vehicle.profile else 200
        stop = Stop("task", "e", 0, (), 0, 0, took, (1,))
        problem = Problem(PROBLEM.network, (long,), (vehicle,), (), ("kg",), profiles=(profile,))
        assert codes(Plan((Route("x", 0, (stop,), (), took, 0, took),), (), took, "hand", 0, 0), problem) == set()
