"""Facilities in and out of service: which ones plans may call at, and which stands in for one that is out."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, select

from dispatch.routes import StopDoc
from models.tables.city import Facility, ResourceState


def usable_facilities(session: Session) -> list[Facility]:
    """All but those out of service, by id. Of a kind of which none is open all stay: a plan is still wanted then, and
    people see on the page of resources which routes count on it.
    """
    rows = list(session.exec(select(Facility).order_by(Facility.id)).all())
    out = facilities_out(session)
    open_kinds = {row.kind for row in rows if row.id not in out}
    return [row for row in rows if row.id not in out or row.kind not in open_kinds]


def facilities_out(session: Session) -> set[str]:
    """Facilities out of service now."""
    rows = session.exec(select(ResourceState).where(ResourceState.kind == "facility", ResourceState.status == "out"))
    return {row.ref for row in rows}


def stand_ins(session: Session) -> dict[str, Facility]:
    """For each facility that is out the nearest open one of its kind; none for one that is the last of its kind."""
    usable = usable_facilities(session)
    known = {row.id for row in usable}
    found = {}
    for ref in sorted(facilities_out(session) - known):
        row = session.get_one(Facility, ref)
        alike = [other for other in usable if other.kind == row.kind]
        found[ref] = min(alike, key=lambda other: ((other.lon - row.lon) ** 2 + (other.lat - row.lat) ** 2, other.id))
    return found


def sent_elsewhere(stop: StopDoc, others: dict[str, Facility]) -> StopDoc:
    """A call at a facility that is out, made at its stand-in; the way there is to be found. Other stops as they are."""
    row = others.get(stop["ref"]) if stop["kind"] == "facility" else None
    if row is None:
        return stop
    place: StopDoc = {**stop, "ref": row.id, "name": row.name, "name_en": row.name_en, "legs": []}
    return {**place, "lon": row.lon, "lat": row.lat}


def calls_at(stops: Sequence[StopDoc], ref: str) -> bool:
    """Whether one of these stops is a call at the facility."""
    return any(stop["kind"] == "facility" and stop["ref"] == ref for stop in stops)
