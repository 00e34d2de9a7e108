"""Routes as GPX and GeoJSON: the streets driven in order, a point a stop, whatever the names hold."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from dispatch.tracks import GPX, driven_line, to_geojson, to_gpx

STREETS = {"a": [[1.0, 2.0], [1.5, 2.0], [2.0, 2.0]], "b": [[3.0, 2.0], [2.0, 2.0]], "c": [[3.0, 2.0], [3.0, 3.0]]}
ABOUT = {
    "plan_version": "S-20231218-D01-N@3",
    "vehicle": "S-01",
    "sheet": "ABCDEFGH",
    "start_at": "2023-12-18T08:20:00Z",
    "end_at": "2023-12-18T09:20:00Z",
    "attribution": "© OpenStreetMap contributors",
}
HOSTILE = "通湖路 <b>&\x00\ud800\uffff 😀"


def stop(
    n: int, kind: str, ref: str, legs: list[list[object]], name: str = "", forward: bool = True
) -> dict[str, object]:
    return {
        **{"n": n, "kind": kind, "ref": ref, "name": name, "name_en": "", "lon": 2.0 + n, "lat": 2.0, "legs": legs},
        **{"arrive": ABOUT["start_at"], "start": ABOUT["start_at"], "depart": ABOUT["end_at"], "forward": forward},
        **{"quantity_kg": 7, "load_kg": 7 * n, "case": ""},
    }


DOC = {
    "stops": [stop(1, "segment", "b", [["a", True]], HOSTILE, forward=False), stop(2, "station", "st", [["c", True]])],
    "home": [["c", False], ["gone", True]],
}
LINE = [(1, 2), (1.5, 2), (2, 2), (3, 2), (3, 3), (3, 2)]


def test_the_line_is_what_is_driven_in_order_and_direction() -> None:
    assert driven_line(DOC, STREETS) == LINE


def test_gpx_has_the_line_and_a_way_point_a_stop_and_survives_hostile_names() -> None:
    root = ElementTree.fromstring(to_gpx(DOC, STREETS, ABOUT, ABOUT["start_at"]))
    assert (root.tag, root.get("version")) == (f"{{{GPX}}}gpx", "1.1")
    points = [(float(p.get("lon", "")), float(p.get("lat", ""))) for p in root.iter(f"{{{GPX}}}trkpt")]
    assert points == LINE
    names = [place.findtext(f"{{{GPX}}}name") for place in root.iter(f"{{{GPX}}}wpt")]
    assert names == ["1 通湖路 <b>&\ufffd\ufffd\ufffd 😀", "2"]
    # the schema's order: metadata, way points, tracks
    order = [child.tag.partition("}")[2] for child in root]
    assert order == ["metadata", "wpt", "wpt", "trk"]
    assert "OpenStreetMap" in root.findtext(f"{{{GPX}}}metadata/{{{GPX}}}desc", "")


def test_geojson_has_the_line_first_and_a_point_a_stop() -> None:
    made = json.loads(to_geojson(DOC, STREETS, ABOUT))
    kinds = [feature["geometry"]["type"] for feature in made["features"]]
    assert (made["type"], kinds) == ("FeatureCollection", ["LineString", "Point", "Point"])
    assert [tuple(p) for p in made["features"][0]["geometry"]["coordinates"]] == LINE
    assert made["features"][0]["properties"] == ABOUT
    assert made["features"][2]["properties"]["load_kg"] == 14
    assert made["features"][2]["geometry"]["coordinates"] == [4.0, 2.0]


def test_a_route_without_streets_is_still_a_file() -> None:
    empty = {"stops": [], "home": []}
    assert ElementTree.fromstring(to_gpx(empty, {}, ABOUT, ABOUT["start_at"])).find(f"{{{GPX}}}trk") is not None
    assert json.loads(to_geojson(empty, {}, ABOUT))["features"][0]["geometry"]["coordinates"] == []
