"""A solver that fails never costs a plan: the version there is stands, people are told, nothing is tried for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from config.settings import Settings
from models.tables.flow import Alarm
from models.tables.plans import Plan, PlanRequest, PlanVersion
from streams import solver_pool
from streams.planner import MAX_ATTEMPTS
from streams.solving import SolveResult, SolveTask, solve_child
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System
from tests.small_city import stored_small_city
from tests.streams.bad_solvers import refuses

START = datetime(2023, 12, 18, 9, tzinfo=UTC)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    stored_small_city(tmp_path)
    made = System(tmp_path, Options(clock=SimulatedClock(START), iterations=200, seed=3), Settings(solver_processes=0))
    made.start_city()
    yield made
    made.close()


def through_the_afternoon(system: System) -> None:
    """Until the evening's collection is asked for and planned."""
    clock = system.clock
    assert isinstance(clock, SimulatedClock)
    while clock() < START + timedelta(hours=2, minutes=20):
        clock.move_to(clock() + timedelta(minutes=20))
        system.settle(clock())


def collection(session: Session) -> tuple[list[PlanVersion], list[PlanRequest]]:
    code = session.exec(select(Plan.code).where(Plan.service == "collection", Plan.period != "fallback")).one()
    versions = session.exec(select(PlanVersion).where(PlanVersion.plan == code).order_by(col(PlanVersion.version)))
    return list(versions.all()), list(session.exec(select(PlanRequest).where(PlanRequest.plan == code)).all())


def only(
    mode: str, instead: Callable[[SolveTask], SolveResult]
) -> tuple[list[int], Callable[[SolveTask], SolveResult]]:
    """The real solver, but another one for a mode; counts how often that was asked."""
    asked = [0]

    def solver(task: SolveTask) -> SolveResult:
        if task.mode != mode:
            return solve_child(task)
        asked[0] += 1
        return instead(task)

    return asked, solver


def starving(task: SolveTask) -> SolveResult:
    raise MemoryError


def test_the_first_plan_stands_when_no_better_one_can_be_made(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    _, solver = only("improve", starving)
    monkeypatch.setattr(solver_pool, "solve_child", solver)
    through_the_afternoon(system)
    with system.database.read() as session:
        versions, requests = collection(session)
        assert [(v.state, v.feasible, v.engine) for v in versions] == [("proposed", True, "greedy")]
        assert [(r.phase, r.note, r.attempts) for r in requests] == [
            ("failed", "solver: the solver ran out of memory", MAX_ATTEMPTS)
        ]
        alarms = session.exec(select(Alarm).where(Alarm.kind == "plan_failed")).all()
        assert {a.detail["text"] for a in alarms} == {"the solver ran out of memory"}
    system.approve(versions[0].id, "chief")
    system.settle(system.clock())
    with system.database.read() as session:
        assert collection(session)[0][0].state in ("approved", "active")


def test_a_problem_that_contradicts_itself_is_given_up_at_once_and_told(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, solver = only("greedy", refuses)
    monkeypatch.setattr(solver_pool, "solve_child", solver)
    through_the_afternoon(system)
    with system.database.read() as session:
        versions, requests = collection(session)
        assert versions == []
        assert [(r.phase, r.note, r.attempts) for r in requests] == [
            ("failed", "problem: task x: demand is -1: give 0 or more", 1)
        ]
        everything = session.exec(select(PlanRequest)).all()
        assert asked[0] == len(everything)
        alarms = session.exec(select(Alarm).where(Alarm.kind == "plan_failed")).all()
        assert alarms
        assert {a.detail["text"] for a in alarms} == {"task x: demand is -1: give 0 or more"}


def test_what_was_planned_around_is_kept_with_the_version(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(task: SolveTask) -> SolveResult:
        shut = tuple(replace(f, window=(9, 3)) for f in task.problem.facilities)
        return solve_child(replace(task, problem=replace(task.problem, facilities=shut)))

    _, solver = only("greedy", closed)
    monkeypatch.setattr(solver_pool, "solve_child", solver)
    through_the_afternoon(system)
    with system.database.read() as session:
        first = collection(session)[0][0]
        assert any("its window closes at 3 s, before it opens at 9 s" in line for line in first.verdict["around"])
        assert {row["reason"] for row in first.unserved} == {"window"}
