"""The visits of a version to each facility: who comes when, for how long, and who waits for a bay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from models.tables.city import Facility
from models.tables.plans import Route
from models.times import iso, parse_time
from routing.queues import Slot, forecast_of


def facility_slots(session: Session, routes: Sequence[Route]) -> list[dict[str, Any]]:
    """Plain data for each facility the routes visit, by id: its bays, slots in order, longest queue, seconds waited."""
    visits: dict[str, list[Slot]] = {}
    zero = min([route.start_at for route in routes], default=None)
    for route in routes:
        for stop in route.doc["stops"]:
            if stop["kind"] == "facility" and zero is not None:
                arrive, start, depart = (_seconds(zero, stop[key]) for key in ("arrive", "start", "depart"))
                slot = Slot(route.vehicle or route.crew, stop["n"], arrive, start, depart, max(0, start - arrive))
                visits.setdefault(stop["ref"], []).append(slot)
    found = []
    for row in session.exec(select(Facility).order_by(Facility.id)).all():
        if row.id not in visits or zero is None:
            continue
        forecast = forecast_of(row.id, row.bays, visits[row.id])
        found.append(
            {
                "facility": row.id,
                "name": row.name,
                "name_en": row.name_en,
                "bays": row.bays,
                "longest_queue": forecast.longest_queue,
                "waited_s": forecast.waited_s,
                "slots": [
                    {
                        "vehicle": slot.vehicle,
                        "stop": slot.stop,
                        "arrive": iso(zero + timedelta(seconds=slot.arrive_s)),
                        "start": iso(zero + timedelta(seconds=slot.start_s)),
                        "depart": iso(zero + timedelta(seconds=slot.depart_s)),
                        "waited_s": slot.waited_s,
                    }
                    for slot in forecast.slots
                ],
            }
        )
    return found


def _seconds(zero: datetime, at: str) -> int:
    return int((parse_time(at) - zero).total_seconds())
