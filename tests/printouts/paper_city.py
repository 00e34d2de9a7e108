"""A small made-up city and routes through it, stored as the dispatch room stores them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session, SQLModel

from dispatch.routes import route_hash
from models.database import Database
from models.tables.city import City, Container, Crew, District, Facility, Segment, Station, Vehicle, Worker
from models.tables.plans import Plan, PlanVersion, Route
from models.tables.work import Case, Report
from models.times import iso

START = datetime(2023, 12, 18, 8, 20, tzinfo=UTC)
LON0, LAT0, STEP = 119.43, 32.77, 0.0022
EAST = ["文游路", "海潮路", "通湖路", "屏淮路", "珠光路", "长生路", "蝶园路", "北门大街", "琵琶路"]
NORTH = ["府前街", "中山路", "盂城驿路", "秦邮路", "傅公桥路", "运河二桥", "熙和巷", "䶮泽巷", "堃宁路"]
SIZE = 9


def node(i: int, j: int) -> str:
    return f"n{i}-{j}"


def point(i: int, j: int) -> list[float]:
    shake = random.Random(i * 100 + j)
    return [LON0 + i * STEP * 1.15 + shake.uniform(-2e-4, 2e-4), LAT0 + j * STEP + shake.uniform(-2e-4, 2e-4)]


def streets() -> list[Segment]:
    rows = []
    for i in range(SIZE):
        for j in range(SIZE):
            for di, dj in ((1, 0), (0, 1)):
                if i + di >= SIZE or j + dj >= SIZE:
                    continue
                a, b = point(i, j), point(i + di, j + dj)
                middle = [(a[0] + b[0]) / 2 + dj * 8e-5, (a[1] + b[1]) / 2 + di * 8e-5]
                line = j if di else i
                kind = ("main", "secondary", "lane")[line % 3]
                length = math.hypot((b[0] - a[0]) * 93_600, (b[1] - a[1]) * 111_320)
                name = (EAST if di else NORTH)[line]
                rows.append(
                    Segment(
                        id=f"s{i}-{j}-{'e' if di else 'n'}",
                        way="w1",
                        from_node=node(i, j),
                        to_node=node(i + di, j + dj),
                        name=name if kind != "lane" or line % 2 == 0 else "",
                        name_en=f"{'East' if di else 'North'} St {line + 1}" if line % 4 == 0 else "",
                        road_class=kind,
                        lanes=4 if kind == "main" else 2,
                        width_m=14 if kind == "main" else 7,
                        length_m=length,
                        one_way=1 if line == 5 else 0,
                        bridge=name == "运河二桥",
                        district="D01",
                        geometry=[a, middle, b],
                    )
                )
    return rows


class Walk:
    """Makes the legs and stops of a document along a list of grid nodes."""

    def __init__(self, session: Session, start: tuple[int, int]) -> None:
        self.session = session
        self.at = start
        self.now = START
        self.stops: list[dict[str, Any]] = []
        self.legs: list[list[Any]] = []
        self.load = 0

    def step(self, to: tuple[int, int]) -> tuple[Segment, bool]:
        (i, j), (k, m) = self.at, to
        low, forward = ((i, j), True) if (k, m) > (i, j) else ((k, m), False)
        row = self.session.get(Segment, f"s{low[0]}-{low[1]}-{'e' if j == m else 'n'}")
        assert row is not None
        self.at = to
        return row, forward

    def drive(self, *nodes: tuple[int, int]) -> Walk:
        for to in nodes:
            row, forward = self.step(to)
            self.legs.append([row.id, forward])
            self.now += timedelta(seconds=row.length_m / 8)
        return self

    def serve(self, *nodes: tuple[int, int], rate: int = 20, number: int = 1, case: str = "") -> Walk:
        for to in nodes:
            row, forward = self.step(to)
            kg = round(row.length_m * row.width_m * rate / 1000)
            self.load += kg
            self.stop(
                "segment", row.id, row.name, row.name_en, row.geometry[0], row.length_m / 7, kg, self.load,
                forward=forward, length_m=round(row.length_m), rate_g_m2=rate, case=case, **{"pass": number},
                priority="bridge" if row.bridge else row.road_class,
            )  # fmt: skip
        return self

    def stop(
        self, kind: str, ref: str, name: str, name_en: str, at: Sequence[float], seconds: float, kg: int, load: int,
        **more: Any,
    ) -> Walk:  # fmt: skip
        start = self.now
        self.now += timedelta(seconds=round(seconds))
        doc = {
            "n": len(self.stops) + 1, "kind": kind, "ref": ref, "work_item": f"w-{ref}", "pass": 1, "name": name,
            "name_en": name_en, "lon": at[0], "lat": at[1], "arrive": iso(start), "start": iso(start),
            "depart": iso(self.now), "quantity_kg": kg, "load_kg": load, "legs": self.legs, "case": "", "priority": "",
        }  # fmt: skip
        self.stops.append({**doc, **more})
        self.legs = []
        return self

    def doc(self) -> dict[str, Any]:
        depot = {"kind": "depot", "ref": "F1", "name": "城东车场", "name_en": "East depot"}
        place = {**depot, "lon": point(0, 0)[0], "lat": point(0, 0)[1]}
        return {"start": place, "stops": self.stops, "home": self.legs, "end": place, "kept": 0}


def build_city(database: Database) -> None:
    """Tables, streets, 20 stations, vehicles and crews."""
    SQLModel.metadata.create_all(database.engine)
    with database.write() as session:
        session.add(City(code="321084", name="水乡示范市", name_en="Demo Water City", zone="Asia/Shanghai"))
        session.add(District(code="D01", name="城东片区", name_en="East district"))
        session.add_all(streets())
        for id_, kind, name, english, i, j in (
            ("F1", "depot", "城东车场", "East depot", 0, 0),
            ("F2", "salt_store", "城北盐库", "North salt store", 8, 8),
            ("F3", "transfer", "临泽中转站", "Linze transfer station", 8, 0),
        ):
            lon, lat = point(i, j)
            session.add(Facility(id=id_, kind=kind, name=name, name_en=english, lon=lon, lat=lat, node=node(i, j),
                                 district="D01"))  # fmt: skip
        names = ["翠湖花园", "文苑小区", "蝶园新村", "康华园", "金色家园", "秦邮花苑"]
        for k in range(20):
            i, j = 1 + k % 5, 1 + k // 5
            lon, lat = point(i, j)
            name = f"{names[k % 6]}{k % 3 + 1}号站"
            session.add(Station(id=f"ST{k:02d}", name=name, name_en=f"Station {k}", lon=lon + 3e-4, lat=lat + 2e-4,
                                node=node(i, j), district="D01"))  # fmt: skip
            session.flush()
            for c in range(4):
                session.add(Container(id=f"C{k:02d}{c}", station=f"ST{k:02d}", litres=240,
                                      stream="food" if c == 0 else "residual"))  # fmt: skip
        for id_, plate, kind in (("S-01", "苏K·S0001", "combi"), ("C-07", "苏K·C0007", "compactor")):
            session.add(Vehicle(id=id_, plate=plate, kind=kind, district="D01", depot="F1"))
        for id_, name, english, vehicle, people in (
            ("CR1", "夜班一组", "Night crew 1", "S-01", ["王建国", "李䶮"]),
            ("CR2", "日班三组", "Day crew 3", "C-07", ["陈喆", "赵堃", "孙𠮷"]),
            ("CR3", "人工一队", "Foot crew 1", "", ["周淼", "吴珺", "郑㛃", "冯骉", "陈翀", "褚燚", "卫彧"]),
        ):
            session.add(Crew(id=id_, name=name, name_en=english, district="D01", shift="N", size=len(people),
                             depot="F1", vehicle=vehicle))  # fmt: skip
            session.flush()
            for k, person in enumerate(people):
                role = "driver" if k == 0 and vehicle else "supervisor" if k == 0 else "sweeper"
                session.add(Worker(id=f"{id_}-{k}", name=person, crew=id_, role=role, phone=f"1380000000{k}"))


def store_route(
    database: Database, plan: str, service: str, walk: Walk, vehicle: str, crew: str, version: int = 1, seq: int = 1,
    notes: Sequence[dict[str, Any]] = (), state: str = "approved",
) -> str:  # fmt: skip
    """Store plan, version and route where new; the route's id."""
    doc = walk.doc()
    kg = sum(stop["quantity_kg"] for stop in doc["stops"])
    with database.write() as session:
        if session.get(Plan, plan) is None:
            session.add(Plan(code=plan, district="D01", service=service, period=f"P-{plan}", day=date(2023, 12, 18),
                             shift="N", start_at=START, end_at=START + timedelta(hours=8)))  # fmt: skip
        id_ = f"{plan}@{version}"
        if session.get(PlanVersion, id_) is None:
            session.add(PlanVersion(
                id=id_, plan=plan, version=version, state=state, created_at=START - timedelta(minutes=15),
                engine="ruin", seed=1, iterations=1, snapshot_hash="x", feasible=True, cost=1, tasks=1, distance_m=1,
                duration_s=1, notes=list(notes)))  # fmt: skip
        who = vehicle or crew
        session.add(Route(
            id=f"{id_}/{seq}", plan_version=id_, seq=seq, vehicle=vehicle, crew=crew, driver=f"{crew}-0",
            start_at=START, end_at=walk.now, distance_m=23_400, duration_s=1, stops=len(doc["stops"]),
            salt_kg=kg if service == "salting" else 0, waste_kg=kg if service == "collection" else 0,
            route_hash=route_hash(who, doc), doc=doc))  # fmt: skip
    return f"{id_}/{seq}"


NOTES = [
    {"code": "rate", "row": "heavy_snow_forecast", "g_m2": 20, "passes": 2},
    {"code": "road_temperature_unknown"},
    {"code": "onset_assumed", "onset": "2023-12-18T14:00:00Z"},
]


def salting_walk(session: Session) -> Walk:
    """Main streets with two runs, a drive, a reload at the salt store, a bridge, the way home."""
    walk = Walk(session, (0, 0))
    walk.drive((1, 0), (1, 1), (0, 1)).drive((0, 2), (0, 3))
    walk.serve(*[(i, 3) for i in range(1, 8)], (7, 4)).serve(*[(i, 4) for i in range(6, -1, -1)])
    walk.serve((0, 3)).serve(*[(i, 3) for i in range(1, 7)], number=2).serve((6, 4), (6, 5))
    walk.serve((5, 5), (5, 6), (5, 7), (5, 8)).drive((6, 8), (7, 8), (8, 8))
    walk.stop("facility", "F2", "城北盐库", "North salt store", point(8, 8), 900, 0, 0, what="load_salt")
    walk.load = 0
    walk.serve(*[(8, j) for j in range(7, 3, -1)]).serve((7, 4), number=2).serve((7, 5), (7, 6), (6, 6), (6, 7))
    walk.serve((5, 7), case="321084-20231218-00017").serve((4, 7), (3, 7), (3, 6), (3, 5), (2, 5), (2, 4))
    return walk.drive((2, 3), (2, 2), (1, 2), (1, 1), (0, 1), (0, 0))


def collection_walk(session: Session) -> Walk:
    """Twenty stations in rows, the transfer station twice."""
    walk = Walk(session, (0, 0))
    walk.drive((1, 0), (1, 1))
    held = 0
    for k in range(20):
        line, column = k // 5, k % 5
        i = 1 + (column if line % 2 == 0 else 4 - column)
        to = (i, 1 + line)
        if walk.at != to:
            walk.drive(to)
        row = session.get(Station, f"ST{line * 5 + i - 1:02d}")
        assert row is not None
        held += 140
        urgent = "urgent" if k in (3, 11) else "eligible"
        case = "321084-20231218-00017" if k == 7 else ""
        walk.stop("station", row.id, row.name, row.name_en, (row.lon, row.lat), 150, 140, held, priority=urgent,
                  case=case)  # fmt: skip
        if k in (9, 19):
            i, j = walk.at
            walk.drive(*[(x, j) for x in range(i + 1, 9)], *[(8, y) for y in range(j - 1, -1, -1)])
            walk.stop("facility", "F3", "临泽中转站", "Linze transfer station", point(8, 0), 900, 0, 0, what="unload")
            held = 0
            back = [(x, 0) for x in range(7, 0 if k == 9 else -1, -1)]
            walk.drive(*back, *([(1, y) for y in range(1, 4)] if k == 9 else []))
    return walk


def beats_walk(session: Session) -> Walk:
    """Seven places cleared on foot."""
    walk = Walk(session, (3, 3))
    for i, j, kind in ((3, 3, "crossing"), (4, 3, "crossing"), (5, 3, "bridge"), (5, 4, "bridge"), (5, 5, "crossing"),
                       (4, 5, "crossing"), (3, 5, "crossing")):  # fmt: skip
        while walk.at != (i, j):
            a, b = walk.at
            walk.drive((a + (i > a) - (i < a), b) if a != i else (a, b + (j > b) - (j < b)))
        lon, lat = point(i, j)
        walk.stop(
            "spot",
            f"segment:s{i}-{j}-e",
            EAST[j],
            "",
            (lon, lat),
            1500,
            0,
            0,
            beat=kind,
            area_m2=60 + 30 * i,
            node=node(i, j),
        )
    return walk


def add_case(database: Database, number: str, text: str) -> None:
    with database.write() as session:
        lon, lat = point(5, 7)
        session.add(Case(number=number, kind="ice", lon=lon, lat=lat, district="D01", opened_at=START,
                         deadline=START + timedelta(hours=4)))  # fmt: skip
        session.add(Report(id=f"r-{number}", case=number, at=START, channel="phone", text=text))
