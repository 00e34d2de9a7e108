"""What stands in the demo city: depots, stores, the transfer station, hydrants, drop-off stations, toilets."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from demo.names import NameBook
from demo.sites import Site, middle, moved, nearest, spread
from models.tables.city import Container, Facility, Station, Toilet

COMMUNITIES, STATIONS_EACH, TOILETS, HYDRANTS = 25, 24, 180, 40
STATION_APART_M, COMMUNITY_APART_M, HYDRANT_APART_M, TOILET_APART_M = 55.0, 640.0, 500.0, 220.0
STREAMS = ("food", "residual", "recyclable", "hazardous", "residual", "food", "residual", "recyclable")
LITRES = {"food": 240, "residual": 240, "recyclable": 240, "hazardous": 120}
SECONDS_PER_CONTAINER = 20
"""Two containers on a rear loader take about 40 s."""


def is_large(site: Site) -> bool:
    """On a main or secondary street."""
    return bool(site.classes & {"main", "secondary"})


def is_secondary(site: Site) -> bool:
    """On a secondary street, not on a main road."""
    return "secondary" in site.classes and "main" not in site.classes


def make_facilities(sites: Sequence[Site], districts: Sequence[str], chance: random.Random) -> list[Facility]:
    """A depot a district, two salt stores on main roads west and east, one transfer station, hydrants; by id."""
    rows: list[Facility] = []
    for code in districts:
        mine = [site for site in sites if site.district == code]
        lon, lat = middle(mine)
        site = nearest(mine, lon + chance.uniform(-0.004, 0.004), lat + chance.uniform(-0.004, 0.004), is_secondary)
        rows.append(make_facility(f"depot-{code}", "depot", f"{code} 环卫车场", f"{code} depot", site, 300, 4))
    centre_lon, centre_lat = middle(sites)
    wishes = ((-0.014, "salt-1", "西融雪剂库", "West salt store"), (0.014, "salt-2", "东融雪剂库", "East salt store"))
    for off, id_, name, name_en in wishes:
        site = nearest(sites, centre_lon + off, centre_lat, lambda s: "main" in s.classes)
        rows.append(make_facility(id_, "salt_store", name, name_en, site, 480, 3))
    site = nearest(sites, centre_lon + 0.022, centre_lat - 0.018, is_large)
    rows.append(make_facility("transfer-1", "transfer", "生活垃圾中转站", "Transfer station", site, 720, 4))
    for i, site in enumerate(spread([s for s in sites if is_secondary(s)], HYDRANTS, HYDRANT_APART_M, chance), 1):
        rows.append(make_facility(f"hydrant-{i:02d}", "hydrant", f"取水栓 {i:02d}", f"Hydrant {i:02d}", site, 900, 1))
    return sorted(rows, key=lambda row: row.id)


def make_facility(id_: str, kind: str, name: str, name_en: str, site: Site, service_s: int, bays: int) -> Facility:
    """A facility standing at a site, open day and night."""
    return Facility(
        id=id_,
        kind=kind,
        name=name,
        name_en=name_en,
        lon=site.lon,
        lat=site.lat,
        node=site.node,
        district=site.district,
        service_s=service_s,
        bays=bays,
    )


def make_communities(
    sites: Sequence[Site], names: NameBook, chance: random.Random
) -> tuple[list[Station], list[Container]]:
    """Drop-off stations in communities, on lanes and secondary streets, each with its containers."""
    good = [site for site in sites if "main" not in site.classes]
    stations: list[Station] = []
    containers: list[Container] = []
    taken: list[Site] = []
    for number, centre in enumerate(spread(good, COMMUNITIES, COMMUNITY_APART_M, chance), 1):
        stem, sound = names.stem()
        placed = 0
        for site in sorted(good, key=lambda s: (s.distance_m(centre.lon, centre.lat), s.node)):
            if placed == STATIONS_EACH:
                break
            if any(site.distance_m(other.lon, other.lat) < STATION_APART_M for other in taken):
                continue
            placed += 1
            taken.append(site)
            station, own = _station(site, f"{stem}社区", f"{sound} community", number, placed, chance)
            stations.append(station)
            containers += own
    return sorted(stations, key=lambda row: row.id), sorted(containers, key=lambda row: row.id)


def _station(
    site: Site, community: str, community_en: str, number: int, placed: int, chance: random.Random
) -> tuple[Station, list[Container]]:
    id_ = f"ST-{number:02d}{placed:02d}"
    count = chance.randint(3, 8)
    lon, lat = moved(site.lon, site.lat, chance.uniform(6, 14), chance.uniform(0, 2 * math.pi))
    station = Station(
        id=id_,
        name=f"{community}{placed:02d}号点",
        name_en=f"{community_en} point {placed:02d}",
        lon=lon,
        lat=lat,
        node=site.node,
        district=site.district,
        community=community,
        kg_full=min(260, max(60, round(count * chance.uniform(21, 33)))),
        service_s=SECONDS_PER_CONTAINER * count,
    )
    own = [
        Container(id=f"{id_}-{i + 1}", station=id_, litres=LITRES[stream], stream=stream)
        for i, stream in enumerate(STREAMS[:count])
    ]
    return station, own


def make_toilets(sites: Sequence[Site], chance: random.Random) -> list[Toilet]:
    """Public toilets, named after their street."""
    rows = []
    for i, site in enumerate(spread(sites, TOILETS, TOILET_APART_M, chance), 1):
        lon, lat = moved(site.lon, site.lat, chance.uniform(8, 16), chance.uniform(0, 2 * math.pi))
        rows.append(
            Toilet(id=f"T-{i:03d}", name=f"{site.street}公厕（{i:03d}）", lon=lon, lat=lat, district=site.district)
        )
    return rows
