"""The bench of large cities, on cities small enough for a test."""

from __future__ import annotations

import pytest

from bench.cities import grid_city, sweeping
from bench.scale import by_districts, one_city
from routing.streets.turns import TurnParams


@pytest.mark.parametrize("turns", [False, True])
def test_a_city_is_planned_whole_and_the_plan_is_right(turns: bool) -> None:
    city = grid_city(120, 1)
    city = city.with_turns(TurnParams()) if turns else city
    found = one_city(city, 0.3, 1)
    assert found["feasible"] is True
    assert found["left_out"] == 0
    assert (found["turns"] != 0) == turns


def test_a_city_is_planned_by_districts_and_the_plan_is_right() -> None:
    found = by_districts(grid_city(120, 2), 40, 0.2, 0.2, 1)
    assert (found["districts"], found["feasible"], found["left_out"]) == (3, True, 0)
    assert isinstance(found["traded_cost"], int) and isinstance(found["cost"], int)
    assert found["traded_cost"] <= found["cost"]


def test_every_street_of_the_grid_is_swept_once() -> None:
    city = grid_city(300, 3)
    served = [mode.arc for task in sweeping(city).tasks for mode in task.modes]
    assert sorted(served) == list(range(city.network.arcs))
