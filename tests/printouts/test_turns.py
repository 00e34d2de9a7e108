from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printouts.turns import TURNS, heading_in, heading_out, plane, turn_between


@pytest.mark.parametrize(
    ("before", "after", "turn"),
    [
        (0, 0, "straight"),
        (350, 10, "straight"),
        (0, 40, "slight_right"),
        (0, 320, "slight_left"),
        (0, 90, "right"),
        (90, 0, "left"),
        (0, 150, "sharp_right"),
        (0, 210, "sharp_left"),
        (10, 190, "u_turn"),
    ],
)
def test_turn_by_angle(before: float, after: float, turn: str) -> None:
    assert turn_between(before, after) == turn


@settings(deadline=None)
@given(st.floats(0, 360), st.floats(0, 360))
def test_mirrored_angles_give_mirrored_turns(before: float, after: float) -> None:
    here, there = turn_between(before, after), turn_between(-before, -after)
    assert here in TURNS
    swap = {"left": "right", "right": "left"}
    mirrored = "_".join(swap.get(part, part) for part in here.split("_"))
    assert there == mirrored or abs(abs((after - before + 180) % 360 - 180) - 180) < 1e-6


def test_headings_follow_the_driving_direction() -> None:
    east_then_north = [[119.0, 32.0], [119.001, 32.0], [119.001, 32.001]]
    forward, back = plane(east_then_north, True), plane(east_then_north, False)
    assert heading_in(forward) == pytest.approx(90, abs=0.5)
    assert heading_out(forward) == pytest.approx(0, abs=0.5)
    assert heading_in(back) == pytest.approx(180, abs=0.5)
    assert heading_out(back) == pytest.approx(270, abs=0.5)


def test_a_kink_at_the_junction_does_not_decide() -> None:
    north_with_kink = [[119.0, 32.0], [119.00002, 32.0], [119.00002, 32.002]]
    assert turn_between(0.0, heading_in(plane(north_with_kink, True))) == "straight"
