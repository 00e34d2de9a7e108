"""From what a solver made to what is stored as a version."""

from __future__ import annotations

from dispatch.inserted import inserted_routes
from dispatch.insertion import InsertJob
from dispatch.jobs import FullJob, solved_routes, unserved_rows
from dispatch.versions import Solved
from models.tables.plans import PlanVersion
from streams.solving import SolveResult


def _verdict_doc(result: SolveResult) -> dict[str, object]:
    verdict = result.verdict
    return {
        "feasible": verdict.feasible,
        "cost": verdict.cost,
        "terms": dict(sorted(verdict.terms.items())),
        "around": list(result.around),
        "violations": [{"code": v.code, "where": v.where, "text": v.text} for v in verdict.violations[:50]],
    }


def full_solved(full: FullJob, result: SolveResult, seed: int, before: PlanVersion | None) -> Solved:
    """A whole plan; `before` is the version it improves on."""
    return Solved(
        routes=tuple(solved_routes(full, result.plan)),
        unserved=tuple(unserved_rows(full.job, result.plan)),
        engine=result.plan.engine,
        seed=seed,
        iterations=result.plan.iterations,
        snapshot_hash=result.snapshot_hash,
        problem=result.problem_bytes,
        plan=result.plan_bytes,
        feasible=result.verdict.feasible,
        verdict=_verdict_doc(result),
        cost=result.verdict.cost,
        tasks=len(full.job.problem.tasks),
        attempts=result.attempts,
        seconds=result.seconds,
        first_plan_s=before.first_plan_s if before is not None else None,
    )


def insert_solved(job: InsertJob, mode: str, result: SolveResult) -> Solved:
    """A running plan with work put in, planned again, or taken back."""
    made = inserted_routes(job, result.plan)
    known = [row for row in job.version.unserved if row["task"] not in job.job.refs]
    carried = [row for row in known if mode != "replan" or not row["ref"]]
    return Solved(
        routes=tuple(made.routes),
        unserved=(*carried, *job.undone, *unserved_rows(job.job, result.plan)),
        engine={"insert": "insertion", "undo": "undo"}.get(mode, result.plan.engine),
        seed=result.plan.seed if mode == "replan" else 0,
        iterations=result.plan.iterations if mode == "replan" else 0,
        attempts=result.attempts,
        snapshot_hash=result.snapshot_hash,
        problem=result.problem_bytes,
        plan=result.plan_bytes,
        feasible=result.verdict.feasible,
        verdict=_verdict_doc(result),
        cost=result.verdict.cost,
        tasks=len(job.job.problem.tasks),
        seconds=result.seconds,
        added_s=made.added_s,
        moved_stops=made.moved_stops,
        based_on=job.version.version,
    )
