"""Two planner processes on one machine, Kafka and PostgreSQL: districts are planned at the same time, each once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from config.settings import load_settings
from dispatch.city.data import CityData
from dispatch.city.store import store_city
from models.database import Database
from models.migrate import upgrade
from models.tables.city import Crew, District, Worker
from models.tables.plans import Plan, PlanRequest, PlanVersion
from sweepline.compose import Options, System
from tests.contract.conftest import drop_topics, schema
from tests.contract.line import KAFKA, POSTGRES, database_url
from tests.small_city import small_city

ROOT = Path(__file__).parents[2]
WAIT_S = 120.0
IMPROVE_S = 15
"""Long enough for a planner on a starved machine to come round while the other is still at work."""

CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>A1</identifier><sender>met</sender>
<sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>zh-CN</language><category>Met</category><event>暴雪</event><urgency>Expected</urgency>
<severity>Moderate</severity><certainty>Likely</certainty><onset>{onset}</onset>
<expires>{expires}</expires><headline>暴雪黄色预警</headline>
<area><areaDesc>小城</areaDesc><geocode><valueName>GB/T2260</valueName><value>321084</value></geocode></area>
</info></alert>"""


def two_districts() -> CityData:
    """The small city cut in two, a combi for each half."""
    city = small_city()
    city.districts.append(District(code="D02", name="二区", name_en="District 2"))
    for row in city.segments:
        row.district = "D02" if row.id[1] in "34" else "D01"
    second = next(vehicle for vehicle in city.vehicles if vehicle.id == "S-2")
    second.district = "D02"
    next(crew for crew in city.crews if crew.vehicle == "S-2").district = "D02"
    city.crews.append(Crew(id="M-2", name="扫雪二组", district="D02", shift="M", size=8, depot="depot"))
    city.workers.append(Worker(id="W-M-2", name="组员", crew="M-2", role="worker"))
    return city


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """The city on Kafka and PostgreSQL; its settings are in the environment, for workers to have them too."""
    name = f"t{uuid.uuid4().hex[:12]}"
    schema(f'CREATE SCHEMA "{name}"')
    monkeypatch.setenv("SWEEPLINE_DATABASE_URL", database_url("postgres", tmp_path, name))
    monkeypatch.setenv("SWEEPLINE_BROKER", f"kafka://{KAFKA}")
    monkeypatch.setenv("SWEEPLINE_TOPIC_PREFIX", f"{name}.")
    monkeypatch.setenv("SWEEPLINE_SOLVER_PROCESSES", "1")
    (tmp_path / "sweepline.toml").write_text(f"[rules.planning]\nimprove_seconds = {IMPROVE_S}\n")
    database = Database(database_url("postgres", tmp_path, name))
    upgrade(database)
    with database.write() as session:
        store_city(session, two_districts())
    database.close()
    made = System(tmp_path, Options(), load_settings(tmp_path))
    yield made
    made.close()
    drop_topics(f"{name}.")
    schema(f'DROP SCHEMA "{name}" CASCADE')


def planner(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from sweepline.cli import app; app()", "worker", "planner", "--data", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def salting(system: System) -> list[PlanRequest]:
    with system.database.read() as session:
        query = select(PlanRequest).join(Plan, col(Plan.code) == col(PlanRequest.plan))
        return list(session.exec(query.where(Plan.service == "salting", Plan.period != "fallback")).all())


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.skipif(not (KAFKA and POSTGRES), reason="needs SWEEPLINE_TEST_KAFKA and SWEEPLINE_TEST_POSTGRES")
def test_two_planners_plan_two_districts_at_once_and_each_once(system: System) -> None:
    workers = [planner(system.data_dir) for _ in range(2)]
    stop = threading.Event()
    loops = [runner.run for runner in system.runners]
    threads = [threading.Thread(target=loop, args=(stop,), daemon=True) for loop in (*loops, system.relay.run)]
    try:
        names = [json.loads(worker.stdout.readline())["holder"] for worker in workers if worker.stdout is not None]
        assert len(set(names)) == 2
        for thread in threads:
            thread.start()
        now = datetime.now(UTC).replace(microsecond=0)
        onset, expires = now + timedelta(hours=4), now + timedelta(hours=30)
        alert = CAP.format(sent=now.isoformat(), onset=onset.isoformat(), expires=expires.isoformat())
        (receipt,) = system.intake(alert.encode(), "application/xml", "")
        assert receipt.status == "accepted"
        together = watched(system)
    finally:
        stop.set()
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(timeout=30)
        for thread in threads:
            if thread.is_alive():
                thread.join(timeout=10)
    improvers = {f"improver@{name}" for name in names}
    assert improvers in together, "both were at work at the same moment, on a request each"
    requests = salting(system)
    assert {request.district for request in requests} == {"D01", "D02"}
    assert {request.holder for request in requests} == improvers
    assert [(request.generation, request.attempts, request.lease_until) for request in requests] == [(2, 0, None)] * 2
    with system.database.read() as session:
        made = [(row.plan, row.version) for row in session.exec(select(PlanVersion)).all()]
    assert len(made) == len(set(made))
    assert {plan for plan, _ in made} >= {request.plan for request in requests}


def watched(system: System) -> list[set[str]]:
    """Who held a lease of the salting of a district at one moment, looked at until both districts are done."""
    seen: list[set[str]] = []
    until = time.monotonic() + WAIT_S
    while True:
        rows = salting(system)
        seen.append({row.holder for row in rows if row.lease_until is not None})
        if len(rows) == 2 and all(row.phase in ("done", "failed") for row in rows):
            assert [row.note for row in rows if row.phase == "failed"] == []
            return seen
        assert time.monotonic() < until, [(row.plan, row.phase, row.holder, row.note) for row in rows]
        time.sleep(0.05)
