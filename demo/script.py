"""The storm's script: what comes from outside, when, and as which bytes. A pure function of seed and city.

18 December 2023, 00:00, to the end of the 19th, local time. What depends on what crews do (a station's level after it
was emptied, which truck breaks down) is asked of the script when it is needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from demo.complaints import Spot, complaints
from demo.filling import Filling, make_filling
from demo.storm import BOMB, REPEATED_H, UPDATED_H, WARNED_H, alert_xml, readings
from models.errors import Refused
from models.events.base import Event
from models.tables.city import City, Segment, Station, Vehicle
from models.times import at_local, iso

FIRST_DAY = date(2023, 12, 18)
DAYS = 2
BREAKDOWN_H = 23.5
BOMB_H = 17.25
BREAKDOWN_REASON = "发动机故障 engine failure"

Kind = Literal["send", "breakdown"]
Line = tuple[datetime, dict[str, object]]


@dataclass(frozen=True, slots=True)
class ScriptEvent:
    """One thing that happens. `send`: these bytes arrive `via` file or http. `breakdown`: a ploughing truck fails."""

    at: datetime
    kind: Kind
    name: str
    body: bytes = b""
    content_type: str = ""
    via: Literal["file", "http"] = "http"


@dataclass(frozen=True, slots=True)
class ScriptCity:
    """What the script needs of the city."""

    code: str
    name: str
    zone: str
    spots: tuple[Spot, ...]
    stations: tuple[str, ...]
    vehicles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StormScript:
    """`events` by time, each in a second of its own, until `end`. Levels and the breakdown on request."""

    start: datetime
    end: datetime
    events: tuple[ScriptEvent, ...]
    filling: Filling

    def level_at(self, station: str, at: datetime, last_cleared_at: datetime | None) -> float:
        """How full a station is, in per cent."""
        return self.filling.level_at(station, at, last_cleared_at)

    def levels(self, t0: datetime, t1: datetime, cleared: Mapping[str, datetime]) -> list[Event]:
        """Level reports in (t0, t1]; `cleared` says when each station was last emptied."""
        return self.filling.reports(t0, t1, cleared)

    @staticmethod
    def breakdown(vehicle: str, at: datetime) -> Event:
        """The `resource.status` event of the truck that failed."""
        since = iso(at)
        return Event(
            source="resources",
            id=f"vehicle:{vehicle}@{since}:out",
            type="resource.status",
            key=f"vehicle:{vehicle}",
            occurred_at=at,
            received_at=at,
            data={
                "kind": "vehicle",
                "ref": vehicle,
                "status": "out",
                "since": since,
                "until": None,
                "reason": BREAKDOWN_REASON,
            },
        )


def storm_script(seed: int, city: ScriptCity, day: date = FIRST_DAY) -> StormScript:
    """The script of a seed for a city, from local midnight of `day` on."""
    start = at_local(day, time(0), city.zone)
    end = at_local(day + timedelta(days=DAYS), time(0), city.zone)
    found = [*_alerts(city, day), ScriptEvent(_at(start, BREAKDOWN_H), "breakdown", "breakdown")]
    found.append(_file(_at(start, BOMB_H), "hostile", BOMB, "application/xml"))
    bad = _bad_lines(city, start)
    found += [_line(f"bad-{n}", at, body) for n, (at, body) in enumerate(bad, start=1)]
    for at, body in readings(Random(f"{seed}:readings"), start, end):
        found.append(_line(f"reading-{body['device']}", at, {**body, "observed_at": iso(at)}))
    for at, body in complaints(Random(f"{seed}:complaints"), city.spots, start):
        found.append(_line(str(body["id"]), at, body))
    filling = make_filling(Random(f"{seed}:stations"), city.stations, start, end)
    return StormScript(start, end, _seconds_of_their_own(found), filling)


def build_script(seed: int, session: Session) -> StormScript:
    """The script for the stored city. Raises Refused when there is none."""
    row = session.exec(select(City)).first()
    if row is None:
        raise Refused("no_city", "no city is stored: import one first")
    city = script_city(
        row,
        session.exec(select(Segment).order_by(Segment.id)).all(),
        session.exec(select(Station).order_by(Station.id)).all(),
        session.exec(select(Vehicle).order_by(Vehicle.id)).all(),
    )
    return storm_script(seed, city)


def script_city(
    city: City, segments: Iterable[Segment], stations: Iterable[Station], vehicles: Iterable[Vehicle]
) -> ScriptCity:
    """What the script needs, from the city's rows. Streets without a name are nobody's complaint."""
    stations = sorted(stations, key=lambda row: row.id)
    spots = [Spot(row.lon, row.lat, row.name, "") for row in stations]
    for row in sorted(segments, key=lambda row: row.id):
        middle = row.geometry[len(row.geometry) // 2]
        if row.name and not row.bridge:
            spots.append(Spot(round(middle[0], 6), round(middle[1], 6), row.name, row.road_class))
    names = tuple(sorted(row.id for row in vehicles))
    return ScriptCity(city.code, city.name, city.zone, tuple(spots), tuple(row.id for row in stations), names)


def _alerts(city: ScriptCity, day: date) -> list[ScriptEvent]:
    """The warning, a copy of it, and an update that changes nothing."""
    midnight = datetime.combine(day, time(0), ZoneInfo(city.zone))
    warning = alert_xml(city.code, city.name, midnight, WARNED_H, None)
    update = alert_xml(city.code, city.name, midnight, UPDATED_H, WARNED_H)
    rows = ((WARNED_H, "alert", warning), (REPEATED_H, "alert-copy", warning), (UPDATED_H, "alert-update", update))
    start = midnight.astimezone(UTC)
    return [_file(_at(start, hour), name, body, "application/cap+xml") for hour, name, body in rows]


def _bad_lines(city: ScriptCity, start: datetime) -> list[Line]:
    """What must end in quarantine: too full, no fix, unknown station, from the future."""
    vehicle = city.vehicles[0] if city.vehicles else "S-01"
    station = city.stations[0] if city.stations else "ST-1"
    lon, lat = (city.spots[0].lon, city.spots[0].lat) if city.spots else (119.45, 32.78)
    full, no_fix, unknown, future = (_at(start, hour) for hour in (9.217, 10.117, 11.683, 14.533))
    level, position = {"type": "station.level"}, {"type": "vehicle.position", "vehicle": vehicle}
    return [
        (full, {**level, "station": station, "observed_at": iso(full), "level_pct": 300}),
        (no_fix, {**position, "observed_at": iso(no_fix), "lon": 0.0, "lat": 0.0}),
        (unknown, {**level, "station": "ST-NOWHERE", "observed_at": iso(unknown), "level_pct": 40}),
        (future, {**position, "observed_at": iso(future + timedelta(hours=2)), "lon": lon, "lat": lat}),
    ]


def _at(start: datetime, hour: float) -> datetime:
    return start + timedelta(seconds=round(hour * 3600))


def _line(name: str, at: datetime, body: dict[str, object]) -> ScriptEvent:
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return ScriptEvent(at, "send", name, raw, "application/json")


def _file(at: datetime, name: str, body: bytes, content_type: str) -> ScriptEvent:
    return ScriptEvent(at, "send", name, body, content_type, "file")


def _seconds_of_their_own(events: list[ScriptEvent]) -> tuple[ScriptEvent, ...]:
    """By time; who comes to a taken second waits for the next free one. Earlier entries of the list go first."""
    taken: set[datetime] = set()
    placed: list[ScriptEvent] = []
    for event in events:
        at = event.at
        while at in taken:
            at += timedelta(seconds=1)
        taken.add(at)
        placed.append(ScriptEvent(at, event.kind, event.name, event.body, event.content_type, event.via))
    return tuple(sorted(placed, key=lambda event: event.at))
