"""A generated fleet for an imported city: labelled, seeded, scaled to its streets and stations."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from demo.places import is_large, is_secondary, make_facility
from demo.resources import SHIFTS, FleetRows, FleetSize, make_fleet
from demo.sites import Site, middle, nearest, sites_of, spread
from dispatch.city.districts import DistrictIndex
from models.tables.city import District, Facility, Segment, Shift, Station

TREATED_KM_PER_SPREADER = 12.0
"""At 25 km/h and half the time driven empty, 12 km in both directions twice take about four hours."""
TREATED_KM_PER_STORE = 120.0
TREATED_KM_PER_FOOT_CREW = 15.0
STATIONS_PER_COMPACTOR = 40
LEAST_SPREADERS, LEAST_COMPACTORS, LEAST_FOOT_CREWS = 3, 2, 2
MOST_STORES = 6


@dataclass(slots=True)
class DemoFleet:
    """What `--fleet demo` adds to a city."""

    facilities: list[Facility]
    rows: FleetRows
    shifts: list[Shift]


def make_demo_fleet(
    segments: Sequence[Segment], districts: Sequence[District], stations: Sequence[Station], seed: int
) -> DemoFleet:
    """Depots, salt stores, a transfer station, vehicles and crews. The same city and seed give the same fleet."""
    chance = random.Random(f"demo fleet {seed}")
    sites = sites_of(sorted(segments, key=lambda row: row.id), DistrictIndex(districts))
    codes = sorted({site.district for site in sites})
    snow = dict.fromkeys(codes, 0.0)
    waste = dict.fromkeys(codes, 0.0)
    treated_m = 0.0
    for row in segments:
        if row.road_class != "lane" or row.bridge or row.ramp:
            treated_m += row.length_m
            snow[row.district] = snow.get(row.district, 0.0) + row.length_m * row.width_m
    for station in stations:
        waste[station.district] = waste.get(station.district, 0.0) + station.kg_full
    waste = waste if any(waste.values()) else snow
    size = fleet_size(treated_m / 1000, len(stations), len(codes))
    facilities = _facilities(sites, codes, treated_m / 1000, chance)
    depots = {row.district: row.id for row in facilities if row.kind == "depot"}
    snow, waste = ({code: weights[code] for code in codes} for weights in (snow, waste))
    rows = make_fleet(chance, size, depots, snow, waste)
    return DemoFleet(facilities, rows, [Shift(**shift.model_dump()) for shift in SHIFTS])


def fleet_size(treated_km: float, stations: int, districts: int) -> FleetSize:
    """How many of each for a length of main and secondary streets and a number of stations."""
    return FleetSize(
        spreaders=max(LEAST_SPREADERS, districts, math.ceil(treated_km / TREATED_KM_PER_SPREADER)),
        compactors=max(LEAST_COMPACTORS, districts, math.ceil(stations / STATIONS_PER_COMPACTOR)),
        sweepers=0,
        water_trucks=0,
        foot_crews=max(LEAST_FOOT_CREWS * districts, math.ceil(treated_km / TREATED_KM_PER_FOOT_CREW)),
    )


def _facilities(sites: list[Site], codes: list[str], treated_km: float, chance: random.Random) -> list[Facility]:
    rows = []
    for code in codes:
        mine = [site for site in sites if site.district == code]
        site = nearest(mine, *middle(mine), is_secondary)
        rows.append(
            make_facility(f"demo-depot-{code}", "depot", f"示范车场 {code}", f"Demo depot {code}", site, 300, 4)
        )
    stores = max(1, min(MOST_STORES, round(treated_km / TREATED_KM_PER_STORE)))
    large = [site for site in sites if is_large(site)] or sites
    apart_m = math.sqrt(treated_km) * 300
    for number, site in enumerate(_central_first(large, stores, apart_m, chance), 1):
        name, name_en = f"示范融雪剂库 {number}", f"Demo salt store {number}"
        rows.append(make_facility(f"demo-salt-{number}", "salt_store", name, name_en, site, 480, 3))
    lon, lat = middle(sites)
    edge = max(large, key=lambda site: (site.distance_m(lon, lat), site.node))
    site = nearest(sites, (edge.lon + lon) / 2, (edge.lat + lat) / 2, is_large)
    rows.append(make_facility("demo-transfer-1", "transfer", "示范中转站", "Demo transfer station", site, 720, 4))
    return sorted(rows, key=lambda row: row.id)


def _central_first(sites: list[Site], count: int, apart_m: float, chance: random.Random) -> list[Site]:
    """One site in the middle; where more are wanted, sites spread over the city."""
    if count == 1:
        return [nearest(sites, *middle(sites), lambda s: True)]
    return spread(sites, count, apart_m, chance)
