"""A routing plan as route documents (see dispatch/routes.py), and a stored document as a base plan for a replan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dispatch.problems import Job
from dispatch.routes import LegDoc, RouteDoc, StopDoc
from dispatch.streets import Streets
from models.tables.city import Facility as FacilityRow
from models.tables.work import WorkItem
from models.times import iso
from routing.plan import Route, Stop
from routing.problem import Task

Named = Callable[[str, str], tuple[str, str, float, float]]
"""(stop kind, ref) → name, English name, lon, lat."""


@dataclass(frozen=True, slots=True)
class Writer:
    """What a document needs besides the plan."""

    job: Job
    tasks: dict[str, Task]
    streets: Streets
    items: dict[str, WorkItem]
    facilities: dict[str, FacilityRow]
    named: Named
    node_place: Callable[[int], dict[str, Any]]


def write_doc(writer: Writer, route: Route, before: list[StopDoc], start: dict[str, Any] | None = None) -> RouteDoc:
    """The document of one route; `before` are the stops carried over unchanged from the version before."""
    vehicle = next(v for v in writer.job.problem.vehicles if v.id == route.vehicle)
    stops = list(before)
    for stop in route.stops:
        doc = _facility_stop(writer, stop) if stop.kind == "facility" else _task_stop(writer, stop)
        doc["n"] = len(stops) + 1
        doc["legs"] = _legs(writer.streets, stop.arcs)
        doc["load_kg"] = stop.used[0]
        for key, seconds in (("arrive", stop.arrive_s), ("start", stop.start_s), ("depart", stop.depart_s)):
            doc[key] = iso(writer.job.zero + timedelta(seconds=seconds))
        stops.append(doc)
    return {
        "start": start or writer.node_place(vehicle.start),
        "stops": stops,
        "home": _legs(writer.streets, route.arcs_home),
        "end": writer.node_place(vehicle.end) if vehicle.end is not None else None,
        "kept": len(before),
    }


def _legs(streets: Streets, arcs: tuple[int, ...]) -> list[LegDoc]:
    return [[streets.arc_segment[arc][0], streets.arc_segment[arc][1]] for arc in arcs]


def _task_stop(writer: Writer, stop: Stop) -> StopDoc:
    ref = writer.job.refs[stop.ref]
    item = writer.items[ref.work_item]
    name, name_en, lon, lat = writer.named(ref.kind, ref.ref)
    doc: StopDoc = {
        "kind": ref.kind,
        "ref": ref.ref,
        "work_item": ref.work_item,
        "pass": ref.number,
        "name": name,
        "name_en": name_en,
        "lon": lon,
        "lat": lat,
        "quantity_kg": ref.quantity_kg,
        "priority": item.priority,
        "case": item.origin.partition(":")[2] if item.origin.startswith("case:") else "",
    }
    task = writer.tasks[stop.ref]
    if ref.kind == "segment":
        arc = task.modes[stop.mode].arc
        segment, forward = writer.streets.arc_segment[arc]
        doc["forward"] = forward
        doc["length_m"] = round(writer.streets.segments[segment].length_m)
        doc["rate_g_m2"] = int(item.detail.get("g_m2", 0))
    else:
        doc["at"] = list(writer.streets.node_lonlat[task.modes[stop.mode].tail])
    if writer.job.service == "beats":
        doc["area_m2"] = int(item.detail.get("area_m2", 0))
        doc["beat"] = str(item.detail.get("kind", ""))
        doc["node"] = item.node
    return doc


def _facility_stop(writer: Writer, stop: Stop) -> StopDoc:
    row = writer.facilities[stop.ref]
    return {
        "kind": "facility",
        "ref": row.id,
        "work_item": "",
        "pass": 1,
        "name": row.name,
        "name_en": row.name_en,
        "lon": row.lon,
        "lat": row.lat,
        "quantity_kg": 0,
        "priority": "",
        "case": "",
        "what": "unload" if row.kind == "transfer" else "load_salt",
    }
