"""Places: the box a database looks through holds everything within the radius, and little more."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from dispatch.places import METRES_PER_DEGREE, box, distance_m


@given(
    lon=st.floats(-179, 179),
    lat=st.floats(-75, 75),
    radius_m=st.floats(1, 2000),
    bearing=st.floats(0, 2 * math.pi),
    share=st.floats(0, 1.5),
)
def test_whatever_is_within_the_radius_is_in_the_box(
    lon: float, lat: float, radius_m: float, bearing: float, share: float
) -> None:
    west, south, east, north = box(lon, lat, radius_m)
    far_m = radius_m * share
    other_lat = lat + math.cos(bearing) * far_m / METRES_PER_DEGREE
    other_lon = lon + math.sin(bearing) * far_m / METRES_PER_DEGREE / math.cos(math.radians(lat))
    inside = west <= other_lon <= east and south <= other_lat <= north
    if distance_m(lon, lat, other_lon, other_lat) <= radius_m * (1 - 1e-9):
        assert inside
    assert east - west <= 2.01 * radius_m / METRES_PER_DEGREE / math.cos(math.radians(lat))
