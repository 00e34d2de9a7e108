from __future__ import annotations

import random
import re
from collections import Counter
from itertools import pairwise, product
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from models.database import Database
from models.tables.city import Segment
from printouts.around import NEAR, Near, joined
from printouts.data import sheet_data
from printouts.maps import MAP_BYTES, Drawn, draw_map, map_height
from printouts.placement import Taken, label_circles, shift_right, simplify
from printouts.streets import Streets
from tests.printouts import paper_city
from tests.printouts.conftest import COLLECTION, SALTING


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_numbers_names_and_scale_stand_on_the_map(database: Database) -> None:
    with database.read() as session:
        data = sheet_data(session, f"{COLLECTION}@1/1")
    found = texts(data.map_svg)
    assert {str(n) for n in range(1, 23)} <= set(found)
    assert "500 m" in found and "北 N" in found


def test_each_name_stands_once(database: Database) -> None:
    with database.read() as session:
        data = sheet_data(session, f"{SALTING}@1/1")
    names = [text for text in texts(data.map_svg) if text in paper_city.EAST + paper_city.NORTH]
    assert len(names) == len(set(names)) >= 8
    assert "屏淮路" in names


def test_served_both_ways_is_drawn_twice() -> None:
    rows = Streets((row.id, row) for row in paper_city.streets())
    once = draw_map(Drawn(served=[("s3-3-e", True)]), rows, map_height(0))
    both = draw_map(Drawn(served=[("s3-3-e", True), ("s3-3-e", False)]), rows, map_height(0))
    black = re.compile(r'<path d="([^"]*)" stroke="#111"')
    assert black.search(once)[1].count("M") == 1  # type: ignore[index]
    assert black.search(both)[1].count("M") == 2  # type: ignore[index]


def test_a_map_full_of_lanes_stays_small() -> None:
    chance = random.Random(7)
    rows = Streets()
    for k in range(4_000):
        lon, lat = 119 + chance.random() * 0.2, 32 + chance.random() * 0.2
        points = [[lon + i * 2e-4, lat + chance.uniform(-1e-4, 1e-4)] for i in range(12)]
        rows[str(k)] = Segment(
            id=str(k), way="w", from_node=f"a{k}", to_node=f"b{k}", name=f"路{k}", road_class="lane", lanes=2,
            width_m=7, length_m=200, district="D", geometry=points,
        )  # fmt: skip
    served = [(str(k), True) for k in range(0, 4_000, 40)]
    svg = draw_map(Drawn(served=served), rows, map_height(0))
    assert len(svg.encode()) <= MAP_BYTES
    ElementTree.fromstring(svg)


def test_hostile_names_are_escaped() -> None:
    rows = Streets((row.id, row) for row in paper_city.streets())
    for row in rows.values():
        row.name = '<script>&"'
    svg = draw_map(Drawn(served=[("s3-3-e", True)]), rows, map_height(0))
    assert '<script>&"' in texts(svg)


def test_nothing_to_draw_is_still_a_map() -> None:
    ElementTree.fromstring(draw_map(Drawn(), Streets(), map_height(3)))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(-90, 90)), max_size=40))
def test_what_is_taken_never_overlaps(places: list[tuple[float, float, float]]) -> None:
    taken, kept = Taken(500, 500), []
    for x, y, angle in places:
        circles = label_circles(x, y, angle, 60, 10)
        if taken.is_free(circles):
            taken.take(circles)
            kept.append(circles)
    for i, first in enumerate(kept):
        for second in kept[i + 1 :]:
            assert all((a - c) ** 2 + (b - d) ** 2 >= (r + s) ** 2 - 1e-6 for a, b, r in first for c, d, s in second)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=60))
def test_simplified_lines_keep_ends_and_order(points: list[tuple[float, float]]) -> None:
    kept = simplify(points, 1.0)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    rest = iter(points)
    assert all(point in rest for point in kept)


def test_shifted_to_the_right_of_the_way() -> None:
    assert shift_right([(0.0, 0.0), (10.0, 0.0)], 2.0) == [(0.0, 2.0), (10.0, 2.0)]


def edges(lines: list[list[tuple[float, float]]]) -> Counter[frozenset[tuple[float, float]]]:
    return Counter(frozenset(edge) for line in lines for edge in pairwise(line))


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_joined_streets_are_the_same_streets_in_fewer_lines(seed: int) -> None:
    chance = random.Random(seed)
    net = []  # a net of blocks, each street either way round, some in two pieces
    for x, y in product(range(0, 50, 10), repeat=2):
        for u, v in ((x + 10, y), (x, y + 10)):
            if chance.random() < 0.8:
                line = [(float(x), float(y)), ((x + u) / 2, (y + v) / 2), (float(u), float(v))]
                net.append(line[:: chance.choice((1, -1))])
    lines = joined(net)
    assert edges(lines) == edges(net)
    assert len(lines) < max(2, len(net))


def test_where_streets_cross_each_goes_straight_on() -> None:
    cross = [
        [(0.0, 0.0), (10.0, 0.0)],
        [(10.0, 10.0), (10.0, 0.0)],
        [(20.0, 0.0), (10.0, 0.0)],
        [(10.0, 0.0), (10.0, -10.0)],
    ]
    assert sorted(sorted(line) for line in joined(cross)) == [
        [(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)],
        [(10.0, -10.0), (10.0, 0.0), (10.0, 10.0)],
    ]


def test_lanes_are_drawn_near_the_route_and_larger_streets_everywhere() -> None:
    near = Near([[(0.0, 0.0), (1000.0, 0.0)]])
    assert near.touches([(505.0, NEAR), (505.0, 9 * NEAR)]), "beside the middle of a long street"
    assert near.touches([(505.0, -9 * NEAR), (505.0, 9 * NEAR)]), "it crosses, with no point of its own near"
    assert not near.touches([(505.0, 2.1 * NEAR), (505.0, 9 * NEAR)])
    rows = Streets((row.id, row) for row in paper_city.streets())
    for row in rows.values():
        row.road_class = "lane"
    far = draw_map(Drawn(served=[("s3-3-e", True)]), rows, map_height(0))
    for row in rows.values():
        row.road_class = "secondary"
    assert drawn_points(draw_map(Drawn(served=[("s3-3-e", True)]), rows, map_height(0))) > drawn_points(far) > 0


def drawn_points(svg: str) -> int:
    """Points of the streets around, drawn in grey."""
    return sum(len(path.split()) for path in re.findall(r'<path d="([^"]*)" stroke="#[cd][23][cd][23][cd][23]"', svg))
