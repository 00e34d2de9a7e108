"""Problems and plans as JSON documents, lossless, so that a stored plan's verdict can be computed again.

Integer arrays are packed: int64 little-endian, zlib, base64.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

from routing.errors import BadProblem
from routing.network import IntArray, Network
from routing.plan import Plan, Route, Stop, Unserved
from routing.problem import Facility, Mode, Problem, Task, Vehicle

Document = dict[str, Any]

FORMAT = 1
"""Version of both documents; older ones stay readable."""

ARRAY_BYTES_MAX = 256 * 2**20
"""Largest unpacked array accepted: a network of 33 million arcs, far past any city."""

_ARRAYS = ("tail", "head", "length_m", "duration_s", "cost", "reverse")


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
        },
        "tasks": [_task_to_json(task) for task in problem.tasks],
        "vehicles": [_vehicle_to_json(vehicle) for vehicle in problem.vehicles],
        "facilities": [[f.id, f.node, f.kind, f.service_s, f.service_cost, list(f.window)] for f in problem.facilities],
        "commodities": list(problem.commodities),
        "unload_at_end": problem.unload_at_end,
        "unlimited_fleet": problem.unlimited_fleet,
    }


def problem_from_json(document: Document) -> Problem:
    """The problem again. Raises BadProblem where the document is of another format or damaged."""
    try:
        _require_format(document)
        packed = document["network"]
        turns = _unpack(packed["forbidden_turns"]).reshape(-1, 2)
        arrays = {name: _unpack(packed[name]) for name in _ARRAYS}
        forbidden = frozenset((int(a), int(b)) for a, b in turns)
        network = Network(nodes=int(packed["nodes"]), **arrays, forbidden_turns=forbidden)
        return Problem(
            network,
            tuple(_task_from_json(task) for task in document["tasks"]),
            tuple(_vehicle_from_json(vehicle) for vehicle in document["vehicles"]),
            tuple(
                Facility(name, node, kind, service_s, cost, _pair(window))
                for name, node, kind, service_s, cost, window in document["facilities"]
            ),
            tuple(document["commodities"]),
            document["unload_at_end"],
            document["unlimited_fleet"],
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
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']}, this program reads {FORMAT}")


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
        [[mode.tail, mode.head, mode.arc] for mode in task.modes],
        list(task.demand),
        task.service_s,
        task.service_cost,
        list(task.window),
        task.deadline_s,
        task.weight,
        task.class_,
        sorted(task.skills),
        task.prize,
    ]


def _task_from_json(values: list[Any]) -> Task:
    name, modes, demand, service_s, service_cost, window, deadline_s, weight, class_, skills, prize = values
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
    ]


def _vehicle_from_json(values: list[Any]) -> Vehicle:
    name, start, end, capacity, initial_used, shift, skills, fixed_cost = values
    return Vehicle(name, start, end, tuple(capacity), tuple(initial_used), _pair(shift), frozenset(skills), fixed_cost)


def _stop_to_json(stop: Stop) -> list[Any]:
    times = [stop.arrive_s, stop.start_s, stop.depart_s]
    return [stop.kind, stop.ref, stop.mode, list(stop.arcs), *times, list(stop.used)]


def _stop_from_json(values: list[Any]) -> Stop:
    kind, ref, mode, arcs, arrive_s, start_s, depart_s, used = values
    return Stop(kind, ref, mode, tuple(arcs), arrive_s, start_s, depart_s, tuple(used))
