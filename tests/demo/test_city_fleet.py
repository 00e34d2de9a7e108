"""The generated fleet of an imported city."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.city import build_demo_city
from demo.fleet import fleet_size, make_demo_fleet
from demo.resources import apportion

WEIGHTS = st.dictionaries(st.sampled_from("ABCDEF"), st.floats(0, 1e6), min_size=1)


@given(total=st.integers(0, 200), weights=WEIGHTS)
def test_apportion_gives_out_all_and_leaves_nobody_without(total: int, weights: dict[str, float]) -> None:
    shares = apportion(total, weights)
    assert sum(shares.values()) == total
    assert set(shares) == set(weights)
    if total >= len(weights):
        assert min(shares.values()) >= 1


@given(weights=WEIGHTS.filter(lambda w: sum(w.values()) > 1))
def test_a_share_is_near_its_weight(weights: dict[str, float]) -> None:
    total = 100
    shares = apportion(total, weights)
    whole = sum(weights.values())
    for key, weight in weights.items():
        assert abs(shares[key] - total * weight / whole) <= len(weights)


@pytest.mark.parametrize(
    ("km", "stations", "districts", "spreaders", "compactors"),
    [(10, 0, 1, 3, 2), (120, 990, 1, 10, 25), (1, 0, 9, 9, 9)],
)
def test_size_follows_length_and_stations(
    km: float, stations: int, districts: int, spreaders: int, compactors: int
) -> None:
    size = fleet_size(km, stations, districts)
    assert (size.spreaders, size.compactors) == (spreaders, compactors)
    assert size.foot_crews >= 2 * districts


def test_fleet_is_seeded_and_stands_on_the_network() -> None:
    data = build_demo_city(3)
    one, two, other = (make_demo_fleet(data.segments, data.districts, data.stations, seed) for seed in (5, 5, 6))
    assert [r.model_dump() for r in one.facilities] == [r.model_dump() for r in two.facilities]
    assert [r.model_dump() for r in one.rows.vehicles] == [r.model_dump() for r in two.rows.vehicles]
    assert [r.salt_kg for r in one.rows.vehicles] != [r.salt_kg for r in other.rows.vehicles]
    nodes = {node for row in data.segments for node in (row.from_node, row.to_node)}
    assert all(row.node in nodes for row in one.facilities)
    assert {row.kind for row in one.facilities} == {"depot", "salt_store", "transfer"}
    depots = {row.id for row in one.facilities if row.kind == "depot"}
    assert all(row.depot in depots for row in (*one.rows.vehicles, *one.rows.crews))
