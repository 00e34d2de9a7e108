"""The load bench: its traffic is seeded and drives on streets; a short run of the whole accounts for every event."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from bench.load import parse, run
from bench.load_sender import Rates, Sender
from bench.load_site import usage
from bench.load_traffic import LAP, Line, Traffic, add_bins, add_vehicles, point_at
from demo.city import build_demo_city
from dispatch.intake import parse_body
from models.events.base import Event
from models.times import parse_time
from routing.streets.match_network import RADIUS_M, MatchNetwork, StreetLine
from tests.small_city import small_city

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def minute(seed: int) -> list[Line]:
    city = small_city()
    traffic = Traffic(city, add_vehicles(city, 20), 5.0, START, seed)
    return [json.loads(line) for second in range(60) for line in traffic.positions(second + 1.0)]


def test_every_vehicle_reports_at_its_interval_and_the_seed_says_where() -> None:
    lines = minute(3)
    assert lines == minute(3) != minute(4)
    assert len(lines) == 20 * 12 + 1
    times = [parse_time(line["observed_at"]) for line in lines if line["vehicle"] == "L-00007"]
    assert {b - a for a, b in pairwise(times)} == {timedelta(seconds=5)}


def test_reports_lie_on_streets_and_vehicles_move() -> None:
    network = MatchNetwork.build(
        StreetLine(row.id, row.from_node, row.to_node, row.one_way, row.geometry) for row in small_city().segments
    )
    lines = minute(3)
    assert all(network.near(*network.xy(line["lon"], line["lat"]))[0][0] < RADIUS_M**2 for line in lines)
    places = Counter((round(line["lon"], 4), round(line["lat"], 4)) for line in lines)
    assert len(places) > len(lines) / 2


def test_vehicles_go_on_where_they_were_when_the_clock_begins_again() -> None:
    city = small_city()
    traffic = Traffic(city, add_vehicles(city, 1), 5.0, START, 1)
    before = [json.loads(line) for line in traffic.positions(10.0)][-1]
    traffic.restart(START + timedelta(hours=1))
    again = json.loads(traffic.positions(0.0)[0])
    assert parse_time(again["observed_at"]) == START + timedelta(hours=1)
    metres = 111_000 * (abs(before["lon"] - again["lon"]) + abs(before["lat"] - again["lat"]))
    assert 5 < metres < 2 * (45 / 3.6 * 5 + 20), "one interval's way at 15 to 45 km/h, both axes, and noise"


def test_a_way_is_driven_out_and_back() -> None:
    city = small_city()
    traffic = Traffic(city, add_vehicles(city, 1), 5.0, START, 1)
    places = [line.partition(b', "observed_at"')[0] for line in traffic.positions(5.0 * (4 * LAP - 1))]
    assert places[: 2 * LAP] == places[2 * LAP :]
    assert places[LAP : 2 * LAP] == places[LAP - 1 :: -1]
    assert len(set(places)) == LAP


def test_alerts_are_alerts_and_differ() -> None:
    city = small_city()
    traffic = Traffic(city, [], 5.0, START, 1)
    events = [parse_body(traffic.alert(n, 10.0 * n), "application/xml", START)[0] for n in range(3)]
    assert {event.type for event in events if isinstance(event, Event)} == {"alert.received"}
    assert len({event.id for event in events if isinstance(event, Event)}) == 3


def test_bins_are_filled_up_to_the_number() -> None:
    city = small_city()
    assert len(add_bins(city, 12)) == len(city.stations) == 12


def test_points_along_a_line() -> None:
    line = [[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]]
    assert [point_at(line, share) for share in (0.0, 0.375, 0.75, 1.0)] == [(0, 0), (1.5, 0), (3, 0), (3, 1)]


def test_usage_counts_a_group_with_its_children() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'for n in range(10**7): pass']); input()"
    process = subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE)
    try:
        until = time.monotonic() + 60
        while usage({"it": [process.pid]})["it"].cpu_s < 0.1 and time.monotonic() < until:
            time.sleep(0.05)
        found = usage({"it": [process.pid], "none": []})
    finally:
        process.communicate(b"\n", timeout=60)
    assert found["it"].cpu_s >= 0.1, "the loop ran in the child's child"
    assert found["it"].memory_b > 1_000_000
    assert (found["none"].cpu_s, found["none"].memory_b) == (0, 0)


def test_what_is_refused_for_now_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A console that refuses each body once: all is taken in the end, and each answer is counted."""
    seen: Counter[bytes] = Counter()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/session":
            return httpx.Response(200, json={"csrf": "x"})
        seen[request.content] += 1
        return httpx.Response(202) if seen[request.content] > 1 else httpx.Response(503, headers={"retry-after": "0.1"})

    city = small_city()
    traffic = Traffic(city, add_vehicles(city, 20), 5.0, START, 3)
    client = partial(httpx.AsyncClient, transport=httpx.MockTransport(answer))
    monkeypatch.setattr("bench.load_sender.httpx.AsyncClient", client)
    sender = Sender("http://console", "name", "password", traffic, Rates(), [])
    asyncio.run(sender.run(time.time(), 1.0))
    sent = sender.sent
    assert sent.answers["positions 503"] == sent.answers["positions 202"] == len(seen) > 0
    assert sent.accepted["positions"] == sum(len(body.splitlines()) for body in seen)


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.skipif(
    not (os.environ.get("SWEEPLINE_TEST_KAFKA") and os.environ.get("SWEEPLINE_TEST_POSTGRES")),
    reason="needs Java, Kafka's jars and PostgreSQL, as SWEEPLINE_TEST_KAFKA and SWEEPLINE_TEST_POSTGRES say",
)
def test_a_short_run_stores_everything_it_was_told_is_accepted() -> None:
    wanted = {
        "rate": 20,
        "seconds": 3,
        "warm": 1,
        "tickets": 2,
        "bins": 20,
        "alert-every": 2,
        "backlog": 2,
        "storm-at": 1,
    }
    options = parse([f"--{name}={value}" for name, value in wanted.items()])
    folder = Path(tempfile.mkdtemp(prefix="sweepline-load-"))  # not pytest's: PostgreSQL runs under its own account
    report = run(options, folder)
    assert not folder.exists()
    assert report["drained_s"] is not None and report["dead"] == []
    assert set(report["accepted"]) == {"positions", "levels", "tickets", "alerts", "storm"}
    assert len(report["storm"]["draft_s"]) == report["storm"]["districts"] == len(build_demo_city(1).districts)
    sent = {"positions": 61, "levels": 1, "tickets": 6, "alerts": 2}  # on a busy machine some are refused or time out
    for kind, took in report["event_to_database"].items():
        assert 0 < report["accepted"][kind] <= took["stored"] <= sent[kind]
    assert 0 < report["backlog"]["accepted"]["positions"] <= 41 and report["backlog"]["drained_s"] is not None
    assert all(took["p50_s"] > 0 for took in report["event_to_database"].values())
    assert report["cpu_ms_per_event"]["streams"] > 0 and report["memory_mb"]["kafka"] > 0
