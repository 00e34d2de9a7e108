"""A routing problem as one frozen value: street work and point work together.

Units: metres, seconds from the problem's own zero, kilograms or litres per commodity, cost as in `Network.cost`.
The load counted on a vehicle is what it has *used* of its capacity since it last stood at a facility: salt spread
or waste picked up, so one rule serves both.
"""

from __future__ import annotations

from dataclasses import dataclass

from routing.network import Network

HORIZON_S = 7 * 24 * 3600
"""Latest second a problem may speak of: a week, far from the int32 edge of the engines."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to serve a task: enter at node `tail`, leave at node `head`.

    `arc` is the network arc driven while serving, -1 for point work.
    """

    tail: int
    head: int
    arc: int = -1


@dataclass(frozen=True, slots=True)
class Task:
    """Work a vehicle does once. An edge has two modes, an arc one, a point one (tail == head).

    `service_s` and `service_cost` replace the driving time and cost of the served arc. `demand` is per commodity.
    `window` bounds the start of service (hard). Past `deadline_s` each second of completion costs `weight`
    (soft). `prize` None means mandatory; else the cost of leaving it out.
    """

    id: str
    modes: tuple[Mode, ...]
    demand: tuple[int, ...]
    service_s: int
    service_cost: int
    window: tuple[int, int] = (0, HORIZON_S)
    deadline_s: int | None = None
    weight: int = 0
    class_: str = ""
    skills: frozenset[str] = frozenset()
    prize: int | None = None


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle for one route. `end` None lets the route end where its last stop is.

    `initial_used` is what of the capacity is used at the start (a replan in mid-route).
    """

    id: str
    start: int
    end: int | None
    capacity: tuple[int, ...]
    initial_used: tuple[int, ...]
    shift: tuple[int, int] = (0, HORIZON_S)
    skills: frozenset[str] = frozenset()
    fixed_cost: int = 0


@dataclass(frozen=True, slots=True)
class Facility:
    """A place inside routes that resets the used capacity: `reload` (salt store) or `unload` (transfer)."""

    id: str
    node: int
    kind: str
    service_s: int
    service_cost: int = 0
    window: tuple[int, int] = (0, HORIZON_S)


@dataclass(frozen=True, slots=True)
class Problem:
    """What an engine gets. `unload_at_end`: a vehicle must stand empty (at a facility) before it goes home."""

    network: Network
    tasks: tuple[Task, ...]
    vehicles: tuple[Vehicle, ...]
    facilities: tuple[Facility, ...]
    commodities: tuple[str, ...]
    unload_at_end: bool = False
    unlimited_fleet: bool = False
    """True (benchmarks): as many copies of vehicles[0] as wanted, ids `<id>#k`."""
