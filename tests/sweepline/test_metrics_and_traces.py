"""Real events on the small city: every metric of the catalogue moves; one alert is one trace, from receipt to sheet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import col, select

from console.hub import Hub
from models.database import Database
from models.errors import Refused
from models.tables.flow import Projection
from models.tables.plans import PlanVersion, Sheet
from models.tracing import parent_of
from streams import metrics
from streams.metrics import CATALOGUE
from streams.pulse import Pulse, keep_on
from streams.timers import fire_due
from sweepline.compose import System
from sweepline.live import console_of
from sweepline.roles import start_lookout, start_roles
from sweepline.running import open_system
from tests.sweepline.conftest import CLOCK, ITERATIONS, cap_xml

WAIT_S = 120.0
NOBODY = "postgresql+psycopg://nobody@127.0.0.1:1/none"
SOLVER_THERE = 'sweepline_trouble{degree="solver_away"} 0.0'


def totals() -> dict[str, float]:
    """Each metric's samples summed; of a histogram, how many values it got."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            name = sample.name.removesuffix("_count")
            if name in {metric.name for metric in CATALOGUE}:
                found[name] = found.get(name, 0.0) + sample.value
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPLINE_SOLVER_PROCESSES", "0")
    monkeypatch.setenv("SWEEPLINE_SOLVER_ITERATIONS", ITERATIONS)


def until(what: str, true: Callable[[], object]) -> None:
    limit = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < limit, f"not within {WAIT_S} s: {what}"
        time.sleep(0.1)


def position(at: datetime) -> bytes:
    body = '{"type": "vehicle.position", "vehicle": "S-1", "lon": 119.45, "lat": 32.78, "observed_at": "%s"}'
    return (body % at.isoformat()).encode()


def newest(system: System) -> PlanVersion | None:
    with system.database.read() as session:
        query = select(PlanVersion).where(col(PlanVersion.plan).like("S-%-N"), PlanVersion.state == "proposed")
        return session.exec(query.order_by(col(PlanVersion.version).desc())).first()


def approve(system: System) -> bool:
    """Approve the newest; another may have come meanwhile."""
    version = newest(system)
    try:
        return version is not None and system.approve(version.id, "chief").state == "approved"
    except Refused:
        return False


def test_every_metric_is_moved_by_a_real_event(city: Path, quick: None) -> None:
    with (city / "sweepline.toml").open("a") as toml:
        toml.write("[rules.intake]\ndevice_burst = 1\ndevice_per_s = 0.001\n")
    system = open_system(city)
    stop = threading.Event()
    before = totals()
    running = start_roles(system, stop)
    lookout = start_lookout(system, running, [])
    try:
        now = datetime.now(UTC).replace(microsecond=0)
        system.start_city()
        sent = cap_xml(sent=now.isoformat()).replace(
            "2023-12-18T22:00:00+08:00", (now + timedelta(hours=4)).isoformat()
        )
        alert = sent.replace("2023-12-20T08:00:00+08:00", (now + timedelta(hours=30)).isoformat())
        assert [receipt.status for receipt in system.intake(alert.encode(), "application/xml", "")] == ["accepted"]
        first, second = (system.intake(position(now), "application/json", "")[0] for _ in range(2))
        assert (first.status, second.reason) == ("accepted", "too_often")
        until("a plan is approved", lambda: approve(system))
        until("its sheets are there", lambda: _rows(system, Sheet))
        until("the position is shown", lambda: _rows(system, Projection))
        fire_due(system.database, now + timedelta(hours=2))
        _wait_for_nobody()
        with TestClient(console_of(system, Hub(), lookout)) as client:
            assert client.get("/api/health").status_code == 200
        until("a planner is heard of", lambda: SOLVER_THERE in metrics.exposition().decode())
    finally:
        stop.set()
        running.join(30)
        system.close()
    after = totals()
    still = [m.name for m in CATALOGUE if m.kind != "gauge" and after.get(m.name, 0) <= before.get(m.name, 0)]
    assert still == []
    assert running.crashed == []
    shown = metrics.exposition().decode()
    assert SOLVER_THERE in shown
    assert 'sweepline_telemetry_turned_away_total{reason="too_often"}' in shown


def _rows(system: System, table: type[Sheet] | type[Projection]) -> bool:
    with system.database.read() as session:
        return session.exec(select(table)).first() is not None


def _wait_for_nobody() -> None:
    """A loop whose database is away, once round."""
    stop = threading.Event()
    nobody = Database(NOBODY)

    def once() -> int:
        stop.set()
        return fire_due(nobody, datetime.now(UTC))

    keep_on(Pulse("timers"), stop, once)
    nobody.close()


def test_one_alert_is_one_trace_from_its_receipt_to_its_sheets(
    city: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    system = open_system(city, CLOCK)
    try:
        (receipt,) = system.intake(cap_xml().encode(), "application/xml", "")
        system.start_city()
        system.settle(system.clock())
        assert approve(system)
        system.settle(system.clock())
    finally:
        system.close()
        provider.shutdown()
    cause = f"{receipt.source}:{receipt.id}"
    root = parent_of(cause)
    spans = [span for span in exporter.get_finished_spans() if span.context.trace_id == root.trace_id]
    names = [span.name for span in spans]
    assert set(names) == {"accept", "record", "planning", "plan", "approval", "sheet"}
    firsts = [names.index(name) for name in ("accept", "planning", "record", "plan", "approval", "sheet")]
    assert firsts == sorted(firsts), "in the order they happened; a record ends after what it asked for"
    assert {span.attributes["sweepline.event_id"] for span in spans if span.attributes is not None} == {cause}
    others = {span.context.trace_id for span in exporter.get_finished_spans()} - {root.trace_id}
    assert others, "the city's own plans are traces of their own"


def test_without_a_provider_nothing_is_traced(city: Path, quick: None) -> None:
    from models.tracing import is_on

    assert not is_on()
