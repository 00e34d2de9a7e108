"""What the API tells of a stored city: each number against what was stored."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from console.app import create_app
from console.read.city import SCALE
from console.read.weather import SELF_START_STOP
from dispatch.response import SELF_START_STOP as DISPATCH_STOP
from models.errors import Unavailable
from models.events.base import Event
from models.tables.city import City, Segment
from models.tables.flow import Projection
from models.times import iso, parse_time
from streams.views.filling import FILLING
from streams.views.view import State
from tests.console.conftest import PASSWORD, Desk, SignIn
from tests.console.sample_city import HOSTILE, NOW, grid_segments, store_version

PLAN = "S-20231218-D01-N"


def test_what_is_left_out_is_explained_to_who_dispatches(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("dong")
    (row,) = client.get(f"/api/plans/{PLAN}@2/explanations").json()
    assert (row["binds"], row["relaxations"][0]["vehicle"], row["relaxations"][0]["added_cost"]) == (
        ["time"],
        "S-00",
        420,
    )
    assert client.get(f"/api/plans/{PLAN}@9/explanations").status_code == 404
    assert signed_in("vera").get(f"/api/plans/{PLAN}@2/explanations").status_code == 403
    desk.explain_error = Unavailable("another plan is being explained")
    assert client.get(f"/api/plans/{PLAN}@2/explanations").status_code == 503


def by_id(rows: list[dict[str, object]], key: str = "id") -> dict[object, dict[str, object]]:
    return {row[key]: row for row in rows}


def test_streets_unpack_to_the_stored_lines(signed_in: SignIn) -> None:
    packed = signed_in("vera").get("/api/map/segments").json()
    stored = {segment.id: segment for segment in grid_segments(7, 9)}
    assert set(packed["ids"]) == set(stored)
    for id_, (name, class_, flags, one_way, length_m, district, *deltas) in zip(
        packed["ids"], packed["segments"], strict=True
    ):
        row, x, y, line = stored[id_], 0, 0, []
        for dx, dy in zip(deltas[::2], deltas[1::2], strict=True):
            x, y = x + dx, y + dy
            line.append((x / SCALE, y / SCALE))
        assert packed["names"][name] == [row.name, row.name_en]
        assert packed["classes"][class_] == row.road_class
        assert (flags, one_way, length_m) == (1 if row.bridge else 0, 0, round(row.length_m))
        assert packed["districts"][district] == "D01"
        for got, want in zip(line, row.geometry, strict=True):
            assert math.dist(got, want) <= 1 / SCALE


def test_streets_are_sent_once_a_network(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("vera")
    first = client.get("/api/map/segments")
    assert first.headers["content-encoding"] == "gzip"
    known = {"If-None-Match": first.headers["etag"]}
    assert client.get("/api/map/segments", headers=known).status_code == 304
    with desk.database.write() as session:
        city = session.get(City, "321084")
        assert city is not None
        city.network_hash = "net-2"
    again = client.get("/api/map/segments", headers=known)
    assert (again.status_code, again.json()["network_hash"]) == (200, "net-2")


def test_the_city_names_its_bounds_zone_and_attribution(signed_in: SignIn) -> None:
    city = signed_in("vera").get("/api/city").json()
    west, south, east, north = city["bounds"]
    assert (west, south) == (119.43, 32.78)
    assert east == pytest.approx(119.43 + 8 * 0.004)
    assert north == pytest.approx(32.78 + 6 * 0.004)
    assert (city["zone"], city["attribution"]) == ("Asia/Shanghai", "© OpenStreetMap contributors")


def test_a_street_counts_as_treated_by_its_newest_whole_pass_with_a_tool(signed_in: SignIn) -> None:
    treated = signed_in("vera").get("/api/map/treatment").json()["treated"]
    ids = [segment.id for segment in grid_segments(7, 9)]
    assert sorted(treated) == sorted(
        [
            [ids[0], iso(NOW - timedelta(minutes=30)), "s"],
            [ids[1], iso(NOW - timedelta(minutes=300)), "p"],
        ]
    )


def test_plans_show_the_versions_that_matter_newest_first(signed_in: SignIn) -> None:
    plans = by_id(signed_in("vera").get("/api/plans").json(), "code")
    assert set(plans) == {PLAN, "C-20231218-D01-E"}
    versions = plans[PLAN]["versions"]
    assert isinstance(versions, list)
    assert [(v["id"], v["state"], v["feasible"], v["unserved"], v["routes"]) for v in versions] == [
        (f"{PLAN}@2", "proposed", True, 1, 2)
    ]
    active = plans["C-20231218-D01-E"]["versions"][0]  # type: ignore[index]
    assert (active["state"], active["sheets_ready"], active["routes"]) == ("active", 1, 1)
    assert (active["approved_by"], active["waste_kg"]) == ("wang", 1800)


def test_a_version_comes_with_routes_stops_and_driven_segments(signed_in: SignIn) -> None:
    client = signed_in("vera")
    detail = client.get(f"/api/plans/{PLAN}@2").json()
    main = [segment.id for segment in grid_segments(7, 9) if segment.road_class == "main"]
    assert [route["vehicle"] for route in detail["routes"]] == ["S-00", "S-01"]
    first = detail["routes"][0]
    assert [leg[0] for leg in first["legs"] if leg[2]] == main[:7]
    assert first["legs"][0] == [main[6], False, False]
    assert first["legs"][-1] == [main[0], False, False]
    assert [stop["n"] for stop in first["points"]] == list(range(1, 8))
    left_out = {"task": "wi-none/1", "work_item": "wi-none", "ref": "", "reason": "reachability"}
    assert detail["unserved"] == [left_out]
    assert client.get("/api/plans/S-20231218-D01-N@9").status_code == 404


def test_the_maps_work_is_the_version_in_force_else_the_proposed_one(signed_in: SignIn) -> None:
    work = by_id(signed_in("vera").get("/api/map/work").json(), "route")
    assert set(work) == {f"{PLAN}@2/1", f"{PLAN}@2/2", "C-20231218-D01-E@1/1"}
    main = [segment.id for segment in grid_segments(7, 9) if segment.road_class == "main"]
    assert work[f"{PLAN}@2/1"]["segments"] == main[:7]


def test_vehicles_have_their_last_fix_and_what_is_out(signed_in: SignIn) -> None:
    vehicles = by_id(signed_in("vera").get("/api/vehicles").json())
    assert (vehicles["S-00"]["tools"], vehicles["S-00"]["heading_deg"]) == ("s", 90.0)
    assert vehicles["S-01"]["observed_at"] == iso(NOW - timedelta(minutes=30))
    assert (vehicles["S-02"]["status"], vehicles["S-02"]["lon"]) == ("out", None)


def test_stations_have_their_newest_level_and_todays_clearance(signed_in: SignIn) -> None:
    answer = signed_in("vera").get("/api/stations").json()
    assert (answer["day"], answer["total"], answer["cleared"]) == ("2023-12-18", 3, 1)
    found = by_id(answer["stations"])
    assert [found[f"ST-{n}"]["level_pct"] for n in range(3)] == [40.0, 92.0, 110.0]
    assert found["ST-0"]["day_state"] == "cleared"
    assert found["ST-2"]["overflow_at"] == iso(NOW)


def test_stations_say_when_they_will_be_full(signed_in: SignIn, desk: Desk) -> None:
    state: State | None = None
    for hours, pct in ((4, 20.0), (2, 30.0), (0, 40.0)):
        at = NOW - timedelta(hours=hours)
        data = {"station": "ST-0", "observed_at": iso(at), "level_pct": pct}
        level = Event(source="s", id="1", type="station.level", key="ST-0", occurred_at=at, received_at=at, data=data)
        state, _ = FILLING.step(state, level)
    assert state is not None
    with desk.database.write() as session:
        session.add(Projection(key="station:ST-0", kind="station", position=FILLING.position(state), value=state))
    found = by_id(signed_in("vera").get("/api/stations").json()["stations"])
    assert found["ST-0"]["rises_pct_h"] == pytest.approx(5.0, abs=0.05)
    full_at = parse_time(str(found["ST-0"]["full_at"]))
    assert abs(full_at - (NOW + timedelta(hours=12))) < timedelta(minutes=15)
    assert (found["ST-1"]["rises_pct_h"], found["ST-1"]["full_at"]) == (None, None)


def test_cases_count_their_reports_and_keep_words_as_text(signed_in: SignIn) -> None:
    cases = signed_in("vera").get("/api/cases").json()
    assert [(case["kind"], case["reports"]) for case in cases] == [("overflow", 2), ("ice", 1)]
    assert cases[1]["text"] == "桥面结冰 " + HOSTILE


def test_alerts_come_by_episode_with_the_stages_in_order(signed_in: SignIn) -> None:
    answer = signed_in("vera").get("/api/alerts").json()
    (episode,) = answer["episodes"]
    assert episode["alerts"][0]["headline"].endswith(HOSTILE)
    assert [(s["kind"], s["state"]) for s in episode["response"]["stages"]] == [
        ("pretreat", "running"),
        ("plough", "waiting"),
        ("muster", "planned"),
    ]
    assert [alert["status"] for alert in answer["others"]] == ["Exercise"]


def test_alarms_resources_and_status_tell_what_is_open(signed_in: SignIn) -> None:
    client = signed_in("vera")
    assert [alarm["id"] for alarm in client.get("/api/alarms").json()] == ["untold:t1"]
    assert [row["ref"] for row in client.get("/api/resources").json() if row["status"] != "in"] == ["S-02"]
    status = client.get("/api/status").json()
    assert (status["now"], status["simulated"]) == (iso(NOW), True)
    assert status["self_start"] == {"stopped": False, "armed": 1, "next_at": iso(NOW + timedelta(minutes=8))}
    assert status["reading"]["road_c"] == -0.4


def test_the_stop_is_the_setting_dispatch_reads() -> None:
    assert SELF_START_STOP == DISPATCH_STOP


def test_an_empty_database_answers_and_says_what_to_do(empty_desk: Desk) -> None:
    with TestClient(create_app(empty_desk.deps())) as client:
        client.post("/api/session", json={"name": "vera", "password": PASSWORD})
        for path in ("plans", "vehicles", "cases", "alarms", "resources", "map/work", "snow"):
            assert client.get(f"/api/{path}").json() == []
        answer = client.get("/api/city")
        assert answer.status_code == 503
        assert "sweepline city import" in answer.json()["detail"]


def test_two_versions_are_held_against_each_other(signed_in: SignIn) -> None:
    client = signed_in("vera")
    body = client.get(f"/api/plans/{PLAN}@2/difference/{PLAN}@1").json()
    stops = {
        n: {
            (stop["kind"], stop["ref"], stop["number"]): route["vehicle"]
            for route in client.get(f"/api/plans/{PLAN}@{n}").json()["routes"]
            for stop in route["points"]
        }
        for n in (1, 2)
    }
    elsewhere = {what: [row for row in body["stops"] if row["what"] == what] for what in ("moved", "added", "dropped")}
    assert len(elsewhere["added"]) == len(stops[2].keys() - stops[1].keys()) > 0
    assert len(elsewhere["dropped"]) == len(stops[1].keys() - stops[2].keys())
    both = stops[1].keys() & stops[2].keys()
    assert len(elsewhere["moved"]) == sum(stops[1][key] != stops[2][key] for key in both)
    assert body["added_m"] == sum(change["added_m"] for change in body["changes"])
    assert {(row["kind"], row["ref"]) for row in elsewhere["added"]} == {
        (kind, ref) for kind, ref, _ in stops[2].keys() - stops[1].keys()
    }
    assert client.get(f"/api/plans/{PLAN}@2/difference/{PLAN}@77").status_code == 404


def test_any_version_of_a_plan_can_be_compared_superseded_ones_too(signed_in: SignIn, desk: Desk) -> None:
    client = signed_in("vera")
    with desk.database.write() as session:
        main = [s for s in session.exec(select(Segment).order_by(Segment.id)).all() if s.road_class == "main"]
        store_version(session, PLAN, 3, "proposed", [("S-01", main[:4])])
    versions = client.get(f"/api/plans/{PLAN}/versions").json()
    assert [(row["id"], row["state"]) for row in versions] == [
        (f"{PLAN}@3", "proposed"),
        (f"{PLAN}@2", "proposed"),
        (f"{PLAN}@1", "superseded"),
    ]
    back = client.get(f"/api/plans/{PLAN}@1/difference/{PLAN}@3").json()
    forth = client.get(f"/api/plans/{PLAN}@3/difference/{PLAN}@1").json()
    assert back["added_s"] == -forth["added_s"] != 0
    assert client.get("/api/plans/NOPE/versions").json()["code"] == "unknown_plan"


def test_a_route_comes_as_gpx_and_geojson(signed_in: SignIn) -> None:
    desk = signed_in("vera")
    version = desk.get("/api/plans").json()[0]["versions"][0]["id"]
    route = desk.get(f"/api/plans/{version}").json()["routes"][0]
    address = f"/api/plans/{version}/routes/{route['seq']}/track"
    gpx = desk.get(f"{address}.gpx")
    assert gpx.headers["content-type"] == "application/gpx+xml"
    assert gpx.headers["content-disposition"] == f'attachment; filename="{version}-{route["seq"]}.gpx"'
    assert gpx.text.count("<wpt ") == route["stops"] and gpx.text.count("<trkpt ") > len(route["legs"])
    points = desk.get(f"{address}.geojson").json()["features"][1:]
    assert [point["properties"]["n"] for point in points] == [stop["n"] for stop in route["points"]]
    assert desk.get(f"/api/plans/{version}/routes/99/track.gpx").status_code == 404
    assert desk.get(f"{address}.exe").status_code == 400
