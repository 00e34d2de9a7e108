"""The small city in a fresh SQLite file, its rules, and units of work without any other part running."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from config.rules_loader import load_rules
from dispatch.context import Context
from dispatch.uow import UnitOfWork
from models.database import Database
from models.tables.plans import Plan, PlanVersion, Route
from tests.small_city import stored_small_city

NOW = datetime(2023, 12, 18, 8, tzinfo=UTC)
Work = Callable[..., AbstractContextManager[UnitOfWork]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dispatch")
    stored_small_city(folder)
    return folder / "sweepline.db"


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copyfile(template, tmp_path / "sweepline.db")
    opened = Database(f"sqlite:///{tmp_path / 'sweepline.db'}")
    yield opened
    opened.close()


@pytest.fixture
def context() -> Context:
    return Context(rules=load_rules(), city="321084", zone="Asia/Shanghai")


@pytest.fixture
def work(database: Database) -> Work:
    """A unit of work: `with work(minutes=5, actor="chief") as uow`."""

    @contextmanager
    def open_work(minutes: float = 0, actor: str = "chief", cause: str = "") -> Iterator[UnitOfWork]:
        with database.write() as session:
            yield UnitOfWork(session, NOW + timedelta(minutes=minutes), cause or f"test:{minutes}:{actor}", actor)

    return open_work


def iso_at(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def stop(n: int, ref: str, item: str, arrive_min: float, kind: str = "station", **other: object) -> dict:
    """A stop of a route document."""
    made: dict = {
        "n": n,
        "kind": kind,
        "ref": ref,
        "work_item": item,
        "pass": 1,
        "forward": True,
        "name": ref,
        "name_en": ref,
        "lon": 119.45,
        "lat": 32.78,
        "at": [119.45, 32.78],
        "arrive": iso_at(arrive_min),
        "start": iso_at(arrive_min),
        "depart": iso_at(arrive_min + 2),
        "quantity_kg": 50,
        "load_kg": 50 * n,
        "legs": [],
        "case": "",
    }
    return {**made, **other}


def add_plan(uow: UnitOfWork, code: str = "C-20231218-D01-E", period: str = "day:2023-12-18:E") -> Plan:
    plan = Plan(
        code=code,
        district="D01",
        service="collection",
        period=period,
        day=NOW.date(),
        shift="E",
        start_at=NOW + timedelta(minutes=60),
        end_at=NOW + timedelta(minutes=300),
        origin="day:2023-12-18",
    )
    uow.session.add(plan)
    uow.session.flush()
    return plan


def add_version(
    uow: UnitOfWork,
    plan: Plan,
    number: int,
    vehicles: dict[str, list[dict]],
    based_on: int | None = None,
    feasible: bool = True,
) -> PlanVersion:
    """A proposed version; vehicle → stops. Versions proposed before it are superseded, as the planner does."""
    for old in uow.session.exec(select(PlanVersion).where(PlanVersion.plan == plan.code)):
        if old.state == "proposed":
            old.state = "superseded"
    version = PlanVersion(
        id=f"{plan.code}@{number}",
        plan=plan.code,
        version=number,
        created_at=uow.now,
        based_on=based_on,
        engine="greedy",
        seed=1,
        iterations=0,
        snapshot_hash="x",
        feasible=feasible,
        cost=1,
        tasks=1,
        distance_m=1,
        duration_s=1,
    )
    plan.latest = number
    uow.session.add(version)
    for seq, (vehicle, stops) in enumerate(vehicles.items(), 1):
        uow.session.add(
            Route(
                id=f"{version.id}/{seq}",
                plan_version=version.id,
                seq=seq,
                vehicle=vehicle,
                crew=f"K-{vehicle}",
                driver=f"W-K-{vehicle}",
                start_at=plan.start_at,
                end_at=plan.start_at + timedelta(minutes=60),
                distance_m=1,
                duration_s=3600,
                route_hash=f"{vehicle}:{[s['work_item'] for s in stops]}",
                doc={"start": {}, "stops": stops, "home": [], "end": None, "kept": 0},
            )
        )
    uow.session.flush()
    return version
