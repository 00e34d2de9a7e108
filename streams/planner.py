"""The planner: claims PlanRequest rows that are due and solves them in child processes; planned.py stores the results.

Rows first: it works from the table, where it looks often; the `planning` topic tells others. A greedy version is stored
first, a better one follows. The generation of a claim fences a planner that came back from the dead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, func, select

from dispatch.context import Context
from dispatch.fallback import PERIOD
from dispatch.insertion import InsertJob, load_insert
from dispatch.jobs import FullJob, load_full
from dispatch.streets import Streets
from dispatch.uow import UnitOfWork
from models.database import Database
from models.errors import Permanent
from models.tables.plans import Plan, PlanRequest
from models.tracing import span
from routing.errors import RoutingError
from streams import metrics
from streams.heart import gone_holders
from streams.planned import store_result
from streams.solver_pool import SolverFailed, SolverPool
from streams.solving import SolveTask

log = structlog.get_logger(__name__)

OPEN_PHASES = ("greedy", "improve", "insert", "replan")
QUICK_PHASES = ("greedy", "insert")
"""What people wait for: a planner of its own does these in live running, so that no improvement holds them up."""
URGENCY = ("salting", "ploughing", "collection", "beats")
"""Services in the order they are solved when asked for at one time."""
MAX_ATTEMPTS = 3
LEASE = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(minutes=1)
GREEDY_S = 1.0
"""Time of a first plan where plans are made by time."""
WAVE_S = 36.0
"""Improvements asked for at one time share this long on each process, so that all are there within a minute."""


IMPROVER_NICE = 10
"""Improving takes all the time it is given: on a machine shared with the streams it stands back for them."""


@dataclass(frozen=True, slots=True)
class PlannerParams:
    """`iterations` makes results independent of the machine (demo --once); None works by seconds.

    `processes` 0 solves in this process: no memory limit, no kill, but nothing to start either (tests). `rests`: end
    the solver processes while nothing is asked, for memory. `holder` tells planners that work side by side apart: the
    same one after a restart takes up what it had claimed, another one waits for the lease to end.
    """

    seed: int = 0
    iterations: int | None = None
    seconds: float = 20.0
    processes: int = 2
    holder: str = "planner"
    phases: tuple[str, ...] = OPEN_PHASES
    rests: bool = False


@dataclass(frozen=True, slots=True)
class _Claim:
    request: PlanRequest
    job: FullJob | InsertJob
    task: SolveTask


class Planner:
    """One planner role. `streets` gives the network for the open streets of a session, cached by compose."""

    def __init__(
        self, database: Database, context: Context, params: PlannerParams, streets: Callable[[Session], Streets]
    ) -> None:
        self._database = database
        self._context = context
        self._params = params
        self._streets = streets
        self._pool = SolverPool(params.processes, IMPROVER_NICE if params.phases == ("improve",) else 0)
        self._claimed: dict[str, int] = {}
        self._closed = False
        self.turned: Callable[[], None] = lambda: None
        """Told after each solve: a round of many is progress all along."""

    def warm(self) -> None:
        """Start a solver process and have it load its libraries, before anybody waits for it."""
        self._pool.warm()

    def rest(self) -> None:
        """Give the solver processes back when this planner may rest and has had nothing to do for a while."""
        if self._params.rests:
            self._pool.rest()

    def run_due(self, now: datetime, wall: datetime | None = None, stop: threading.Event | None = None) -> int:
        """Work off every request due at `now`, earliest first; how many phases were done.

        Plans made by time are claimed as there are processes for them: what is left over another planner may take. And
        only once a call: a lease is as long as the caller's `wall` is young.
        `wall` is the time leases are judged by; the decisions' time is each request's own `next_at`.
        """
        done = 0
        while True:
            due = self._due(now, wall or now)
            if not due or (stop is not None and stop.is_set()):
                return done
            first = due[0].next_at
            wave = sorted((row for row in due if row.next_at == first), key=lambda row: _urgency(row.service))
            if self._params.iterations is None:
                wave = wave[: max(1, self._params.processes)]
            claims = [self._claim(row.id, wall or now) for row in wave]
            done += self._work([claim for claim in claims if claim is not None], self._asked_at(first))
            if self._params.iterations is None:
                return done

    def _due(self, now: datetime, wall: datetime) -> list[PlanRequest]:
        """What is to be done, but for what another planner is at."""
        with self._database.read() as session:
            due = session.exec(
                select(PlanRequest)
                .where(col(PlanRequest.phase).in_(self._params.phases), PlanRequest.next_at <= now)
                .order_by(col(PlanRequest.next_at), col(PlanRequest.id))
            ).all()
            return [row for row in due if self._is_free(session, row, wall)]

    def _is_free(self, session: Session, row: PlanRequest, wall: datetime) -> bool:
        """Not claimed by another, or by one that has died: its lease has run out, or its process beats no more.

        A lease that runs longer than any does, by more than machines' clocks differ, was taken by a wrong clock. A
        process that only stood still is fenced by the generation.
        """
        if row.lease_until is None or row.holder == self._params.holder:
            return True
        if not wall < row.lease_until <= wall + LEASE + CLOCKS_DIFFER:
            return True
        return row.holder.partition("@")[2] in gone_holders(session, "planner", wall)

    def _asked_at(self, first: datetime) -> int:
        """How many requests were for one time, whoever took them."""
        with self._database.read() as session:
            return session.exec(select(func.count()).where(PlanRequest.next_at == first)).one()

    def _claim(self, request_id: str, wall: datetime) -> _Claim | None:
        """Take the lease of a request and load its problem. A request that can never be solved is failed here."""
        with self._database.write() as session:
            request = session.exec(select(PlanRequest).where(PlanRequest.id == request_id).with_for_update()).first()
            if request is None or request.phase not in OPEN_PHASES:
                return None
            if not self._is_free(session, request, wall):
                return None
            request.holder, request.lease_until = self._params.holder, wall + LEASE
            request.generation += 1
            request.attempts += 1
            self._claimed[request.id] = request.generation
        try:
            with self._database.read() as session:
                return self._load(session, request)
        except Permanent as error:
            self._fail(request, error.reason, error.text)
            self._claimed.pop(request.id, None)
        return None

    def _load(self, session: Session, request: PlanRequest) -> _Claim:
        plan = session.get(Plan, request.plan)
        assert plan is not None
        streets = self._streets(session)
        params = self._params
        if request.phase in ("insert", "replan"):
            job = load_insert(session, self._context, request, plan, streets, request.next_at)
            seconds = params.seconds if request.mode == "replan" and params.iterations is None else None
            iterations = params.iterations if request.mode == "replan" else None
            base, wanted = job.base, job.wanted
            task = SolveTask(job.job.problem, request.mode, base, wanted, seconds, iterations, params.seed)
            return _Claim(request, job, task)
        full = load_full(session, self._context, request, plan, streets, request.next_at)
        seconds = None if params.iterations is not None else GREEDY_S if request.phase == "greedy" else params.seconds
        task = SolveTask(full.job.problem, request.phase, None, (), seconds, params.iterations, params.seed)
        return _Claim(request, full, task)

    def _work(self, claims: list[_Claim], wave: int) -> int:
        """Solve side by side, store in the order of the claims. Whatever fails, the versions there are stand."""
        tasks = [self._shared(claim.task, wave) for claim in claims]
        try:
            futures = [self._pool.submit(task) for task in tasks]
        except SolverFailed:  # told to end meanwhile: `close` gives the claims back
            return 0
        for claim, task, future in zip(claims, tasks, futures, strict=True):
            request, outcome = claim.request, "failed"
            with span("plan", request.cause, plan=request.plan, phase=request.phase):
                try:
                    result = self._pool.result(task, future, len(claims) > 1)
                except RoutingError as error:
                    self._fail(request, "problem", str(error))
                except SolverFailed as error:
                    if self._closed:
                        break
                    self._fail(request, "solver", str(error))
                else:
                    store_result(self._database, self._context, claim.job, request, result, self._params.seed)
                    outcome = "stored"
                    metrics.observe("sweepline_solve_seconds", result.seconds, (request.phase,))
            metrics.count("sweepline_solves_total", labels=(request.service, request.phase, outcome))
            self._claimed.pop(request.id, None)
            self.turned()
        return len(claims)

    def _shared(self, task: SolveTask, tasks: int) -> SolveTask:
        """A timed improvement gets its share of the wave of `tasks`."""
        if task.mode not in ("improve", "replan") or task.seconds is None:
            return task
        return replace(task, seconds=min(task.seconds, WAVE_S * max(1, self._params.processes) / tasks))

    def close(self) -> None:
        """End the solver children and give back what is claimed, for the next planner to take at once.

        A solve that comes back after that is stored only where nobody else has claimed its request. Raises Unavailable
        when the database is away: then the leases run out.
        """
        self._closed = True
        self._pool.end()
        for id_, generation in list(self._claimed.items()):
            with self._database.write() as session:
                row = session.get(PlanRequest, id_, with_for_update=True)
                if row is not None and row.generation == generation:
                    row.lease_until = None
        self._claimed.clear()

    def _fail(self, request: PlanRequest, reason: str, text: str) -> None:
        """Give up at once on what can never be solved, after three attempts on what died; then an alarm is open."""
        with self._database.write() as session:
            row = session.get(PlanRequest, request.id)
            if row is None or row.generation != request.generation:
                return
            row.lease_until = None
            if reason == "solver" and row.attempts < MAX_ATTEMPTS:
                return
            row.phase, row.note = "failed", f"{reason}: {text}"
            uow = UnitOfWork(session, request.next_at, f"plan_request:{request.id}", "system:planner")
            uow.audit("plan.failed", f"plan:{request.plan}", reason=reason, text=text)
            if request.period != PERIOD or reason != "no_resources":
                uow.open_alarm("plan_failed", f"{request.plan}:{request.id}", priority=1, text=text)


def _urgency(service: str) -> int:
    return URGENCY.index(service) if service in URGENCY else len(URGENCY)
