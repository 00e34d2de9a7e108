"""A running plan cut at now: what each vehicle has set out for stays as it is, the rest may be planned again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from dispatch.jobs import plan_resources
from dispatch.problems import Resource, seconds_from, vehicle_capacity
from dispatch.routes import LegDoc, StopDoc
from dispatch.streets import Streets
from models.tables.city import ResourceState, Vehicle
from models.tables.plans import Plan, Route
from models.times import parse_time


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of one route under way: stops kept as they are, stops that may be planned again.

    `at_home`: the truck has done all its stops, whatever comes now starts at its depot.
    """

    route: Route
    kept: list[StopDoc]
    left: list[StopDoc]
    lost: bool
    at_home: bool = False


def who_of(route: Route) -> str:
    """The vehicle of a route, or its crew on foot."""
    return route.vehicle or route.crew


def lost_since(session: Session, now: datetime, vehicle: str) -> dict[str, datetime]:
    """Vehicles and crews out of service, and since when; `vehicle` at the latest now."""
    rows = session.exec(
        select(ResourceState).where(
            ResourceState.status == "out", col(ResourceState.kind).in_(("vehicle", "crew")), ResourceState.since <= now
        )
    ).all()
    found = {row.ref: row.since for row in rows}
    return {**({vehicle: now} if vehicle else {}), **found}


def cut_route(route: Route, now: datetime, lead: timedelta, lost_at: datetime | None) -> Remaining:
    """Cut a route at now: a stop the truck has set out for (or will within the lead) is kept."""
    stops = route.doc["stops"]
    if lost_at is not None:
        kept = [stop for stop in stops if parse_time(stop["depart"]) <= lost_at]
        return Remaining(route, kept, stops[len(kept) :], True)
    count, free = 0, route.start_at
    while count < len(stops) and free <= now + lead:
        free = parse_time(stops[count]["depart"])
        count += 1
    at_home = 0 < count == len(stops) and free <= now
    return Remaining(route, stops[:count], stops[count:], False, at_home)


def resource_of(session: Session, entry: Remaining, plan: Plan, streets: Streets, now: datetime) -> Resource:
    """Where and when the vehicle is free after its kept stops, and what it then carries."""
    route, doc = entry.route, entry.route.doc
    vehicle = session.get(Vehicle, route.vehicle) if route.vehicle else None
    capacity = vehicle_capacity(vehicle, plan.service) if vehicle is not None else 1
    skills = frozenset(vehicle.skills) if vehicle is not None else frozenset({"beats"})
    home = _place_node(doc["end"] or doc["start"], streets)
    start, free, used = _place_node(doc["start"], streets), route.start_at, 0
    if entry.kept:
        last = entry.kept[-1]
        start, free, used = stop_node(last, streets), parse_time(last["depart"]), int(last["load_kg"])
        if entry.at_home:
            start, free, used = home, max(route.end_at, now), 0
    until = max(seconds_from(now, plan.end_at, 0), seconds_from(now, route.end_at, 0))
    return Resource(who_of(route), start, home, capacity, used, seconds_from(now, free, 0), until, skills)


def idle_resources(
    session: Session, plan: Plan, streets: Streets, now: datetime, lead: timedelta, busy: set[str]
) -> list[Resource]:
    """Vehicles of the district that have no route in this plan: ready at their depot after the lead."""
    shift = seconds_from(plan.start_at, now + lead, 0)
    ahead = seconds_from(now, plan.start_at, 0)
    found = []
    for entry in plan_resources(session, plan, streets):
        first = max(entry.free_from_s, shift) - shift + max(ahead, int(lead.total_seconds()))
        last = entry.free_to_s - seconds_from(plan.start_at, now, 0) + ahead
        if entry.id not in busy and last > first:
            found.append(replace(entry, free_from_s=first, free_to_s=last))
    return found


def _place_node(place: dict[str, object], streets: Streets) -> int:
    return _nearest_node(streets, float(str(place["lon"])), float(str(place["lat"])))


def _nearest_node(streets: Streets, lon: float, lat: float) -> int:
    points = streets.node_lonlat
    return min(range(len(points)), key=lambda i: (points[i][0] - lon) ** 2 + (points[i][1] - lat) ** 2)


def stop_node(stop: StopDoc, streets: Streets) -> int:
    """Where a truck stands after a stop; near it where its street is closed now."""
    if stop["kind"] == "segment" and stop["ref"] in streets.arcs_of:
        return int(streets.network.head[streets.arcs_of[stop["ref"]][bool(stop["forward"])]])
    lon, lat = stop.get("at") or (stop["lon"], stop["lat"])
    return _nearest_node(streets, lon, lat)


def arcs_of_legs(legs: list[LegDoc], streets: Streets) -> tuple[int, ...]:
    """Legs as arcs; none where one of their streets is closed now: another way must be found."""
    if any(bool(forward) not in streets.arcs_of.get(segment, {}) for segment, forward in legs):
        return ()
    return tuple(streets.arcs_of[segment][bool(forward)] for segment, forward in legs)
