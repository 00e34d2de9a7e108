"""A small stored city with plans, alerts, cases and positions: what the console's tests read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlmodel import Session, SQLModel, select

import models.tables  # noqa: F401  (registers every table)
from config.rules_loader import load_rules
from dispatch.approval import approve
from dispatch.context import Context
from dispatch.differences import difference_doc, version_difference
from dispatch.uow import UnitOfWork
from dispatch.versions import routes_of
from dispatch.whatif import FIGURES, Change
from models.database import Database
from models.errors import Unavailable
from models.ids import sheet_code
from models.tables.city import City, Crew, District, Facility, ResourceState, Segment, Setting, Station, Vehicle, Worker
from models.tables.flow import Alarm, Projection, Timer
from models.tables.plans import Approval, Plan, PlanVersion, Route, Sheet
from models.tables.weather import Alert, Episode, Reading, Response, Stage
from models.tables.work import Case, Level, Pass, Report, StationDay, WorkItem
from models.times import iso, local_date, parse_time

NOW = datetime(2023, 12, 18, 12, 30, tzinfo=UTC)
ZONE = "Asia/Shanghai"
CONTEXT = Context(rules=load_rules(), city="321084", zone=ZONE)
HOSTILE = '<img src=x onerror="window.hacked=1">'
STEP_DEG = 0.004
EXPLAINED = [
    {
        "task": "wi-g0000h/1",
        "work_item": "wi-g0000h",
        "ref": "g0000h",
        "reason": "time",
        "binds": ["time"],
        "together": False,
        "relaxations": [
            {
                "changes": [{"kind": "time", "on": "S-00", "amount": 660, "what": ""}],
                "vehicle": "S-00",
                "added_cost": 420,
            },
            {
                "changes": [{"kind": "vehicle", "on": "S-01", "amount": 0, "what": ""}],
                "vehicle": "S-01+1",
                "added_cost": 900,
            },
        ],
    }
]
"""As `plan explain --json` tells of a task left out (tests/sweepline/test_cli_explain.py makes real ones)."""
NAMES = ("通湖路", "文游中路", "海潮东路", "府前街", "盂城路", "屏淮路")


def open_database(path: Path) -> Database:
    """An empty database with every table."""
    database = Database(f"sqlite:///{path}")
    SQLModel.metadata.create_all(database.engine)
    return database


def grid_segments(rows: int, columns: int) -> list[Segment]:
    """A grid of streets: every third one main, every second of the rest secondary; one bridge, one hostile name."""
    found = []
    for row in range(rows):
        for column in range(columns):
            for right, up in ((1, 0), (0, 1)):
                if column + right >= columns or row + up >= rows:
                    continue
                along = row if right else column
                class_ = "main" if along % 3 == 0 else "secondary" if along % 2 else "lane"
                start = [119.43 + column * STEP_DEG, 32.78 + row * STEP_DEG]
                end = [start[0] + right * STEP_DEG, start[1] + up * STEP_DEG]
                found.append(
                    Segment(
                        id=f"g{row:02d}{column:02d}{'h' if right else 'v'}",
                        way=f"w{along}{right}",
                        from_node=f"n{row}-{column}",
                        to_node=f"n{row + up}-{column + right}",
                        name=NAMES[(along * 2 + right) % len(NAMES)],
                        name_en=f"Street {along * 2 + right}",
                        road_class=class_,
                        lanes=2,
                        width_m=12.0,
                        length_m=375.0 if right else 445.0,
                        district="D01",
                        geometry=[start, end],
                    )
                )
    found[2].bridge = True
    found[5].name = found[5].name_en = HOSTILE
    return found


def store_city(session: Session, segments: Sequence[Segment]) -> None:
    """City, district, streets, a depot, three stations, three vehicles."""
    session.add(
        City(
            code="321084",
            name="高邮",
            name_en="Gaoyou",
            zone=ZONE,
            attribution="© OpenStreetMap contributors",
            network_hash="net-1",
        )
    )
    session.add(District(code="D01", name="城北", name_en="North"))
    session.add_all(segments)
    lon, lat = segments[0].geometry[0]
    session.add(
        Facility(
            id="DEPOT-1",
            kind="depot",
            name="城北车场",
            name_en="North depot",
            lon=lon,
            lat=lat,
            node="n0-0",
            district="D01",
        )
    )
    for number in range(3):
        session.add(
            Station(
                id=f"ST-{number}",
                name=f"{number + 1}号投放点",
                name_en=f"Station {number + 1}",
                lon=lon + STEP_DEG * (number + 1),
                lat=lat + STEP_DEG,
                node=f"n1-{number + 1}",
                district="D01",
                community="文游社区",
            )
        )
        session.add(
            Vehicle(id=f"S-0{number}", plate=f"苏K·1000{number}", kind="spreader", district="D01", depot="DEPOT-1")
        )
    session.flush()


def route_doc(segments: Sequence[Segment], start_at: datetime, first_leg: Segment | None = None) -> dict[str, Any]:
    """A route document that serves the segments in order, two minutes each."""
    stops = []
    for n, segment in enumerate(segments, 1):
        at = start_at + timedelta(minutes=2 * n)
        stops.append(
            {
                "n": n,
                "kind": "segment",
                "ref": segment.id,
                "work_item": f"wi-{segment.id}",
                "pass": 1,
                "forward": True,
                "name": segment.name,
                "name_en": segment.name_en,
                "lon": segment.geometry[0][0],
                "lat": segment.geometry[0][1],
                "arrive": iso(at),
                "start": iso(at),
                "depart": iso(at + timedelta(minutes=1)),
                "quantity_kg": 90,
                "load_kg": 90 * n,
                "rate_g_m2": 20,
                "length_m": round(segment.length_m),
                "legs": [[first_leg.id, False]] if first_leg is not None and n == 1 else [],
                "case": "",
                "priority": "main",
            }
        )
    place = {
        "kind": "depot",
        "ref": "DEPOT-1",
        "name": "城北车场",
        "name_en": "North depot",
        "lon": 119.43,
        "lat": 32.78,
    }
    return {"start": place, "stops": stops, "home": [[segments[0].id, False]], "end": place, "kept": 0}


def store_version(
    session: Session,
    code: str,
    version: int,
    state: str,
    routes: Iterable[tuple[str, Sequence[Segment]]],
    service: str = "salting",
    district: str = "D01",
    start_at: datetime = NOW + timedelta(minutes=20),
    feasible: bool = True,
) -> PlanVersion:
    """A version with its routes; the plan itself with its first version."""
    plan = session.get(Plan, code)
    if plan is None:
        plan = Plan(
            code=code,
            district=district,
            service=service,
            period=f"stage:{code}",
            day=local_date(start_at, ZONE),
            shift="N",
            start_at=start_at,
            end_at=start_at + timedelta(hours=8),
        )
        session.add(plan)
    plan.latest = max(plan.latest, version)
    id_ = f"{code}@{version}"
    tasks = 0
    for seq, (vehicle, served) in enumerate(routes, 1):
        tasks += len(served)
        session.add(
            Route(
                id=f"{id_}/{seq}",
                plan_version=id_,
                seq=seq,
                vehicle=vehicle,
                start_at=start_at,
                end_at=start_at + timedelta(minutes=2 * len(served) + 10),
                distance_m=sum(round(s.length_m) for s in served) + 800,
                duration_s=120 * len(served) + 600,
                salt_kg=90 * len(served) if service == "salting" else 0,
                waste_kg=300 * len(served) if service == "collection" else 0,
                stops=len(served),
                route_hash=f"hash-{code}-{vehicle}-{'.'.join(s.id for s in served[:3])}-{len(served)}",
                doc=route_doc(served, start_at, served[-1]),
            )
        )
    row = PlanVersion(
        id=id_,
        plan=code,
        version=version,
        state=state,
        created_at=NOW - timedelta(minutes=5),
        reason="stage.pretreat",
        engine="ruin",
        seed=1,
        iterations=100,
        snapshot_hash="s",
        feasible=feasible,
        verdict={"feasible": feasible},
        cost=1000,
        tasks=tasks + 1,
        unserved=[{"task": "wi-none/1", "work_item": "wi-none", "ref": "", "reason": "reachability"}],
        distance_m=12_345,
        duration_s=7_200,
        salt_kg=90 * tasks if service == "salting" else 0,
        waste_kg=300 * tasks if service == "collection" else 0,
        notes=[
            {"code": "rate", "row": "light_snow_forecast", "g_m2": 20, "passes": 1},
            {"code": "onset_assumed", "onset": iso(NOW)},
        ],
        first_plan_s=1.2,
        best_plan_s=14.0,
    )
    session.add(row)
    if state in ("approved", "active"):
        session.add(Approval(plan_version=id_, actor="wang", at=NOW - timedelta(minutes=2)))
    session.flush()
    return row


def store_weather(session: Session) -> None:
    """A live orange snow alert of ours with its response, one foreign drill, one reading."""
    onset = NOW + timedelta(hours=1, minutes=30)
    session.add(
        Episode(
            id="ep-1",
            phenomenon="snow",
            severity="Severe",
            onset=onset,
            expires=NOW + timedelta(hours=20),
            received_at=NOW - timedelta(hours=4),
        )
    )
    for id_, episode, status, headline in (
        ("a1", "ep-1", "Actual", "高邮市气象台发布暴雪橙色预警 " + HOSTILE),
        ("a2", None, "Exercise", "演练"),
    ):
        session.add(
            Alert(
                id=id_,
                sender="met",
                identifier=id_,
                sent=NOW - timedelta(hours=4),
                received_at=NOW - timedelta(hours=4),
                status=status,
                msg_type="Alert",
                phenomenon="snow",
                severity="Severe",
                onset=onset,
                headline=headline,
                ours=episode is not None,
                episode=episode,
                state="live" if episode else "drill",
            )
        )
    session.add(
        Response(
            id="r-1", episode="ep-1", self_start=True, rate={"row": "light_snow_forecast", "g_m2": 20, "passes": 1}
        )
    )
    for kind, state, minutes in (("muster", "planned", 510), ("pretreat", "running", 90), ("plough", "waiting", 210)):
        session.add(
            Stage(
                id=f"st-{kind}",
                response="r-1",
                kind=kind,
                anchor="onset",
                state=state,
                due_at=NOW + timedelta(minutes=minutes),
            )
        )
    session.add(
        Reading(device="RW-1", observed_at=NOW - timedelta(minutes=10), received_at=NOW, air_c=-1.0, road_c=-0.4)
    )
    session.flush()


def store_field(session: Session, segments: Sequence[Segment]) -> None:
    """Levels, a cleared station, two cases (one twice reported), fixes, passes, an alarm, a vehicle that is out."""
    lon, lat = segments[0].geometry[0]
    day = local_date(NOW, ZONE)
    for number, (level, state) in enumerate(((40.0, "cleared"), (92.0, "open"), (110.0, "open"))):
        for minutes, pct in ((90, 20.0), (15, level)):
            at = NOW - timedelta(minutes=minutes)
            session.add(Level(station=f"ST-{number}", observed_at=at, received_at=at, level_pct=pct))
        session.add(
            StationDay(
                station=f"ST-{number}",
                day=day,
                state=state,
                work_item=f"wi-{number}",
                overflow_at=NOW if level > 100 else None,
                cleared_at=NOW - timedelta(minutes=30) if state == "cleared" else None,
            )
        )
    session.add(Setting(key="case_serial:20231218", value={"serial": 2}))
    for number, (kind, text, hours) in enumerate((("ice", "桥面结冰 " + HOSTILE, 3), ("overflow", "满了", -1)), 1):
        session.add(
            Case(
                number=f"321084-20231218-0000{number}",
                kind=kind,
                lon=lon + STEP_DEG * number,
                lat=lat + STEP_DEG * 2,
                district="D01",
                opened_at=NOW - timedelta(hours=1),
                deadline=NOW + timedelta(hours=hours),
            )
        )
        for count in range(number):
            session.add(
                Report(
                    id=f"rep-{number}-{count}",
                    case=f"321084-20231218-0000{number}",
                    at=NOW - timedelta(minutes=50 - count),
                    channel="12345",
                    text=text,
                )
            )
    for number, (tools, minutes) in enumerate((("s", 0), ("", 30))):
        at = NOW - timedelta(minutes=minutes)
        session.add(
            Projection(
                key=f"vehicle:S-0{number}",
                kind="vehicle_fix",
                position=int(at.timestamp() * 1e6),
                value={
                    "lon": lon + STEP_DEG * (number + 0.5),
                    "lat": lat,
                    "observed_at": iso(at),
                    "speed_kmh": 24.0,
                    "heading_deg": 90.0,
                    "tools": tools,
                },
            )
        )
    passes = (
        (segments[0].id, 30, "s", 1.0),
        (segments[0].id, 90, "s", 1.0),
        (segments[1].id, 300, "p", 1.0),
        (segments[2].id, 5, "", 1.0),
        (segments[3].id, 5, "s", 0.2),
    )
    for number, (segment, minutes, tools, fraction) in enumerate(passes):
        at = NOW - timedelta(minutes=minutes)
        session.add(
            Pass(
                id=f"p{number}",
                segment=segment,
                forward=True,
                vehicle="S-00",
                from_at=at,
                to_at=at,
                fraction=fraction,
                tools=tools,
            )
        )
    session.add(
        Alarm(
            id="untold:t1",
            kind="untold",
            key="t1",
            priority=1,
            opened_at=NOW - timedelta(minutes=12),
            detail={"vehicle": "S-00"},
        )
    )
    session.add(Alarm(id="closed:t2", kind="untold", key="t2", opened_at=NOW, state="closed", closed_at=NOW))
    session.add(
        ResourceState(key="vehicle:S-02", kind="vehicle", ref="S-02", status="out", since=NOW, reason="液压故障")
    )
    session.add(
        Timer(
            id="selfstart:S-20231218-D01-N",
            due_at=NOW + timedelta(minutes=8),
            kind="plan.self_start",
            key="S-20231218-D01-N",
        )
    )
    session.flush()


def store_sheet(session: Session, route: Route, sheets_dir: Path) -> str:
    """A rendered sheet of a route; its code."""
    code = sheet_code(route.route_hash)
    (sheets_dir / f"{code}.pdf").write_bytes(b"%PDF-1.7 sheet")
    session.add(
        Sheet(
            code=code,
            route_hash=route.route_hash,
            route=route.id,
            plan=route.plan_version.partition("@")[0],
            vehicle=route.vehicle,
            path=f"{code}.pdf",
            pages=1,
            issued_at=NOW,
        )
    )
    session.flush()
    return code


def build_sample(database: Database, sheets_dir: Path, rows: int = 7, columns: int = 9) -> list[Segment]:
    """Everything above: plan S-20231218-D01-N with @1 superseded and @2 proposed, C-20231218-D01-E active."""
    segments = grid_segments(rows, columns)
    with database.write() as session:
        store_city(session, segments)
        main = [s for s in segments if s.road_class == "main"]
        store_version(session, "S-20231218-D01-N", 1, "superseded", [("S-00", main[:6]), ("S-01", main[6:9])])
        store_version(session, "S-20231218-D01-N", 2, "proposed", [("S-00", main[:7]), ("S-01", main[7:12])])
        active = store_version(
            session, "C-20231218-D01-E", 1, "active", [("S-02", segments[-6:])], service="collection"
        )
        store_weather(session)
        store_field(session, segments)
        session.add(Setting(key="self_start_stopped", value={"on": False}))
        route = session.get(Route, f"{active.id}/1")
        assert route is not None
        store_sheet(session, route, sheets_dir)
    return segments


def put_station_on_route(database: Database) -> str:
    """The collection route's first stop becomes the station ST-1 with its day's work; the code of its sheet."""
    with database.write() as session:
        route = session.get_one(Route, "C-20231218-D01-E@1/1")
        first, *others = route.doc["stops"]
        station = {
            **first,
            "kind": "station",
            "ref": "ST-1",
            "work_item": "wi-1",
            "name": "2号投放点",
            "name_en": "Station 2",
        }
        route.doc = {**route.doc, "stops": [station, *others]}
        day = local_date(NOW, ZONE)
        session.add(
            WorkItem(
                id="wi-1",
                service="collection",
                district="D01",
                place="station:ST-1",
                origin=f"day:{day}",
                period=f"day:{day}",
                state="planned",
                created_at=NOW - timedelta(hours=3),
            )
        )
        return sheet_code(route.route_hash)


def approve_change(database: Database, sheets_dir: Path) -> None:
    """S-20231218-D01-N@1 is in force with its sheets out, then dispatch approves @2: two crews to be told."""
    with database.write() as session:
        session.add_all(
            Crew(id=f"K-{n}", name=f"{n + 1}班", depot="DEPOT-1", district="D01", shift="N", size=1) for n in range(2)
        )
        session.flush()
        for number, phone in ((0, "139 0000 0001"), (1, "")):
            worker = Worker(
                id=f"W-{number}", name=("张伟", "李娜")[number], crew=f"K-{number}", role="driver", phone=phone
            )
            session.add(worker)
            for version in (1, 2):
                session.get_one(Route, f"S-20231218-D01-N@{version}/{number + 1}").driver = worker.id
            store_sheet(session, session.get_one(Route, f"S-20231218-D01-N@1/{number + 1}"), sheets_dir)
        session.get_one(PlanVersion, "S-20231218-D01-N@1").state = "approved"
    with database.write() as session:
        approve(UnitOfWork(session, NOW - timedelta(minutes=4), "test:approve", "anna"), CONTEXT, "S-20231218-D01-N@2")


def store_work(database: Database, version_id: str) -> None:
    """The work items of a version's stops, and trucks that can do them: what pins are about."""
    with database.write() as session:
        version = session.get_one(PlanVersion, version_id)
        plan = session.get_one(Plan, version.plan)
        plan.origin = "stage:st-pretreat"
        for truck in session.exec(select(Vehicle)).all():
            truck.skills = [plan.service]
        for route in session.exec(select(Route).where(Route.plan_version == version_id)).all():
            for stop in route.doc["stops"]:
                session.add(
                    WorkItem(
                        id=stop["work_item"],
                        service=plan.service,
                        district=plan.district,
                        place=f"segment:{stop['ref']}",
                        origin=plan.origin,
                        period=plan.period,
                        priority="main",
                        quantity_kg=stop["quantity_kg"],
                        deadline=parse_time(stop["depart"]),
                        state="planned",
                        created_at=NOW,
                    )
                )


def parts(database: Database) -> Any:
    """What commands need of a system."""
    return SimpleNamespace(database=database, clock=lambda: NOW, context=CONTEXT)


class ToldWhatIf:
    """In the place of sweepline.whatif_desk: what was asked, and answers as `plan what-if --json` gives them."""

    def __init__(self) -> None:
        self.state: dict[str, Any] | None = None

    def start(self, version_id: str, change: Change, actor: str) -> None:
        if self.state is not None and self.state["state"] == "running":
            raise Unavailable("a what-if is being worked out")
        asked = {"version": version_id, "change": asdict(change), "by": actor, "state": "running", "text": ""}
        self.state = {**asked, "elapsed_s": 7.0, "expected_s": 28.0, "result": None}

    def look(self) -> dict[str, Any] | None:
        return self.state

    def stop(self) -> None:
        self.state = None

    def told(self, session: Session, old: str, new: str) -> None:
        """It comes out as the version `new`, held against `old`."""
        assert self.state is not None
        before, after = session.get_one(PlanVersion, old), session.get_one(PlanVersion, new)
        figures = [
            {
                "routes": len(routes_of(session, row.id)),
                "unserved": len(row.unserved),
                **{key: getattr(row, key) for key in FIGURES if key not in ("routes", "unserved")},
            }
            for row in (before, after)
        ]
        result = {
            "version": old,
            "feasible": True,
            "before": figures[0],
            "after": figures[1],
            "unserved": after.unserved,
            "difference": difference_doc(version_difference(session, before, after)),
            "seconds": 20.1,
        }
        self.state = {**self.state, "state": "done", "result": result}
