"""Functions behind `plan explain`: why a version looks as it does, worked out from its stored problem and plan."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from sqlmodel import Session

from dispatch.differences import stop_key
from dispatch.versions import routes_of
from models.errors import Refused
from models.tables.plans import PlanVersion, Snapshot
from routing.codec import plan_from_json, problem_from_json
from routing.explain import Change, Explanation, explain_unserved
from routing.explain_route import explain_route, price_of_fairness
from routing.plan import Plan
from routing.problem import Problem
from sweepline.plans import find_version
from sweepline.running import open_system

FAIRNESS_ITERATIONS = 5_000
"""Steps of search a point of the fairness curve."""
WAYS_SAID = 3
"""Relaxations a task that are written out; `--json` has all."""


def explain_command(data: Path, name: str, task: str, vehicle: str, fairness: bool, as_json: bool) -> int:
    """Order notes, objective terms, engines tried, each task left out; or one task, one route, the fairness curve."""
    system = open_system(data)
    try:
        with system.database.read() as session:
            version = find_version(session, name)
            problem, plan = _stored(session, version)
            names = _names(session, version)
    finally:
        system.close()
    if task and not any(task in (row["task"], row["work_item"], row["ref"]) for row in version.unserved):
        raise Refused("usage", f"{version.id}: {task} is none of its unserved tasks; leave --task out to see them all")
    if vehicle and vehicle not in {route.vehicle for route in plan.routes}:
        raise Refused("usage", f"{version.id}: no route of {vehicle}; `sweepline plan show` lists them")
    body: dict[str, Any] = {"id": version.id}
    if vehicle:
        body["route"] = _route(problem, plan, vehicle, names)
    elif fairness:
        body["fairness"] = _fairness(problem, plan)
    else:
        body |= _version(version) if not task else {}
        body["unserved"] = _unserved(version, problem, plan, task)
    if as_json:
        print(json.dumps(body, ensure_ascii=False))
        return 0
    for line in _lines(body, version):
        print(line)
    return 0


def _stored(session: Session, version: PlanVersion) -> tuple[Problem, Plan]:
    snapshot = session.get(Snapshot, version.id)
    if snapshot is None:
        raise Refused("no_snapshot", f"{version.id} has no stored problem any more: make a new version")
    problem = problem_from_json(json.loads(zlib.decompress(snapshot.problem)))
    return problem, plan_from_json(json.loads(zlib.decompress(snapshot.plan)))


def _names(session: Session, version: PlanVersion) -> dict[str, str]:
    """Task id -> name of its place."""
    routes = routes_of(session, version.id)
    return {stop_key(stop): stop["name"] or stop["ref"] for route in routes for stop in route.doc["stops"]}


def _version(version: PlanVersion) -> dict[str, Any]:
    return {
        "reason": version.reason,
        "notes": version.notes,
        "objective": version.verdict.get("terms", {}),
        "engines": version.attempts,
        "violations": version.verdict.get("violations", []),
        "around": version.verdict.get("around", []),
    }


def _unserved(version: PlanVersion, problem: Problem, plan: Plan, task: str) -> list[dict[str, Any]]:
    """The version's unserved rows, with what binds and what would help where its problem holds the task."""
    from routing.engines.tickets import Tickets

    rows = [row for row in version.unserved if not task or task in (row["task"], row["work_item"], row["ref"])]
    found: dict[str, Explanation] = {}
    if rows:
        wanted = {row["task"] for row in rows}
        found = {entry.task: entry for entry in explain_unserved(problem, plan, Tickets(problem), wanted)}
    empty = {"binds": [], "together": False, "relaxations": []}
    return [{**(found[r["task"]].to_json() if r["task"] in found else empty), **r} for r in rows]


def _route(problem: Problem, plan: Plan, vehicle: str, names: dict[str, str]) -> list[dict[str, Any]]:
    from routing.engines.assemble import finder_for
    from routing.engines.places import search_places

    finder = finder_for(problem)
    reasons = explain_route(problem, plan, vehicle, lambda p, whole, name: search_places(p, finder, whole, name))
    return [{**entry.to_json(), "name": names.get(entry.task, "")} for entry in reasons]


def _fairness(problem: Problem, plan: Plan) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from routing.engines.base import Budget
    from routing.engines.registry import solve

    def made(one: Problem) -> Plan:
        return solve(one, "auto", Budget(iterations=FAIRNESS_ITERATIONS), plan.seed)[0]

    return [asdict(point) for point in price_of_fairness(problem, plan, made)]


def _lines(body: dict[str, Any], version: PlanVersion) -> list[str]:
    if "route" in body:
        return [_stop_line(entry) for entry in body["route"]] or ["nothing on this route may be moved"]
    if "fairness" in body:
        return [
            f"longest route at most {_minutes(point['limit_s'])}: it lasts {_minutes(point['longest_s'])}, "
            f"cost {point['cost']}, {point['unserved']} unserved"
            for point in body["fairness"]
        ]
    lines = []
    if "objective" in body:
        lines.append(f"{version.id}: asked for by {version.reason}, made by {version.engine}, seed {version.seed}")
        lines.append("objective: " + ", ".join(f"{k} {v}" for k, v in body["objective"].items()))
        lines += [
            f"tried {e['engine']}: cost {e['cost']} in {e['seconds']:.1f} s {e['note']}".rstrip()
            for e in version.attempts
        ]
    lines += [f"planned around: {line}" for line in body.get("around", [])]
    for row in body["unserved"]:
        lines += _unserved_lines(row)
    return lines if version.unserved else [*lines, "everything asked for is on a route"]


def _unserved_lines(row: dict[str, Any]) -> list[str]:
    binds = (" and " if row["together"] else " or ").join(row["binds"])
    text = f"not served: {row['ref'] or row['task']}: {row['reason']}"
    lines = [f"{text}; bound by {binds}{' together' if row['together'] else ''}" if binds else text]
    for way in row["relaxations"][:WAYS_SAID]:
        words = " and ".join(_change_text(Change(**change)) for change in way["changes"])
        lines.append(f"  {words}: {way['vehicle']} serves it for {way['added_cost']:+d} cost")
    return lines


def _change_text(change: Change) -> str:
    """A relaxation in words."""
    return {
        "capacity": f"{change.on} holds {change.amount} {change.what} more",
        "time": f"shift of {change.on} longer by {_minutes(change.amount)}",
        "window": f"begun {_minutes(change.amount)} after its window",
        "skill": f"{change.on} can do {change.what}",
        "vehicle": f"one more vehicle like {change.on}",
        "prize": f"worth {change.amount} more",
    }[change.kind]


def _stop_line(entry: dict[str, Any]) -> str:
    parts = [f"{entry['stop']:>3} {entry['name'] or entry['task']}: costs {entry['cost']}"]
    for key, words in (("in_route", "next best as stop"), ("elsewhere", "or with")):
        place, more = entry[key], entry[f"{key}_more"]
        if place is not None:
            who = f"{place['vehicle']} as stop " if key == "elsewhere" else ""
            parts.append(f"{words} {who}{place['stop']} ({more:+d})")
    if entry["rule"]:
        better = entry["better"]
        parts.append(f"not as stop {better['stop']} of {better['vehicle']} because of {entry['rule']}")
    return ", ".join(parts)


def _minutes(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{-(-seconds // 60)} min"
