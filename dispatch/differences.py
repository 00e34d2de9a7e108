"""What changed between two stored versions of a plan: their routes as itineraries, and the words a change is told by.

A stop is known by its work item and run (`ITEM#2`), so that it is the same stop in every version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from dispatch.routes import StopDoc
from dispatch.versions import routes_of
from models.tables.plans import PlanVersion, Route
from models.tables.work import WorkItem
from models.times import parse_time
from routing.compare import Itinerary, PlanDifference, RouteDifference, compare_itineraries, first_difference

NAMES_TOLD = 5
"""Names of added stops kept with a change to be told."""
ID_CHUNK = 500


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """The difference of two versions, with the documents of their stops by key.

    `from_stop`: for each vehicle or crew, the first stop number on its sheet that differs, 0 where none does.
    """

    old: str
    new: str
    difference: PlanDifference
    before: dict[str, StopDoc]
    after: dict[str, StopDoc]
    from_stop: dict[str, int]


def stop_key(stop: StopDoc) -> str:
    """What a stop is known by in every version: its work item and run, as a task is; a facility by its place."""
    return f"{stop['work_item'] or stop['ref']}#{stop['pass']}"


def version_difference(session: Session, old: PlanVersion, new: PlanVersion) -> VersionDifference:
    """Hold two versions of one plan against each other. Costs only where both were made from one snapshot."""
    return routes_difference(session, old, new, routes_of(session, old.id), routes_of(session, new.id))


def routes_difference(
    session: Session, old: PlanVersion, new: PlanVersion, before: list[Route], after: list[Route]
) -> VersionDifference:
    """The same of versions with their routes at hand, stored or not."""
    was, now = ({stop_key(s): s for route in routes for s in _work(route)} for routes in (before, after))
    items = {stop["work_item"] for stop in (*was.values(), *now.values())}
    zero = min([route.start_at for route in (*before, *after)], default=old.created_at)
    by = new.created_at if new.based_on == old.version else None
    goes_on = {_who(route): bool(route.doc["home"] or route.doc["end"] is not None) for route in after}
    reader = _Reader(zero, _deadlines(session, sorted(items)))
    same_work = old.snapshot_hash == new.snapshot_hash
    found = compare_itineraries(
        [reader.itinerary(route, _started(route, by, goes_on.get(_who(route), False))) for route in before],
        [reader.itinerary(route, 0) for route in after],
        [row["task"] for row in old.unserved],
        old.cost if same_work else None,
        new.cost if same_work else None,
    )
    keys = [{_who(route): [stop_key(s) for s in route.doc["stops"]] for route in routes} for routes in (before, after)]
    first = {route.vehicle: first_difference(*(k.get(route.vehicle, []) for k in keys)) for route in found.routes}
    return VersionDifference(old.id, new.id, found, was, now, first)


def _who(route: Route) -> str:
    return route.vehicle or route.crew


def _work(route: Route) -> list[StopDoc]:
    return [stop for stop in route.doc["stops"] if stop["kind"] != "facility"]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Stored routes as itineraries. Terms are seconds: driving, serving (facilities too), waiting, late in all."""

    zero: datetime
    deadlines: dict[str, datetime]

    def itinerary(self, route: Route, started: int) -> Itinerary:
        driving = serving = waiting = late = timedelta()
        clock = route.start_at
        for stop in route.doc["stops"]:
            arrive, start, depart = (parse_time(stop[key]) for key in ("arrive", "start", "depart"))
            driving, waiting = driving + (arrive - clock), waiting + (start - arrive)
            serving += depart - start
            late += max(timedelta(), depart - self.deadlines.get(stop["work_item"], depart))
            clock = depart
        driving += max(timedelta(), route.end_at - clock)
        spent = {"driving_s": driving, "serving_s": serving, "waiting_s": waiting, "late_s": late}
        work = _work(route)
        return Itinerary(
            vehicle=_who(route),
            stops=tuple(stop_key(stop) for stop in work),
            start_s=int((route.start_at - self.zero).total_seconds()),
            end_s=int((route.end_at - self.zero).total_seconds()),
            distance_m=route.distance_m,
            terms={name: int(value.total_seconds()) for name, value in spent.items()},
            ways=tuple(stop.get("forward") for stop in work),
            started=started,
        )


def _started(route: Route, by: datetime | None, goes_on: bool) -> int:
    """Stops the truck has set out for by an instant; of one out of service, those it has finished."""
    if by is None:
        return 0
    count, free = 0, route.start_at
    for stop in route.doc["stops"]:
        depart = parse_time(stop["depart"])
        if (free if goes_on else depart) > by:
            break
        count, free = count + (stop["kind"] != "facility"), depart
    return count


def _deadlines(session: Session, ids: Sequence[str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for start in range(0, len(ids), ID_CHUNK):
        rows = session.exec(select(WorkItem).where(col(WorkItem.id).in_(ids[start : start + ID_CHUNK]))).all()
        found.update({row.id: row.deadline for row in rows if row.deadline is not None})
    return found


def difference_doc(found: VersionDifference) -> dict[str, Any]:
    """The difference as plain data: each vehicle or crew that changed, and each stop that is elsewhere."""
    value = found.difference
    return {
        "old": found.old,
        "new": found.new,
        "changes": [_change(found, route) for route in value.changed],
        "stops": list(_stops(found)),
        "started_changed": len(value.started_changed),
        "added_s": value.added_s,
        "added_m": value.added_m,
        "cost_before": value.cost_before,
        "cost_after": value.cost_after,
    }


def _change(found: VersionDifference, route: RouteDifference) -> dict[str, Any]:
    names = [found.after[key]["name"] for key in route.came] or [found.before[key]["name"] for key in route.went]
    return {
        "who": route.vehicle,
        "state": route.state,
        "stops_before": route.stops_before,
        "stops_after": route.stops_after,
        "added": len(route.came),
        "dropped": len(route.went),
        "reordered": len(route.reordered),
        "turned": len(route.turned),
        "from_stop": found.from_stop[route.vehicle],
        "start_moved_s": route.start_moved_s,
        "added_s": route.added_s,
        "added_m": route.added_m,
        "before": dict(route.terms_before),
        "after": dict(route.terms_after),
        "names": list(dict.fromkeys(names))[:NAMES_TOLD],
    }


def _stops(found: VersionDifference) -> Iterator[dict[str, Any]]:
    """Every stop that is not where it was, with what happened to it."""
    value = found.difference
    moved = {entry.stop: entry for entry in value.moved}
    before = {stop: route.vehicle for route in value.routes for stop in route.went}
    after = {stop: route.vehicle for route in value.routes for stop in (*route.came, *route.reordered, *route.turned)}
    kinds = {
        "moved": tuple(moved),
        "reordered": value.reordered,
        "turned": tuple(stop for stop in value.turned if stop not in value.reordered),
        "added": value.added,
        "newly_served": value.newly_served,
        "dropped": value.dropped,
    }
    for what, keys in kinds.items():
        for key in keys:
            old, new = found.before.get(key), found.after.get(key)
            shown = new or old
            assert shown is not None
            yield {
                "what": what,
                "work_item": shown["work_item"],
                "run": shown["pass"],
                "kind": shown["kind"],
                "ref": shown["ref"],
                "name": shown["name"],
                "name_en": shown["name_en"],
                "lon": shown["lon"],
                "lat": shown["lat"],
                "from_": (before.get(key) or after.get(key, "")) if old is not None else "",
                "from_stop": old["n"] if old is not None else 0,
                "to": after.get(key, "") if new is not None else "",
                "to_stop": new["n"] if new is not None else 0,
            }


def difference(old: Route, new: Route) -> dict[str, Any]:
    """What a crew is told of its route: stops added and dropped, facilities too, and the first number that differs."""
    before, after = ([stop_key(stop) for stop in route.doc["stops"]] for route in (old, new))
    gone, come = set(before) - set(after), set(after) - set(before)
    names = [stop["name"] for stop in new.doc["stops"] if stop_key(stop) in come]
    return {
        "from_route": old.id,
        "added": len(come),
        "dropped": len(gone),
        "from_stop": first_difference(before, after) or len(before) + 1,
        "names": names[:NAMES_TOLD],
    }
