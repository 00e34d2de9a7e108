"""Every view at once, under each driver: projections are those of the functions, and those the stored rows give."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from models.events.base import Event
from models.events.field import StationLevel, VehiclePosition
from models.events.registry import payload_of
from models.tables.flow import Projection
from models.tables.work import Level, Position
from models.times import iso
from streams.recorders.projections import projections
from streams.runner import Runner
from streams.views.embedded import EmbeddedView
from streams.views.rebuild import VIEWS, held_against_rows, rebuilt_states
from streams.views.view import advance
from tests.contract.line import KAFKA, START, Line
from tests.contract.test_views_contract import fix, wait_for

LEVELS = ((0, 20), (1, 26), (2, 24), (3, 95), (3.5, 30), (5, 2), (4, 50), (8, 22), (8, 22))


def level(hour: float, pct: float, station: str) -> Event:
    at = START + timedelta(hours=hour)
    data = {"station": station, "observed_at": iso(at), "level_pct": pct}
    return Event(
        source="stations",
        id=f"{station}@{iso(at)}",
        type="station.level",
        key=station,
        occurred_at=at,
        received_at=START + timedelta(hours=9),
        data=data,
    )


def sent() -> dict[str, list[Event]]:
    return {
        "stations": [level(hour, pct, station) for hour, pct in LEVELS for station in ("ST-1", "ST-2")],
        "positions": [fix(n, n * 10, vehicle, 119.45 + n * 1e-4) for n in range(12) for vehicle in ("S-01", "S-02")],
    }


def store(line: Line) -> None:
    """The rows the recorders would make of it, in the order received."""
    with line.database.write() as session:
        seen: set[Any] = set()
        for number, event in enumerate(event for events in sent().values() for event in events):
            found = payload_of(event)
            received = event.received_at + timedelta(microseconds=number)
            if event.id in seen:
                continue
            seen.add(event.id)
            if isinstance(found, StationLevel):
                session.add(
                    Level(
                        station=found.station,
                        observed_at=found.observed_at,
                        received_at=received,
                        level_pct=found.level_pct,
                    )
                )
            elif isinstance(found, VehiclePosition):
                tools = "s" if found.tools.spreader else ""
                session.add(Position(**found.model_dump(exclude={"tools"}), received_at=received, tools=tools))


def run(line: Line, driver: str) -> None:
    """All views to their ends, side by side."""
    if driver == "embedded":
        for view in [EmbeddedView(view, line.drivers[0], line.database) for view in VIEWS]:
            while view.behind():
                view.run_once(0.2)
            view.close()
    else:
        from streams.views.faust_app import FaustView

        running = [FaustView(view, line.drivers[0], KAFKA, f"{line.name}.") for view in VIEWS]
        for faust in running:
            faust.run_once()
        for faust in running:
            wait_for(lambda faust=faust: not faust.behind())
            faust.close()
    line.drain(Runner(line.database, line.drivers[0], projections(), line.clock))


@pytest.mark.parametrize("driver", ["embedded", "faust"])
def test_all_views_side_by_side_and_their_rows_agree(line: Line, driver: str) -> None:
    if driver == "faust" and line.broker != "kafka":
        pytest.skip("Faust needs Kafka")
    for topic, events in sent().items():
        line.publish(*events, topic=topic)
    run(line, driver)
    wanted = {}
    for view in VIEWS:
        kept: dict[str, Any] = {}
        for event in sent()[view.topic]:
            kept[event.key], _ = advance(view, kept.get(event.key), event)
        wanted |= {f"{view.kind}:{key}": value["state"] for key, value in kept.items()}
    assert {row.key: row.value for row in line.rows(Projection)} == wanted
    assert len(wanted) == 4
    store(line)
    with line.database.read() as session:
        assert held_against_rows(session) == ([], [])
        again = {f"{view.kind}:{key}": s for view in VIEWS for key, s in rebuilt_states(session, view).items()}
    assert again == wanted


def test_a_projection_that_was_changed_or_lags_is_found(line: Line) -> None:
    for topic, events in sent().items():
        line.publish(*events, topic=topic)
    run(line, "embedded")
    store(line)
    with line.database.write() as session:
        row = session.get_one(Projection, "station:ST-1")
        row.value = {**row.value, "level_pct": 99.0}
        session.add(
            Level(
                station="ST-2",
                observed_at=START + timedelta(hours=9),
                received_at=START + timedelta(hours=10),
                level_pct=30,
            )
        )
        session.add(Projection(key="vehicle:S-99", kind="vehicle", position=1, value={"vehicle": "S-99"}))
    with line.database.read() as session:
        wrong, late = held_against_rows(session)
        assert [found.key for found in wrong] == ["vehicle:S-99", "station:ST-1"]
        assert [found.key for found in late] == ["station:ST-2"]
        wrong, _ = held_against_rows(session, since=START)
        assert [found.key for found in wrong] == ["station:ST-1"], "fixes from before are not kept"
        assert session.exec(select(Projection).where(col(Projection.kind) == "station")).all()
