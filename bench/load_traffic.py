"""Traffic of a city, seeded: vehicles that drive along streets and report, bins, complaints, alerts.

A vehicle wanders over the network at its own speed and reports every `interval_s`, each at a phase of its own, so that
a city of N vehicles gives N / interval_s positions a second, evenly spread.
"""

from __future__ import annotations

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
    at: float = 0.0


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
    """Lines to send, each with its due time, in seconds after `start`."""

    def __init__(self, city: CityData, vehicles: Sequence[str], interval_s: float, start: datetime, seed: int) -> None:
        self.start = start
        self.interval_s = interval_s
        self._city = city
        self._chance = random.Random(f"load {seed}")
        self._at: dict[str, list[tuple[Segment, bool]]] = {}
        for row in city.segments:
            self._at.setdefault(row.from_node, []).append((row, True))
            self._at.setdefault(row.to_node, []).append((row, False))
        self._drives = [self._drive(name, f"{seed} {name}") for name in vehicles]
        self._next = 0

    def restart(self, start: datetime) -> None:
        """Begin again at second 0; vehicles go on from where they are."""
        self.start, self._next = start, 0
        for drive in self._drives:
            drive.at = 0.0

    def positions(self, upto_s: float) -> list[Line]:
        """The reports that have come due since the last call, in order of their times."""
        lines: list[Line] = []
        count = len(self._drives)
        while count and (due := self._next * self.interval_s / count) <= upto_s:
            lines.append(self._report(self._drives[self._next % count], due))
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
        code = self._city.alert_areas[0].geocodes[0].split("=")[-1]
        name = f"load-{sent.timestamp():.0f}-{number}"
        return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier>
<sender>load</sender><sent>{stamp}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><category>Met</category><event>dust</event><urgency>Expected</urgency><severity>Minor</severity>
<certainty>Likely</certainty><expires>{until}</expires><area><areaDesc>city</areaDesc>
<geocode><valueName>x</valueName><value>{code}</value></geocode></area></info></alert>""".encode()

    def _drive(self, vehicle: str, seed: str) -> Drive:
        chance = random.Random(seed)
        segment = chance.choice(self._city.segments)
        return Drive(vehicle, segment, chance.random() < 0.5, 0.0, chance.uniform(*SPEEDS_KMH), chance)

    def _report(self, drive: Drive, due: float) -> Line:
        """Move a vehicle on to a time and say where it is."""
        drive.along_m += (due - drive.at) * drive.speed_kmh / 3.6
        drive.at = due
        while drive.along_m > max(drive.segment.length_m, 1.0):
            drive.along_m -= max(drive.segment.length_m, 1.0)
            node = drive.segment.to_node if drive.forward else drive.segment.from_node
            onward = [way for way in self._at[node] if way[0] is not drive.segment] or self._at[node]
            drive.segment, drive.forward = drive.chance.choice(onward)
        share = drive.along_m / max(drive.segment.length_m, 1.0)
        lon, lat = point_at(drive.segment.geometry, share if drive.forward else 1.0 - share)
        east, north = (drive.chance.gauss(0.0, NOISE_M) for _ in range(2))
        return {
            "type": "vehicle.position",
            "vehicle": drive.vehicle,
            "observed_at": iso(self.start + timedelta(seconds=due)),
            "lon": round(lon + east / (METRES_PER_DEGREE * math.cos(math.radians(lat))), 7),
            "lat": round(lat + north / METRES_PER_DEGREE, 7),
            "speed_kmh": round(drive.speed_kmh, 1),
        }


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
