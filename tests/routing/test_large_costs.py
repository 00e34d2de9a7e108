"""Instances whose costs run into hundreds of millions, where engines weigh a unit too much against a way."""

from __future__ import annotations

from pathlib import Path

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.registry import engine_named
from routing.instances.read import read_instance

STOPS = [(i, i * 379 % 1000, i * 617 % 1000, 1 + i % 3) for i in range(2, 32)]
VEHICLES = range(1, 9)
ROWS = {
    "NODE_COORD": ["1 500 500", *(f"{i} {x} {y}" for i, x, y, _ in STOPS)],
    "DEMAND": ["1 0", *(f"{i} {load}" for i, _, _, load in STOPS)],
    "CAPACITY": [f"{k} 8" for k in VEHICLES],
    "VEHICLES_UNIT_DISTANCE_COST": [f"{k} {200 + k // 4}" for k in VEHICLES],
    "DEPOT": ["1", "-1"],
}
HEADER = f"NAME: dear\nTYPE: HFVRP\nDIMENSION: {len(STOPS) + 1}\nVEHICLES: 8\nEDGE_WEIGHT_TYPE: EUC_2D\n"


def test_pyvrp_finds_a_plan_where_a_way_costs_far_more_than_its_own_bound_on_penalties(tmp_path: Path) -> None:
    """60 of 64 units of room are needed, and a metre costs 200,000."""
    path = tmp_path / "dear.vrp"
    path.write_text(
        HEADER + "".join(f"{name}_SECTION\n" + "\n".join(rows) + "\n" for name, rows in ROWS.items()) + "EOF\n"
    )
    problem = read_instance(path).problem
    plans = list(engine_named("pyvrp").solve(problem, None, Budget(iterations=20_000), 1))
    assert plans
    assert check(problem, plans[-1]).violations == ()
    assert plans[-1].unserved == ()
