"""Problems and plans as JSON documents, lossless, so that a stored plan's verdict can be computed again.

Integer arrays are packed: int64 little-endian, zlib, base64.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

from routing.errors import BadProblem
from routing.network import IntArray, Network, TurnCosts
from routing.plan import Plan, Route, Stop, Unserved
from routing.problem import Break, Facility, Fixed, Mode, Problem, Profile, Repeat, Task, Vehicle

Document = dict[str, Any]

FORMAT = 2
"""Version of both documents."""

READABLE = (1, 2)
"""Versions read: 1 had no turn costs, profiles, breaks, repeats, and what else came with 2."""

ARRAY_BYTES_MAX = 256 * 2**20
"""Largest unpacked array accepted: a network of 33 million arcs, far past any city."""

_ARRAYS = ("tail", "head", "length_m", "duration_s", "cost", "reverse")
_TURNS = ("first", "second", "cost", "duration_s")


def problem_to_json(problem: Problem) -> Document:
    """A document of plain lists, strings and numbers."""
    network = problem.network
    turns = [value for turn in sorted(network.forbidden_turns) for value in turn]
    return {
        "format": FORMAT,
        "network": {
            "nodes": network.nodes,
            **{name: _pack(getattr(network, name)) for name in _ARRAYS},
            "forbidden_turns": _pack(np.array(turns, np.int64)),
            "turn_costs": [_pack(getattr(network.turn_costs, name)) for name in _TURNS],
        },
        "tasks": [_task_to_json(task) for task in problem.tasks],
        "vehicles": [_vehicle_to_json(vehicle) for vehicle in problem.vehicles],
        "facilities": [
            [f.id, f.node, f.kind, f.service_s, f.service_cost, list(f.window), f.bays, list(f.resets)]
            for f in problem.facilities
        ],
        "commodities": list(problem.commodities),
        "unload_at_end": problem.unload_at_end,
        "unlimited_fleet": problem.unlimited_fleet,
        "profiles": [_profile_to_json(profile) for profile in problem.profiles],
        "repeats": [[list(r.tasks), r.gap_s, [list(days) for days in r.patterns]] for r in problem.repeats],
        "fairness_weight": problem.fairness_weight,
    }


def problem_from_json(document: Document) -> Problem:
    """The problem again. Raises BadProblem where the document is of another format or damaged."""
    try:
        _require_format(document)
        packed = document["network"]
        turns = _unpack(packed["forbidden_turns"]).reshape(-1, 2)
        arrays = {name: _unpack(packed[name]) for name in _ARRAYS}
        forbidden = frozenset((int(a), int(b)) for a, b in turns)
        costs = TurnCosts(*(_unpack(values) for values in packed.get("turn_costs", ())))
        network = Network(nodes=int(packed["nodes"]), **arrays, forbidden_turns=forbidden, turn_costs=costs)
        return Problem(
            network,
            tuple(_task_from_json(task) for task in document["tasks"]),
            tuple(_vehicle_from_json(vehicle) for vehicle in document["vehicles"]),
            tuple(_facility_from_json(facility) for facility in document["facilities"]),
            tuple(document["commodities"]),
            document["unload_at_end"],
            document["unlimited_fleet"],
            tuple(_profile_from_json(profile) for profile in document.get("profiles", ())),
            tuple(
                Repeat(tuple(tasks), gap_s, tuple(tuple(days) for days in patterns))
                for tasks, gap_s, patterns in document.get("repeats", ())
            ),
            document.get("fairness_weight", 0),
        )
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise BadProblem(f"stored problem cannot be read ({error!r}): make the plan again") from error


def plan_to_json(plan: Plan) -> Document:
    """A document of plain lists, strings and numbers."""
    return {
        "format": FORMAT,
        "routes": [
            [
                route.vehicle,
                route.start_s,
                [_stop_to_json(stop) for stop in route.stops],
                list(route.arcs_home),
                route.end_s,
                route.distance_m,
                route.cost,
            ]
            for route in plan.routes
        ],
        "unserved": [[entry.task, entry.reason] for entry in plan.unserved],
        "cost": plan.cost,
        "engine": plan.engine,
        "seed": plan.seed,
        "iterations": plan.iterations,
        "terms": dict(plan.terms),
    }


def plan_from_json(document: Document) -> Plan:
    """The plan again. Raises BadProblem where the document is of another format or damaged."""
    try:
        _require_format(document)
        routes = tuple(
            Route(vehicle, start_s, tuple(_stop_from_json(s) for s in stops), tuple(home), end_s, distance_m, cost)
            for vehicle, start_s, stops, home, end_s, distance_m, cost in document["routes"]
        )
        return Plan(
            routes,
            tuple(Unserved(task, reason) for task, reason in document["unserved"]),
            document["cost"],
            document["engine"],
            document["seed"],
            document["iterations"],
            dict(document["terms"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadProblem(f"stored plan cannot be read ({error!r}): make the plan again") from error


def _require_format(document: Document) -> None:
    if document["format"] not in READABLE:
        raise ValueError(f"format {document['format']}, this program reads up to {FORMAT}")


def _pack(values: IntArray) -> str:
    return base64.b64encode(zlib.compress(np.asarray(values).astype("<i8").tobytes(), 6)).decode("ascii")


def _unpack(text: str) -> IntArray:
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(base64.b64decode(text, validate=True), ARRAY_BYTES_MAX)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError(f"an array is cut off or larger than {ARRAY_BYTES_MAX} bytes")
    return np.frombuffer(raw, "<i8").astype(np.int64)


def _pair(window: list[int]) -> tuple[int, int]:
    first, last = window
    return first, last


def _task_to_json(task: Task) -> list[Any]:
    return [
        task.id,
        [[mode.tail, mode.head, mode.arc, mode.via] for mode in task.modes],
        list(task.demand),
        task.service_s,
        task.service_cost,
        list(task.window),
        task.deadline_s,
        task.weight,
        task.class_,
        sorted(task.skills),
        task.prize,
        task.release_s,
        task.keep,
        task.move_cost,
    ]


def _task_from_json(values: list[Any]) -> Task:
    name, modes, demand, service_s, service_cost, window, deadline_s, weight, class_, skills, prize, *rest = values
    return Task(
        name,
        tuple(Mode(*mode) for mode in modes),
        tuple(demand),
        service_s,
        service_cost,
        _pair(window),
        deadline_s,
        weight,
        class_,
        frozenset(skills),
        prize,
        *rest,
    )


def _vehicle_to_json(vehicle: Vehicle) -> list[Any]:
    return [
        vehicle.id,
        vehicle.start,
        vehicle.end,
        list(vehicle.capacity),
        list(vehicle.initial_used),
        list(vehicle.shift),
        sorted(vehicle.skills),
        vehicle.fixed_cost,
        vehicle.travel_rate,
        vehicle.duration_rate,
        vehicle.profile,
        [sorted(alternative) for alternative in vehicle.attachments],
        [[rest.id, list(rest.window), rest.duration_s] for rest in vehicle.breaks],
        [[fixed.kind, fixed.ref, fixed.mode] for fixed in vehicle.frozen],
        vehicle.day,
    ]


def _vehicle_from_json(values: list[Any]) -> Vehicle:
    name, start, end, capacity, initial_used, shift, skills, fixed_cost, *rest = values
    own = (name, start, end, tuple(capacity), tuple(initial_used), _pair(shift), frozenset(skills), fixed_cost)
    if not rest:
        return Vehicle(*own)
    travel_rate, duration_rate, profile, attachments, breaks, frozen, day = rest
    return Vehicle(
        *own,
        travel_rate,
        duration_rate,
        profile,
        tuple(frozenset(alternative) for alternative in attachments),
        tuple(Break(rest_id, _pair(window), duration_s) for rest_id, window, duration_s in breaks),
        tuple(Fixed(*fixed) for fixed in frozen),
        day,
    )


def _facility_from_json(values: list[Any]) -> Facility:
    name, node, kind, service_s, cost, window, *rest = values
    bays, resets = rest if rest else (0, ())
    return Facility(name, node, kind, service_s, cost, _pair(window), bays, tuple(resets))


def _profile_to_json(profile: Profile) -> list[Any]:
    arrays = [None if values is None else _pack(values) for values in (profile.duration_s, profile.cost)]
    turns = [list(turn) for turn in sorted(profile.forbidden_turns)]
    return [profile.name, *arrays, sorted(profile.closed), turns, profile.work_percent]


def _profile_from_json(values: list[Any]) -> Profile:
    name, duration_s, cost, closed, turns, work_percent = values
    own_s, own_cost = (None if packed is None else _unpack(packed) for packed in (duration_s, cost))
    return Profile(name, own_s, own_cost, frozenset(closed), frozenset((a, b) for a, b in turns), work_percent)


def _stop_to_json(stop: Stop) -> list[Any]:
    times = [stop.arrive_s, stop.start_s, stop.depart_s]
    return [stop.kind, stop.ref, stop.mode, list(stop.arcs), *times, list(stop.used)]


def _stop_from_json(values: list[Any]) -> Stop:
    kind, ref, mode, arcs, arrive_s, start_s, depart_s, used = values
    return Stop(kind, ref, mode, tuple(arcs), arrive_s, start_s, depart_s, tuple(used))
