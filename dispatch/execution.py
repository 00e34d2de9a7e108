"""What tracks prove: passes over streets, visits to stations and spots, work done. Called by dispatch/positions.py.

Work items are locked before they are judged, those of a batch in order of their ids: two crews on one street are
recorded by two processes, and each must see what the other has just driven.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from dispatch.cases import work_done
from dispatch.places import distance_m
from dispatch.uow import UnitOfWork
from models.bulk import add_new
from models.events.field import VehiclePosition
from models.ids import derive_id
from models.tables.plans import Route
from models.tables.work import UNDONE, Pass, StationDay, Visit, WorkItem
from models.times import iso, parse_time
from routing.streets.match_track import Passage

TRAVERSED = 0.5
"""A pass counts when at least this part of the street was driven."""
VISIT_RADIUS_M = 35.0
"""A truck at work this near to where a stop of its told route is served visits it."""
STANDING_KMH = 3.0
TOOL_OF_SERVICE = {"salting": "s", "ploughing": "p"}


def tools_letters(payload: VehiclePosition) -> str:
    """Working tools as letters: s spreader, p plough, l lift, b broom."""
    flags = payload.tools
    pairs = (("s", flags.spreader), ("p", flags.plough), ("l", flags.lift), ("b", flags.broom))
    return "".join(letter for letter, on in pairs if on)


def prove_passes(uow: UnitOfWork, driven: Sequence[tuple[str, Passage]]) -> None:
    """Store the passes (vehicle, passage) of a batch and recount the runs of the work they may have done."""
    rows: dict[str, dict[str, Any]] = {}
    for vehicle, passage in driven:
        id_ = derive_id(passage.from_at, "pass", vehicle, passage.segment, passage.forward, passage.to_at)
        rows[id_] = {
            "id": id_,
            "segment": passage.segment,
            "forward": passage.forward,
            "vehicle": vehicle,
            "from_at": passage.from_at,
            "to_at": passage.to_at,
            "fraction": round(passage.fraction, 3),
            "tools": passage.tools,
        }
    new = add_new(uow.session, Pass, list(rows.values()), ("id",))
    worked = {
        (row["segment"], service)
        for row in rows.values()
        if (row["id"],) in new and row["fraction"] >= TRAVERSED
        for service, tool in TOOL_OF_SERVICE.items()
        if tool in row["tools"]
    }
    if worked:
        _count_runs(uow, worked)


def _count_runs(uow: UnitOfWork, worked: set[tuple[str, str]]) -> None:
    """Recount the runs over streets since their work was asked for; the n-th one's end is when it was done."""
    places = {f"segment:{segment}" for segment, _ in worked}
    services = {service for _, service in worked}
    items = uow.session.exec(
        select(WorkItem)
        .where(col(WorkItem.place).in_(places), col(WorkItem.service).in_(services))
        .order_by(WorkItem.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if not items:
        return
    runs = uow.session.exec(
        select(Pass.segment, Pass.tools, Pass.to_at).where(
            col(Pass.segment).in_({segment for segment, _ in worked}), Pass.fraction >= TRAVERSED
        )
    ).all()
    for item in items:
        segment = item.place.partition(":")[2]
        if (segment, item.service) not in worked or item.state in ("cancelled", "missed"):
            continue
        tool = TOOL_OF_SERVICE[item.service]
        ends = sorted(to_at for where, tools, to_at in runs if where == segment and tool in tools)
        mine = [at for at in ends if at >= item.created_at]
        item.passes_done = min(len(mine), item.passes)
        if item.passes_done == item.passes:
            _done(uow, item, mine[item.passes - 1])
        elif mine and item.state in ("open", "planned"):
            item.state = "started"


def _done(uow: UnitOfWork, item: WorkItem, at: datetime) -> None:
    """Work proven done at an instant. Told again with an earlier instant, it keeps the earlier."""
    if item.state == "done":
        item.done_at = min(item.done_at or at, at)
        return
    item.state, item.done_at, item.passes_done = "done", at, item.passes
    uow.audit("work.done", f"work:{item.id}", place=item.place, at=iso(at))
    data = {"work_item": item.id, "origin": item.origin, "period": item.period, "place": item.place, "at": iso(at)}
    uow.emit("work", item.place, "work.done", data, item.id)


def at_work(fix: VehiclePosition) -> bool:
    """A lift at work, or a truck that stands with another tool on: it is serving a point."""
    return fix.tools.lift or (fix.speed_kmh < STANDING_KMH and bool(tools_letters(fix)))


def visit(uow: UnitOfWork, vehicle: str, fix: VehiclePosition, routes: list[Route]) -> datetime | None:
    """Serve the first open stop of the told routes the truck stands at; how long it is busy there, or None."""
    for route in routes:
        for stop in route.doc["stops"]:
            if stop["kind"] not in ("station", "spot") or not stop["work_item"]:
                continue
            if distance_m(fix.lon, fix.lat, *stop["at"]) > VISIT_RADIUS_M:
                continue
            item = _locked(uow.session, stop["work_item"])
            if item is not None and item.state in UNDONE:
                serve(uow, item, vehicle, fix.observed_at, int(stop["quantity_kg"]), "track")
                return fix.observed_at + (parse_time(stop["depart"]) - parse_time(stop["start"]))
    return None


def _locked(session: Session, id_: str) -> WorkItem | None:
    """A work item as it is now, nobody else's until the end of the transaction."""
    row = select(WorkItem).where(WorkItem.id == id_).with_for_update()
    return session.exec(row.execution_options(populate_existing=True)).first()


def serve(uow: UnitOfWork, item: WorkItem, vehicle: str, at: datetime, kg: int, by: str) -> None:
    """A visit fulfils point work: the station is cleared, the case closes."""
    visit = derive_id(at, "visit", item.id)
    uow.session.add(Visit(id=visit, work_item=item.id, place=item.place, vehicle=vehicle, at=at, kg=kg, by=by))
    _done(uow, item, at)
    if item.origin.startswith("day:"):
        row = uow.session.exec(select(StationDay).where(StationDay.work_item == item.id)).first()
        if row is not None and row.state == "open":
            row.state, row.cleared_at, row.vehicle = "cleared", at, vehicle
            uow.audit("station.cleared", item.place, vehicle=vehicle, at=iso(at))
    elif item.origin.startswith("case:"):
        work_done(uow, item.origin.partition(":")[2], at)
