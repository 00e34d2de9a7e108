"""What a plan would be if something were otherwise: its problem with the change made in memory, nothing of it stored.

The session is only read from; work items are changed as objects and the session is rolled back. Each change does to the
problem what the real event would: a vehicle or a street out of service, another rate, another onset.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from dispatch.context import Context
from dispatch.decide.snow import RateChoice
from dispatch.differences import difference_doc, routes_difference
from dispatch.fallback import PERIOD
from dispatch.insertion import InsertJob, load_insert
from dispatch.jobs import FullJob, load_full
from dispatch.levels import take_on_rate
from dispatch.pinning import takers
from dispatch.planning import mode_now
from dispatch.response import closed_streets, street_deadline
from dispatch.streets import Streets
from dispatch.versions import Solved, live_version, routes_of, version_rows
from models.errors import Refused
from models.tables.city import Segment
from models.tables.plans import Plan, PlanRequest, PlanVersion
from models.tables.weather import Episode, Response, Stage
from models.tables.work import UNDONE, WorkItem

FIGURES = ("tasks", "routes", "unserved", "distance_m", "duration_s", "salt_kg", "waste_kg", "cost")


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise: a vehicle (or crew) away, a street closed, another row of the spread matrix, the onset later
    by minutes (earlier where negative).
    """

    without: str = ""
    close: str = ""
    rate: str = ""
    onset_min: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """The problem to be solved, and how: `mode` full, insert or replan, as of a PlanRequest."""

    job: FullJob | InsertJob
    mode: str


def load_changed(
    session: Session,
    context: Context,
    plan: Plan,
    change: Change,
    streets_without: Callable[[frozenset[str]], Streets],
    now: datetime,
) -> Changed:
    """The problem of a plan as it is now, but for the change. Raises Refused with what is wrong with the change."""
    if not any((change.without, change.close, change.rate, change.onset_min)):
        raise Refused("usage", "what if: give at least one change")
    if plan.period == PERIOD:
        raise Refused("no_what_if", f"{plan.code} is a fallback plan: ask of the plan of a day or an alert")
    names = [who.id for who in takers(session, plan)]
    if change.without and change.without not in names:
        raise Refused("unknown_vehicle", f"{change.without} does no {plan.service} here: choose {', '.join(names)}")
    if change.close and session.get(Segment, change.close) is None:
        raise Refused("unknown_street", f"no street {change.close} in this city")
    mode = _mode(session, plan, change, now)
    request = PlanRequest(
        id="what-if",
        district=plan.district,
        service=plan.service,
        period=plan.period,
        plan=plan.code,
        reason="what-if",
        mode=mode,
        without_vehicle=change.without,
        requested_at=now,
        next_at=now,
    )
    with session.no_autoflush:
        _change_work(session, context, plan, change)
        shut = frozenset({change.close} if change.close else ())
        streets = streets_without(closed_streets(session) | shut)
        if mode != "full":
            return Changed(load_insert(session, context, request, plan, streets, now, shut), mode)
        full = load_full(session, context, request, plan, streets, now)
    vehicles = tuple(one for one in full.job.problem.vehicles if one.id != change.without)
    if not vehicles:
        raise Refused("no_resources", f"{plan.code}: without {change.without} nobody is left to do {plan.service}")
    return Changed(replace(full, job=replace(full.job, problem=replace(full.job.problem, vehicles=vehicles))), mode)


def _mode(session: Session, plan: Plan, change: Change, now: datetime) -> str:
    """As the real event asks for it: an outage mends routes in force, another rate plans them anew."""
    if live_version(session, plan.code) is None:
        return "full"
    if not change.rate and not change.onset_min:
        return "insert"
    return "replan" if change.rate else mode_now(session, plan, now)


def _change_work(session: Session, context: Context, plan: Plan, change: Change) -> None:
    items = session.exec(select(WorkItem).where(WorkItem.origin == plan.origin, col(WorkItem.state).in_(UNDONE))).all()
    if change.rate:
        rows = {row.code: row for row in context.rules.snow.spread}
        if plan.service != "salting" or not plan.origin.startswith("stage:"):
            raise Refused("no_rate", f"{plan.code}: only the salting of a response has a rate")
        if change.rate not in rows:
            raise Refused("unknown_rate", f"no rate {change.rate}: choose {', '.join(rows)}")
        row = rows[change.rate]
        take_on_rate(session, plan.origin, RateChoice(row.code, row.g_m2, row.passes, ()))
    if change.onset_min:
        onset = _onset(session, plan) + timedelta(minutes=change.onset_min)
        for item in items:
            item.deadline = street_deadline(context.rules.snow, item.priority, plan.service, plan.start_at, onset)
    for item in items:
        if change.close and item.place == f"segment:{change.close}":
            item.state = "cancelled"


def _onset(session: Session, plan: Plan) -> datetime:
    kind, _, ref = plan.origin.partition(":")
    stage = session.get(Stage, ref) if kind == "stage" else None
    response = session.get(Response, stage.response) if stage is not None else None
    episode = session.get(Episode, response.episode) if response is not None else None
    if episode is None or plan.service != "salting":
        raise Refused("no_onset", f"{plan.code}: only the salting before an onset depends on it")
    return episode.onset


def outcome(session: Session, plan: Plan, version: PlanVersion, solved: Solved, now: datetime) -> dict[str, Any]:
    """What came of it, held against a version: figures of both, what is left out, and the difference by stops."""
    made, routes = version_rows(session, plan, 0, solved, now, "what-if")
    before = routes_of(session, version.id)
    with session.no_autoflush:
        found = routes_difference(session, version, made, before, routes)
    return {
        "version": version.id,
        "feasible": solved.feasible,
        "before": _figures(version, len(before)),
        "after": _figures(made, len(routes)),
        "unserved": list(solved.unserved),
        "difference": difference_doc(found),
    }


def _figures(version: PlanVersion, routes: int) -> dict[str, int]:
    own: Sequence[str] = [name for name in FIGURES if name not in ("routes", "unserved")]
    return {**{name: getattr(version, name) for name in own}, "routes": routes, "unserved": len(version.unserved)}
