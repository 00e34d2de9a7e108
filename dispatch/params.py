"""The rules a city may change, as values. config/ builds them from TOML; each default's source stands in the TOML."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""A local time of day, HH:MM."""
SIGNED = ("road_at_most", "road_above")
"""Rules that may be below zero: temperatures."""


class Params(BaseModel):
    """Base: frozen, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*")
    @classmethod
    def _no_negative(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, int | float) and (
            not math.isfinite(value) or (value < 0 and info.field_name not in SIGNED)
        ):
            raise ValueError("may not be below zero")
        return value


class SpreadRow(Params):
    """One row of the spread-rate matrix. Temperatures of the road in Celsius, `road_above` exclusive."""

    code: str
    phenomenon: str
    g_m2: int
    passes: int = 1
    needs_road: bool = False
    road_at_most: float | None = None
    road_above: float | None = None
    light: bool | None = None


class ClassRule(Params):
    """How soon a class of work must be done after a stage's start, and what a second of lateness weighs."""

    within_min: int
    weight: int


class SnowParams(Params):
    """The snow response."""

    spread: tuple[SpreadRow, ...]
    classes: dict[str, ClassRule]
    light_snow_below_cm: float
    spread_width_m: float
    work_kmh: int
    plough_kmh: int
    plough_at_depth_cm: float
    plough_after_onset_min: int
    plough_salt_g_m2: int
    plough_shift_min: int
    pretreat_margin_min: int
    muster_clock: Clock
    muster_shift_min: int
    muster_deadline_min: int
    walk_kmh: int
    clear_m2_per_worker_h: int
    crossing_m2: int
    ready_after_min: int
    self_start_min: int
    alert_late_min: int


class CollectionParams(Params):
    """Daily clearance."""

    urgent_pct: float
    eligible_pct: float
    overflow_pct: float
    default_pct: float
    runs: dict[str, tuple[Clock, Clock, Clock]]
    """letter → (planned at, starts at, ends at), local clock HH:MM. The last run takes all that is left."""
    bin_service_s: int
    horizon_min: int


class CaseKind(Params):
    """What a kind of complaint becomes: a service ("" = none yet), minutes to the deadline, seconds and kilograms."""

    service: str
    deadline_min: int
    service_s: int
    kg: int


class CaseParams(Params):
    """Complaints."""

    merge_radius_m: float
    merge_hours: float
    merge_closed_min: int
    kinds: dict[str, CaseKind]


class TurnRules(Params):
    """What a turn costs a truck in seconds, and the road classes on which it may not turn back."""

    straight_s: int
    near_s: int
    across_s: int
    u_turn_s: int
    drives_on_right: bool
    no_u_turns_on: tuple[str, ...]


class PlanParams(Params):
    """Planning. Iteration budgets are used where results must not depend on the machine, seconds elsewhere."""

    improve_seconds: float
    improve_iterations: int
    insert_add_min: int
    move_cost: int
    undo_min: int
    improvement_pct: float
    greedy_latency_s: int
    improve_latency_s: int
    started_lead_s: int
    telling_alarm_min: int
    silent_min: int
    fallback_max_age_h: int
    fallback_clock: Clock


class IntakeParams(Params):
    """What devices may send."""

    device_burst: int
    device_per_s: float
    thin_backlog: int
    thin_s: float


class Rules(Params):
    """All of them."""

    snow: SnowParams
    collection: CollectionParams
    cases: CaseParams
    turns: TurnRules
    planning: PlanParams
    intake: IntakeParams
