"""Strip maps: each row of a long route stands on just one of them, in order and inside the picture."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from models.database import Database
from printouts.data import sheet_data
from printouts.maps import WIDTH, Drawn
from printouts.render import render_sheet
from printouts.streets import Streets
from printouts.strips import HEIGHT, STRIPS_MAX, Piece, draw_strips
from printouts.values import Street, Strip
from tests.printouts.conftest import SALTING
from tests.printouts.test_sheet_maps import texts
from tests.printouts.test_sheet_rendering import whole_text

STEP_DEG = 0.003
"""Some 330 m to the north, 280 m to the east."""


def road(places: list[tuple[float, float]]) -> tuple[Drawn, list[Piece], Streets]:
    """A route that serves one street from each place to the next."""
    rows, pieces = Streets(), []
    for n, (one, then) in enumerate(itertools.pairwise(places), 1):
        rows[str(n)] = Street(str(n), "a", "b", f"第{n}街", "", "secondary", 300.0, [list(one), list(then)])
        pieces.append(Piece((n, *one), served=((str(n), True),)))
    whole = Drawn([leg for piece in pieces for leg in piece.served], marks=[piece.mark for piece in pieces])
    return whole, pieces, rows


def circles(svg: str) -> list[tuple[float, float]]:
    root = ElementTree.fromstring(svg)
    return [
        (float(node.attrib["cx"]), float(node.attrib["cy"])) for node in root.iter("{http://www.w3.org/2000/svg}circle")
    ]


def numbers(strip: Strip) -> list[int]:
    return sorted(int(found) for found in texts(strip.svg) if re.fullmatch(r"\d+", found))


def test_a_road_of_seven_kilometres_is_shown_in_parts() -> None:
    strips = draw_strips(*road([(119.0 + STEP_DEG * n, 32.0) for n in range(26)]))
    assert [n for strip in strips for n in range(strip.first, strip.last + 1)] == list(range(1, 26))
    assert 3 <= len(strips) <= STRIPS_MAX
    for strip in strips:
        assert numbers(strip) == list(range(strip.first, strip.last + 1))


def test_a_small_route_has_no_parts(database: Database) -> None:
    assert draw_strips(*road([(119.0 + STEP_DEG * n, 32.0) for n in range(4)])) == ()
    assert draw_strips(Drawn(), [], Streets()) == ()
    with database.read() as session:
        assert sheet_data(session, f"{SALTING}@1/1").strips == ()


def test_work_at_the_two_ends_of_a_county_is_one_part_each() -> None:
    near = [(119.0 + STEP_DEG * n, 32.0) for n in range(4)]
    far = [(119.4 + STEP_DEG * n, 32.3) for n in range(4)]
    _, first, rows = road(near)
    _, second, more = road(far)
    second = [Piece((n, *piece.mark[1:]), ((f"f{n}", True),)) for n, piece in enumerate(second, 4)]
    rows |= {f"f{n}": row for n, row in enumerate(more.values(), 4)}
    strips = draw_strips(Drawn(), [*first, *second], rows)
    assert [(strip.first, strip.last) for strip in strips] == [(1, 3), (4, 6)]


PLACES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=60)


@given(PLACES)
@settings(max_examples=60, deadline=None)
def test_parts_follow_one_another_and_show_what_they_name(cells: list[tuple[int, int]]) -> None:
    strips = draw_strips(*road([(119.0 + STEP_DEG * i / 2, 32.0 + STEP_DEG * j / 2) for i, j in cells]))
    assert len(strips) <= STRIPS_MAX
    if strips:
        assert [n for strip in strips for n in range(strip.first, strip.last + 1)] == list(range(1, len(cells)))
    for strip in strips:
        assert set(numbers(strip)) <= set(range(strip.first, strip.last + 1))
        assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in circles(strip.svg))


def test_the_parts_are_on_the_sheet(database: Database) -> None:
    with database.read() as session:
        data = sheet_data(session, f"{SALTING}@1/1")
    strips = draw_strips(*road([(119.0 + STEP_DEG * n, 32.0) for n in range(26)]))
    pdf, pages = render_sheet(replace(data, strips=strips))
    _, plain = render_sheet(data)
    assert pages == plain + (len(strips) + 1) // 2
    said = whole_text(pdf)
    for k, strip in enumerate(strips, 1):
        assert f"{k} / {len(strips)}" in said
        assert (f"{strip.first} – {strip.last}" if strip.first != strip.last else f"rows {strip.first}") in said
