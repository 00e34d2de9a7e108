"""What of a device's telemetry is let in: limits by our clock, thinning under load, nothing else ever touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rules_loader import load_rules
from dispatch.decide.admission import Device, admit
from dispatch.params import IntakeParams
from models.events.base import Event
from routing.matching import GAP_S

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
PARAMS = IntakeParams(device_burst=20, device_per_s=0.5, thin_backlog=10, thin_s=15.0)
TOOLS = ("spreader", "plough", "lift", "broom")


def fix(observed_s: float, received_s: float, tools: frozenset[str] = frozenset()) -> Event:
    return Event(
        source="vehicles",
        id=f"V@{observed_s}",
        type="vehicle.position",
        key="V",
        occurred_at=START + timedelta(seconds=observed_s),
        received_at=START + timedelta(seconds=received_s),
        data={"tools": {name: name in tools for name in TOOLS}},
    )


fixes = st.lists(
    st.tuples(
        st.floats(-3600, 3600), st.floats(0, 60), st.frozensets(st.sampled_from(TOOLS), max_size=1), st.booleans()
    ),
    max_size=80,
)


@given(fixes)
def test_no_device_gets_more_in_than_its_limit(steps: list[tuple[float, float, frozenset[str], bool]]) -> None:
    device: Device | None = None
    now, let_in = 0.0, []
    for observed, pause, tools, load in steps:
        now += pause
        device, verdict = admit(device, fix(observed, now, tools), load, PARAMS)
        if verdict != "too_often":
            let_in.append(now)
    for index, first in enumerate(let_in):
        for number, last in enumerate(let_in[index:], start=1):
            assert number <= PARAMS.device_burst + (last - first) * PARAMS.device_per_s + 1e-6


@given(fixes)
def test_thinning_leaves_a_position_near_every_one_it_takes_and_every_change_of_tools(
    steps: list[tuple[float, float, frozenset[str], bool]],
) -> None:
    generous = PARAMS.model_copy(update={"device_burst": 10_000})
    device: Device | None = None
    now = 0.0
    kept: list[tuple[float, frozenset[str]]] = []
    for observed, pause, tools, load in steps:
        now += pause
        device, verdict = admit(device, fix(observed, now, tools), load, generous)
        assert verdict in ("", "thinned")
        if verdict == "thinned":
            assert load
            at, with_tools = kept[-1]
            assert abs(observed - at) < PARAMS.thin_s and with_tools == tools
        else:
            kept.append((observed, tools))


@given(st.lists(st.floats(0.5, 60), min_size=1, max_size=50))
def test_a_thinned_track_has_no_gaps_that_would_end_it(pauses: list[float]) -> None:
    params = load_rules().intake
    device: Device | None = None
    now, last = 0.0, 0.0
    for pause in pauses:
        now += pause
        device, verdict = admit(device, fix(now, now), True, params)
        if not verdict:
            assert now - last <= params.thin_s + 2 * max(pauses)
            last = now
    assert params.thin_s + 60 < GAP_S


def test_a_device_that_was_out_of_reach_may_send_what_it_kept() -> None:
    params = load_rules().intake
    device: Device | None = None
    for n in range(8 * 180):  # eight hours, a fix every 20 s, all at once
        device, verdict = admit(device, fix(20.0 * n, 0.0), False, params)
        assert verdict == ""


@pytest.mark.parametrize("load", [True, False])
def test_readings_are_held_to_the_limit_but_not_thinned(load: bool) -> None:
    reading = fix(0, 0).model_copy(update={"type": "station.level"})
    device: Device | None = None
    verdicts = []
    for _ in range(PARAMS.device_burst + 1):
        device, verdict = admit(device, reading, load, PARAMS)
        verdicts.append(verdict)
    assert verdicts == [""] * PARAMS.device_burst + ["too_often"]
