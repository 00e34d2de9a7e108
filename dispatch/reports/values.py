"""What the reports say, as frozen values: every figure read from rows, times UTC, codes instead of words."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Base of all values of a report."""

    model_config = ConfigDict(frozen=True)


class Moment(Value):
    """A line of the timeline: what happened, `count` times within minutes of each other, by whom, to what.

    `code` is the audit action it was read from (or `sheet.issued`, of the sheets' rows); `note` a code or a reason.
    """

    at: datetime
    code: str
    actor: str = ""
    count: int = 1
    refs: tuple[str, ...] = ()
    note: str = ""


class StageLine(Value):
    """A stage with its work: `items` of it, `done` done."""

    kind: str
    state: str
    due_at: datetime | None
    started_at: datetime | None
    done_at: datetime | None
    items: int
    done: int


class ClassCover(Value):
    """Streets of one class in one stage, in metres of centre line by when the last run over each was done.

    Each metre is in one of the last four: before onset, after it and by the muster clock, later, not at all.
    """

    stage: str
    priority: str
    streets: int
    length_m: int
    before_onset_m: int
    by_clock_m: int
    later_m: int
    not_m: int


class StreetLine(Value):
    """One street in one stage. `reason` says why it was not done; `last_at` is the newest pass with a tool at work."""

    stage: str
    segment: str
    name: str
    name_en: str
    district: str
    priority: str
    length_m: int
    state: str
    done_at: datetime | None
    reason: str
    last_at: datetime | None
    last_vehicle: str


class PlanLine(Value):
    """A plan by its last approved version. `feasible` is the stored verdict; metres driven are matched passes."""

    code: str
    service: str
    district: str
    version: int
    versions: int
    state: str
    approved_by: str
    approved_at: datetime | None
    feasible: bool
    routes: int
    stops: int
    unserved: int
    distance_m: int
    driven_m: int
    salt_kg: int
    waste_kg: int


class RouteLine(Value):
    """A route planned and driven. `in_force` False: a later version of its plan has no route for this vehicle.

    Driven is what the vehicle's passes show from the route's start to the start of its next one.
    """

    plan: str
    service: str
    vehicle: str
    plate: str
    crew: str
    in_force: bool
    planned_start: datetime
    planned_end: datetime
    driven_start: datetime | None
    driven_end: datetime | None
    planned_m: int
    driven_m: int
    stops: int


class CaseLine(Value):
    """A case, as it stood when the report was made."""

    number: str
    kind: str
    district: str
    state: str
    opened_at: datetime
    deadline: datetime
    closed_at: datetime | None


class AlarmLine(Value):
    """An alarm's opening, and its closing where there was one; while open its state, shelved with the time and why."""

    kind: str
    key: str
    opened_at: datetime
    closed_at: datetime | None
    priority: int = 0
    state: str = ""
    shelved_until: datetime | None = None
    reason: str = ""


class StormReport(Value):
    """An episode from its first alert to the end of its last plan (`until`), or to what is known by now.

    `clock_at` is the muster clock (05:00) of the response. `as_of` is the newest row the report rests on.
    """

    episode: str
    city: str
    city_en: str
    zone: str
    phenomenon: str
    severity: str
    headline: str
    state: str
    received_at: datetime
    onset: datetime
    onset_assumed: bool
    expires: datetime | None
    clock_at: datetime | None
    until: datetime
    as_of: datetime
    over: bool
    self_start: bool
    self_start_reason: str
    rate_row: str
    rate_g_m2: int
    rate_passes: int
    timeline: tuple[Moment, ...]
    stages: tuple[StageLine, ...]
    cover: tuple[ClassCover, ...]
    streets: tuple[StreetLine, ...]
    plans: tuple[PlanLine, ...]
    routes: tuple[RouteLine, ...]
    cases: tuple[CaseLine, ...]
    attribution: str


class StationCount(Value):
    """Clearances owed in a district on a day, and what became of them by its end."""

    district: str
    owed: int
    cleared: int
    missed: int
    overflowed: int


class StationLine(Value):
    """A station that was not cleared on its day."""

    station: str
    name: str
    name_en: str
    district: str
    overflow_at: datetime | None


class DayReport(Value):
    """One service date. `closed_at` None: no edition, the figures may still change. `asked_by`: who had an edition made
    later than its time; empty where it made itself.

    `cleared_by_hour` counts by local hour 0–23. Cases and alarms stand as at the end of the date (`ends_at`), plans and
    sheets as at `as_of`. Editions are stored values of this class: a field added later needs a default.
    """

    day: date
    city: str
    city_en: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    as_of: datetime
    closed_at: datetime | None
    stations: tuple[StationCount, ...]
    cleared_by_hour: tuple[int, ...]
    not_cleared: tuple[StationLine, ...]
    reports_received: int
    cases_received: int
    cases_closed: int
    cases_open: int
    cases_late: tuple[CaseLine, ...]
    plans: tuple[PlanLine, ...]
    sheets_issued: int
    sheets_superseded: int
    sheets_handed_back: int
    alarms: tuple[AlarmLine, ...]
    asked_by: str = ""


class WaitingPlan(Value):
    """A plan whose newest version waits for approval. `live` is the version crews work by meanwhile, 0 for none."""

    code: str
    version: int
    service: str
    district: str
    start_at: datetime
    created_at: datetime
    feasible: bool
    unserved: int
    live: int
    reason: str


class RunningPlan(Value):
    """A plan crews work by (or will at its start), with its sheets out and back."""

    code: str
    version: int
    service: str
    district: str
    state: str
    start_at: datetime
    end_at: datetime
    routes: int
    sheets_out: int
    sheets_back: int


class UntoldLine(Value):
    """A changed route nobody has told its crew of. `phone` is the driver's."""

    plan: str
    vehicle: str
    driver: str
    phone: str
    opened_at: datetime
    added: int
    dropped: int


class OutLine(Value):
    """A vehicle, crew, facility or street that is out or limited."""

    kind: str
    ref: str
    name: str
    status: str
    since: datetime
    until: datetime | None
    reason: str


class NoteLine(Value):
    """A note of the shift that is handed on."""

    id: str
    at: datetime
    actor: str
    text: str


class TakeoverLine(Value):
    """Who took a shift over from whom (from nobody: the first one), and how much was open then."""

    no: int
    at: datetime
    given_by: str
    taken_by: str
    open: int
    open_hash: str


class Handover(Value):
    """What the next shift takes over at `at`: what is open, the notes of the shift, and the last takeovers, the
    newest first.
    """

    city: str
    city_en: str
    zone: str
    at: datetime
    alarms: tuple[AlarmLine, ...]
    waiting: tuple[WaitingPlan, ...]
    running: tuple[RunningPlan, ...]
    cases: tuple[CaseLine, ...]
    untold: tuple[UntoldLine, ...]
    out: tuple[OutLine, ...]
    notes: tuple[NoteLine, ...]
    takeovers: tuple[TakeoverLine, ...]
    self_start_stopped: bool


class CrewRoute(Value):
    """A route of a day and whose it is. `crew` is the vehicle where no crew is bound; `sheet` is its sheet's code."""

    crew: str
    crew_name: str
    crew_name_en: str
    vehicle: str
    plate: str
    driver: str
    phone: str
    start_at: datetime
    end_at: datetime
    service: str
    district: str
    plan: str
    version: int
    state: str
    stops: int
    distance_m: int
    sheet: str


class FreeCrew(Value):
    """A crew no plan of the day has a route for."""

    crew: str
    name: str
    name_en: str
    district: str
    shift: str


class CrewDay(Value):
    """Who does what on `day`: the routes that start on it, by crew and time, and the crews without any."""

    city: str
    city_en: str
    zone: str
    day: date
    routes: tuple[CrewRoute, ...]
    free: tuple[FreeCrew, ...]
    newest_at: datetime
    """When the newest of the plans was made."""
