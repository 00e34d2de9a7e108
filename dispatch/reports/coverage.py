"""Which streets a storm's stages treated, when, and why others not: work items by their proof, passes beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from dispatch.execution import TOOL_OF_SERVICE, TRAVERSED
from dispatch.reports.values import ClassCover, StormReport, StreetLine
from models.tables.city import Segment
from models.tables.weather import Stage
from models.tables.work import Pass, WorkItem
from models.times import iso

PRIORITIES = ("bridge", "main", "secondary", "lane")


def street_lines(
    session: Session, stages: Sequence[Stage], unserved: dict[str, str], since: datetime, until: datetime
) -> tuple[StreetLine, ...]:
    """Every street of the stages that salt or plough. `unserved` is work item → reason by the approved plans."""
    newest = newest_passes(session, since, until)
    segments = _streets(session)
    lines = []
    for stage in stages:
        rows = session.exec(
            select(WorkItem)
            .where(WorkItem.origin == f"stage:{stage.id}", col(WorkItem.service).in_(list(TOOL_OF_SERVICE)))
            .order_by(WorkItem.place)
        ).all()
        for item in rows:
            id_ = item.place.partition(":")[2]
            if id_ in segments:
                name, name_en, length_m = segments[id_]
                last_at, vehicle = newest.get(id_, (None, ""))
                lines.append(
                    StreetLine(
                        stage=stage.kind,
                        segment=id_,
                        name=name,
                        name_en=name_en,
                        district=item.district,
                        priority=item.priority,
                        length_m=round(length_m),
                        state=item.state,
                        done_at=item.done_at if item.state == "done" else None,
                        reason=_reason(item, unserved),
                        last_at=last_at,
                        last_vehicle=vehicle,
                    )
                )
    return tuple(lines)


def _streets(session: Session) -> dict[str, tuple[str, str, float]]:
    """Segment → its names and length."""
    rows = session.exec(select(Segment.id, Segment.name, Segment.name_en, Segment.length_m)).all()
    return {id_: (name, name_en, length_m) for id_, name, name_en, length_m in rows}


def _reason(item: WorkItem, unserved: dict[str, str]) -> str:
    """Why a street's work was not done: its own reason, the plan's, else the state it stayed in. Empty when done."""
    if item.state == "done":
        return ""
    own = str(item.detail.get("reason", ""))
    partly = "partly" if 0 < item.passes_done < item.passes else ""
    return own or partly or unserved.get(item.id, "") or item.state


def newest_passes(session: Session, since: datetime, until: datetime) -> dict[str, tuple[datetime, str]]:
    """Segment → (end, vehicle) of the newest pass over most of it with a spreader or plough at work."""
    rows = session.exec(
        select(Pass.segment, Pass.to_at, Pass.vehicle, Pass.tools)
        .where(Pass.to_at >= since, Pass.to_at <= until, Pass.fraction >= TRAVERSED, Pass.tools != "")
        .order_by(col(Pass.to_at), col(Pass.vehicle))
    ).all()
    tools = frozenset(TOOL_OF_SERVICE.values())
    return {segment: (at, vehicle) for segment, at, vehicle, letters in rows if tools & set(letters)}


def class_cover(streets: Sequence[StreetLine], onset: datetime, clock_at: datetime | None) -> tuple[ClassCover, ...]:
    """The streets summed by stage and class, in the order of the stages given."""
    lines = []
    for stage in dict.fromkeys(street.stage for street in streets):
        of_stage = [street for street in streets if street.stage == stage]
        known = {street.priority for street in of_stage}
        for priority in [*(p for p in PRIORITIES if p in known), *sorted(known - set(PRIORITIES))]:
            rows = [street for street in of_stage if street.priority == priority]
            sums = {"before": 0, "clock": 0, "later": 0, "not": 0}
            for street in rows:
                sums[_when(street.done_at, onset, clock_at)] += street.length_m
            lines.append(
                ClassCover(
                    stage=stage,
                    priority=priority,
                    streets=len(rows),
                    length_m=sum(street.length_m for street in rows),
                    before_onset_m=sums["before"],
                    by_clock_m=sums["clock"],
                    later_m=sums["later"],
                    not_m=sums["not"],
                )
            )
    return tuple(lines)


def _when(done_at: datetime | None, onset: datetime, clock_at: datetime | None) -> str:
    if done_at is None:
        return "not"
    if done_at <= onset:
        return "before"
    return "clock" if clock_at is not None and done_at <= clock_at else "later"


def unserved_reasons(lefts: Iterable[list[dict[str, str]]]) -> dict[str, str]:
    """Work item → reason, of what the plans say they left out."""
    return {entry["work_item"]: entry["reason"] for left in lefts for entry in left if "work_item" in entry}


def coverage_geojson(session: Session, report: StormReport) -> bytes:
    """The report's streets as GeoJSON, one feature a street and stage. Same report and network, same bytes."""
    geometry = dict(session.exec(select(Segment.id, Segment.geometry)).all())
    features: list[dict[str, Any]] = []
    for street in report.streets:
        values = street.model_dump(exclude={"done_at", "last_at"})
        times = {"done_at": street.done_at, "last_at": street.last_at}
        features.append(
            {
                "type": "Feature",
                "id": f"{street.stage}:{street.segment}",
                "geometry": {"type": "LineString", "coordinates": geometry.get(street.segment, [])},
                "properties": values | {name: iso(at) if at is not None else None for name, at in times.items()},
            }
        )
    document = {"type": "FeatureCollection", "attribution": report.attribution, "features": features}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
