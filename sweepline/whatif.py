"""Function behind `plan what-if`: a plan solved with something otherwise, told against a version, stored nowhere."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dispatch.city.store import load_streets
from dispatch.insertion import InsertJob
from dispatch.whatif import FIGURES, Change, Changed, load_changed, outcome
from models.errors import Permanent, Refused
from models.tables.plans import Plan
from routing.errors import RoutingError
from streams.planned import full_solved, insert_solved
from streams.solving import SolveTask, solve_child
from sweepline.compose import System
from sweepline.differences import difference_lines
from sweepline.plans import find_version
from sweepline.running import open_system


def what_if_command(data: Path, name: str, change: Change, as_json: bool) -> int:
    """What the plan would be with the change, held against the version named. Nothing is stored."""
    system = open_system(data)
    try:
        document = what_if(system, name, change)
    finally:
        system.close()
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return 0
    print(f"what if, against {document['version']} (nothing is stored):")
    for key in FIGURES:
        if document["before"][key] or document["after"][key]:
            print(f"  {key}: {document['before'][key]} -> {document['after'][key]}")
    for line in difference_lines(document["difference"]):
        print(line)
    return 0


def what_if(system: System, name: str, change: Change) -> dict[str, Any]:
    """Solve with the change, for as long as an improvement of a plan may take. Raises Refused."""
    now = system.clock()
    with system.database.read() as session:
        version = find_version(session, name)
        plan = session.get_one(Plan, version.plan)
        try:
            changed = load_changed(
                session,
                system.context,
                plan,
                change,
                lambda closed: load_streets(session, closed, system.context.rules.turns),
                now,
            )
            result = solve_child(_task(system, changed))
        except (Permanent, RoutingError) as error:
            raise Refused("unsolved", f"{version.id}: {error}") from error
        if isinstance(changed.job, InsertJob):
            solved = insert_solved(changed.job, changed.mode, result)
        else:
            solved = full_solved(changed.job, result, system.settings.seed, None)
        return {"change": asdict(change), **outcome(session, plan, version, solved, now), "seconds": result.seconds}


def _task(system: System, changed: Changed) -> SolveTask:
    iterations = system.options.iterations or system.settings.solver_iterations or None
    seconds = None if iterations is not None else system.rules.planning.improve_seconds
    job = changed.job
    if isinstance(job, InsertJob):
        limits = (seconds, iterations) if changed.mode == "replan" else (None, None)
        return SolveTask(job.job.problem, changed.mode, job.base, job.wanted, *limits, system.settings.seed)
    return SolveTask(job.job.problem, "improve", None, (), seconds, iterations, system.settings.seed)
