"""`plan explain` on a day with more work than the trucks have time for, on a route, on the price of fairness."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sweepline.conftest import CLOCK, FAST, PLAN, Command, cap_xml


@pytest.fixture
def overloaded(city: Path, command: Command) -> Path:
    """Salting in a shift of eleven minutes, one of the two trucks out of service."""
    (city / "sweepline.toml").write_text(f"{FAST}\n[rules.snow]\nplough_shift_min = 11\n")
    out = city.parent / "out.jsonl"
    out.write_text(
        '{"type":"resource.status","kind":"vehicle","ref":"S-2","status":"out","since":"2023-12-18T07:50:00Z"}\n'
    )
    alert = city.parent / "cap.xml"
    alert.write_text(cap_xml())
    assert command("send", out, alert, "--data", city, "--clock", CLOCK).code == 0
    return city


def test_each_task_of_an_overloaded_day_is_explained(overloaded: Path, command: Command) -> None:
    found = command("plan", "explain", PLAN, "--data", overloaded, "--json").json
    assert len(found["unserved"]) > 5
    for row in found["unserved"]:
        assert row["reason"] == "time"
        assert "time" in row["binds"]
        longer = next(way for way in row["relaxations"] if [c["kind"] for c in way["changes"]] == ["time"])
        assert longer["vehicle"] == longer["changes"][0]["on"] == "S-1"
        assert longer["changes"][0]["amount"] > 0
        assert any(way["vehicle"] == "S-1+1" for way in row["relaxations"])
        costs = [way["added_cost"] for way in row["relaxations"]]
        assert costs == sorted(costs)
    said = command("plan", "explain", PLAN, "--data", overloaded).out
    assert said.count("not served: ") == len(found["unserved"])
    assert "shift of S-1 longer by" in said
    assert "one more vehicle like S-1" in said
    one = found["unserved"][0]["task"]
    alone = command("plan", "explain", PLAN, "--data", overloaded, "--task", one, "--json").json
    assert [row["task"] for row in alone["unserved"]] == [one]
    assert command("plan", "explain", PLAN, "--data", overloaded, "--task", "nothing").code == 2


def test_a_route_is_explained_stop_by_stop(storm: Path, command: Command) -> None:
    routes = command("plan", "show", PLAN, "--data", storm, "--json").json["routes"]
    vehicle = routes[0]["vehicle"]
    found = command("plan", "explain", PLAN, "--data", storm, "--route", vehicle, "--json").json["route"]
    assert len(found) == routes[0]["stops"]
    assert all(entry["cost"] >= 0 and entry["name"] for entry in found)
    said = command("plan", "explain", PLAN, "--data", storm, "--route", vehicle).out
    assert len(said.splitlines()) == len(found)
    assert command("plan", "explain", PLAN, "--data", storm, "--route", "X-9").code == 2


def test_the_longest_route_has_a_price(storm: Path, command: Command) -> None:
    points = command("plan", "explain", PLAN, "--data", storm, "--fairness", "--json").json["fairness"]
    assert len(points) > 2
    assert all(point["longest_s"] <= point["limit_s"] for point in points)
    assert "longest route at most" in command("plan", "explain", PLAN, "--data", storm, "--fairness").out
