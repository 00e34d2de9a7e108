"""The demo city: the scale it promises, a network that holds together, and nothing left to chance but the seed."""

from collections import Counter, defaultdict
from functools import cache

import pytest
from pyproj import Geod
from shapely.geometry import Point, Polygon

from demo.city import build_demo_city
from dispatch.city.data import CityData
from dispatch.city.districts import midpoint
from dispatch.streets import build_streets

SEEDS = (1, 7)
GEOD = Geod(ellps="WGS84")


@cache
def city(seed: int) -> CityData:
    return build_demo_city(seed)


def rows_of(data: CityData) -> dict[str, list[dict]]:
    names = [name for name in data.__slots__ if name != "city"]
    return {name: [row.model_dump() for row in getattr(data, name)] for name in names}


def test_same_seed_same_city_other_seed_other_city() -> None:
    again = build_demo_city(1)
    assert rows_of(again) == rows_of(city(1))
    assert again.city.model_dump() == city(1).city.model_dump()
    assert city(7).city.network_hash != city(1).city.network_hash


@pytest.mark.parametrize("seed", SEEDS)
def test_scale_of_the_streets(seed: int) -> None:
    data = city(seed)
    km = defaultdict(float)
    for row in data.segments:
        km[row.road_class] += row.length_m / 1000
    assert 4600 <= len(data.segments) <= 5400
    assert 500 <= sum(km.values()) <= 620
    assert 60 <= km["main"] <= 80
    assert 90 <= km["secondary"] <= 120
    assert 50 <= sum(row.bridge for row in data.segments) <= 90
    assert sum(row.ramp for row in data.segments) == 24
    assert all(row.one_way for row in data.segments if row.ramp)
    assert 100 <= sum(row.one_way != 0 for row in data.segments) <= 600
    assert 20 <= len(data.restrictions) <= 60


@pytest.mark.parametrize("seed", SEEDS)
def test_widths_and_lanes_by_class(seed: int) -> None:
    for row in city(seed).segments:
        if row.highway == "primary":
            assert 4 <= row.lanes <= 6 and 14 <= row.width_m <= 24
        elif row.road_class == "secondary":
            assert 2 <= row.lanes <= 4 and 9 <= row.width_m <= 14
        elif row.road_class == "lane":
            assert 4 <= row.width_m <= 7


@pytest.mark.parametrize("seed", SEEDS)
def test_scale_of_what_stands_in_it(seed: int) -> None:
    data = city(seed)
    kinds = Counter(row.kind for row in data.facilities)
    assert (kinds["depot"], kinds["salt_store"], kinds["transfer"]) == (4, 2, 1)
    assert len({row.community for row in data.stations}) == 25
    assert len(data.stations) == 600
    assert len(data.toilets) == 180
    vehicles = Counter(row.kind for row in data.vehicles)
    assert vehicles["spreader"] + vehicles["combi"] + vehicles["plough"] == 26
    assert vehicles["compactor"] + vehicles["sweeper"] + vehicles["water"] == 40
    per_station = Counter(row.station for row in data.containers)
    assert all(3 <= per_station[row.id] <= 8 and 60 <= row.kg_full <= 260 for row in data.stations)
    on_foot = Counter(row.district for row in data.crews if not row.vehicle)
    assert set(on_foot) == {"D01", "D02", "D03", "D04"} and 24 <= sum(on_foot.values()) <= 32


@pytest.mark.parametrize("seed", SEEDS)
def test_every_street_is_reachable_with_turns_obeyed(seed: int) -> None:
    """Arc to arc, both ways: from one arc all others, and from all others this one."""
    data = city(seed)
    network = build_streets(data.segments, data.restrictions).network
    out_of, into = defaultdict(list), defaultdict(list)
    for arc in range(network.arcs):
        out_of[int(network.tail[arc])].append(arc)
        into[int(network.head[arc])].append(arc)
    forbidden = network.forbidden_turns
    assert len(forbidden) >= len(data.restrictions)

    def ahead(arc: int) -> list[int]:
        return [b for b in out_of[int(network.head[arc])] if (arc, b) not in forbidden]

    def behind(arc: int) -> list[int]:
        return [a for a in into[int(network.tail[arc])] if (a, arc) not in forbidden]

    for step in (ahead, behind):
        seen, todo = {0}, [0]
        while todo:
            for arc in step(todo.pop()):
                if arc not in seen:
                    seen.add(arc)
                    todo.append(arc)
        assert len(seen) == network.arcs


@pytest.mark.parametrize("seed", SEEDS)
def test_lengths_are_true_and_nodes_have_one_place(seed: int) -> None:
    place: dict[str, list[float]] = {}
    for row in city(seed).segments:
        assert place.setdefault(row.from_node, row.geometry[0]) == row.geometry[0]
        assert place.setdefault(row.to_node, row.geometry[-1]) == row.geometry[-1]
        lons, lats = zip(*row.geometry, strict=True)
        assert row.length_m == pytest.approx(GEOD.line_length(lons, lats), rel=0.0005, abs=0.06)
        assert row.length_m > 5
        assert row.from_node != row.to_node
    assert len({row.id for row in city(seed).segments}) == len(city(seed).segments)


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_stands_on_the_network_in_its_district(seed: int) -> None:
    data = city(seed)
    nodes = {node for row in data.segments for node in (row.from_node, row.to_node)}
    shapes = {row.code: Polygon(row.polygon) for row in data.districts}
    assert all(shape.is_valid for shape in shapes.values())
    for row in data.segments:
        assert shapes[row.district].covers(Point(midpoint(row.geometry)))
    for row in (*data.facilities, *data.stations):
        assert row.node in nodes and row.district in shapes
    depots = {row.id: row.district for row in data.facilities if row.kind == "depot"}
    assert all(depots[row.depot] == row.district for row in (*data.vehicles, *data.crews))


def test_names_tell_streets_apart_in_both_languages() -> None:
    data = city(1)
    assert all(row.name and row.name_en for row in data.segments)
    english_of = defaultdict(set)
    for row in data.segments:
        english_of[row.name_en].add(row.name)
    assert all(len(names) == 1 for names in english_of.values())
    assert len(english_of) > 1000


def test_the_alert_area_is_the_county_and_covers_the_streets() -> None:
    area = city(1).alert_areas[0]
    assert {"GB/T2260=321084", "321084"} <= set(area.geocodes)
    shape = Polygon(area.polygon)
    assert all(shape.covers(Point(point)) for row in city(1).segments for point in row.geometry)


def test_shifts_and_crews_fit_the_plans_they_are_for() -> None:
    data = city(1)
    assert {row.id for row in data.shifts} == {"D", "E", "N", "M"}
    by_vehicle = defaultdict(set)
    for crew in data.crews:
        by_vehicle[crew.vehicle].add(crew.shift)
    for vehicle in data.vehicles:
        expected = {"compactor": {"D", "E"}, "combi": {"N"}, "spreader": {"N"}}.get(vehicle.kind, {"D"})
        assert by_vehicle[vehicle.id] == expected
    drivers = Counter(worker.crew for worker in data.workers if worker.role == "driver")
    assert all(drivers[crew.id] >= 1 for crew in data.crews if crew.vehicle)
    assert all(worker.phone == "" for worker in data.workers)
    sizes = Counter(worker.crew for worker in data.workers)
    assert all(sizes[crew.id] == crew.size for crew in data.crews)
