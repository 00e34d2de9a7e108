"""Manual beats at the muster clock: crossings of main streets and the decks of bridges, cleared by crews on foot."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, select

from dispatch.context import Context
from dispatch.planning import PlanFor, find_or_make_plan, request_plan
from dispatch.uow import UnitOfWork
from models.tables.city import Crew, District, Segment
from models.tables.plans import Plan
from models.tables.weather import Stage
from models.tables.work import WorkItem
from models.times import local_date

BRIDGE_EDGE_M = 2.0
"""Deck edge cleared by hand along a bridge, both sides together, in metres of width."""


def plan_beats(uow: UnitOfWork, context: Context, stage: Stage, at: datetime) -> None:
    """Work items and one plan request a district that has crews on foot."""
    params = context.rules.snow
    day = local_date(at, context.zone)
    end = at + timedelta(minutes=params.muster_shift_min)
    for district in uow.session.exec(select(District).order_by(District.code)).all():
        crews = foot_crews(uow.session, district.code)
        if not crews:
            continue
        plan = find_or_make_plan(
            uow, PlanFor(district.code, "beats", f"stage:{stage.id}", day, "M", at, end, f"stage:{stage.id}")
        )
        size = max(1, min(crew.size for crew in crews))
        for item in _items(uow, context, plan, district.code, size):
            uow.session.add(item)
        uow.session.flush()
        request_plan(uow, context, plan, "stage.muster")


def foot_crews(session: Session, district: str) -> list[Crew]:
    """Crews of the district that have no vehicle."""
    rows = session.exec(select(Crew).where(Crew.district == district, Crew.vehicle == "").order_by(Crew.id)).all()
    return list(rows)


def _items(uow: UnitOfWork, context: Context, plan: Plan, district: str, size: int) -> list[WorkItem]:
    params = context.rules.snow
    deadline = plan.start_at + timedelta(minutes=params.muster_deadline_min)
    rows = uow.session.exec(select(Segment).where(Segment.district == district).order_by(Segment.id)).all()
    area_of: dict[str, tuple[float, str, str]] = {}
    touching: dict[str, set[str]] = {}
    for row in rows:
        if row.road_class in ("main", "secondary"):
            for node in (row.from_node, row.to_node):
                touching.setdefault(node, set()).add(row.name)
        if row.bridge:
            area_of[row.from_node] = (row.length_m * BRIDGE_EDGE_M, "bridge", row.id)
    for node, names in touching.items():
        if len(names) >= 2 and node not in area_of:
            segment = next(r.id for r in rows if node in (r.from_node, r.to_node) and r.road_class != "lane")
            area_of[node] = (params.crossing_m2, "crossing", segment)
    items = []
    for node, (area, kind, segment) in sorted(area_of.items()):
        seconds = round(area / (params.clear_m2_per_worker_h * size) * 3600)
        items.append(
            WorkItem(
                id=uow.new_id("work", plan.code, node),
                service="beats",
                district=district,
                place=f"segment:{segment}",
                node=node,
                origin=plan.origin,
                period=plan.period,
                priority=kind,
                service_s=max(60, seconds),
                deadline=deadline,
                created_at=uow.now,
                detail={"kind": kind, "area_m2": round(area)},
            )
        )
    return items
