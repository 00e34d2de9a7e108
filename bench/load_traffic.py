"""Traffic of a city, seeded: vehicles that drive along streets and report, bins, complaints, alerts.

A vehicle wanders over the network at its own speed and reports every `interval_s`, each at a phase of its own, so that
a city of N vehicles gives N / interval_s positions a second, evenly spread. Its way is made beforehand: LAP reports
out, then the same back, and again; while the load runs only the time is filled in, so that the generator costs little.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from dispatch.city.data import CityData
from models.tables.city import Segment, Station, Vehicle
from models.times import iso

NOISE_M = 3.0
METRES_PER_DEGREE = 111_320.0
SPEEDS_KMH = (15.0, 45.0)
COMPLAINTS = ("litter", "overflow", "ice", "snow")

LAP = 20
"""Places of a vehicle's way."""

Line = dict[str, Any]


@dataclass(slots=True)
class Drive:
    """Where one vehicle is: on a segment, in a direction, so many metres from where it entered."""

    vehicle: str
    segment: Segment
    forward: bool
    along_m: float
    speed_kmh: float
    chance: random.Random


def add_vehicles(city: CityData, count: int) -> list[str]:
    """Give the city `count` more vehicles; their names."""
    depot = next(row for row in city.facilities if row.kind == "depot")
    names = [f"L-{n:05d}" for n in range(count)]
    city.vehicles += [
        Vehicle(id=name, plate=name, kind="compactor", district=depot.district, depot=depot.id, skills=[])
        for name in names
    ]
    return names


def add_bins(city: CityData, count: int) -> list[str]:
    """Fill the city up to `count` stations; the names of all."""
    streets = city.segments
    for n in range(max(0, count - len(city.stations))):
        street = streets[n * 7 % len(streets)]
        lon, lat = street.geometry[0]
        city.stations.append(
            Station(
                id=f"B-{n:05d}", name=f"B-{n:05d}", lon=lon, lat=lat, node=street.from_node, district=street.district
            )
        )
    return [row.id for row in city.stations[:count]]


class Traffic:
    """Lines to send, each with its due time, in seconds after `start`. `geocode`: of the area alerts are for."""

    def __init__(self, city: CityData, vehicles: Sequence[str], interval_s: float, start: datetime, seed: int) -> None:
        self.start = start
        self.interval_s = interval_s
        self._city = city
        self.geocode = city.alert_areas[0].geocodes[0].split("=")[-1]
        self._chance = random.Random(f"load {seed}")
        self._at: dict[str, list[tuple[Segment, bool]]] = {}
        for row in city.segments:
            self._at.setdefault(row.from_node, []).append((row, True))
            self._at.setdefault(row.to_node, []).append((row, False))
        self._ways = [self._way(self._drive(name, f"{seed} {name}")) for name in vehicles]
        self._next = 0
        self._rounds = 0

    def restart(self, start: datetime) -> None:
        """Begin again at second 0; vehicles go on from where they are."""
        self._rounds += -(-self._next // max(1, len(self._ways)))
        self.start, self._next = start, 0

    def positions(self, upto_s: float) -> list[bytes]:
        """The lines of the reports that have come due since the last call, in order of their times."""
        lines: list[bytes] = []
        count = len(self._ways)
        while count and (due := self._next * self.interval_s / count) <= upto_s:
            turn, who = divmod(self._next, count)
            place = (self._rounds + turn) % (2 * LAP)
            at = iso(self.start + timedelta(seconds=due))
            lines.append(self._ways[who][min(place, 2 * LAP - 1 - place)] + at.encode() + b'"}')
            self._next += 1
        return lines

    def level(self, station: str, due: float) -> Line:
        """A bin's report."""
        at = iso(self.start + timedelta(seconds=due))
        level = round(self._chance.uniform(0, 100), 1)
        return {"type": "station.level", "station": station, "observed_at": at, "level_pct": level}

    def complaint(self, number: int) -> Line:
        """A ticket: somebody complains of a place on a street."""
        lon, lat = self._chance.choice(self._city.segments).geometry[0]
        kind = self._chance.choice(COMPLAINTS)
        return {
            "kind": kind,
            "lon": lon,
            "lat": lat,
            "text": f"load {self.start.timestamp():.0f} {number}",
            "channel": "load",
        }

    def alert(self, number: int, due: float) -> bytes:
        """A CAP alert of a kind no response follows from."""
        sent = self.start + timedelta(seconds=int(due))
        stamp, until = (f"{at:%Y-%m-%dT%H:%M:%S}-00:00" for at in (sent, sent + timedelta(hours=6)))
        name = f"load-{sent.timestamp():.0f}-{number}"
        return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier>
<sender>load</sender><sent>{stamp}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><category>Met</category><event>dust</event><urgency>Expected</urgency><severity>Minor</severity>
<certainty>Likely</certainty><expires>{until}</expires><area><areaDesc>city</areaDesc>
<geocode><valueName>x</valueName><value>{self.geocode}</value></geocode></area></info></alert>""".encode()

    def _drive(self, vehicle: str, seed: str) -> Drive:
        chance = random.Random(seed)
        segment = chance.choice(self._city.segments)
        return Drive(vehicle, segment, chance.random() < 0.5, 0.0, chance.uniform(*SPEEDS_KMH), chance)

    def _way(self, drive: Drive) -> list[bytes]:
        """The lines of a vehicle's places, up to where the time comes."""
        return [self._line(drive) for _ in range(LAP)]

    def _line(self, drive: Drive) -> bytes:
        """Say where a vehicle is, and move it on by an interval."""
        share = drive.along_m / max(drive.segment.length_m, 1.0)
        lon, lat = point_at(drive.segment.geometry, share if drive.forward else 1.0 - share)
        east, north = (drive.chance.gauss(0.0, NOISE_M) for _ in range(2))
        line = {
            "type": "vehicle.position",
            "vehicle": drive.vehicle,
            "lon": round(lon + east / (METRES_PER_DEGREE * math.cos(math.radians(lat))), 7),
            "lat": round(lat + north / METRES_PER_DEGREE, 7),
            "speed_kmh": round(drive.speed_kmh, 1),
        }
        drive.along_m += self.interval_s * drive.speed_kmh / 3.6
        while drive.along_m > max(drive.segment.length_m, 1.0):
            drive.along_m -= max(drive.segment.length_m, 1.0)
            node = drive.segment.to_node if drive.forward else drive.segment.from_node
            onward = [way for way in self._at[node] if way[0] is not drive.segment] or self._at[node]
            drive.segment, drive.forward = drive.chance.choice(onward)
        return json.dumps(line).encode()[:-1] + b', "observed_at": "'


def point_at(line: Sequence[Sequence[float]], share: float) -> tuple[float, float]:
    """The point at a share (0 to 1) of a line's length, in its own degrees."""
    lengths = [math.dist(a, b) for a, b in pairwise(line)]
    left = share * sum(lengths)
    for (a, b), length in zip(pairwise(line), lengths, strict=True):
        if left <= length and length > 0:
            part = left / length
            return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part
        left -= length
    return line[-1][0], line[-1][1]
