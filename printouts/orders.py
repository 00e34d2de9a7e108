"""The order of a plan: one list for whoever sends the crews out, and each facility's slots for who stands there."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from dispatch.slots import facility_slots
from models.errors import Refused
from models.ids import sheet_code
from models.tables.city import Crew, District, Vehicle, Worker
from models.tables.plans import Plan, PlanVersion, Route
from models.times import parse_time, to_micros
from printouts import messages
from printouts.data import NOTES_LIMIT, SheetSource, pair, quantity_of
from printouts.text import name_of
from printouts.values import EMPTY, OrderData, OrderRow, PlaceSlots, SlotRow

TIMES = ("arrive", "start", "depart")
SLOTS_LIMIT = 500
"""Visits of one facility that are written out; a plan of one shift has far fewer."""


def order_data(session: Session, version_id: str, routes: list[Route], source: SheetSource | None = None) -> OrderData:
    """Everything the order of a version says. `routes` are its routes in depot order. Raises Refused when unknown."""
    version = session.get(PlanVersion, version_id)
    plan = session.get(Plan, version.plan) if version is not None else None
    if version is None or plan is None:
        raise Refused("unknown_plan", f"plan {name_of(version_id)} is not known")
    source = source or SheetSource(session)
    zone = source.zone
    first = min([route.start_at for route in routes], default=plan.start_at).astimezone(zone)
    district = session.get(District, plan.district)
    rows = tuple(_row(session, plan.service, route, source) for route in routes)
    plates = {row.vehicle: row.plate for row in rows}
    return OrderData(
        plan=name_of(plan.code),
        version=version.version,
        title=messages.words_of(messages.ORDERS, plan.service),
        city=pair(source.city.name, source.city.name_en),
        district=pair(district.name, district.name_en) if district is not None else (name_of(plan.district), ""),
        day=f"{first:%Y-%m-%d}",
        weekday=messages.weekday_words(first.date()),
        start=min((row.start for row in rows), default=""),
        end=messages.clock(max([route.end_at for route in routes], default=plan.end_at), zone, first.date()),
        notes=tuple(messages.note_words(note, zone) for note in version.notes[:NOTES_LIMIT]),
        quantity=quantity_of(plan.service, 0, 0)[1],
        left_out=len(version.unserved),
        rows=rows,
        places=tuple(_place(place, plates, source) for place in facility_slots(session, routes)),
        created=to_micros(version.created_at) // 1_000_000,
    )


def _row(session: Session, service: str, route: Route, source: SheetSource) -> OrderRow:
    vehicle = session.get(Vehicle, route.vehicle) if route.vehicle else None
    crew = session.get(Crew, route.crew) if route.crew else None
    driver = session.get(Worker, route.driver) if route.driver else None
    day = route.start_at.astimezone(source.zone).date()
    return OrderRow(
        seq=route.seq,
        vehicle=name_of(route.vehicle or route.crew),
        plate=name_of(vehicle.plate) if vehicle is not None else "",
        kind=messages.words_of(messages.VEHICLES, vehicle.kind if vehicle is not None else ""),
        driver=name_of(driver.name) if driver is not None else "",
        phone=name_of(driver.phone) if driver is not None else "",
        crew=pair(crew.name, crew.name_en) if crew is not None else EMPTY,
        start=messages.clock(route.start_at, source.zone, day),
        end=messages.clock(route.end_at, source.zone, day),
        stops=route.stops,
        distance_m=route.distance_m,
        quantity_kg=quantity_of(service, route.salt_kg, route.waste_kg)[0],
        code=sheet_code(route.route_hash),
    )


def _place(place: dict[str, Any], plates: dict[str, str], source: SheetSource) -> PlaceSlots:
    slots = place["slots"][:SLOTS_LIMIT]
    first = parse_time(slots[0]["arrive"]).astimezone(source.zone).date() if slots else None
    rows = []
    for slot in slots:
        assert first is not None
        arrive, start, depart = (messages.clock(parse_time(slot[k]), source.zone, first) for k in TIMES)
        vehicle = name_of(slot["vehicle"])
        rows.append(SlotRow(vehicle, plates.get(vehicle, ""), arrive, start, depart, round(slot["waited_s"] / 60)))
    return PlaceSlots(
        name=pair(place["name"] or place["facility"], place["name_en"]),
        kind=messages.words_of(messages.FACILITIES, source.facilities.get(place["facility"], "")),
        bays=place["bays"],
        longest_queue=place["longest_queue"],
        waited_min=round(place["waited_s"] / 60),
        rows=tuple(rows),
    )
