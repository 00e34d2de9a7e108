"""What happened, in numbers: the document `demo --once --json` prints. Every figure is read from rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from dispatch.fallback import PERIOD
from dispatch.state_hash import state_hash
from models.tables.city import City, Segment
from models.tables.flow import Books, Quarantine, StoredEvent
from models.tables.plans import Plan, PlanVersion, Sheet
from models.tables.weather import Episode, Response, Stage
from models.tables.work import Case, Report, StationDay, WorkItem
from models.times import iso, local_date

INTERNAL_GROUPS = ("timers", "work", "projections")
"""Groups that read only what the system itself wrote; the books of accepted events leave them out."""


def summary(session: Session, seed: int, start: datetime, end: datetime, accepted: int) -> dict[str, Any]:
    """The whole document. `accepted` is the sender's own count."""
    city = session.exec(select(City)).one()
    return {
        "city": {"code": city.code, "name": city.name},
        "seed": seed,
        "clock": {"start": iso(start), "end": iso(end)},
        "events": events(session, accepted),
        "plans": list(plans(session)),
        "snow": snow(session),
        "stations": stations(session, local_date(end, city.zone)),
        "cases": cases(session),
        "sheets": [row.path for row in session.exec(select(Sheet).order_by(Sheet.path)).all()],
        "state_hash": state_hash(session),
    }


def events(session: Session, accepted: int) -> dict[str, int]:
    """The books: accepted by the sender's count; applied and quarantined by the recorders' groups and intake."""
    rows = session.exec(select(Books).where(col(Books.group).not_in(INTERNAL_GROUPS))).all()
    held = session.exec(select(func.count()).select_from(Quarantine).where(Quarantine.state == "held")).one()
    repeated = session.exec(select(func.coalesce(func.sum(StoredEvent.duplicates), 0))).one()
    return {
        "accepted": accepted,
        "applied": sum(row.applied for row in rows),
        "quarantined": int(held),
        "duplicates": int(repeated),
    }


def plans(session: Session) -> Iterable[dict[str, Any]]:
    """Every version that was proposed to people, newest state."""
    rows = session.exec(
        select(PlanVersion, Plan).join(Plan, col(Plan.code) == col(PlanVersion.plan)).order_by(col(PlanVersion.id))
    ).all()
    for version, plan in rows:
        yield {
            "id": version.id,
            "service": plan.service,
            "district": plan.district,
            "version": version.version,
            "status": version.state,
            "fallback": plan.period == PERIOD,
            "feasible": version.feasible,
            "engine": version.engine,
            "tasks": version.tasks,
            "unserved": [{"task": u["task"], "reason": u["reason"]} for u in version.unserved],
            "distance_m": version.distance_m,
            "duration_s": version.duration_s,
            "salt_kg": version.salt_kg,
            "waste_kg": version.waste_kg,
            "first_plan_s": version.first_plan_s,
            "best_plan_s": version.best_plan_s,
        }


def snow(session: Session) -> dict[str, Any]:
    """Priority length and what of it was treated, all runs done with the spreader on, before onset."""
    rows = session.exec(select(Segment).order_by(Segment.id)).all()
    priority = {r.id: r.length_m for r in rows if r.road_class in ("main", "secondary") or r.bridge or r.ramp}
    stage = session.exec(select(Stage).where(Stage.kind == "pretreat")).first()
    if stage is None:
        return {"priority_length_m": round(sum(priority.values())), "treated_before_onset_m": 0, "exceptions": []}
    response = session.get(Response, stage.response)
    episode = session.get(Episode, response.episode) if response is not None else None
    onset = episode.onset if episode is not None else None
    treated, exceptions = 0.0, []
    items = {
        item.place.partition(":")[2]: item
        for item in session.exec(select(WorkItem).where(WorkItem.origin == f"stage:{stage.id}")).all()
    }
    for segment, length in priority.items():
        item = items.get(segment)
        if item is not None and item.done_at is not None and onset is not None and item.done_at <= onset:
            treated += length
        else:
            why = item.detail.get("reason", item.state) if item is not None else "no_work_item"
            exceptions.append({"segment": segment, "length_m": round(length), "reason": why})
    return {
        "priority_length_m": round(sum(priority.values())),
        "treated_before_onset_m": round(treated),
        "exceptions": exceptions,
    }


def stations(session: Session, before: date) -> dict[str, int]:
    """Station-days owed and cleared, of the days before a date."""
    owed = select(func.count()).select_from(StationDay).where(StationDay.day < before)
    total = session.exec(owed).one()
    cleared = session.exec(owed.where(StationDay.state == "cleared")).one()
    return {"total": int(total), "cleared": int(cleared)}


def cases(session: Session) -> dict[str, int]:
    """Reports received, those merged into a case that stood, cases closed and open."""
    rows = session.exec(select(Case).where(Case.state != "merged")).all()
    reports = session.exec(select(func.count()).select_from(Report)).one()
    closed = sum(1 for row in rows if row.state in ("closed", "cancelled"))
    return {"received": int(reports), "merged": int(reports) - len(rows), "closed": closed, "open": len(rows) - closed}
