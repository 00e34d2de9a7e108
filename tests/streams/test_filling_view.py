"""View `filling`: jitter, jumps, emptyings and gaps, by hand and for any levels in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.events.base import Event
from models.times import iso, parse_time
from streams.views.filling import FAR_H, FILLING, step
from streams.views.view import State

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def level(hour: float, pct: float, **more: Any) -> Event:
    at = START + timedelta(hours=hour)
    data = {"station": "ST-1", "observed_at": iso(at), "level_pct": pct} | more.pop("data", {})
    received = more.pop("received_at", at)
    return Event(
        source="stations", id=iso(at), type="station.level", key="ST-1", occurred_at=at, received_at=received, data=data
    )


def after(*levels: tuple[float, float]) -> State:
    state: State | None = None
    for hour, pct in levels:
        state, messages = step(state, level(hour, pct))
        assert messages == ()
    assert state is not None
    return state


def test_a_steady_rise_has_its_rate_and_time_to_full() -> None:
    state = after(*[(n, 10.0 + 5 * n) for n in range(9)])
    assert state["level_pct"] == 50.0
    assert state["rate_pct_h"] == pytest.approx(5.0, abs=0.01)
    left_h = (parse_time(state["full_at"]) - (START + timedelta(hours=8))).total_seconds() / 3600
    assert left_h == pytest.approx(10.0, abs=0.1)


def test_an_emptying_is_seen_and_does_not_slow_the_rate() -> None:
    filled = after((0, 10), (4, 30), (8, 50))
    state = after((0, 10), (4, 30), (8, 50), (9, 0))
    assert state["emptied_at"] == iso(START + timedelta(hours=9))
    assert (state["level_pct"], state["rate_pct_h"]) == (0.0, filled["rate_pct_h"])


def test_a_jump_waits_for_the_next_level() -> None:
    quiet = [(0.0, 10.0), (0.5, 11.0)]
    assert after(*quiet, (1.0, 90.0))["level_pct"] == 11.0
    assert after(*quiet, (1.0, 90.0), (1.5, 12.0))["level_pct"] == 12.0, "somebody stood before the sensor"
    assert after(*quiet, (1.0, 90.0), (1.5, 92.0))["level_pct"] == 92.0, "it was so"
    assert after(*quiet, (9.0, 90.0))["level_pct"] == 90.0, "in eight hours it may rise so far"


def test_jitter_downward_is_halved_and_is_no_emptying() -> None:
    state = after((0, 40), (1, 36))
    assert (state["level_pct"], state["emptied_at"], state["rate_pct_h"]) == (38.0, None, 0.0)


def test_full_is_full_now_and_standing_still_is_never_full() -> None:
    assert after((0, 90), (2, 104))["full_at"] == iso(START + timedelta(hours=2))
    assert after((0, 40), (24, 40))["full_at"] is None
    slow = after((0, 10), (100, 10 + 100 * 60 / FAR_H))
    assert slow["full_at"] is None and slow["rate_pct_h"] > 0


@pytest.mark.parametrize(
    "event",
    [
        level(0, 50),
        level(-1, 50),
        level(2, 50, received_at=START),
        level(2, 50, data={"station": "ST-2"}),
        level(2, 500),
        level(2, 50, data={"observed_at": "2026-01-05T10:00:00"}),
        level(2, 50).model_copy(update={"type": "no.such"}),
    ],
)
def test_what_is_no_newer_level_of_the_station_changes_nothing(event: Event) -> None:
    state = after((0, 20))
    assert step(state, event) == (state, ())


readings = st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 120)), min_size=1, max_size=60)


@settings(deadline=None)
@given(readings)
def test_any_levels_give_a_state_that_makes_sense(levels: list[tuple[float, float]]) -> None:
    state: State | None = None
    newest = START - timedelta(days=1)
    for hour, pct in levels:
        before = state
        state, _ = step(state, level(hour, pct))
        assert state is not None
        at = parse_time(state["observed_at"])
        assert at >= newest and (before is None or at > newest or state == before)
        newest = at
        assert 0 <= state["level_pct"] <= 120 and state["rate_pct_h"] >= 0
        if state["full_at"] is not None:
            assert at <= parse_time(state["full_at"]) <= at + timedelta(hours=FAR_H)
        assert FILLING.position(state) == int((at - START).total_seconds() * 1e6 + 0.5) + FILLING.position(
            {**state, "observed_at": iso(START)}
        )


@settings(deadline=None)
@given(readings)
def test_repeated_levels_change_nothing(levels: list[tuple[float, float]]) -> None:
    once: State | None = None
    twice: State | None = None
    for hour, pct in levels:
        once, _ = step(once, level(hour, pct))
        for _ in range(2):
            twice, _ = step(twice, level(hour, pct))
    assert once == twice
