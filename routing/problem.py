"""A routing problem as one frozen value: street work and point work together.

Units: metres; seconds from the problem's own zero (benchmark instances: their own unit of time); kilograms or litres
per commodity; cost in the unit of `Network.cost`. docs/PROBLEM.md has every field with its unit and its rule.

The load counted on a vehicle is what it has *used* of its capacity since it last stood at a facility: salt spread or
waste picked up, so one rule serves both.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from routing.network import IntArray, Network

HORIZON_S = 1_000_000_000
"""Latest second a problem may speak of: below the int32 edge of the engines, above any shift in any unit."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to serve a task: enter at node `tail`, leave at node `head`.

    `arc` is the network arc driven while serving, -1 for point work. Point work ends a turn rule's reach (the vehicle
    has left the carriageway) unless `via` names the arc it must have come by: then the vehicle stands at the end of
    that arc, and the turn from `via` into the next arc counts. So `via` also says on which side of a street a point is.
    """

    tail: int
    head: int
    arc: int = -1
    via: int = -1


@dataclass(frozen=True, slots=True)
class Task:
    """Work a vehicle does once. An edge has two modes, an arc one, a point one (tail == head).

    `service_s` and `service_cost` replace the driving time and cost of the served arc. `demand` is per commodity.
    `window` bounds the start of service (hard). Past `deadline_s` each second of completion costs `weight`
    (soft). `prize` None means mandatory; else the cost of leaving it out. `release_s`: the trip that serves it leaves
    its start or its last facility no earlier. `keep` is the vehicle it is with in the plan that stands, and serving it
    by another one costs `move_cost`.
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
    release_s: int = 0
    keep: str | None = None
    move_cost: int = 0


@dataclass(frozen=True, slots=True)
class Break:
    """A rest a driver takes once, where the vehicle stands. `window` bounds its start.

    It is owed by a route that ends after `window[1]`.
    """

    id: str
    window: tuple[int, int]
    duration_s: int


@dataclass(frozen=True, slots=True)
class Fixed:
    """One stop that stays where it is: a task (in this mode) or a facility (`mode` 0)."""

    kind: str
    ref: str
    mode: int = 0


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle for one route. `end` None lets the route end where its last stop is.

    `initial_used` is what of the capacity is used at the start (a replan in mid-route). A route costs `fixed_cost`,
    `travel_rate` times the cost of the arcs and turns driven, and `duration_rate` a second from its start to its end.
    `attachments` are alternatives (a plough or a broom): one is fitted for the whole route and adds its skills.
    `profile` names how it drives ("" is the network as it is), `day` the day of the horizon it works on. `frozen` are
    the stops its route begins with.
    """

    id: str
    start: int
    end: int | None
    capacity: tuple[int, ...]
    initial_used: tuple[int, ...]
    shift: tuple[int, int] = (0, HORIZON_S)
    skills: frozenset[str] = frozenset()
    fixed_cost: int = 0
    travel_rate: int = 1
    duration_rate: int = 0
    profile: str = ""
    attachments: tuple[frozenset[str], ...] = ()
    breaks: tuple[Break, ...] = ()
    frozen: tuple[Fixed, ...] = ()
    day: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """How a kind of vehicle drives and works. None: as the network says.

    `duration_s` and `cost` have shape (arcs,). `closed` arcs may not be driven (weight, width); `forbidden_turns` come
    on top of the network's (a long truck's U-turns). `work_percent` of a task's service time and cost is what this kind
    needs, rounded up.
    """

    name: str
    duration_s: IntArray | None = None
    cost: IntArray | None = None
    closed: frozenset[int] = frozenset()
    forbidden_turns: frozenset[tuple[int, int]] = frozenset()
    work_percent: int = 100


@dataclass(frozen=True, slots=True)
class Facility:
    """A place inside routes that resets used capacity: `reload` (salt store), `refill` (hydrant), `unload` (transfer).

    `resets` are the commodities (by number) it resets; empty means all. `bays` is how many vehicles it serves at once,
    first come, first served; 0 means any number.
    """

    id: str
    node: int
    kind: str
    service_s: int
    service_cost: int = 0
    window: tuple[int, int] = (0, HORIZON_S)
    bays: int = 0
    resets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    """Passes of one piece of work, a task each: in any order, `gap_s` from the end of one to the start of the next on
    its day. Without patterns a pass that comes too early waits for the gap to end.

    `patterns` are the allowed sets of days (each ascending, one day a task); empty allows any days.
    """

    tasks: tuple[str, ...]
    gap_s: int = 0
    patterns: tuple[tuple[int, ...], ...] = ()


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
    """True (benchmarks): as many copies of each vehicle as wanted, ids `<id>#k`."""
    profiles: tuple[Profile, ...] = field(default=())
    repeats: tuple[Repeat, ...] = field(default=())
    fairness_weight: int = 0
    """Cost of each second of the longest route."""
