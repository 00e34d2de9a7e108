"""Several planner workers on one database: each request is solved by one of them, and none waits on another's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from config.settings import Settings
from models.tables.flow import Heartbeat
from models.tables.plans import PlanRequest, PlanVersion
from streams import solver_pool
from streams.planner import LEASE, QUICK_PHASES, Planner, PlannerParams
from streams.solving import SolveResult, SolveTask, solve_child
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System
from tests.small_city import stored_small_city

START = datetime(2023, 12, 18, 9, tzinfo=UTC)
PARAMS = PlannerParams(seed=3, iterations=200, processes=0)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    stored_small_city(tmp_path)
    made = System(tmp_path, Options(clock=SimulatedClock(START), iterations=200, seed=3), Settings(solver_processes=0))
    made.start_city()
    yield made
    made.close()


def worker(system: System, holder: str) -> Planner:
    return Planner(system.database, system.context, replace(PARAMS, holder=holder), system.streets)


def first_due(system: System) -> datetime:
    with system.database.read() as session:
        return min(row.next_at for row in session.exec(select(PlanRequest)).all() if row.phase == "greedy")


def versions(system: System) -> list[tuple[str, int]]:
    with system.database.read() as session:
        rows = session.exec(select(PlanVersion).order_by(col(PlanVersion.plan), col(PlanVersion.version))).all()
        return [(row.plan, row.version) for row in rows]


def test_what_one_is_solving_the_other_leaves_alone(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first solves, the second looks: nothing is free, and it does not wait."""
    now = first_due(system)
    other = worker(system, "second")
    found: list[int] = []

    def solver(task: SolveTask) -> SolveResult:
        monkeypatch.setattr(solver_pool, "solve_child", solve_child)
        found.append(other.run_due(now))
        return solve_child(task)

    monkeypatch.setattr(solver_pool, "solve_child", solver)
    assert worker(system, "first").run_due(now) > 0
    assert found == [0]
    assert len(versions(system)) == len(set(versions(system))) > 0
    with system.database.read() as session:
        assert {row.generation for row in session.exec(select(PlanRequest)).all()} <= {0, 1, 2}


def test_a_lease_that_ran_out_is_taken_over_and_the_late_result_refused(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = first_due(system)
    other = worker(system, "second")
    taken: list[int] = []

    def slow(task: SolveTask) -> SolveResult:
        monkeypatch.setattr(solver_pool, "solve_child", solve_child)
        taken.append(other.run_due(now, now + LEASE + timedelta(seconds=1)))
        return solve_child(task)

    monkeypatch.setattr(solver_pool, "solve_child", slow)
    worker(system, "first").run_due(now)
    assert taken[0] > 0
    with system.database.read() as session:
        done = [row for row in session.exec(select(PlanRequest)).all() if row.next_at <= now or row.phase == "done"]
        assert {row.holder for row in done} == {"second"}
    assert len(versions(system)) == len(set(versions(system)))


def test_two_at_once_make_the_plans_one_would(system: System) -> None:
    now = first_due(system)
    workers = [worker(system, name) for name in ("first", "second")]
    done: list[int] = []
    threads = [threading.Thread(target=lambda own=own: done.append(own.run_due(now))) for own in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert len(done) == 2
    with system.database.read() as session:
        rows = session.exec(select(PlanRequest)).all()
        assert all(row.phase != "greedy" and row.attempts == 0 for row in rows if row.requested_at <= now)
    made = versions(system)
    assert made and len(made) == len(set(made)) == sum(done)


def test_by_time_a_planner_leaves_to_others_what_it_has_no_process_for(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two requests for one time: the first planner is at one of them, the second takes the other meanwhile."""
    now = first_due(system)
    with system.database.read() as session:
        due = [row.id for row in session.exec(select(PlanRequest)).all() if row.next_at == now]
    assert len(due) > 1
    params = replace(PARAMS, iterations=None, seconds=0.1, phases=QUICK_PHASES)
    first, other = (
        Planner(system.database, system.context, replace(params, holder=name), system.streets)
        for name in ("first", "second")
    )
    shares: list[int] = []

    def solver(task: SolveTask) -> SolveResult:
        monkeypatch.setattr(solver_pool, "solve_child", solve_child)
        shares.append(other.run_due(now))
        return solve_child(task)

    monkeypatch.setattr(solver_pool, "solve_child", solver)
    assert first.run_due(now) == 1
    assert shares == [len(due) - 1]


def test_a_planner_that_ends_gives_back_what_it_had_claimed(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told to stop while at work it takes nothing more; closed before it is done, another takes its request at once."""
    now, stop = first_due(system), threading.Event()
    first, other = worker(system, "first"), worker(system, "second")
    taken: list[int] = []

    def solver(task: SolveTask) -> SolveResult:
        monkeypatch.setattr(solver_pool, "solve_child", solve_child)
        stop.set()
        first.close()
        taken.append(other.run_due(now))
        return solve_child(task)

    monkeypatch.setattr(solver_pool, "solve_child", solver)
    first.run_due(now, stop=stop)
    assert taken[0] > 0
    with system.database.read() as session:
        rows = session.exec(select(PlanRequest).where(PlanRequest.requested_at <= now)).all()
    assert {(row.holder, row.lease_until) for row in rows if row.generation} == {("second", None)}
    assert len(versions(system)) == len(set(versions(system))) > 0
    assert first.run_due(now + timedelta(days=1), stop=stop) == 0


@pytest.mark.parametrize(("silent_s", "takes"), [(5, False), (25, True)])
def test_the_claim_of_a_process_that_beats_no_more_is_taken_over(
    system: System, monkeypatch: pytest.MonkeyPatch, silent_s: int, takes: bool
) -> None:
    """Long before the lease runs out; and what the silent one brings when it goes on after all is refused."""
    now = first_due(system)
    with system.database.write() as session:
        beat = now - timedelta(seconds=silent_s)
        session.add(Heartbeat(role="planner", holder="host:1", since=beat, beat_at=beat, progress_at=beat))
    first, other = worker(system, "planner@host:1"), worker(system, "planner@host:2")
    taken: list[int] = []

    def solver(task: SolveTask) -> SolveResult:
        monkeypatch.setattr(solver_pool, "solve_child", solve_child)
        taken.append(other.run_due(now))
        return solve_child(task)

    monkeypatch.setattr(solver_pool, "solve_child", solver)
    first.run_due(now)
    assert (taken[0] > 0) is takes
    assert len(versions(system)) == len(set(versions(system))) > 0


def test_a_lease_of_a_wrong_clock_does_not_bind(system: System) -> None:
    """Taken by a planner two days ahead, which then died."""
    now = first_due(system)
    with system.database.write() as session:
        for row in session.exec(select(PlanRequest)).all():
            row.holder, row.lease_until = "planner@host:1", now + timedelta(days=2)
    assert worker(system, "planner@host:2").run_due(now) > 0
