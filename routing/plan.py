"""A plan as a value: routes of timed stops with the arcs driven between them, and what stayed unserved, with why."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stop:
    """One place on a route: a task served (`kind` task) or a facility visited (`kind` facility).

    `arcs` are driven from the previous place to this stop's entry node, not counting the served arc itself.
    `used` is the used capacity per commodity after the stop.
    """

    kind: str
    ref: str
    mode: int
    arcs: tuple[int, ...]
    arrive_s: int
    start_s: int
    depart_s: int
    used: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One vehicle's work. `arcs_home` are driven after the last stop. `cost` is travel + service + fixed."""

    vehicle: str
    start_s: int
    stops: tuple[Stop, ...]
    arcs_home: tuple[int, ...]
    end_s: int
    distance_m: int
    cost: int


@dataclass(frozen=True, slots=True)
class Unserved:
    """A task left out, and what bound: capacity, time, skill, reachability, window or prize."""

    task: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an engine yields. `cost` is the sum of routes' cost, lateness and prizes left (the checker's sum)."""

    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    cost: int
    engine: str
    seed: int
    iterations: int
    terms: dict[str, int] = field(default_factory=dict)
    """Objective terms: travel, service, fixed, lateness, prizes."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule: `code` is stable (dropped, doubled, unknown, overloaded, mispriced, path, window, shift, ...)."""

    code: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The checker's word on a plan: recomputed cost and terms, and every violation found."""

    feasible: bool
    cost: int
    terms: dict[str, int]
    violations: tuple[Violation, ...]
    distance_m: int
    duration_s: int
