"""Tags: what they mean, and that no text of anybody's breaks the reading."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.streets import osm_tags

ROAD = {"highway": "residential"}


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("7", 7.0),
        ("7.5 m", 7.5),
        ("24'", 7.3),
        ("24'6\"", 7.5),
        ("20 ft", 6.1),
        ("", 10.5),
        ("wide", 10.5),
        ("900", 10.5),
    ],
)
def test_width(text: str, metres: float) -> None:
    """Three lanes of 3.5 m where the tag says nothing sensible."""
    assert osm_tags.width_m({**ROAD, "width": text}, 3) == metres


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"maxspeed": "50"}, 50),
        ({"maxspeed": "30 mph"}, 48),
        ({"maxspeed": "30mph"}, 48),
        ({"maxspeed": "none"}, 40),
        ({"maxspeed": "CA:urban"}, 40),
        ({"highway": "motorway_link"}, 40),
        ({"highway": "motorway"}, 100),
    ],
)
def test_speed(tags: dict[str, str], kmh: int) -> None:
    assert osm_tags.speed_kmh({**ROAD, **tags}) == kmh


@pytest.mark.parametrize(
    ("text", "slope", "ramp"),
    [
        ("5%", 5.0, True),
        ("-6.5 %", -6.5, True),
        ("2%", 2.0, False),
        ("up", None, False),
        ("3°", 5.2, True),
        ("90%", None, False),
    ],
)
def test_slope_and_ramp(text: str, slope: float | None, ramp: bool) -> None:
    tags = {**ROAD, "incline": text}
    assert osm_tags.slope_pct(tags) == slope
    assert osm_tags.is_ramp(tags) is ramp


@pytest.mark.parametrize(
    ("tags", "direction"),
    [
        ({"oneway": "yes"}, 1),
        ({"oneway": "-1"}, -1),
        ({"oneway": "no", "junction": "roundabout"}, 0),
        ({"junction": "roundabout"}, 1),
        ({"highway": "motorway"}, 1),
        ({"oneway": "reversible"}, 0),
        ({}, 0),
    ],
)
def test_one_way(tags: dict[str, str], direction: int) -> None:
    assert osm_tags.one_way({**ROAD, **tags}) == direction


def test_names_prefer_what_is_signed() -> None:
    assert osm_tags.names({"name": "文游路", "name:en": "Wenyou Road"}) == ("文游路", "Wenyou Road")
    assert osm_tags.names({"name": "Main Street"}) == ("Main Street", "Main Street")
    assert osm_tags.names({"ref": "PE 2"}) == ("PE 2", "PE 2")
    assert osm_tags.names({}) == ("", "")


KEYS = ("lanes", "width", "maxspeed", "incline", "layer", "oneway", "bridge", "junction", "name", "access")


# Generating text is slow on a busy machine; that says nothing about the code under test.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    highway=st.sampled_from(sorted(osm_tags.CLASS_OF)),
    tags=st.dictionaries(
        st.sampled_from(KEYS), st.text(max_size=12) | st.from_regex(r"[-+]?\d{1,6}(\.\d+)? ?[a-z%'°]*")
    ),
)
def test_any_text_gives_values_within_bounds(highway: str, tags: dict[str, str]) -> None:
    row = {"highway": highway, **tags}
    direction = osm_tags.one_way(row)
    lanes = osm_tags.lanes(row, direction)
    assert direction in (-1, 0, 1) and 1 <= lanes <= osm_tags.MAX_LANES
    assert 2 <= osm_tags.width_m(row, lanes) <= osm_tags.MAX_WIDTH_M
    assert 5 <= osm_tags.speed_kmh(row) <= 140
    assert abs(osm_tags.slope_pct(row) or 0) <= osm_tags.MAX_SLOPE_PCT
    assert -5 <= osm_tags.layer(row) <= 5
    assert osm_tags.is_bridge(row) in (True, False)
    assert isinstance(osm_tags.drop_reason(row), str)
