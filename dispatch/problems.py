"""Work items and resources into a routing Problem, with the way back from tasks to work items. Pure.

Second 0 of a problem is `zero`: the plan's start, or the moment of a replan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.params import Rules
from dispatch.streets import Streets
from models.tables.city import Crew, Vehicle
from models.tables.city import Facility as FacilityRow
from models.tables.work import WorkItem
from routing.network import Network, TurnCosts
from routing.problem import Facility, Mode, Problem, Task
from routing.problem import Vehicle as RoutingVehicle

KIND_OF_SERVICE = {"salting": "salt_store", "ploughing": "salt_store", "collection": "transfer"}
LOAD_OF_SERVICE = {"salting": "salt_kg", "ploughing": "salt_kg", "collection": "waste_kg"}
ON_FOOT = "beats"
WEIGHTS = {"urgent": 4, "case_urgent": 12, "case": 4, "case_low": 1}
"""What a second late costs by class of work, where the rules of snow do not say; any other 1."""


@dataclass(frozen=True, slots=True)
class TaskRef:
    """What a task stands for: pass `number` (1-based) of a work item. `kind` is the stop kind of the route document."""

    work_item: str
    number: int
    kind: str
    ref: str
    quantity_kg: int


@dataclass(frozen=True, slots=True)
class Resource:
    """A vehicle or crew on foot, for one route: where it starts, what it may carry, when it is free (seconds)."""

    id: str
    start_node: int
    end_node: int | None
    capacity_kg: int
    used_kg: int
    free_from_s: int
    free_to_s: int
    skills: frozenset[str]


@dataclass(frozen=True, slots=True)
class Job:
    """One problem with the meaning of its tasks."""

    problem: Problem
    refs: dict[str, TaskRef]
    zero: datetime
    service: str
    left_out: tuple[tuple[str, str], ...]
    """(work item, reason) that cannot even be asked for: place not on the network."""


def seconds_from(zero: datetime, at: datetime | None, default: int) -> int:
    """Whole seconds from zero, never negative."""
    return default if at is None else max(0, int((at - zero).total_seconds()))


def walking(network: Network, kmh: int) -> Network:
    """The same streets at a crew's pace, to whom no turn matters."""
    pace = (network.length_m * 3.6 / kmh).round().astype("int64").clip(1)
    return replace(network, duration_s=pace, cost=pace, forbidden_turns=frozenset(), turn_costs=TurnCosts())


def build_job(
    service: str,
    items: Iterable[WorkItem],
    resources: Sequence[Resource],
    facilities: Iterable[FacilityRow],
    streets: Streets,
    rules: Rules,
    zero: datetime,
) -> Job:
    """The Problem of one service in one district over one period."""
    tasks: list[Task] = []
    refs: dict[str, TaskRef] = {}
    left_out: list[tuple[str, str]] = []
    for item in items:
        made = tasks_of(item, streets, rules, zero)
        if not made:
            left_out.append((item.id, "reachability"))
        for task, ref in made:
            tasks.append(task)
            refs[task.id] = ref
    network = walking(streets.network, rules.snow.walk_kmh) if service == ON_FOOT else streets.network
    problem = Problem(
        network=network,
        tasks=tuple(tasks),
        vehicles=routing_vehicles(resources),
        facilities=tuple(facility_tasks(service, facilities, streets)),
        commodities=("kg",),
        unload_at_end=service == "collection",
    )
    return Job(problem, refs, zero, service, tuple(left_out))


def routing_vehicles(resources: Iterable[Resource]) -> tuple[RoutingVehicle, ...]:
    """Resources as a problem's vehicles."""
    return tuple(
        RoutingVehicle(
            id=r.id,
            start=r.start_node,
            end=r.end_node,
            capacity=(r.capacity_kg,),
            initial_used=(r.used_kg,),
            shift=(r.free_from_s, r.free_to_s),
            skills=r.skills,
        )
        for r in resources
    )


def facility_tasks(service: str, facilities: Iterable[FacilityRow], streets: Streets) -> list[Facility]:
    """The facilities where a truck of this service reloads or unloads."""
    kind = KIND_OF_SERVICE.get(service)
    return [
        Facility(
            id=row.id,
            node=streets.node_of[row.node],
            kind="unload" if kind == "transfer" else "reload",
            service_s=row.service_s,
            service_cost=row.service_s,
            bays=row.bays,
        )
        for row in facilities
        if row.kind == kind and row.node in streets.node_of
    ]


def tasks_of(item: WorkItem, streets: Streets, rules: Rules, zero: datetime) -> list[tuple[Task, TaskRef]]:
    """The tasks still owed of a work item; [] when its place is not on the network."""
    made = [task_for(item, number, streets, rules, zero) for number in range(item.passes_done + 1, item.passes + 1)]
    return [entry for entry in made if entry is not None]


def task_for(
    item: WorkItem, number: int, streets: Streets, rules: Rules, zero: datetime
) -> tuple[Task, TaskRef] | None:
    """Pass `number` of a work item as a task; None when its place is not on the network."""
    kind, _, ref = item.place.partition(":")
    if kind == "segment" and item.service != ON_FOOT:
        return _street_task(item, ref, number, streets, rules, zero) if ref in streets.arcs_of else None
    if item.node not in streets.node_of:
        return None
    node = streets.node_of[item.node]
    deadline, weight = _deadline(item, rules, zero)
    stop_kind = "spot" if item.service == ON_FOOT else kind
    stop_ref = item.place if stop_kind == "spot" else ref
    task = Task(
        id=f"{item.id}#1",
        modes=(Mode(node, node),),
        demand=(0 if item.service == ON_FOOT else item.quantity_kg,),
        service_s=item.service_s,
        service_cost=item.service_s,
        class_=item.priority,
        skills=frozenset({item.service}),
        deadline_s=deadline,
        weight=weight,
    )
    return task, TaskRef(item.id, 1, stop_kind, stop_ref, item.quantity_kg)


def _street_task(
    item: WorkItem, segment: str, number: int, streets: Streets, rules: Rules, zero: datetime
) -> tuple[Task, TaskRef]:
    """Run `number` over a street: either way round, or one given way where both sides are owed."""
    arcs = streets.arcs_of[segment]
    sides = int(item.detail.get("sides", 1))
    ways = sorted(arcs, reverse=True)
    if sides == 2 and len(ways) == 2:
        ways = [ways[(number - 1) % 2]]
    network = streets.network
    deadline, weight = _deadline(item, rules, zero)
    modes = tuple(Mode(int(network.tail[arcs[w]]), int(network.head[arcs[w]]), arcs[w]) for w in ways)
    kmh = rules.snow.plough_kmh if item.service == "ploughing" else rules.snow.work_kmh
    seconds = max(1, round(streets.segments[segment].length_m * 3.6 / kmh))
    share = item.quantity_kg // item.passes + (1 if number <= item.quantity_kg % item.passes else 0)
    task = Task(
        id=f"{item.id}#{number}",
        modes=modes,
        demand=(share,),
        service_s=seconds,
        service_cost=seconds,
        class_=item.priority,
        skills=frozenset({item.service}),
        deadline_s=deadline,
        weight=weight,
    )
    return task, TaskRef(item.id, number, "segment", segment, share)


def _deadline(item: WorkItem, rules: Rules, zero: datetime) -> tuple[int | None, int]:
    if item.deadline is None:
        return None, 0
    rule = rules.snow.classes.get(item.priority)
    weight = rule.weight if rule is not None else WEIGHTS.get(item.priority, 1)
    return seconds_from(zero, item.deadline, 0), weight


def vehicle_capacity(vehicle: Vehicle, service: str) -> int:
    """Kilograms the vehicle may carry for a service."""
    return int(getattr(vehicle, LOAD_OF_SERVICE[service], 0)) if service in LOAD_OF_SERVICE else 1


def crew_resource(crew: Crew, node: int, from_s: int, to_s: int) -> Resource:
    """A crew on foot as a resource."""
    return Resource(crew.id, node, node, 1, 0, from_s, to_s, frozenset({ON_FOOT}))
