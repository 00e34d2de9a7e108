"""Functions behind `plan ...`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from sqlmodel import Session, col, select

from dispatch.pinning import PinWish
from dispatch.slots import facility_slots
from dispatch.versions import latest_version, routes_of
from models.errors import Refused
from models.tables.plans import Approval, Plan, PlanVersion, Route
from models.times import iso, parse_time
from printouts.messages import note_words
from sweepline.compose import System
from sweepline.printing import counted
from sweepline.replanning import pin
from sweepline.running import open_system, run_until_idle, stored_already

KM = 1000
NUMBERS = ("tasks", "left", "stops", "km", "kg")


def find_version(session: Session, name: str) -> PlanVersion:
    """PLAN@VERSION, or PLAN's newest version. Raises Refused when unknown."""
    version = session.get(PlanVersion, name) if "@" in name else latest_version(session, name)
    if version is None:
        raise Refused("unknown_plan", f"plan {name} is not known; list them with `sweepline plan list`")
    return version


def _row(version: PlanVersion, plan: Plan) -> dict[str, Any]:
    return {
        "id": version.id,
        "service": plan.service,
        "district": plan.district,
        "status": version.state,
        "feasible": version.feasible,
        "engine": version.engine,
        "tasks": version.tasks,
        "unserved": len(version.unserved),
        "distance_m": version.distance_m,
        "salt_kg": version.salt_kg,
        "waste_kg": version.waste_kg,
        "start_at": iso(plan.start_at),
        "created_at": iso(version.created_at),
        "reason": version.reason,
    }


def list_command(data: Path, as_json: bool) -> int:
    """All versions, newest first."""
    system = open_system(data)
    try:
        with system.database.read() as session:
            pairs = session.exec(
                select(PlanVersion, Plan)
                .join(Plan, col(Plan.code) == col(PlanVersion.plan))
                .order_by(col(PlanVersion.created_at).desc(), PlanVersion.id)
            ).all()
            rows = [_row(version, plan) for version, plan in pairs]
    finally:
        system.close()
    if as_json:
        print(json.dumps({"plans": rows}, ensure_ascii=False))
        return 0
    if not rows:
        print("no plans yet: they come from alerts, levels and complaints, or from `sweepline plan make`")
        return 0
    table = Table(box=None, pad_edge=False)
    for title in ("plan", "status", "check", "tasks", "left", "km", "kg", "asked for by"):
        table.add_column(title, no_wrap=title != "asked for by", justify="right" if title in NUMBERS else "left")
    for row in rows:
        table.add_row(
            row["id"],
            row["status"],
            "ok" if row["feasible"] else "FAILED",
            str(row["tasks"]),
            str(row["unserved"]),
            f"{row['distance_m'] / KM:.1f}",
            str(row["salt_kg"] or row["waste_kg"] or ""),
            row["reason"],
        )
    Console().print(table)
    return 0


def show_command(data: Path, name: str, as_json: bool) -> int:
    """One version with its routes."""
    system = open_system(data)
    try:
        with system.database.read() as session:
            version = find_version(session, name)
            plan = session.get(Plan, version.plan)
            assert plan is not None
            approval = session.get(Approval, version.id)
            routes = [_route_row(route) for route in routes_of(session, version.id)]
            zone = ZoneInfo(system.context.zone)
            work = [
                {
                    "work_item": stop["work_item"],
                    "ref": stop["ref"],
                    "name": stop["name"],
                    "by": row.vehicle or row.crew,
                }
                for row in routes_of(session, version.id)
                for stop in row.doc["stops"]
                if stop["work_item"]
            ]
            body = {
                **_row(version, plan),
                "verdict": version.verdict,
                "notes": version.notes,
                "approved_by": approval.actor if approval is not None else "",
                "routes": routes,
                "unserved_tasks": version.unserved,
                "facilities": facility_slots(session, routes_of(session, version.id)),
                "work": work,
            }
    finally:
        system.close()
    if as_json:
        print(json.dumps(body, ensure_ascii=False))
        return 0
    print(
        f"{body['id']}  {body['service']}  {body['status']}  {'feasible' if body['feasible'] else 'FAILED its check'}"
    )
    print(f"{body['tasks']} tasks, {body['unserved']} unserved, {body['distance_m'] / KM:.1f} km, by {body['engine']}")
    if body["approved_by"]:
        print(f"approved by {body['approved_by']}")
    for note in body["notes"]:
        print(f"note: {note_text(note, zone)}")
    table = Table(box=None, pad_edge=False)
    for title in ("vehicle", "crew", "start", "end", "stops", "km", "kg"):
        table.add_column(title, no_wrap=True, justify="right" if title in NUMBERS else "left")
    for row in routes:
        kg = row["salt_kg"] or row["waste_kg"] or ""
        times = [f"{parse_time(row[key]).astimezone(zone):%d %b %H:%M}" for key in ("start_at", "end_at")]
        table.add_row(row["vehicle"], row["crew"], *times, str(row["stops"]), str(row["km"]), str(kg))
    Console().print(table)
    for place in body["facilities"]:
        print(slots_text(place, zone))
    return 0


def slots_text(place: dict[str, Any], zone: ZoneInfo) -> str:
    """A facility's slots in one line: who comes when, and who waits."""
    slots = ", ".join(
        f"{parse_time(slot['start']).astimezone(zone):%H:%M} {slot['vehicle']}"
        + (f" (waits {round(slot['waited_s'] / 60)} min)" if slot["waited_s"] else "")
        for slot in place["slots"]
    )
    waits = f"{round(place['waited_s'] / 60)} min waited, at most {place['longest_queue']} in line"
    return f"{place['name'] or place['facility']}, {counted(place['bays'], 'bay')}, {waits}: {slots}"


def _route_row(route: Route) -> dict[str, Any]:
    return {
        "id": route.id,
        "vehicle": route.vehicle,
        "crew": route.crew,
        "start_at": iso(route.start_at),
        "end_at": iso(route.end_at),
        "stops": route.stops,
        "km": round(route.distance_m / KM, 1),
        "salt_kg": route.salt_kg,
        "waste_kg": route.waste_kg,
    }


def approve_command(data: Path, name: str, actor: str, clock: str, as_json: bool) -> int:
    """Approve one version; Stale (exit 1) when it has been overtaken."""
    system = open_system(data, clock or None)
    try:
        version = system.approve(name, actor)
        with stored_already():
            run_until_idle(system)
        sheets = _sheets_of(system, version.id)
    finally:
        system.close()
    if as_json:
        print(json.dumps({"plan_version": version.id, "actor": actor, "sheets": sheets}, ensure_ascii=False))
    else:
        print(f"{version.id} approved by {actor}; {counted(len(sheets), 'sheet')} in {data / 'sheets'}")
    return 0


def _sheets_of(system: System, version_id: str) -> list[str]:
    from models.tables.plans import Sheet

    with system.database.read() as session:
        hashes = [route.route_hash for route in routes_of(session, version_id)]
        rows = session.exec(select(Sheet).where(col(Sheet.route_hash).in_(hashes)).order_by(Sheet.path)).all()
        return [row.path for row in rows]


def note_text(note: dict[str, Any], zone: ZoneInfo) -> str:
    """A note as the sheets say it, in English where there are English words."""
    chinese, english = note_words(note, zone)
    return english or chinese


def pin_command(
    data: Path, plan: str, work_item: str, vehicle: str, exclude: bool, remove: bool, actor: str, clock: str
) -> int:
    """Set or remove a pin; the next version made of the plan keeps to it."""
    if sum((bool(vehicle), exclude, remove)) != 1:
        raise Refused("usage", "plan pin: give one of --vehicle V, --exclude, --remove")
    system = open_system(data, clock or None)
    try:
        done = pin(system, PinWish(plan, work_item, vehicle, exclude, remove), actor)
    finally:
        system.close()
    words = "pin removed" if remove else "left out" if exclude else f"pinned to {vehicle}"
    print(
        f"{work_item} {words}; `sweepline plan make {plan}` makes a version that keeps to it"
        if done
        else "no pin there"
    )
    return 0
