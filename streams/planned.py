"""What becomes of a solver's result: a version, a request that is a phase further, and the verdict asked for again."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog
from sqlmodel import Session, select

from dispatch.approval import proposed
from dispatch.context import Context
from dispatch.fallback import PERIOD
from dispatch.inserted import inserted_routes
from dispatch.insertion import InsertJob
from dispatch.jobs import FullJob, solved_routes, unserved_rows
from dispatch.problems import Job
from dispatch.uow import UnitOfWork
from dispatch.versions import Solved, SolvedRoute, latest_version, live_version, store_version
from models.database import Database
from models.tables.plans import Plan, PlanRequest, PlanVersion, Snapshot
from models.tables.weather import Response, Stage
from routing.checker import check
from routing.codec import plan_from_json, problem_from_json
from routing.plan import Verdict
from streams.solving import SolveResult

log = structlog.get_logger(__name__)

VIOLATIONS = 50
"""Violations kept of a verdict."""


def store_result(
    database: Database, context: Context, job: FullJob | InsertJob, request: PlanRequest, result: SolveResult, seed: int
) -> None:
    """Write the version and move the request on, in one transaction; a stale generation is refused."""
    with database.write() as session:
        row = session.exec(select(PlanRequest).where(PlanRequest.id == request.id).with_for_update()).first()
        # Locked: two planners that store versions of one plan take turns, so that each has a number of its own.
        plan = session.get(Plan, request.plan, with_for_update=True)
        if row is None or plan is None or row.generation != request.generation or row.phase != request.phase:
            log.warning("late result refused", request=request.id, generation=request.generation)
            return
        uow = UnitOfWork(session, request.next_at, f"plan_request:{request.id}:{request.phase}", "system:planner")
        row.lease_until, row.attempts = None, 0
        if isinstance(job, InsertJob):
            row.phase = "done"
            version = store_version(uow, context, request, plan, insert_solved(job, request.mode, result))
            proposed(uow, context, version, False, insertion=request.mode == "insert")
        else:
            _store_full(uow, context, row, plan, job, result, seed)


def _store_full(
    uow: UnitOfWork, context: Context, row: PlanRequest, plan: Plan, full: FullJob, result: SolveResult, seed: int
) -> None:
    phase = row.phase
    fallback = plan.period == PERIOD
    if phase == "greedy" and not fallback:
        latency = context.rules.planning.improve_latency_s if context.latency else 0
        row.phase, row.next_at = "improve", max(row.requested_at + timedelta(seconds=latency), uow.now)
    else:
        row.phase = "done"
    before = latest_version(uow.session, plan.code)
    live = live_version(uow.session, plan.code)
    if phase == "improve" and before is not None and not _worth(context, before, live, result):
        row.note = "no better plan found"
        return
    solved = full_solved(full, result, seed, before if phase == "improve" else None)
    version = store_version(uow, context, row, plan, solved, "draft" if fallback else "proposed")
    if not fallback:
        proposed(uow, context, version, _may_self_start(uow.session, plan), insertion=False)
    uow.session.flush()


def _worth(context: Context, before: PlanVersion, live: PlanVersion | None, result: SolveResult) -> bool:
    """Better and, when crews already have an approved plan, better by enough to be shown."""
    key = (len(result.plan.unserved), result.verdict.cost)
    if not result.verdict.feasible or key >= (len(before.unserved), before.cost):
        return False
    if live is None:
        return True
    return result.verdict.cost <= live.cost * (1 - context.rules.planning.improvement_pct / 100)


def _may_self_start(session: Session, plan: Plan) -> bool:
    kind, _, ref = plan.origin.partition(":")
    stage = session.get(Stage, ref) if kind == "stage" else None
    response = session.get(Response, stage.response) if stage is not None else None
    return response is not None and response.self_start


def full_solved(full: FullJob, result: SolveResult, seed: int, before: PlanVersion | None) -> Solved:
    """A whole plan; `before` is the version it improves on."""
    made = _solved(full.job, result, solved_routes(full, result.plan))
    return replace(made, seed=seed, first_plan_s=before.first_plan_s if before is not None else None)


def insert_solved(job: InsertJob, mode: str, result: SolveResult) -> Solved:
    """A running plan with work put in, planned again, or taken back."""
    put_in = inserted_routes(job, result.plan)
    known = [row for row in job.version.unserved if row["task"] not in job.job.refs]
    carried = [row for row in known if mode != "replan" or not row["ref"]]
    made = _solved(job.job, result, put_in.routes)
    if mode != "replan":  # no search of its own
        made = replace(made, seed=0, iterations=0)
    return replace(
        made,
        unserved=(*carried, *job.undone, *made.unserved),
        engine={"insert": "insertion", "undo": "undo"}.get(mode, made.engine),
        added_s=put_in.added_s,
        moved_stops=put_in.moved_stops,
        based_on=job.version.version,
    )


def _solved(job: Job, result: SolveResult, routes: Sequence[SolvedRoute]) -> Solved:
    """What a result says by itself."""
    plan, verdict = result.plan, result.verdict
    return Solved(
        routes=tuple(routes),
        unserved=tuple(unserved_rows(job, plan)),
        engine=plan.engine,
        seed=plan.seed,
        iterations=plan.iterations,
        snapshot_hash=result.snapshot_hash,
        problem=result.problem_bytes,
        plan=result.plan_bytes,
        feasible=verdict.feasible,
        verdict={
            "feasible": verdict.feasible,
            "cost": verdict.cost,
            "terms": dict(sorted(verdict.terms.items())),
            "around": list(result.around),
            "violations": [{"code": v.code, "where": v.where, "text": v.text} for v in verdict.violations[:VIOLATIONS]],
        },
        cost=verdict.cost,
        tasks=len(job.problem.tasks),
        attempts=result.attempts,
        seconds=result.seconds,
    )


def stored_verdict(session: Session, version_id: str) -> Verdict | None:
    """The checker's verdict on a version, recomputed from its snapshot; None without one."""
    snapshot = session.get(Snapshot, version_id)
    if snapshot is None:
        return None
    problem = problem_from_json(json.loads(zlib.decompress(snapshot.problem)))
    return check(problem, plan_from_json(json.loads(zlib.decompress(snapshot.plan))))
