"""The new version of a running plan: unchanged routes as they were, changed ones anew behind their kept stops."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dispatch.insertion import InsertJob
from dispatch.remaining import Remaining, who_of
from dispatch.route_docs import write_doc
from dispatch.routes import RouteDoc
from dispatch.versions import SolvedRoute
from models.times import parse_time
from routing import plan as routing_plan
from routing.compare import compare


@dataclass(frozen=True, slots=True)
class Inserted:
    """Routes of the new version, and what the insertion cost the others."""

    routes: list[SolvedRoute]
    added_s: int
    moved_stops: int


def inserted_routes(insert: InsertJob, plan: routing_plan.Plan) -> Inserted:
    """Documents of the new version: unchanged routes as they were, changed ones anew behind their kept stops."""
    solved = {route.vehicle: route for route in plan.routes}
    base = {route.vehicle: route for route in insert.base.routes}
    routes: list[SolvedRoute] = []
    added = 0
    for entry in insert.remaining:
        who, old = who_of(entry.route), entry.route
        new = solved.get(who)
        if entry.lost:
            routes.append(_cut_short(insert, entry))
        elif new is None or (_same(new, base[who]) and _refs(base[who]) == _refs_left(insert, entry)):
            routes.append(SolvedRoute(who, old.doc, old.start_at, old.end_at, old.distance_m))
        elif entry.kept or new.stops:
            doc = write_doc(insert.writer, new, entry.kept, old.doc["start"])
            if entry.at_home and new.stops:
                doc["stops"][len(entry.kept)]["legs"] = [*old.doc["home"], *doc["stops"][len(entry.kept)]["legs"]]
            doc["end"] = old.doc["end"] or doc["end"]
            end_at = insert.job.zero + timedelta(seconds=new.end_s)
            added += max(0, int((end_at - old.end_at).total_seconds()))
            routes.append(SolvedRoute(who, doc, old.start_at, end_at, _length(insert, doc)))
    known = {who_of(entry.route) for entry in insert.remaining}
    for fresh in plan.routes:
        if fresh.vehicle not in known and fresh.stops:
            routes.append(_called_out(insert, fresh))
            added += fresh.end_s - fresh.start_s
    found = compare(insert.job.problem, insert.base, plan)
    moved = len(found.moved) + len(found.reordered) + len(found.turned) + insert.pinned_away
    return Inserted(routes, added, moved)


def _refs(route: routing_plan.Route) -> list[str]:
    return [stop.ref for stop in route.stops]


def _same(new: routing_plan.Route, old: routing_plan.Route) -> bool:
    """Whether a route has the same stops by the same ways."""
    ways = [[(stop.ref, stop.mode, stop.arcs) for stop in route.stops] for route in (new, old)]
    return ways[0] == ways[1] and new.arcs_home == old.arcs_home


def _called_out(insert: InsertJob, route: routing_plan.Route) -> SolvedRoute:
    """A route of a vehicle that had none in this plan."""
    doc = write_doc(insert.writer, route, [])
    zero = insert.job.zero
    times = (zero + timedelta(seconds=route.start_s), zero + timedelta(seconds=route.end_s))
    return SolvedRoute(route.vehicle, doc, *times, _length(insert, doc))


def _refs_left(insert: InsertJob, entry: Remaining) -> list[str]:
    """The refs left on a route as stored; differs from the base when a wanted item was taken out of it."""
    stored = entry.route.doc["stops"][len(entry.kept) :]
    task_of = {(ref.work_item, ref.number): id_ for id_, ref in insert.job.refs.items()}
    return [s["ref"] if s["kind"] == "facility" else task_of.get((s["work_item"], int(s["pass"])), "") for s in stored]


def _cut_short(insert: InsertJob, entry: Remaining) -> SolvedRoute:
    """The lost vehicle's route: what it had done."""
    old = entry.route
    doc: RouteDoc = {**old.doc, "stops": entry.kept, "home": [], "end": None, "kept": len(entry.kept)}
    end_at = parse_time(entry.kept[-1]["depart"]) if entry.kept else old.start_at
    return SolvedRoute(who_of(old), doc, old.start_at, end_at, _length(insert, doc))


def _length(insert: InsertJob, doc: RouteDoc) -> int:
    """Metres of a route; kept stops may have been driven over streets that are closed now."""
    streets, closed_m = insert.writer.streets.segments, insert.closed_m
    legs = [leg for stop in doc["stops"] for leg in stop["legs"]] + list(doc["home"])
    driven = sum(streets[segment].length_m if segment in streets else closed_m[segment] for segment, _ in legs)
    return int(driven + sum(s["length_m"] for s in doc["stops"] if s["kind"] == "segment"))
