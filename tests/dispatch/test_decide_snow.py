"""Spread rates, sides, muster clock, self-start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.rules_loader import load_rules
from dispatch.decide.levels import select_stations
from dispatch.decide.snow import Conditions, choose_rate, may_self_start, muster_at, priority_of, salt_kg, sides

SNOW = load_rules().snow
COLLECTION = load_rules().collection
NOW = datetime(2023, 12, 18, 8, tzinfo=UTC)


def test_heavy_snow_is_two_times_twenty_and_needs_no_road_temperature() -> None:
    # Scottish Salt Group, Appendix D: medium or heavy snow forecast, 2 x 20 g/m2 dry.
    choice = choose_rate("snow", Conditions(None, None, 5.0), SNOW)
    assert (choice.g_m2, choice.passes) == (20, 2)
    assert "road_temperature_unknown" in choice.notes


def test_light_snow_is_twenty_once() -> None:
    choice = choose_rate("snow", Conditions(-1.0, 0.0, 0.5), SNOW)
    assert (choice.g_m2, choice.passes, choice.notes) == (20, 1, ())


@pytest.mark.parametrize(("road_c", "g_m2", "passes"), [(-1.0, 8, 1), (-3.0, 16, 1), (-7.0, 15, 2)])
def test_ice_by_road_temperature(road_c: float, g_m2: int, passes: int) -> None:
    # Same table: frost >= -2: 8; wet road -2..-5: 16; wet road -5..-10: 2 x 15.
    choice = choose_rate("ice", Conditions(road_c, None, None), SNOW)
    assert (choice.g_m2, choice.passes) == (g_m2, passes)


def test_ice_without_road_temperature_takes_the_row_that_needs_none_and_says_so() -> None:
    choice = choose_rate("ice", Conditions(None, None, None), SNOW)
    assert (choice.code, choice.g_m2) == ("ice_formed", 20)
    assert choice.notes == ("road_temperature_unknown",)


def test_salt_from_width_and_length() -> None:
    assert salt_kg(1000.0, 7.0, 10) == 70  # DOMAIN 4.1: 10 g/m2 x 7 m = 70 kg/km


def test_wide_two_way_streets_are_spread_once_each_way() -> None:
    assert sides(14.0, 0, SNOW) == 2
    assert sides(14.0, 1, SNOW) == 1
    assert sides(9.0, 0, SNOW) == 1


def test_bridges_and_ramps_come_first_whatever_their_class() -> None:
    assert priority_of("lane", bridge=True, ramp=False) == "bridge"
    assert priority_of("secondary", bridge=False, ramp=True) == "bridge"
    assert priority_of("main", bridge=False, ramp=False) == "main"


def test_muster_is_the_first_five_o_clock_after_onset_on_the_citys_clock() -> None:
    onset = datetime(2023, 12, 18, 14, tzinfo=UTC)  # 22:00 in Shanghai
    assert muster_at(onset, "Asia/Shanghai", SNOW) == datetime(2023, 12, 18, 21, tzinfo=UTC)
    early = datetime(2023, 12, 18, 20, tzinfo=UTC)  # 04:00 in Shanghai
    assert muster_at(early, "Asia/Shanghai", SNOW) == datetime(2023, 12, 18, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"status": "Test"}, "not_actual"),
        ({"status": "Exercise"}, "not_actual"),
        ({"expires": NOW}, "expired"),
        ({"sent": NOW - timedelta(minutes=61)}, "received_late"),
        ({"stopped": True}, "stopped_by_key"),
    ],
)
def test_self_start_only_on_fresh_actual_alerts(change: dict[str, object], reason: str) -> None:
    armed = SNOW.model_copy(update={"self_start_min": 10})
    values: dict[str, object] = {"status": "Actual", "sent": NOW, "received_at": NOW, "expires": None, "stopped": False}
    assert may_self_start(**{**values, **change}, params=armed) == reason  # type: ignore[arg-type]


def test_self_start_is_off_by_default() -> None:
    assert may_self_start("Actual", NOW, NOW, None, False, SNOW) == "self_start_off"


def test_two_thresholds_and_the_last_run_takes_all() -> None:
    levels = {"a": 90.0, "b": 70.0, "c": 20.0, "d": None}
    first = select_stations(levels, False, COLLECTION)
    assert {s: p for s, (p, _) in first.items()} == {"a": "urgent", "b": "eligible", "d": "eligible"}
    last = select_stations({"c": 20.0}, True, COLLECTION)
    assert last == {"c": ("daily", 20.0)}
