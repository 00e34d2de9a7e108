"""A city small enough to check by hand: a 5 x 5 grid of 200 m blocks, one district, two combis, two compactors."""

from __future__ import annotations

from pathlib import Path

from dispatch.city.data import CityData
from dispatch.city.store import store_city
from models.database import Database
from models.migrate import upgrade
from models.tables.city import (
    AlertAreaConfig,
    City,
    Container,
    Crew,
    District,
    Facility,
    Segment,
    Shift,
    Station,
    Vehicle,
    Worker,
)

SIZE = 5
STEP_LON, STEP_LAT = 0.00214, 0.0018
LON0, LAT0 = 119.45, 32.78
STREETS = ("北", "中", "南", "湖", "桥")


def node(i: int, j: int) -> str:
    return f"n{i}{j}"


def place(i: int, j: int) -> list[float]:
    return [LON0 + STEP_LON * i, LAT0 + STEP_LAT * j]


def segments() -> list[Segment]:
    found = []
    for i in range(SIZE):
        for j in range(SIZE):
            for di, dj in ((1, 0), (0, 1)):
                a, b = (i, j), (i + di, j + dj)
                if max(b) >= SIZE:
                    continue
                line = j if di else i
                road_class = "main" if line == 2 else "secondary" if line == 0 else "lane"
                name = f"{STREETS[line]}{'路' if di else '街'}"
                found.append(
                    Segment(
                        id=f"s{i}{j}{'h' if di else 'v'}",
                        way=f"w{line}{'h' if di else 'v'}",
                        from_node=node(*a),
                        to_node=node(*b),
                        name=name,
                        name_en=f"{'Road' if di else 'Street'} {line}",
                        road_class=road_class,
                        lanes={"main": 4, "secondary": 2, "lane": 1}[road_class],
                        width_m={"main": 14.0, "secondary": 9.0, "lane": 5.0}[road_class],
                        length_m=200.0,
                        bridge=(i, j, di) == (2, 2, 1),
                        district="D01",
                        geometry=[place(*a), place(*b)],
                    )
                )
    return sorted(found, key=lambda row: row.id)


def small_city() -> CityData:
    def facility(id_: str, kind: str, i: int, j: int) -> Facility:
        lon, lat = place(i, j)
        return Facility(id=id_, kind=kind, name=id_, lon=lon, lat=lat, node=node(i, j), district="D01", service_s=300)

    def station(n: int, i: int, j: int) -> Station:
        lon, lat = place(i, j)
        return Station(
            id=f"ST-{n}",
            name=f"{n}号点",
            name_en=f"point {n}",
            lon=lon,
            lat=lat,
            node=node(i, j),
            district="D01",
            kg_full=100,
            service_s=60,
        )

    def vehicle(id_: str, kind: str, skills: list[str], **load: int) -> Vehicle:
        return Vehicle(id=id_, plate=id_, kind=kind, district="D01", depot="depot", skills=skills, **load)

    stations = [station(n, i, j) for n, (i, j) in enumerate([(1, 1), (3, 1), (1, 3), (3, 3), (4, 4)], 1)]
    data = CityData(city=City(code="321084", name="小城", name_en="Small city", zone="Asia/Shanghai"))
    data.districts = [District(code="D01", name="一区", name_en="District 1")]
    data.segments = segments()
    data.facilities = [
        facility("depot", "depot", 0, 0),
        facility("salt", "salt_store", 4, 0),
        facility("transfer", "transfer", 0, 4),
    ]
    data.stations = stations
    data.containers = [Container(id=f"{s.id}-1", station=s.id, litres=240, stream="mixed") for s in stations]
    data.alert_areas = [AlertAreaConfig(id="city", name="小城", geocodes=["GB/T2260=321084", "321084"])]
    data.vehicles = [
        vehicle("S-1", "combi", ["salting", "ploughing"], salt_kg=6000),
        vehicle("S-2", "combi", ["salting", "ploughing"], salt_kg=6000),
        vehicle("C-1", "compactor", ["collection"], waste_kg=6000),
        vehicle("C-2", "compactor", ["collection"], waste_kg=6000),
    ]
    data.crews = [
        Crew(id=f"K-{v.id}", name=v.id, district="D01", shift="N", size=1, depot="depot", vehicle=v.id)
        for v in data.vehicles
    ] + [Crew(id="M-1", name="扫雪一组", district="D01", shift="M", size=8, depot="depot")]
    data.workers = [
        Worker(id=f"W-{crew.id}", name=f"驾驶员 {crew.id}", crew=crew.id, role="driver") for crew in data.crews
    ]
    data.shifts = [Shift(id="N", name="夜班", start_min=960, end_min=1920)]
    return data


def stored_small_city(folder: Path) -> None:
    """The city in folder/sweepline.db."""
    folder.mkdir(parents=True, exist_ok=True)
    database = Database(f"sqlite:///{folder / 'sweepline.db'}")
    upgrade(database)
    with database.write() as session:
        store_city(session, small_city())
    database.close()
