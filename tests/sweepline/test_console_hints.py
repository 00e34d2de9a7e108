"""A console that is a process of its own: what other dispatchers command and other roles find reaches its pages."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from config.settings import Settings
from console.hub import Hub
from dispatch.desk import DESK, carry_out
from dispatch.pinning import PinWish
from dispatch.uow import UnitOfWork
from models.tables.plans import Plan
from models.tables.work import WorkItem
from sweepline import live
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System
from sweepline.following import hint_of
from sweepline.replanning import pin
from tests.small_city import stored_small_city

START = datetime(2023, 12, 18, 9, tzinfo=UTC)
WAIT_S = 60.0
STORE_JS = Path(__file__).parents[2] / "console" / "static" / "js" / "store.js"


def opened(folder: Path) -> System:
    return System(folder, Options(clock=SimulatedClock(START), iterations=50, seed=3), Settings(solver_processes=0))


@pytest.fixture
def city(tmp_path: Path) -> Iterator[System]:
    stored_small_city(tmp_path)
    system = opened(tmp_path)
    system.start_city()
    system.settle(START)
    yield system
    system.close()


@pytest.fixture
def hub(city: System, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """What the pages of a console role over the city are told."""
    stop, hubs = threading.Event(), []

    def console_of(_system: System, hub: Hub, _lookout: object) -> None:
        hubs.append(hub)

    monkeypatch.setattr(live, "console_of", console_of)
    monkeypatch.setattr(live, "serve", lambda *_: stop.wait())
    console = opened(city.data_dir)
    running = live._start_console(console, stop)
    yield hubs[0]
    assert running.crashed == []
    stop.set()
    assert running.join(30)
    console.close()


def hear(hub: Hub, wanted: set[str], do: Callable[[int], object]) -> None:
    """Do something again and again until it is heard of: a console follows from when it has begun to look."""
    heard: set[str] = set()
    with hub.subscribe() as page:
        until = time.monotonic() + WAIT_S
        for turn in itertools.count():
            do(turn)
            time.sleep(0.2)
            heard |= set(page.drain())
            if wanted <= heard or time.monotonic() > until:
                break
    assert wanted <= heard


def test_pins_and_other_commands_are_hinted_at_by_the_console_role(city: System, hub: Hub) -> None:
    with city.database.read() as session:
        item = session.exec(select(WorkItem).where(WorkItem.service == "collection")).first()
        assert item is not None
        plan = session.exec(select(Plan).where(Plan.service == "collection", Plan.district == item.district)).first()
        assert plan is not None

    def command(_turn: int) -> None:
        pin(city, PinWish(plan.code, item.id, exclude=True), "anna")
        carry_out(city.database, city.context, city.clock(), "anna", "shift.note", {"text": "x"})
        city.relay.run_once()

    hear(hub, {f"plan:{plan.code}", "shift:shifts"}, command)


def test_an_alarm_a_timer_raises_is_hinted_at_when_it_stands_in_the_database(city: System, hub: Hub) -> None:
    """Nobody commands anything: a route was not told in time, and the timer finds it so."""

    def late(turn: int) -> None:
        with city.database.write() as session:
            uow = UnitOfWork(session, city.clock(), f"timer:{turn}", "system:timer")
            uow.close_alarm("untold", "t1")
            uow.open_alarm("untold", "t1")
        city.relay.run_once()

    hear(hub, {"alarm:untold:t1"}, late)


@pytest.mark.parametrize("name", [*DESK, "plan.pin", "plan.approve", "self_start"])
def test_each_command_is_a_hint_the_page_knows(name: str) -> None:
    key = name.partition(".")[0] + "s" if name in DESK else {"self_start": "self_start"}.get(name, "S-1")
    kind = hint_of("commands", key).partition(":")[0]
    assert kind == "plan" if name.startswith(("plan", "route")) else kind != "plan"
    stale = STORE_JS.read_text(encoding="utf-8").partition("const STALE = {")[2].partition("};")[0]
    assert re.search(rf"\b{kind}: \[", stale)
