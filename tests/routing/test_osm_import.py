"""Streets from a pbf: cut at junctions, tags understood, the unconnected dropped and counted, ids that stay put."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.streets.osm import BadStreets, OsmStreets, is_pbf, read_osm
from routing.streets.segments import largest_strong_part, segment_id
from tests.routing.osm_files import cross_nodes, write_pbf

SHARED = Path(os.environ.get("SWEEPLINE_SHARED", Path(__file__).parents[2] / ".." / "shared"))
STREET = {"highway": "residential", "name": "Oak"}


def streets_file(name: str) -> Path:
    path = SHARED / "data" / "streets" / name
    if not path.exists():
        pytest.skip(f"{path} is not there; set SWEEPLINE_SHARED")
    return path


def cross(tmp_path: Path, **more) -> OsmStreets:
    ways = {
        100: ([1, 2, 3, 4, 5], {"highway": "primary", "name": "Long", "lanes": "4"}),
        101: ([6, 3, 7, 8], STREET),
    }
    return read_osm(write_pbf(tmp_path / "x.osm.pbf", cross_nodes(), ways | more.pop("ways", {}), **more))


def test_ways_are_cut_at_junctions_only(tmp_path: Path) -> None:
    streets = cross(tmp_path)
    assert {(row.way, row.from_node, row.to_node) for row in streets.segments} == {
        ("100", "1", "3"),
        ("100", "3", "5"),
        ("101", "6", "3"),
        ("101", "3", "8"),
    }
    long = next(row for row in streets.segments if row.from_node == "1")
    assert long.geometry == ((10.001, 50.0), (10.002, 50.0), (10.003, 50.0))
    # A degree of longitude at 50° N on the mean sphere is 71,474 m.
    assert long.length_m == pytest.approx(142.9, abs=0.2)
    assert (long.road_class, long.lanes, long.width_m, long.name) == ("main", 4, 14.0, "Long")
    assert streets.dropped == {}


def test_ids_stay_when_a_way_is_turned_round_and_the_file_reordered(tmp_path: Path) -> None:
    one = {row.id: {row.from_node, row.to_node} for row in cross(tmp_path).segments}
    turned = {100: ([5, 4, 3, 2, 1], {"highway": "primary"}), 101: ([8, 7, 3, 6], STREET)}
    two = read_osm(write_pbf(tmp_path / "y.osm.pbf", cross_nodes(), turned))
    assert {row.id: {row.from_node, row.to_node} for row in two.segments} == one


def test_one_way_against_the_way_and_by_roundabout(tmp_path: Path) -> None:
    ways = {
        100: ([1, 3], {"highway": "residential", "oneway": "-1"}),
        101: ([1, 7, 3], {"highway": "residential", "oneway": "yes"}),
        102: ([3, 5, 8, 3], {"highway": "tertiary", "junction": "roundabout"}),
    }
    rows = read_osm(write_pbf(tmp_path / "x.osm.pbf", cross_nodes(), ways)).segments
    assert {(row.way, row.one_way) for row in rows} == {("100", -1), ("101", 1), ("102", 1)}


def test_a_loop_is_halved_and_a_pair_between_two_nodes_told_apart(tmp_path: Path) -> None:
    ways = {
        100: ([1, 3], STREET),
        101: ([3, 4, 5, 8, 3], STREET),
        102: ([1, 6, 3, 7, 1], STREET),
    }
    rows = read_osm(write_pbf(tmp_path / "x.osm.pbf", cross_nodes(), ways)).segments
    assert all(row.from_node != row.to_node for row in rows)
    assert len({row.id for row in rows}) == len(rows) == 5
    assert sum(len(row.geometry) - 1 for row in rows) == 1 + 4 + 4


def test_what_is_no_street_is_dropped_and_counted(tmp_path: Path) -> None:
    ways = {
        200: ([1, 6], {"highway": "service"}),
        201: ([1, 6], {"highway": "footway"}),
        202: ([1, 6], {"highway": "track"}),
        203: ([1, 6], {"highway": "residential", "access": "private"}),
        204: ([1, 6], {"highway": "construction"}),
        205: ([1, 6, 2, 1], {"highway": "residential", "area": "yes"}),
        206: ([1, 6], {"waterway": "river"}),
        207: ([1, 99], {"highway": "residential"}),
        208: ([20, 21], {"highway": "residential"}),
    }
    nodes = cross_nodes() | {20: (11.0, 50.0), 21: (11.001, 50.0)}
    base = {100: ([1, 2, 3, 4, 5], STREET), 101: ([6, 3, 7, 8], STREET)}
    streets = read_osm(write_pbf(tmp_path / "x.osm.pbf", nodes, base | ways))
    assert streets.dropped == {
        "service": 1,
        "not_drivable": 1,
        "track": 1,
        "private": 1,
        "not_built": 1,
        "area": 1,
        "missing_nodes": 1,
        "not_connected": 1,
    }
    assert {row.way for row in streets.segments} == {"100", "101"}
    assert streets.found == len(streets.segments) + 1


def test_a_one_way_dead_end_is_not_kept(tmp_path: Path) -> None:
    streets = cross(tmp_path, ways={102: ([5, 8], {"highway": "residential", "oneway": "yes"}), 103: ([4, 20], STREET)})
    assert {row.way for row in streets.segments} >= {"100", "101", "102"}
    trap = cross(tmp_path, ways={104: ([8, 9], {**STREET, "oneway": "yes"})})
    assert trap.dropped == {"missing_nodes": 1}


def test_turn_restrictions_are_mapped_to_segments(tmp_path: Path) -> None:
    def relation(kind: str, source: int, via: tuple[str, int], target: int) -> tuple:
        members = [("w", source, "from"), (*via, "via"), ("w", target, "to")]
        return members, {"type": "restriction", "restriction": kind}

    ways = {
        100: ([1, 2, 3], STREET),
        101: ([3, 4, 5], STREET),
        102: ([6, 3], STREET),
        103: ([3, 7, 8], STREET),
        104: ([1, 6, 5], STREET),
    }
    relations = {
        1: relation("no_left_turn", 100, ("n", 3), 103),
        2: relation("only_straight_on", 102, ("n", 3), 103),
        3: relation("no_left_turn", 100, ("w", 101), 103),
        4: relation("no_right_turn", 100, ("n", 3), 999),
        5: relation("no_right_turn", 104, ("n", 6), 102),
    }
    streets = read_osm(write_pbf(tmp_path / "x.osm.pbf", cross_nodes(), ways, relations))
    way_of = {row.id: row.way for row in streets.segments}
    assert {(way_of[r.from_segment], r.via_node, way_of[r.to_segment], r.kind) for r in streets.restrictions} == {
        ("100", "3", "103", "no_left_turn"),
        ("102", "3", "103", "only_straight_on"),
    }
    assert streets.dropped == {"turn_over_way": 1, "turn_not_mapped": 2}


def test_no_streets_is_one_clear_error(tmp_path: Path) -> None:
    path = write_pbf(tmp_path / "x.osm.pbf", cross_nodes(), {1: ([1, 2], {"highway": "footway"})})
    with pytest.raises(BadStreets, match="no streets"):
        read_osm(path)


@pytest.mark.parametrize("content", [b"", b"not a pbf", b"PK\x03\x04" + b"\0" * 100, b"<osm></osm>"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(content)
    assert not is_pbf(path)
    with pytest.raises(BadStreets, match="not an OpenStreetMap pbf"):
        read_osm(path)


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.0, 0.999))
def test_a_file_cut_anywhere_is_refused(tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    whole = streets_file("charlottetown_pe_2026.osm.pbf").read_bytes()
    path = tmp_path_factory.mktemp("cut") / "x.osm.pbf"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadStreets) as caught:
        read_osm(path)
    assert "\n" not in str(caught.value)


def test_charlottetown_is_what_its_provenance_says() -> None:
    """PROVENANCE: 1,395 ways, 2,392 segments, 5 bridges. Our loops are halved, so there are a few more."""
    streets = read_osm(streets_file("charlottetown_pe_2026.osm.pbf"))
    assert streets.found == pytest.approx(2392, rel=0.02)
    assert streets.found - len(streets.segments) == streets.dropped["not_connected"]
    assert len(streets.segments) > 0.95 * streets.found
    assert 1 <= sum(row.bridge for row in streets.segments) <= 5
    assert Counter(row.road_class for row in streets.segments).keys() == {"main", "secondary", "lane"}
    again = read_osm(streets_file("charlottetown_pe_2026.osm.pbf"))
    assert again == streets


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("cambridge_ma_derived.osm.pbf", 2644),
        ("syracuse_ny_derived.osm.pbf", 5650),
        ("columbus_oh.osm.pbf", 5195),
    ],
)
def test_the_other_cities_import_whole_and_connected(name: str, ways: int) -> None:
    streets = read_osm(streets_file(name))
    edges = [(row.from_node, row.to_node, row.one_way) for row in streets.segments]
    nodes = {node for a, b, _ in edges for node in (a, b)}
    assert largest_strong_part(edges) == nodes
    assert len({row.way for row in streets.segments}) > 0.9 * ways
    assert len({row.id for row in streets.segments}) == len(streets.segments)


@given(way=st.text(max_size=8), a=st.text(max_size=8), b=st.text(max_size=8), ordinal=st.integers(0, 3))
def test_segment_id_does_not_depend_on_direction(way: str, a: str, b: str, ordinal: int) -> None:
    assert segment_id(way, a, b, ordinal) == segment_id(way, b, a, ordinal)
    assert segment_id(way, a, b, ordinal) != segment_id(way, a, b, ordinal + 1)


EDGES = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.sampled_from([-1, 0, 1])))


@given(edges=EDGES)
def test_largest_strong_part_by_plain_search(edges: list[tuple[str, str, int]]) -> None:
    """Against reachability by brute force."""
    after: dict[str, set[str]] = {}
    for a, b, way in edges:
        after.setdefault(a, set())
        after.setdefault(b, set())
        if way >= 0:
            after[a].add(b)
        if way <= 0:
            after[b].add(a)

    def reach(start: str) -> frozenset[str]:
        seen, todo = {start}, [start]
        while todo:
            for node in after[todo.pop()] - seen:
                seen.add(node)
                todo.append(node)
        return frozenset(seen)

    parts = [frozenset(m for m in reach(n) if n in reach(m)) for n in after]
    found = largest_strong_part(edges)
    assert found in parts if parts else found == frozenset()
    assert len(found) == max(map(len, parts), default=0)
