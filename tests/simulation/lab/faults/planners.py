"""Planners and their solvers: killed and frozen in the middle of a plan, two at one request, a solver gone wrong."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

from sqlmodel import col, func, select

from models.tables.plans import PlanRequest, PlanVersion
from tests.simulation.lab.faults.roles import stands_still, wait_dead
from tests.simulation.lab.health import ask_for_plan, planned
from tests.simulation.lab.processes import Process
from tests.simulation.lab.services import signal_all
from tests.simulation.lab.trial import Strike, fault

CLAIM_S = 40.0
TAKEN_OVER_S = 110.0
PLANNERS = ("planner-1", "planner-2")
LITTLE = 1024 * 1024


def _planners(strike: Strike) -> list[Process]:
    return [strike.site.processes[name] for name in PLANNERS]


def solvers(process: Process) -> list[int]:
    """The solver processes below a planner."""
    found = []
    for pid in process.children():
        try:
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


def _request(strike: Strike, id_: str) -> PlanRequest:
    with strike.site.database.read() as session:
        row = session.get(PlanRequest, id_)
    assert row is not None
    return row


def _holder(strike: Strike, id_: str) -> Process | None:
    """The planner that has claimed a request and is at it."""
    row = _request(strike, id_)
    if row.lease_until is None or row.phase != "greedy":
        return None
    return next((p for p in _planners(strike) if row.holder.endswith(f":{p.pid}")), None)


def _claimed(strike: Strike) -> tuple[str, Process]:
    """Ask for a plan and wait for a planner to be at it."""
    id_, _ = ask_for_plan(strike.site)
    strike.until("a claim", lambda: _holder(strike, id_) is not None, CLAIM_S, 0.01)
    holder = _holder(strike, id_)
    strike.demand(holder is not None, "the plan was there before it could be struck")
    assert holder is not None
    return id_, holder


def _done(strike: Strike, id_: str) -> bool:
    with strike.site.database.read() as session:
        return planned(session, id_) is not None


@fault("kill-planner-at-work", "planner")
def kill_at_work(strike: Strike) -> None:
    """kill -9 with a claim in hand: another planner takes it up."""
    id_, process = _claimed(strike)
    strike.proof("process dead", wait_dead(process.signal(signal.SIGKILL)))
    strike.healed()
    strike.until("the plan", lambda: _done(strike, id_), TAKEN_OVER_S, 0.2)


@fault("zombie-planner", "planner")
def zombie_planner(strike: Strike) -> None:
    """It stands still over its claim until another has done the work; what it then brings is refused."""
    id_, process = _claimed(strike)
    pids = [process.pid, *process.children()]
    signal_all(pids, signal.SIGSTOP)
    try:
        strike.proof("processes stood still", sum(stands_still(pid) for pid in pids))
        strike.until("the plan by another", lambda: _done(strike, id_), TAKEN_OVER_S, 0.2)
        generation = _request(strike, id_).generation
        strike.demand(generation > 1, "nobody took the claim over")
    finally:
        signal_all(pids, signal.SIGCONT)
    strike.healed()
    strike.hold(3.0)
    strike.demand(_versions(strike, id_) <= 2, f"{_versions(strike, id_)} versions of one request")


def _versions(strike: Strike, id_: str) -> int:
    """Versions made since the request was: a first one and at most one better."""
    row = _request(strike, id_)
    since = (col(PlanVersion.created_at) >= row.requested_at, PlanVersion.plan == row.plan, PlanVersion.reason == "lab")
    with strike.site.database.read() as session:
        return session.exec(select(func.count()).select_from(PlanVersion).where(*since)).one()


@fault("two-planners-one-request", "planner")
def two_planners(strike: Strike) -> None:
    """Both stand still, a request comes, both go on at the same instant."""
    pids = [process.pid for process in _planners(strike)]
    for turn in range(3):
        signal_all(pids, signal.SIGSTOP)
        strike.proof("planners stood still", sum(stands_still(pid) for pid in pids))
        id_, _ = ask_for_plan(strike.site)
        signal_all(pids, signal.SIGCONT)
        strike.until("the plan", lambda id_=id_: _done(strike, id_), CLAIM_S, 0.1)
        strike.hold(0.3)
        count = _versions(strike, id_)
        strike.demand(count <= 2, f"{count} versions of request {turn + 1}")
    strike.healed()


def _idle_solvers(strike: Strike) -> list[int]:
    """The solvers both planners keep warm."""
    strike.until("warm solvers", lambda: all(solvers(process) for process in _planners(strike)), CLAIM_S, 0.2)
    return [pid for process in _planners(strike) for pid in solvers(process)]


@fault("solver-hang", "planner")
def solver_hang(strike: Strike) -> None:
    """Solvers that never answer: killed by their planner, and the plan is made by new ones."""
    hanging = _idle_solvers(strike)
    signal_all(hanging, signal.SIGSTOP)
    strike.proof("solvers stood still", sum(stands_still(pid) for pid in hanging))
    id_, _ = ask_for_plan(strike.site)
    strike.healed()
    strike.until("the plan", lambda: _done(strike, id_), TAKEN_OVER_S, 0.3)
    signal_all(hanging, signal.SIGCONT)


@fault("solver-crash", "planner")
def solver_crash(strike: Strike) -> None:
    """Solvers die in the middle of a plan."""
    id_, process = _claimed(strike)
    pids = solvers(process)
    strike.proof("solvers dead", signal_all(pids, signal.SIGKILL))
    strike.healed()
    strike.until("the plan", lambda: _done(strike, id_), TAKEN_OVER_S, 0.2)


@fault("solver-crash-idle", "planner")
def solver_crash_idle(strike: Strike) -> None:
    """Solvers die while they wait."""
    strike.proof("solvers dead", signal_all(_idle_solvers(strike), signal.SIGKILL))
    strike.healed()


@fault("solver-memory", "planner")
def solver_memory(strike: Strike) -> None:
    """Solvers get no more memory than they have."""
    limited = 0
    for pid in _idle_solvers(strike):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + LITTLE
        resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
        limited += 1
    id_, _ = ask_for_plan(strike.site)
    strike.proof("solvers limited", limited)
    strike.healed()
    strike.until("the plan", lambda: _done(strike, id_), TAKEN_OVER_S, 0.2)
