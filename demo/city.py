"""The demo city: one at Gaoyou's scale, made from a seed. It is labelled as a demo and claims no real street."""

from __future__ import annotations

import random

from shapely.geometry import MultiPoint

from demo.ground import make_ground
from demo.names import NameBook
from demo.pieces import join_through, keep_connected, lay_pieces
from demo.places import make_communities, make_facilities, make_toilets
from demo.plan import make_plan
from demo.resources import SHIFTS, FleetSize, make_fleet
from demo.ring import make_ring, ring_pieces
from demo.sites import sites_of
from demo.streets import make_districts, make_restrictions, make_segments
from dispatch.city.data import CityData
from dispatch.city.districts import DistrictIndex
from dispatch.city.hashes import network_hash
from models.tables.city import AlertAreaConfig, City, Segment, Shift

CODE, NAME, NAME_EN, ZONE = "321084", "高邮（示范城）", "Gaoyou (demo city)", "Asia/Shanghai"
ATTRIBUTION = "Generated demo city, no real streets · 示范城市，街道均为虚构"
FLEET = FleetSize(spreaders=26, compactors=24, sweepers=8, water_trucks=8, foot_crews=28)
"""26 spreaders and ploughs and 40 other trucks, as the city it is modelled on."""
HULL_MARGIN_DEG = 0.005


def build_demo_city(seed: int) -> CityData:
    """The city of a seed: the same seed gives an equal city, on any machine."""
    chance = random.Random(f"demo city {seed}")
    ground = make_ground(chance)
    plan = make_plan(ground, chance)
    ring = make_ring(plan)
    pieces = ring_pieces(plan, ring, lay_pieces(plan, ring.main_ends))
    pieces = join_through(keep_connected(pieces))
    districts = make_districts(ground)
    index = DistrictIndex(districts)
    segments = make_segments(pieces, ground, index)
    data = CityData(
        city=City(code=CODE, name=NAME, name_en=NAME_EN, zone=ZONE, attribution=ATTRIBUTION, fleet="demo"),
        districts=districts,
        segments=segments,
        restrictions=make_restrictions(segments, chance),
        alert_areas=[_alert_area(segments)],
        shifts=[Shift(**shift.model_dump()) for shift in SHIFTS],
    )
    data.city.network_hash = network_hash(data.segments, data.restrictions)
    _furnish(data, index, plan.names, chance)
    return data


def _furnish(data: CityData, index: DistrictIndex, names: NameBook, chance: random.Random) -> None:
    """Facilities, stations, toilets and the fleet, all on nodes of the network."""
    sites = sites_of(data.segments, index)
    codes = [row.code for row in data.districts]
    data.facilities = make_facilities(sites, codes, chance)
    data.stations, data.containers = make_communities(sites, names, chance)
    data.toilets = make_toilets(sites, chance)
    depots = {row.district: row.id for row in data.facilities if row.kind == "depot"}
    snow = dict.fromkeys(codes, 0.0)
    waste = dict.fromkeys(codes, 0.0)
    for row in data.segments:
        if row.road_class != "lane" or row.bridge or row.ramp:
            snow[row.district] += row.length_m * row.width_m
    for station in data.stations:
        waste[station.district] += station.kg_full
    fleet = make_fleet(chance, FLEET, depots, snow, waste)
    data.vehicles, data.crews, data.workers = fleet.vehicles, fleet.crews, fleet.workers


def _alert_area(segments: list[Segment]) -> AlertAreaConfig:
    """The county by its code, and the built-up area as a polygon."""
    hull = MultiPoint([point for row in segments for point in row.geometry]).convex_hull.buffer(HULL_MARGIN_DEG, 2)
    ring = [[round(lon, 6), round(lat, 6)] for lon, lat in hull.exterior.coords]
    return AlertAreaConfig(id="area-city", name=NAME, geocodes=[f"GB/T2260={CODE}", CODE], polygon=ring)
