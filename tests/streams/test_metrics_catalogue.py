"""The catalogue: names by the rules, nothing counted outside it, a dashboard that asks for nothing else."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import httpx
import pytest

from streams import metrics
from streams.metrics import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("models", "dispatch", "streams", "console", "printouts", "config", "demo", "sweepline")
NAME = re.compile(r"\bsweepline_[a-z_]+")
SERIES = {
    series
    for metric in CATALOGUE
    for series in (
        [f"{metric.name}{tail}" for tail in ("_bucket", "_sum", "_count")]
        if metric.kind == "histogram"
        else [metric.name]
    )
}


def sources() -> list[Path]:
    return [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_a_name_says_kind_and_unit(metric: metrics.Metric) -> None:
    assert metric.name.startswith("sweepline_")
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.name.removesuffix("_total").endswith(metric.unit)
    assert metric.help


def test_nothing_is_counted_outside_the_catalogue() -> None:
    counted = re.compile(r'metrics\.(?:count|observe|show)\(\s*"(\w+)"')
    used = {name for file in sources() for name in counted.findall(file.read_text(encoding="utf-8"))}
    assert used == {metric.name for metric in CATALOGUE}
    with pytest.raises(KeyError):
        metrics.count("sweepline_made_up_total")


def test_only_one_file_touches_the_library() -> None:
    users = [file.name for file in sources() if "prometheus_client" in file.read_text(encoding="utf-8")]
    assert users == ["metrics.py"]


def test_the_dashboard_asks_only_for_what_is_counted_and_for_all_of_it() -> None:
    board = json.loads((ROOT / "docker" / "grafana" / "sweepline.json").read_text(encoding="utf-8"))
    asked = {name for panel in board["panels"] for target in panel["targets"] for name in NAME.findall(target["expr"])}
    assert asked <= SERIES
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in asked} == {metric.name for metric in CATALOGUE}
    assert all(panel["targets"] and panel["title"] for panel in board["panels"])


def test_labels_asked_for_are_those_of_the_metric() -> None:
    labels = {metric.name: set(metric.labels) for metric in CATALOGUE}
    board = json.loads((ROOT / "docker" / "grafana" / "sweepline.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            names = {re.sub("_(bucket|sum|count)$", "", name) for name in NAME.findall(target["expr"])}
            by = {label for group in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in group.split(", ")}
            assert by - {"le"} <= set.union(*(labels[name] for name in names)), target["expr"]


def test_a_process_serves_its_own_metrics_on_loopback() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    metrics.serve("127.0.0.1", port)
    metrics.count("sweepline_timers_fired_total", 3)
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    found = re.search(r"^sweepline_timers_fired_total (\S+)$", text, re.M)
    assert found is not None
    assert float(found[1]) >= 3
